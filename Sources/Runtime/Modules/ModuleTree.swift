import NN
import OrderedCollections
import Torch

/// Modules for the dotted names of a state dict, with the tensors in their places.
struct ModuleTree {
  /// The outermost module.
  let root = ModuleDict()
  /// The modules within it by their paths, each behind those around it.
  private(set) var inner: OrderedDictionary<String, Module> = [:]

  init(_ weights: GraphWeights) {
    for (path, slot) in weights.state {
      let (parent, name) = path.splitAtLastDot
      made(parent).slots[name] = slot
    }
  }

  private mutating func made(_ path: String) -> ModuleDict {
    if path.isEmpty { return root }
    if let module = inner[path] as? ModuleDict { return module }
    let (parent, name) = path.splitAtLastDot
    let module = ModuleDict()
    made(parent).modules[name] = module
    inner[path] = module
    return module
  }
}
