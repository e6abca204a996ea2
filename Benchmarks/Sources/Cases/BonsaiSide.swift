import NN
import Pruning
import Torch

/// Bonsai's side of a pruning case; torch_side.py does the same there.
final class BonsaiSide {
  private(set) var layers: [Linear] = []

  /// Fresh layers; the checksums of their weights.
  func make(_ item: PruningCase) -> [String] {
    layers = []
    ProcessMemory.trim()
    manualSeed(item.seed)
    layers = item.shapes.map { Linear($0[0], $0[1], bias: false).to(item.dtype) }
    return layers.map { $0.weight.checksum }
  }

  /// The layers as they were before all pruning, or with the case's earlier mask, and the generator at its seed.
  func prepare(_ item: PruningCase, seed: UInt64) throws {
    for layer in layers { while Prune.isPruned(layer) { try Prune.undo(layer, name: "weight") } }
    manualSeed(seed)
    if let prior = item.method.prior {
      try Prune.l1Unstructured(layers[0], name: "weight", amount: .fraction(prior))
      readProducts()
    }
  }

  /// The seconds of the call, and of the call with its products read: PyTorch's call ends with the products made.
  func call(_ item: PruningCase, seed: UInt64) throws -> (call: Double, withProduct: Double) {
    try prepare(item, seed: seed)
    let call = try secondsAfterRest { try item.method.prune(layers, item.amount) }
    return (call, call + seconds { readProducts() })
  }

  /// The most memory that the call and its products take at any moment, beyond what there was before.
  func peak(_ item: PruningCase, seed: UInt64) throws -> Int? {
    try prepare(item, seed: seed)
    return try ProcessMemory.peak {
      try item.method.prune(layers, item.amount)
      readProducts()
    }
  }

  private func readProducts() {
    noGrad { for layer in layers { _ = layer.weight } }
  }
}
