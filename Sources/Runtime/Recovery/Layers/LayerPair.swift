import Compaction
import Graphs
import NN
import Torch

/// A layer of a smaller model and the same of the original.
struct LayerPair {
  let small: FittedLayer
  let teacher: FittedLayer
  /// The original's output channels that are left; nil for all.
  let kept: Tensor?
  /// The weight as it takes part, and the parameter that it is made of: itself, or its original where it is pruned.
  let weight: Tensor
  private let parameter: Tensor
  let bias: Tensor?
  /// The running mean and the scale of the norm behind it.
  let norm: (mean: Tensor, scale: Tensor)?
  private let factor: Double

  /// The pairs of two models in the order of the smaller one's graph, and the layers that have no counterpart.
  static func all(
    _ small: GraphModule, teacher: GraphModule, kept: KeptChannels
  ) throws -> (pairs: [LayerPair], skipped: [SkippedLayer]) {
    var (layers, skipped) = try FittedLayer.all(in: small)
    let originals = Dictionary(
      try FittedLayer.all(in: teacher).layers.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    layers.sort { $0.step < $1.step }
    var pairs: [LayerPair] = []
    for layer in layers {
      do throws(Mismatch) {
        guard let original = originals[layer.path] else {
          throw Mismatch(reason: "the original has no layer of that name that is computed so")
        }
        pairs.append(try LayerPair(layer, original, small, teacher, kept))
      } catch {
        skipped.append(SkippedLayer(name: layer.path, reason: error.reason))
      }
    }
    return (pairs, skipped)
  }

  /// Why two layers cannot be held against each other.
  private struct Mismatch: Error { var reason: String }

  private init(
    _ layer: FittedLayer, _ original: FittedLayer, _ small: GraphModule, _ teacher: GraphModule, _ kept: KeptChannels
  ) throws(Mismatch) {
    guard layer.reference.kind == original.reference.kind, layer.reference.factor == original.reference.factor else {
      throw Mismatch(reason: "what follows it is not what follows it in the original")
    }
    guard let weight = small.weight(layer.weight), let wanted = teacher.weight(original.weight) else {
      throw Mismatch(reason: "its weight is not there")
    }
    guard weight.dtype.isFloatingPoint else { throw Mismatch(reason: "its weight is \(weight.dtype)") }
    guard let parameter = small.parameter(layer.weight) else {
      throw Mismatch(reason: "its weight is computed; make that permanent first")
    }
    (self.small, self.teacher, self.weight, self.parameter) = (layer, original, weight, parameter)
    bias = layer.bias.flatMap { small.parameter($0) }
    let outputs = weight.shape[0]
    if let indices = kept.kept(layer.path, 0) {
      guard indices.count == outputs, indices.allSatisfy({ $0 < wanted.shape[0] }) else {
        throw Mismatch(reason: "it has other channels than the record of what was removed says")
      }
      self.kept = Tensor(indices.map(Int64.init)).to(weight.device)
    } else {
      guard outputs == wanted.shape[0] else {
        throw Mismatch(
          reason: "which of the original's \(wanted.shape[0]) channels its \(outputs) are is not recorded")
      }
      self.kept = nil
    }
    factor = layer.reference.factor
    if let place = layer.norm {
      guard let found = try? small.norm(at: place) else {
        throw Mismatch(reason: "its norm's statistics are not there")
      }
      norm = (found.mean, found.scale)
    } else {
      norm = nil
    }
  }

  /// Whether a constant can be added to its outputs: to its bias, or to the running mean of the norm behind it.
  var takesConstants: Bool { bias != nil || norm != nil }

  /// Where the small model and the original are looked at.
  var places: (small: [Probe.Place], teacher: [Probe.Place]) {
    (
      [.argument("input", step: small.step), .result(step: small.reference.step)],
      [.result(step: teacher.reference.step)]
    )
  }

  /// By what an output of the layer is multiplied on its way to the reference, in 64 bits, `[groups, 1, outputs]`.
  func scale() -> Tensor {
    let outputs = weight.shape[0]
    let ones = Tensor.full([outputs], factor, dtype: .float64, device: weight.device)
    let isBehind = small.reference.kind != .own
    let scale = isBehind ? norm.map { ones * $0.scale } ?? ones : Tensor.ones([outputs], dtype: .float64)
    return scale.reshape([small.windows.groups, 1, outputs / small.windows.groups])
  }

  /// What the outputs of the layer lack to have the original's reference, in 64 bits, `[groups, rows, outputs]`; 0 where
  /// nothing of an output gets there.
  func residual(_ small: Tensor, _ teacher: Tensor, scale: Tensor, picks: Tensor?) throws -> Tensor {
    let axis = self.small.windows.channelDimension(rank: teacher.rank)
    let wanted = kept.map { teacher.indexSelect(axis, $0) } ?? teacher
    guard wanted.shape == small.shape else {
      throw RecoveryError.models(
        "'\(self.small.path)' gives \(small.shape) and \(wanted.shape) in the original; give the model that it came from"
      )
    }
    let difference = self.small.windows.outputRows(of: wanted.to(.float64) - small.to(.float64), picks: picks)
    let largest = scale.abs().max().item()
    let isDead = scale.abs() .<= largest * 1e-7
    return (difference / scale.maskedFill(isDead, 1)).maskedFill(isDead, 0)
  }

  /// Changes the layer.
  ///
  /// - Parameters:
  ///   - weights: what is added, `[groups, inputs, outputs]` in 64 bits; nil for nothing.
  ///   - constants: what is added to the outputs, `[outputs]` in 64 bits; nil for nothing.
  func add(weights: Tensor?, constants: Tensor?) {
    noGrad {
      if let weights {
        let change = weights.permute([0, 2, 1]).reshape(weight.shape)
        let changed = (weight.detach().to(.float64) + change).to(weight.dtype)
        // What a mask hides stays what it was, for undoing.
        parameter.copy(
          from: parameter.isSame(as: weight) ? changed : changed.where(weight .!= 0, else: parameter.detach()))
      }
      if let constants {
        if let bias {
          bias.copy(from: (bias.detach().to(.float64) + constants).to(bias.dtype))
        } else if let norm {
          norm.mean.copy(from: (norm.mean.to(.float64) - constants).to(norm.mean.dtype))
        }
      }
    }
  }
}

extension GraphModule {
  /// The tensor at one of the graph's inputs.
  func weight(_ place: Int) -> Tensor? {
    switch sources[place] {
    case .own(let name): slots[name]?.tensor
    case .inner(let module, let name): module.slots[name]?.tensor
    case .constant(let name): constants[name]
    case .user, .unused: nil
    }
  }

