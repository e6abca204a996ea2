import Recipes
import Sparsity

/// PyTorch's draws for pruning at random, out of `bonsai-engine`.
struct PipedDraws: UniformDraws {
  func begin(seed: UInt64, parts: [UniformPart]) throws -> (UnsafeMutableRawBufferPointer) throws -> Void {
    let draws = try RandomDraws(seed: seed, parts: parts.map { .init(dtype: $0.type.rawValue, count: $0.count) })
    return { try draws.read(into: $0) }
  }
}
