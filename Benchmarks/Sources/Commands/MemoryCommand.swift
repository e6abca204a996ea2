import ArgumentParser
import Foundation
import NN
import Pruning
import Torch

/// What a pruned module takes in memory.
struct MemoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory",
    abstract: "Resident memory of pruned layers beside that of the same layers unpruned.",
    discussion: "Four layers, pruned by L1; after a forward pass without gradients. Linux only.")

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Weights in all layers; 16M stands for 16 · 2²⁰.", valueName: "n"))
  var weights = WeightCount(1 << 24)

  @Option(help: ArgumentHelp("The share that is pruned.", valueName: "share"))
  var amount = 0.5

  @Option(parsing: .upToNextOption, help: "float32, bfloat16, float16, float64.")
  var dtypes: [DType] = [.float32, .bfloat16]

  private struct Result: Encodable {
    let dtype: String
    let weightBytes: Int
    let dense: Int
    let pruned: Int
    var torchDense: Int?
    var torchPruned: Int?
  }

  func run() throws {
    let peer = try common.startPeer()
    print("\(WeightCount.text(weights.value)) weights in 4 layers, \(Int((amount * 100).rounded())) % pruned by L1")
    var results: [Result] = []
    for dtype in dtypes {
      var result = try measure(dtype)
      let shapes = PruningCase.shapes(weights.value, 4)
      let theirs = try peer?.ask("memory", ["shapes": shapes, "amount": amount, "dtype": dtype.description])
      result.torchDense = theirs?.dense
      result.torchPruned = theirs?.pruned
      results.append(result)
      describe("Bonsai ", dtype, result.dense, result.pruned)
      if let dense = theirs?.dense, let pruned = theirs?.pruned { describe("PyTorch", dtype, dense, pruned) }
    }
    if let path = common.json { try write(results, toJSON: path) }
  }

  /// Bytes of dense layers, and of the same layers pruned.
  private func measure(_ dtype: DType) throws -> Result {
    ProcessMemory.trim()
    guard let start = ProcessMemory.resident else {
      throw BenchError("memory: this system does not tell a process's size")
    }
    manualSeed(common.seed)
    let layers = PruningCase.shapes(weights.value, 4).map { Linear($0[0], $0[1], bias: false).to(dtype) }
    ProcessMemory.trim()
    let dense = (ProcessMemory.resident ?? 0) - start
    for layer in layers { try Prune.l1Unstructured(layer, name: "weight", amount: .fraction(amount)) }
    noGrad { for layer in layers { _ = layer(Tensor.zeros([1, layer.inFeatures], dtype: dtype)) } }
    ProcessMemory.trim()
    let pruned = (ProcessMemory.resident ?? 0) - start
    return withExtendedLifetime(layers) {
      Result(dtype: "\(dtype)", weightBytes: weights.value * dtype.byteCount, dense: dense, pruned: pruned)
    }
  }

  private func describe(_ name: String, _ dtype: DType, _ dense: Int, _ pruned: Int) {
    func megabytes(_ bytes: Int) -> String { String(format: "%.1f MB", Double(bytes) / 1e6) }
    print(
      "\(name)  \(dtype)  dense \(megabytes(dense))  pruned \(megabytes(pruned))  "
        + String(format: "ratio %.2f", Double(pruned) / Double(dense)))
  }
}