  /// The parameter at one of the graph's inputs; of a pruned one its original.
  func parameter(_ place: Int) -> Tensor? {
    let (module, name): (Module, String)
    switch sources[place] {
    case .own(let own): (module, name) = (self, own)
    case .inner(let inner, let own): (module, name) = (inner, own)
    default: return nil
    }
    switch module.slots[name] {
    case .parameter(let tensor)?: return tensor
    case .computed?: return module.slots[name + "_orig"]?.parameter
    default: return nil
    }
  }

  /// A batch norm's tensors, by its step.
  struct NormTensors {
    var mean: Tensor
    var variance: Tensor
    var weight: Tensor?
    var bias: Tensor?
    var epsilon: Double

    /// What a channel is multiplied with, in 64 bits.
    var scale: Tensor {
      let scale = (variance.to(.float64) + epsilon).rsqrt()
      return weight.map { scale * $0.detach().to(.float64) } ?? scale
    }
  }

  /// The tensors of the batch norm at a step.
  func norm(at step: Int) throws -> NormTensors {
    let plan = try currentPlan()
    func tensor(_ name: String) -> Tensor? {
      plan.steps[step].tensors[name].flatMap { slot in plan.inputs.firstIndex(of: slot) }.flatMap { weight($0) }
    }
    guard let mean = tensor("running_mean"), let variance = tensor("running_var") else {
      throw RecoveryError.models("the norm in '\(plan.steps[step].module)' has no running statistics")
    }
    let epsilon = if case .float(let value)? = plan.steps[step].call["eps"] { value } else { 1e-5 }
    return NormTensors(
      mean: mean, variance: variance, weight: tensor("weight"), bias: tensor("bias"), epsilon: epsilon)
  }
}
