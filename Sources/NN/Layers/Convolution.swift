import Torch

/// How the border of a convolution's input is filled.
public enum PaddingMode: String, Sendable {
  /// With 0.
  case zeros
  /// Mirrored at the outermost entries.
  case reflect
  /// With the outermost entries.
  case replicate
  /// From the other side.
  case circular
}

/// How far a convolution's input is padded.
public enum Padding: Sendable, Equatable {
  /// So many entries on either side of each dimension.
  case lengths([Int])
  /// As much as keeps the input's size, for a stride of 1: `padding='same'`.
  case same
  /// Not at all: `padding='valid'`.
  case valid
}

/// What a convolution takes as its padding: `1`, `[1, 2]`, `.same`, `.valid`.
public protocol PaddingSize {
  /// The padding that the value stands for.
  var padding: Padding { get }
}

extension Int: PaddingSize {
  /// The one length for all dimensions.
  public var padding: Padding { .lengths([self]) }
}
extension Array: PaddingSize where Element == Int {
  /// The lengths.
  public var padding: Padding { .lengths(self) }
}

/// A padding by name: `.same` or `.valid`.
public struct NamedPadding: PaddingSize {
  /// The padding that the name stands for.
  public let padding: Padding
}
extension PaddingSize where Self == NamedPadding {
  /// As much as keeps the input's size, for a stride of 1: `padding='same'`.
  public static var same: NamedPadding { NamedPadding(padding: .same) }
  /// Not at all: `padding='valid'`.
  public static var valid: NamedPadding { NamedPadding(padding: .valid) }
}

/// What all convolutions are made of: `torch.nn.modules.conv._ConvNd`. Use ``Conv1d``, ``Conv2d``, ``Conv3d`` and
/// ``ConvTranspose1d``, ``ConvTranspose2d``, ``ConvTranspose3d``.
open class Convolution: Module {
  /// The number of the input's channels.
  public final var inChannels: Int { isTransposed ? length(of: "weight", 0) : length(of: "weight", 1) * groups }
  /// The number of the output's channels.
  public final var outChannels: Int { isTransposed ? length(of: "weight", 1) * groups : length(of: "weight", 0) }
  /// The kernel's length along each dimension.
  public final let kernelSize: [Int]
  /// The step between windows along each dimension.
  public final let stride: [Int]
  /// How far the input is padded.
  public final let padding: Padding
  /// The distance between the kernel's entries along each dimension.
  public final let dilation: [Int]
  /// Whether this is the transpose of a convolution, whose weight has the input's channels first.
  public final let isTransposed: Bool
  /// How far the output of a transposed convolution is extended at the end of each dimension.
  public final let outputPadding: [Int]
  /// Into how many parts the channels fall that do not see each other. Where a convolution of several groups loses some,
  /// set it together with the tensors.
  public final var groups: Int
  /// What the padding consists of.
  public final let paddingMode: PaddingMode

  init(
    rank: Int, _ inChannels: Int, _ outChannels: Int, kernelSize: some SpatialSize, stride: some SpatialSize,
    padding: some PaddingSize, dilation: some SpatialSize, transposed: Bool = false,
    outputPadding: some SpatialSize = 0, groups: Int, bias: Bool, paddingMode: PaddingMode, device: Device,
    dtype: DType
  ) {
    precondition(
      groups > 0 && inChannels % groups == 0 && outChannels % groups == 0,
      "a convolution's channels (\(inChannels) in, \(outChannels) out) must be divisible by its groups (\(groups))")
    self.kernelSize = kernelSize.expanded(to: rank, "kernelSize", least: 1)
    self.stride = stride.expanded(to: rank, "stride", least: 1)
    self.dilation = dilation.expanded(to: rank, "dilation", least: 1)
    self.outputPadding = outputPadding.expanded(to: rank, "outputPadding", least: 0)
    self.padding =
      if case .lengths(let lengths) = padding.padding {
        .lengths(lengths.expanded(to: rank, "padding", least: 0))
      } else {
        padding.padding
      }
    precondition(
      self.padding != .same || self.stride.allSatisfy { $0 == 1 }, "padding .same takes a stride of 1 only")
    isTransposed = transposed
    self.groups = groups
    self.paddingMode = paddingMode
    super.init()
    let channels = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups]
    registerParameter("weight", .empty(channels + self.kernelSize, dtype: dtype, device: device))
    if bias { registerParameter("bias", .empty([outChannels], dtype: dtype, device: device)) }
    drawWeightAndBias()
  }

  /// The weight as it takes part in the forward pass: [out, in / groups, kernel...], transposed [in, out / groups,
  /// kernel...].
  public final var weight: Tensor { self["weight"] }
  /// The bias as it takes part in the forward pass, [out].
  public final var bias: Tensor? { self[optional: "bias"] }

  /// The convolution by the operator of that name and its variant for padding by name.
  final func convolve(_ x: Tensor, _ name: StaticString, named: StaticString) -> Tensor {
    guard paddingMode == .zeros else {
      let padded = x.pad(borderLengths, mode: paddingMode.rawValue)
      return call(name, padded, weight, bias, stride, 0, dilation, groups)
    }
    return switch padding {
    case .lengths(let lengths): call(name, x, weight, bias, stride, lengths, dilation, groups)
    case .same: call(named, x, weight, bias, stride, "same", dilation, groups)
    case .valid: call(named, x, weight, bias, stride, "valid", dilation, groups)
    }
  }

  /// The padding left and right of the last dimension, then of the one before.
  final var borderLengths: [Int] {
    switch padding {
    case .lengths(let lengths): lengths.reversed().flatMap { [$0, $0] }
    case .same:
      zip(dilation, kernelSize).reversed().flatMap { step, length in
        let total = step * (length - 1)
        return [total / 2, total - total / 2]
      }
    case .valid: Array(repeating: 0, count: 2 * kernelSize.count)
    }
  }

  /// Channels, kernel, stride, and what differs from the defaults.
  open override var extraDescription: String {
    var text = "\(inChannels), \(outChannels), kernel_size=\(Python.tuple(kernelSize)), stride=\(Python.tuple(stride))"
    switch padding {
    case .lengths(let lengths): if lengths.contains(where: { $0 != 0 }) { text += ", padding=\(Python.tuple(lengths))" }
    case .same: text += ", padding=same"
    case .valid: text += ", padding=valid"
    }
    if dilation.contains(where: { $0 != 1 }) { text += ", dilation=\(Python.tuple(dilation))" }
    if outputPadding.contains(where: { $0 != 0 }) { text += ", output_padding=\(Python.tuple(outputPadding))" }
    if groups != 1 { text += ", groups=\(groups)" }
    if bias == nil { text += ", bias=False" }
    if paddingMode != .zeros { text += ", padding_mode=\(paddingMode.rawValue)" }
    return text
  }
}
