import Torch

/// What the padding layers share: so many entries before and behind, the last dimension first.
open class PaddingLayer: Module {
  /// The lengths: left and right of the last dimension, then of the one before, and so on.
  public final let lengths: [Int]
  /// What the padding consists of, for ``PaddingMode/zeros`` a constant.
  public final let mode: PaddingMode
  /// The constant.
  public final let value: Double

  init(rank: Int, _ lengths: some SpatialSize, _ mode: PaddingMode, value: Double = 0) {
    let all = lengths.lengths
    precondition(
      all.count == 1 || all.count == 2 * rank,
      "a padding layer takes one length or \(2 * rank), left and right of each dimension from the last on; found \(all)"
    )
    self.lengths = all.count == 1 ? Array(repeating: all[0], count: 2 * rank) : all
    self.mode = mode
    self.value = value
  }

  /// The padded input.
  open override func forward(_ x: Tensor) -> Tensor {
    mode == .zeros ? call("pad", x, lengths, "constant", value) : x.pad(lengths, mode: mode.rawValue)
  }

  /// The lengths.
  open override var extraDescription: String { Python.tuple(lengths) }
}

/// Pads with a constant: `torch.nn.ConstantPad1d` and its kin, by the number of dimensions.
open class ConstantPad: PaddingLayer {
  init(rank: Int, _ lengths: some SpatialSize, _ value: Double) {
    super.init(rank: rank, lengths, .zeros, value: value)
  }

  /// Lengths and constant.
  open override var extraDescription: String { "padding=\(Python.tuple(lengths)), value=\(value)" }
}

/// Pads the last dimension with a constant: `torch.nn.ConstantPad1d`.
open class ConstantPad1d: ConstantPad {
  /// Padding of one length on all sides, or of 2.
  public init(_ lengths: some SpatialSize, _ value: Double) { super.init(rank: 1, lengths, value) }
}

/// Pads the last two dimensions with a constant: `torch.nn.ConstantPad2d`.
open class ConstantPad2d: ConstantPad {
  /// Padding of one length on all sides, or of 4.
  public init(_ lengths: some SpatialSize, _ value: Double) { super.init(rank: 2, lengths, value) }
}

/// Pads the last three dimensions with a constant: `torch.nn.ConstantPad3d`.
open class ConstantPad3d: ConstantPad {
  /// Padding of one length on all sides, or of 6.
  public init(_ lengths: some SpatialSize, _ value: Double) { super.init(rank: 3, lengths, value) }
}

/// Pads the last dimension with 0: `torch.nn.ZeroPad1d`.
open class ZeroPad1d: PaddingLayer {
  /// Padding of one length on all sides, or of 2.
  public init(_ lengths: some SpatialSize) { super.init(rank: 1, lengths, .zeros) }
}

/// Pads the last two dimensions with 0: `torch.nn.ZeroPad2d`.
open class ZeroPad2d: PaddingLayer {
  /// Padding of one length on all sides, or of 4.
  public init(_ lengths: some SpatialSize) { super.init(rank: 2, lengths, .zeros) }
}

/// Pads the last three dimensions with 0: `torch.nn.ZeroPad3d`.
open class ZeroPad3d: PaddingLayer {
  /// Padding of one length on all sides, or of 6.
  public init(_ lengths: some SpatialSize) { super.init(rank: 3, lengths, .zeros) }
}

/// Pads the last dimension mirrored at the outermost entries: `torch.nn.ReflectionPad1d`.
open class ReflectionPad1d: PaddingLayer {
  /// Padding of one length on all sides, or of 2.
  public init(_ lengths: some SpatialSize) { super.init(rank: 1, lengths, .reflect) }
}

/// Pads the last two dimensions mirrored at the outermost entries: `torch.nn.ReflectionPad2d`.
open class ReflectionPad2d: PaddingLayer {
  /// Padding of one length on all sides, or of 4.
  public init(_ lengths: some SpatialSize) { super.init(rank: 2, lengths, .reflect) }
}

/// Pads the last three dimensions mirrored at the outermost entries: `torch.nn.ReflectionPad3d`.
open class ReflectionPad3d: PaddingLayer {
  /// Padding of one length on all sides, or of 6.
  public init(_ lengths: some SpatialSize) { super.init(rank: 3, lengths, .reflect) }
}

/// Pads the last dimension with the outermost entries: `torch.nn.ReplicationPad1d`.
open class ReplicationPad1d: PaddingLayer {
  /// Padding of one length on all sides, or of 2.
  public init(_ lengths: some SpatialSize) { super.init(rank: 1, lengths, .replicate) }
}

/// Pads the last two dimensions with the outermost entries: `torch.nn.ReplicationPad2d`.
open class ReplicationPad2d: PaddingLayer {
  /// Padding of one length on all sides, or of 4.
  public init(_ lengths: some SpatialSize) { super.init(rank: 2, lengths, .replicate) }
}

/// Pads the last three dimensions with the outermost entries: `torch.nn.ReplicationPad3d`.
open class ReplicationPad3d: PaddingLayer {
  /// Padding of one length on all sides, or of 6.
  public init(_ lengths: some SpatialSize) { super.init(rank: 3, lengths, .replicate) }
}

/// Pads the last dimension from the other side: `torch.nn.CircularPad1d`.
open class CircularPad1d: PaddingLayer {
  /// Padding of one length on all sides, or of 2.
  public init(_ lengths: some SpatialSize) { super.init(rank: 1, lengths, .circular) }
}

/// Pads the last two dimensions from the other side: `torch.nn.CircularPad2d`.
open class CircularPad2d: PaddingLayer {
  /// Padding of one length on all sides, or of 4.
  public init(_ lengths: some SpatialSize) { super.init(rank: 2, lengths, .circular) }
}

/// Pads the last three dimensions from the other side: `torch.nn.CircularPad3d`.
open class CircularPad3d: PaddingLayer {
  /// Padding of one length on all sides, or of 6.
  public init(_ lengths: some SpatialSize) { super.init(rank: 3, lengths, .circular) }
}
