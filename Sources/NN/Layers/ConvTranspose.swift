import Torch

/// What the transposed convolutions share.
open class TransposedConvolution: Convolution {
  init(
    rank: Int, _ inChannels: Int, _ outChannels: Int, kernelSize: some SpatialSize, stride: some SpatialSize,
    padding: some SpatialSize, outputPadding: some SpatialSize, groups: Int, bias: Bool, dilation: some SpatialSize,
    device: Device, dtype: DType
  ) {
    super.init(
      rank: rank, inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding.lengths,
      dilation: dilation, transposed: true, outputPadding: outputPadding, groups: groups, bias: bias,
      paddingMode: .zeros, device: device, dtype: dtype)
  }

  /// The layer applied, with the output extended to the spatial size given, where the stride leaves a choice.
  /// - Precondition: each length is one that the stride allows.
  public final func callAsFunction(_ x: Tensor, outputSize: [Int]) -> Tensor {
    withForwardPreHooks([x]) { transposed($0[0], outputPadding: extraLengths(of: $0[0], to: outputSize)) }
  }

  /// The transposed cross-correlation plus the bias.
  open override func forward(_ x: Tensor) -> Tensor { transposed(x, outputPadding: outputPadding) }

  private final func transposed(_ x: Tensor, outputPadding: [Int]) -> Tensor {
    let name: StaticString =
      switch kernelSize.count {
      case 1: "conv_transpose1d"
      case 2: "conv_transpose2d.input"
      default: "conv_transpose3d.input"
      }
    return call(name, x, weight, bias, stride, lengths, outputPadding, groups, dilation)
  }

  private final var lengths: [Int] { if case .lengths(let lengths) = padding { lengths } else { [0] } }

  private final func extraLengths(of x: Tensor, to outputSize: [Int]) -> [Int] {
    let rank = kernelSize.count
    let input = x.shape.suffix(rank)
    precondition(outputSize.count >= rank, "outputSize: expected \(rank) lengths, found \(outputSize)")
    let least = zip(input, 0..<rank).map { length, d in
      (length - 1) * stride[d] - 2 * lengths[d] + dilation[d] * (kernelSize[d] - 1) + 1
    }
    let extra = zip(outputSize.suffix(rank), least).map { $0 - $1 }
    precondition(
      zip(extra, stride).allSatisfy { $0 >= 0 && $0 < $1 },
      "outputSize \(outputSize): possible are \(least) to \(zip(least, stride).map { $0 + $1 - 1 })")
    return extra
  }
}

/// The transpose of a cross-correlation over one dimension: `torch.nn.ConvTranspose1d`.
///
/// Input [N, C, L] (or without N); parameters `weight` [in, out / groups, k] and `bias` [out].
open class ConvTranspose1d: TransposedConvolution {
  /// A layer with PyTorch's arguments and initial values: both parameters uniform within ±1 / √(out / groups · kernel).
  public init(
    _ inChannels: Int, _ outChannels: Int, kernelSize: some SpatialSize, stride: some SpatialSize = 1,
    padding: some SpatialSize = 0, outputPadding: some SpatialSize = 0, groups: Int = 1, bias: Bool = true,
    dilation: some SpatialSize = 1, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      rank: 1, inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
      outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, device: device, dtype: dtype)
  }
}

/// The transpose of a cross-correlation over two dimensions: `torch.nn.ConvTranspose2d`.
///
/// Input [N, C, H, W] (or without N); parameters `weight` [in, out / groups, kH, kW] and `bias` [out].
open class ConvTranspose2d: TransposedConvolution {
  /// A layer with PyTorch's arguments and initial values: both parameters uniform within ±1 / √(out / groups · kernel).
  public init(
    _ inChannels: Int, _ outChannels: Int, kernelSize: some SpatialSize, stride: some SpatialSize = 1,
    padding: some SpatialSize = 0, outputPadding: some SpatialSize = 0, groups: Int = 1, bias: Bool = true,
    dilation: some SpatialSize = 1, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      rank: 2, inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
      outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, device: device, dtype: dtype)
  }
}

/// The transpose of a cross-correlation over three dimensions: `torch.nn.ConvTranspose3d`.
///
/// Input [N, C, D, H, W] (or without N); parameters `weight` [in, out / groups, kD, kH, kW] and `bias` [out].
open class ConvTranspose3d: TransposedConvolution {
  /// A layer with PyTorch's arguments and initial values: both parameters uniform within ±1 / √(out / groups · kernel).
  public init(
    _ inChannels: Int, _ outChannels: Int, kernelSize: some SpatialSize, stride: some SpatialSize = 1,
    padding: some SpatialSize = 0, outputPadding: some SpatialSize = 0, groups: Int = 1, bias: Bool = true,
    dilation: some SpatialSize = 1, device: Device = .cpu, dtype: DType = .float32
  ) {
    super.init(
      rank: 3, inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
      outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, device: device, dtype: dtype)
  }
}
