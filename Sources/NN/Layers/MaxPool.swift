import Torch

/// What the pooling layers by the largest entry share.
open class MaxPool: Module {
  /// The window's length along each dimension.
  public final let kernelSize: [Int]
  /// The step between windows along each dimension.
  public final let stride: [Int]
  /// How far the input is padded (with -inf) along each dimension.
  public final let padding: [Int]
  /// The distance between a window's entries along each dimension.
  public final let dilation: [Int]
  /// Whether windows that reach beyond the end count.
  public final let ceilMode: Bool
  private let text: String

  init(
    rank: Int, kernelSize: some SpatialSize, stride: (any SpatialSize)?, padding: some SpatialSize,
    dilation: some SpatialSize, ceilMode: Bool
  ) {
    let step = stride ?? kernelSize
    self.kernelSize = kernelSize.expanded(to: rank, "kernelSize", least: 1)
    self.stride = step.expanded(to: rank, "stride", least: 1)
    self.padding = padding.expanded(to: rank, "padding", least: 0)
    self.dilation = dilation.expanded(to: rank, "dilation", least: 1)
    self.ceilMode = ceilMode
    text =
      "kernel_size=\(kernelSize.pythonText), stride=\(step.pythonText), padding=\(padding.pythonText), "
      + "dilation=\(dilation.pythonText), ceil_mode=\(Python.text(ceilMode))"
  }

  /// All settings.
  open override var extraDescription: String { text }
}

/// The largest entry of each window of input [N, C, L] (or without N): `torch.nn.MaxPool1d`.
open class MaxPool1d: MaxPool {
  /// Windows of that size; the step is the size where none is given.
  public init(
    _ kernelSize: some SpatialSize, stride: (any SpatialSize)? = nil, padding: some SpatialSize = 0,
    dilation: some SpatialSize = 1, ceilMode: Bool = false
  ) {
    super.init(
      rank: 1, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }

  /// The largest entries.
  open override func forward(_ x: Tensor) -> Tensor {
    call("max_pool1d", x, kernelSize, stride, padding, dilation, ceilMode)
  }
}

/// The largest entry of each window of input [N, C, H, W] (or without N): `torch.nn.MaxPool2d`.
open class MaxPool2d: MaxPool {
  /// Windows of that size; the step is the size where none is given.
  public init(
    _ kernelSize: some SpatialSize, stride: (any SpatialSize)? = nil, padding: some SpatialSize = 0,
    dilation: some SpatialSize = 1, ceilMode: Bool = false
  ) {
    super.init(
      rank: 2, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }

  /// The largest entries.
  open override func forward(_ x: Tensor) -> Tensor {
    call("max_pool2d", x, kernelSize, stride, padding, dilation, ceilMode)
  }
}

/// The largest entry of each window of input [N, C, D, H, W] (or without N): `torch.nn.MaxPool3d`.
open class MaxPool3d: MaxPool {
  /// Windows of that size; the step is the size where none is given.
  public init(
    _ kernelSize: some SpatialSize, stride: (any SpatialSize)? = nil, padding: some SpatialSize = 0,
    dilation: some SpatialSize = 1, ceilMode: Bool = false
  ) {
    super.init(
      rank: 3, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }

  /// The largest entries.
  open override func forward(_ x: Tensor) -> Tensor {
    call("max_pool3d", x, kernelSize, stride, padding, dilation, ceilMode)
  }
}
