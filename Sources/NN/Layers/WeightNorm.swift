import Torch

/// A weight as length times direction, each trained (Salimans & Kingma 2016): `torch.nn.utils.weight_norm`.
///
/// The parameter `weight` gives way to `weight_g`, the norms along `dim`, and `weight_v`, the directions; the module
/// computes g v / ‖v‖ in each forward pass.
public enum WeightNorm {
  /// Splits a parameter, with the values that it has.
  ///
  /// - Parameters:
  ///   - module: the module.
  ///   - name: the parameter's name.
  ///   - dim: the dimension along which each entry has a length of its own; nil for one length of all.
  /// - Throws: ``ModuleError/noTensor(_:module:names:)``; nothing has changed then.
  public static func apply(to module: Module, name: String = "weight", dim: Int? = 0) throws(ModuleError) {
    guard let weight = module.slots[name]?.parameter, module.slots[name + "_g"] == nil, module.slots[name + "_v"] == nil
    else { throw .noTensor(name, module: "\(type(of: module))", names: Array(module.slots.keys)) }
    let norm = noGrad { call("norm_except_dim", weight.detach(), 2, dim ?? -1) }
    module.slots[name] = nil
    module.registerParameter(name + "_g", norm)
    module.registerParameter(name + "_v", weight)
    module.slots[name] = .computed(NormalizedWeight(module, name, dim ?? -1))
  }

  /// Makes one parameter of the two again, with the value that the weight has.
  ///
  /// - Throws: ``ModuleError/noTensor(_:module:names:)`` where there is no such weight; nothing has changed then.
  public static func remove(from module: Module, name: String = "weight") throws(ModuleError) {
    guard case .computed(let computed as NormalizedWeight)? = module.slots[name],
      let directions = module.slots[name + "_v"]?.parameter
    else { throw .noTensor(name, module: "\(type(of: module))", names: Array(module.slots.keys)) }
    let value = noGrad { computed.value.detach().clone() }
    for part in ["", "_g", "_v"] { module.slots[name + part] = nil }
    noGrad { _ = directions.copy(from: value) }
    module.registerParameter(name, directions)
  }
}

/// Length times direction.
private final class NormalizedWeight: ComputedTensor {
  private weak var module: Module?
  private let name: String
  private let dim: Int

  init(_ module: Module, _ name: String, _ dim: Int) {
    (self.module, self.name, self.dim) = (module, name, dim)
  }

  private func part(_ suffix: String) -> Tensor {
    guard let module else { fatalError("the module of a normalised '\(name)' is gone") }
    return module[name + suffix]
  }

  var value: Tensor { call("_weight_norm", part("_v"), part("_g"), dim) }
  var shape: [Int] { part("_v").shape }
  func copy(for twin: Module) -> NormalizedWeight { NormalizedWeight(twin, name, dim) }
}
