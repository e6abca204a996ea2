import Torch

/// Cross-correlation over one dimension: `torch.nn.Conv1d`.
///
/// Input [N, C, L] (or without N); parameters `weight` [out, in / groups, k] and `bias` [out].
open class Conv1d: Convolution {
  /// A layer with PyTorch's arguments and initial values: both parameters uniform within ±1 / √(in / groups · kernel).
  public init(
    _ inChannels: Int, _ outChannels: Int, kernelSize: some SpatialSize, stride: some SpatialSize = 1,
    padding: some PaddingSize = 0, dilation: some SpatialSize = 1, groups: Int = 1, bias: Bool = true,
    paddingMode: PaddingMode = .zeros, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      rank: 1, inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
      groups: groups, bias: bias, paddingMode: paddingMode, device: device, dtype: dtype)
  }

  /// The cross-correlation plus the bias.
  open override func forward(_ x: Tensor) -> Tensor {
    substituted(x) ?? convolve(x, "conv1d", named: "conv1d.padding")
  }
}

/// Cross-correlation over two dimensions: `torch.nn.Conv2d`.
///
/// Input [N, C, H, W] (or without N); parameters `weight` [out, in / groups, kH, kW] and `bias` [out].
open class Conv2d: Convolution {
  /// A layer with PyTorch's arguments and initial values: both parameters uniform within ±1 / √(in / groups · kernel).
  public init(
    _ inChannels: Int, _ outChannels: Int, kernelSize: some SpatialSize, stride: some SpatialSize = 1,
    padding: some PaddingSize = 0, dilation: some SpatialSize = 1, groups: Int = 1, bias: Bool = true,
    paddingMode: PaddingMode = .zeros, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      rank: 2, inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
      groups: groups, bias: bias, paddingMode: paddingMode, device: device, dtype: dtype)
  }

  /// The cross-correlation plus the bias.
  open override func forward(_ x: Tensor) -> Tensor {
    substituted(x) ?? convolve(x, "conv2d", named: "conv2d.padding")
  }
}

/// Cross-correlation over three dimensions: `torch.nn.Conv3d`.
///
/// Input [N, C, D, H, W] (or without N); parameters `weight` [out, in / groups, kD, kH, kW] and `bias` [out].
open class Conv3d: Convolution {
  /// A layer with PyTorch's arguments and initial values: both parameters uniform within ±1 / √(in / groups · kernel).
  public init(
    _ inChannels: Int, _ outChannels: Int, kernelSize: some SpatialSize, stride: some SpatialSize = 1,
    padding: some PaddingSize = 0, dilation: some SpatialSize = 1, groups: Int = 1, bias: Bool = true,
    paddingMode: PaddingMode = .zeros, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      rank: 3, inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
      groups: groups, bias: bias, paddingMode: paddingMode, device: device, dtype: dtype)
  }

  /// The cross-correlation plus the bias.
  open override func forward(_ x: Tensor) -> Tensor { convolve(x, "conv3d", named: "conv3d.padding") }
}
