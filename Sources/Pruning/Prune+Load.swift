import NN
import OrderedCollections
import Torch

extension Prune {
  /// What becomes of a state dict that is pruned where the model is not, or the other way round.
  public enum Loading: Sendable {
    /// The model stays as it is: pruned entries of the state are multiplied out for its plain parameters, and plain
    /// entries become the originals of its pruned ones, whose masks stay.
    case intoModel
    /// The model becomes what the state is: it is pruned by the state's masks, and unpruned where the state is plain.
    case asState
  }

  /// Loads a state dict whether or not it is pruned in the same places as the model.
  ///
  /// `Module.loadStateDict(_:strict:)` asks for the same names on both sides.
  /// - Returns: The names that did not agree otherwise, where not strict.
  /// - Throws: `ModuleError.stateDict`, before anything is changed.
  @discardableResult
  public static func load(
    _ state: StateDict, into model: Module, _ loading: Loading = .intoModel, strict: Bool = true
  ) throws -> StateDictDifference {
    let translated = Translation(state, model)
    // First the loading that is checked as a whole, with the model's own names, then what changes names.
    let difference = try model.loadStateDict(translated.state, strict: strict)
    guard loading == .asState else { return difference }
    for (place, path) in translated.masksForPlain {
      guard let mask = state[path + "_mask"], let original = state[path + "_orig"] else { continue }
      let target = try ParameterSite(place.module, place.name)
      noGrad { _ = target.original.copy(from: original) }
      // A parameter that stands at several places is pruned once, where the state has the same mask for all of them.
      let tied = translated.masksForPlain.keys.first { other in
        other != place && other.module.pruned(other.name)?.original.isSame(as: target.original) ?? false
      }
      if let tied, let earlier = tied.module.pruned(tied.name),
        earlier.buffer.mask.tensor.equal(mask.to(original.dtype))
      {
        earlier.enter(place.module, place.name)
      } else {
        try customFromMask(place.module, name: place.name, mask: mask)
      }
    }
    // The last one first, as undo would, so that names are in the order from before.
    for place in translated.plainForMasked.reversed() { place.module.pruned(place.name)?.leave(restoringOrder: true) }
    return difference
  }
}

/// A state dict in the names of a model that is pruned in other places.
private struct Translation {
  /// A parameter of a module.
  struct Place: Hashable {
    let module: Module
    let name: String

    static func == (a: Place, b: Place) -> Bool { a.module === b.module && a.name == b.name }
    func hash(into hasher: inout Hasher) {
      hasher.combine(ObjectIdentifier(module))
      hasher.combine(name)
    }
  }

  private(set) var state: StateDict
  /// Plain parameters of the model for which the state has a mask, with the path under which it has it: of a module that
  /// stands under several, the last, as with everything that is loaded.
  private(set) var masksForPlain: OrderedDictionary<Place, String> = [:]
  /// Pruned parameters of the model for which the state has a plain tensor.
  private(set) var plainForMasked: [Place] = []

  init(_ given: StateDict, _ model: Module) {
    state = given
    // A module that stands under several paths stands under each of them in a state dict.
    for (path, module) in model.allPaths {
      for name in Array(module.slots.keys) {
        let full = path.isEmpty ? name : "\(path).\(name)"
        let original = given[full + "_orig"]
        let mask = given[full + "_mask"]
        if module.pruned(name) != nil {
          guard let plain = given[full], original == nil, mask == nil else { continue }
          plainForMasked.append(Place(module: module, name: name))
          state[full] = nil
          state[full + "_orig"] = plain
          state[full + "_mask"] = module[name + "_mask"]
        } else if module.slots[name]?.parameter != nil, let original, let mask, original.shape == mask.shape {
          masksForPlain[Place(module: module, name: name)] = full
          state[full + "_orig"] = nil
          state[full + "_mask"] = nil
          state[full] = noGrad { mask.to(original.dtype) * original }
        }
      }
    }
  }
}
