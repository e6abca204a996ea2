import Torch

/// What the pooling layers by the mean share.
open class AvgPool: Module {
  /// The window's length along each dimension.
  public final let kernelSize: [Int]
  /// The step between windows along each dimension.
  public final let stride: [Int]
  /// How far the input is padded with 0 along each dimension.
  public final let padding: [Int]
  /// Whether windows that reach beyond the end count.
  public final let ceilMode: Bool
  /// Whether the padding counts in the mean.
  public final let countIncludePad: Bool
  private let text: String

  init(
    rank: Int, kernelSize: some SpatialSize, stride: (any SpatialSize)?, padding: some SpatialSize, ceilMode: Bool,
    countIncludePad: Bool
  ) {
    let step = stride ?? kernelSize
    self.kernelSize = kernelSize.expanded(to: rank, "kernelSize", least: 1)
    self.stride = step.expanded(to: rank, "stride", least: 1)
    self.padding = padding.expanded(to: rank, "padding", least: 0)
    self.ceilMode = ceilMode
    self.countIncludePad = countIncludePad
    text =
      if rank == 1 {
        "kernel_size=\(Python.tuple(self.kernelSize)), stride=\(Python.tuple(self.stride)), "
          + "padding=\(Python.tuple(self.padding))"
      } else {
        "kernel_size=\(kernelSize.pythonText), stride=\(step.pythonText), padding=\(padding.pythonText)"
      }
  }

  /// Size, stride and padding.
  open override var extraDescription: String { text }
}

/// The mean of each window of input [N, C, L] (or without N): `torch.nn.AvgPool1d`.
open class AvgPool1d: AvgPool {
  /// Windows of that size; the step is the size where none is given.
  public init(
    _ kernelSize: some SpatialSize, stride: (any SpatialSize)? = nil, padding: some SpatialSize = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true
  ) {
    super.init(
      rank: 1, kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
      countIncludePad: countIncludePad)
  }

  /// The means.
  open override func forward(_ x: Tensor) -> Tensor {
    call("avg_pool1d", x, kernelSize, stride, padding, ceilMode, countIncludePad)
  }
}

/// The mean of each window of input [N, C, H, W] (or without N): `torch.nn.AvgPool2d`.
open class AvgPool2d: AvgPool {
  /// Windows of that size; the step is the size where none is given.
  public init(
    _ kernelSize: some SpatialSize, stride: (any SpatialSize)? = nil, padding: some SpatialSize = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true
  ) {
    super.init(
      rank: 2, kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
      countIncludePad: countIncludePad)
  }

  /// The means.
  open override func forward(_ x: Tensor) -> Tensor {
    call("avg_pool2d", x, kernelSize, stride, padding, ceilMode, countIncludePad)
  }
}

/// The mean of each window of input [N, C, D, H, W] (or without N): `torch.nn.AvgPool3d`.
open class AvgPool3d: AvgPool {
  /// Windows of that size; the step is the size where none is given.
  public init(
    _ kernelSize: some SpatialSize, stride: (any SpatialSize)? = nil, padding: some SpatialSize = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true
  ) {
    super.init(
      rank: 3, kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
      countIncludePad: countIncludePad)
  }

  /// The means.
  open override func forward(_ x: Tensor) -> Tensor {
    call("avg_pool3d", x, kernelSize, stride, padding, ceilMode, countIncludePad)
  }
}
