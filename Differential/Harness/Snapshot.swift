import NN
import Pruning
import Torch

/// Everything of a network that a failing call, or one taken back, must leave as it was, bit for bit.
struct Snapshot: Equatable {
  var lines: [String] = []
  var bytes: [[UInt8]] = []

  init(_ network: Module) {
    for (path, module) in network.namedModules {
      for (name, slot) in module.slots {
        let tensor = noGrad { slot.tensor.detach() }
        lines.append("\(path).\(name) \(tensor.shape) \(tensor.dtype) \(slot.kind) \(slot.tensor.requiresGrad)")
        bytes.append(tensor.bytes)
        if let grad = slot.parameter?.grad { bytes.append(grad.bytes) }
      }
      lines.append("\(path) hooks: \(module.pruningHooks)")
    }
    lines.append("pruned: \(Prune.isPruned(network))")
  }

  /// What differs, in words.
  func difference(from other: Snapshot) -> String? {
    if lines != other.lines { return "\(other.lines) became \(lines)" }
    return bytes == other.bytes ? nil : "values changed"
  }
}

extension Slot {
  fileprivate var kind: String {
    switch self {
    case .parameter: "parameter"
    case .buffer, .computedBuffer: "buffer"
    case .computed: "computed"
    }
  }
}

extension Module {
  /// The hooks of pruned tensors, in order, with their histories.
  var pruningHooks: [Reply.Hook] {
    forwardPreHooks.values.compactMap { $0 as? PruningHook }.map {
      Reply.Hook(tensor: $0.tensorName, methods: $0.history.map(\.description))
    }
  }
}

extension Tensor {
  /// The entries' bytes, in order, whatever the layout.
  var bytes: [UInt8] { detach().contiguous().withUnsafeBytes { Array($0) } }

  /// Whether both have the same entries bit for bit, or NaN of any kind in the same places.
  func sameEntries(_ other: Tensor) -> Bool {
    if shape != other.shape || dtype != other.dtype { return false }
    if bytes == other.bytes { return true }
    guard dtype.isFloatingPoint else { return false }
    return zip(array(of: Double.self), other.array(of: Double.self)).allSatisfy { a, b in
      a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
    }
  }
}
