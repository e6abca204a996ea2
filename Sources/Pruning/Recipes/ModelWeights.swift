import Checkpoints
import NN
import Recipes
import Torch

/// The weights of a model as recipes see them, with where they stand. A parameter at several places is one weight.
struct ModelWeights {
  /// The weights, in the order of the modules.
  private(set) var weights: [Weight] = []
  /// For each of them its places, as they are now.
  private(set) var places: [[ParameterSite]] = []

  init(_ model: Module) throws {
    var known: [UnsafeRawPointer: Int] = [:]
    // The same judgement as of a file of the same tensors.
    let roles = RoleTable(
      model.stateDict.map { TensorDescription(path: $0, shape: $1.shape, typeName: $1.dtype.storedType.name) })
    for (prefix, module) in model.namedModules {
      for name in module.prunableNames {
        let target = try ParameterSite(module, name)
        guard target.original.dtype.isFloatingPoint else { continue }
        let path = prefix.isEmpty ? name : "\(prefix).\(name)"
        let role = target.pruned == nil ? roles[path]?.role : nil
        if let number = known[target.original.identity] {
          weights[number].aliases.append(.init(path: path, rank: target.original.rank, role: role))
          places[number].append(target)
        } else {
          known[target.original.identity] = weights.count
          let type = target.original.dtype.elementType
          weights.append(
            Weight(
              path: path, shape: target.original.shape, type: type, role: role, layer: "\(Swift.type(of: module))"))
          places.append([target])
        }
      }
    }
  }

  /// The parameter of a weight, as it is trained.
  func parameter(_ number: Int) -> Tensor { places[number][0].original }

  /// The same weights, with their masks as they are now.
  func refreshed() throws -> ModelWeights {
    var fresh = self
    fresh.places = try places.map { try $0.map { try ParameterSite($0.module, $0.name) } }
    return fresh
  }
}

extension Module {
  /// The parameters of this module itself that can be pruned, or are pruned already.
  fileprivate var prunableNames: [String] {
    slots.keys.filter { name in
      if pruned(name) != nil { return true }
      guard slots[name]?.parameter != nil else { return false }
      return !(name.hasSuffix("_orig") && pruned(String(name.dropLast("_orig".count))) != nil)
    }
  }
}
