import Torch

/// Enlarges or shrinks the spatial dimensions of [N, C, ...]: `torch.nn.Upsample`.
open class Upsample: Module {
  /// How entries between others are found.
  public enum Mode: String, Sendable {
    /// The nearest one, as PyTorch has always rounded.
    case nearest
    /// The nearest one.
    case nearestExact = "nearest-exact"
    /// On a line between two, for [N, C, L].
    case linear
    /// Between four, for [N, C, H, W].
    case bilinear
    /// Along cubic curves between 16, for [N, C, H, W].
    case bicubic
    /// Between eight, for [N, C, D, H, W].
    case trilinear
  }

  /// The output's lengths; nil where factors say them.
  public final let size: [Int]?
  /// The factors of the lengths; nil where sizes are given.
  public final let factors: [Double]?
  /// How entries are found.
  public final let mode: Mode
  /// Whether the outermost entries of input and output stand at the same places.
  public final let alignsCorners: Bool
  private let text: String

  /// To fixed lengths.
  public init(size: some SpatialSize, mode: Mode = .nearest, alignCorners: Bool = false) {
    self.size = size.lengths
    factors = nil
    self.mode = mode
    alignsCorners = alignCorners
    text = "size=\(size.pythonText)"
  }

  /// By one factor in all dimensions.
  public init(factor: Double, mode: Mode = .nearest, alignCorners: Bool = false) {
    size = nil
    factors = [factor]
    self.mode = mode
    alignsCorners = alignCorners
    text = "scale_factor=\(factor)"
  }

  /// The resampled input.
  open override func forward(_ x: Tensor) -> Tensor {
    let rank = x.rank - 2
    precondition((1...3).contains(rank), "Upsample: expected input of rank 3 to 5, found shape \(x.shape)")
    let size = size.map { $0.count == 1 ? Array(repeating: $0[0], count: rank) : $0 }
    let factors = factors.map { $0.count == 1 ? Array(repeating: $0[0], count: rank) : $0 }
    switch (mode, rank) {
    case (.nearest, 1): return call("upsample_nearest1d.vec", x, size, factors)
    case (.nearest, 2): return call("upsample_nearest2d.vec", x, size, factors)
    case (.nearest, 3): return call("upsample_nearest3d.vec", x, size, factors)
    case (.nearestExact, 1): return call("_upsample_nearest_exact1d.vec", x, size, factors)
    case (.nearestExact, 2): return call("_upsample_nearest_exact2d.vec", x, size, factors)
    case (.nearestExact, 3): return call("_upsample_nearest_exact3d.vec", x, size, factors)
    case (.linear, 1): return call("upsample_linear1d.vec", x, size, alignsCorners, factors)
    case (.bilinear, 2): return call("upsample_bilinear2d.vec", x, size, alignsCorners, factors)
    case (.bicubic, 2): return call("upsample_bicubic2d.vec", x, size, alignsCorners, factors)
    case (.trilinear, 3): return call("upsample_trilinear3d.vec", x, size, alignsCorners, factors)
    default: preconditionFailure("Upsample: mode \(mode.rawValue) is not for input of shape \(x.shape)")
    }
  }

  /// Size or factor, and the mode.
  open override var extraDescription: String { "\(text), mode='\(mode.rawValue)'" }
}

/// Channels become space: [N, C r², H, W] to [N, C, H r, W r] (Shi et al. 2016). `torch.nn.PixelShuffle`.
open class PixelShuffle: Module {
  /// How much longer height and width become.
  public final let factor: Int

  /// A layer of that factor.
  public init(_ factor: Int) { self.factor = factor }

  /// The enlarged input.
  open override func forward(_ x: Tensor) -> Tensor { call("pixel_shuffle", x, factor) }

  /// The factor.
  open override var extraDescription: String { "upscale_factor=\(factor)" }
}

/// Space becomes channels: [N, C, H r, W r] to [N, C r², H, W]. `torch.nn.PixelUnshuffle`.
open class PixelUnshuffle: Module {
  /// How much shorter height and width become.
  public final let factor: Int

  /// A layer of that factor.
  public init(_ factor: Int) { self.factor = factor }

  /// The input with more channels.
  open override func forward(_ x: Tensor) -> Tensor { call("pixel_unshuffle", x, factor) }

  /// The factor.
  open override var extraDescription: String { "downscale_factor=\(factor)" }
}
