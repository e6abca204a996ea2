import Recipes
import Sparsity
import Torch

/// PyTorch's uniform random numbers for a seed, out of the engine.
public struct EngineDraws: UniformDraws {
  /// The source.
  public init() {}

  /// Begins the sequence of a seed.
  public func begin(seed: UInt64, parts: [UniformPart]) -> (UnsafeMutableRawBufferPointer) throws -> Void {
    let generator = Generator(seed: seed)
    var parts = parts[...]
    var left = parts.first?.count ?? 0
    return { memory in
      while left == 0, parts.count > 1 {
        parts = parts.dropFirst()
        left = parts.first?.count ?? 0
      }
      guard let part = parts.first, memory.count > 0 else { return }
      left -= memory.count / part.type.byteCount
      generator.draw(into: memory, dtype: DType(part.type.rawValue) ?? .float32)
    }
  }
}
