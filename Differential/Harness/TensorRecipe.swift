import Torch

/// A tensor described by how it is drawn. Python's `network.draw` does the same, with the same random numbers.
package struct TensorRecipe: Codable, Equatable, Sendable {
  /// What its entries are like.
  package enum Kind: String, Codable, Sendable, CaseIterable {
    /// Normal draws.
    case normal
    /// Draws from [0, 1).
    case uniform
    /// Normal draws rounded to halves: many ties, and zeros of both signs.
    case quantised
    /// Whole numbers around 0.
    case whole
    /// 0.5 everywhere.
    case constant
    /// 0 everywhere.
    case zeros
    /// Magnitudes from tiny to huge.
    case wide
    /// Normal draws, some of them infinite.
    case infinite
    /// A mask of 0 and 1.
    case bits
    /// A mask of 0, 0.5, 1 and 1.5.
    case levels
  }

  /// How its entries lie in memory.
  package enum Layout: String, Codable, Sendable, CaseIterable {
    /// First dimension fastest.
    case reversed
    /// Second dimension fastest.
    case channelsLast
    /// Every other place of a longer memory.
    case gapped
  }

  package var seed: UInt64
  package var kind: Kind
  /// The dtype where it is not that of the tensor it goes with.
  package var dtype: String?
  /// The layout where it is not contiguous.
  package var layout: Layout?
  /// The shape where it is not that of the tensor it goes with.
  package var shape: [Int]?

  /// The tensor, to go with a tensor of that shape and dtype.
  func draw(shape: [Int], dtype: DType) -> Tensor {
    let shape = self.shape ?? shape
    manualSeed(seed)
    let drawn: Tensor
    switch kind {
    case .normal: drawn = .randn(shape)
    case .uniform: drawn = .rand(shape)
    case .quantised: drawn = (Tensor.randn(shape) * 2).round() / 2
    case .whole: drawn = (Tensor.randn(shape) * 3).round()
    case .constant: drawn = .full(shape, 0.5)
    case .zeros: drawn = .zeros(shape)
    case .wide:
      let exponents = Tensor.randn(shape) * 4
      drawn = exponents.exp2() * Tensor.randn(shape)
    case .infinite:
      let normal = Tensor.randn(shape)
      drawn = (normal * Double.infinity).where(normal.abs() .> 1, else: normal)
    case .bits: drawn = (Tensor.rand(shape) .> 0.4).to(.float32)
    case .levels: drawn = Tensor.randint(0..<4, shape).to(.float32) / 2
    }
    return laidOut(drawn.to(self.dtype.flatMap(DType.init(_:)) ?? dtype))
  }

  private func laidOut(_ tensor: Tensor) -> Tensor {
    let rank = tensor.rank
    switch layout {
    case .reversed?:
      let order = Array((0..<rank).reversed())
      return tensor.permute(order).contiguous().permute(order)
    case .channelsLast? where rank > 2:
      let order = [0] + Array(2..<rank) + [1]
      let inverse = [0, rank - 1] + Array(1..<(rank - 1))
      return tensor.permute(order).contiguous().permute(inverse)
    case .gapped? where rank > 0: return Tensor.stack([tensor, tensor], dim: rank).select(rank, 0)
    default: return tensor
    }
  }
}
