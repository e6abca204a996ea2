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
    for (path, mask) in translated.masksForPlain {
      let (module, name) = translated.place(path)
      noGrad { _ = module[name].copy(from: state[path + "_orig"]!) }
      try customFromMask(module, name: name, mask: mask)
    }
    for path in translated.plainForMasked {
      let (module, name) = translated.place(path)
      module.pruned(name)?.leave(restoringOrder: true)
    }
    return difference
  }
}

/// A state dict in the names of a model that is pruned in other places.
private struct Translation {
  private(set) var state: StateDict
  /// Plain parameters of the model for which the state has a mask, with it.
  private(set) var masksForPlain: OrderedDictionary<String, Tensor> = [:]
  /// Pruned parameters of the model for which the state has a plain tensor.
  private(set) var plainForMasked: [String] = []
  private let modules: OrderedDictionary<String, Module>

  init(_ given: StateDict, _ model: Module) {
    state = given
    modules = model.namedModules
    for (path, module) in modules {
      for name in Array(module.slots.keys) {
        let full = path.isEmpty ? name : "\(path).\(name)"
        let original = given[full + "_orig"]
        let mask = given[full + "_mask"]
        if module.pruned(name) != nil {
          guard let plain = given[full], original == nil, mask == nil else { continue }
          plainForMasked.append(full)
          state[full] = nil
          state[full + "_orig"] = plain
          state[full + "_mask"] = module[name + "_mask"]
        } else if module.slots[name]?.parameter != nil, let original, let mask, original.shape == mask.shape {
          masksForPlain[full] = mask
          state[full + "_orig"] = nil
          state[full + "_mask"] = nil
          state[full] = noGrad { mask.to(original.dtype) * original }
        }
      }
    }
  }

  /// The module and the name that a path stands for.
  func place(_ path: String) -> (Module, String) {
    let parts = path.split(separator: ".")
    return (modules[parts.dropLast().joined(separator: ".")]!, String(parts.last!))
  }
}
