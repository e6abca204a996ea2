import Torch

/// What the pooling layers to a fixed output size share.
open class AdaptivePool: Module {
  /// The output's length along each dimension; nil keeps the input's.
  public final let outputSize: [Int?]
  private let text: String

  init(_ outputSize: [Int?], text: String) {
    self.outputSize = outputSize
    self.text = text
  }

  init(rank: Int, _ outputSize: some SpatialSize) {
    self.outputSize = outputSize.expanded(to: rank, "outputSize", least: 0)
    text = outputSize.pythonText
  }

  /// The output's size for an input.
  final func size(for x: Tensor) -> [Int] {
    zip(outputSize, x.shape.suffix(outputSize.count)).map { $0 ?? $1 }
  }

  /// The output's size.
  open override var extraDescription: String { "output_size=\(text)" }
}

/// The mean of each of as many windows as the output has entries, for input [N, C, L]:
/// `torch.nn.AdaptiveAvgPool1d`.
open class AdaptiveAvgPool1d: AdaptivePool {
  /// Output of that size.
  public init(_ outputSize: some SpatialSize) { super.init(rank: 1, outputSize) }

  /// The pooled input.
  open override func forward(_ x: Tensor) -> Tensor { call("adaptive_avg_pool1d", x, size(for: x)) }
}

/// The largest entry of each of as many windows as the output has entries, for input [N, C, L]:
/// `torch.nn.AdaptiveMaxPool1d`.
open class AdaptiveMaxPool1d: AdaptivePool {
  /// Output of that size.
  public init(_ outputSize: some SpatialSize) { super.init(rank: 1, outputSize) }

  /// The pooled input.
  open override func forward(_ x: Tensor) -> Tensor { callList("adaptive_max_pool1d", x, size(for: x), capacity: 2)[0] }
}

/// The mean of each of as many windows as the output has entries, for input [N, C, H, W]:
/// `torch.nn.AdaptiveAvgPool2d`.
open class AdaptiveAvgPool2d: AdaptivePool {
  /// Output of that size.
  public init(_ outputSize: some SpatialSize) { super.init(rank: 2, outputSize) }

  /// Output of those lengths along each dimension; nil keeps the input's.
  public init(_ height: Int?, _ width: Int?) { super.init([height, width], text: Python.tuple([height, width])) }

  /// The pooled input.
  open override func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool2d(x, size(for: x)) }
}

/// The largest entry of each of as many windows as the output has entries, for input [N, C, H, W]:
/// `torch.nn.AdaptiveMaxPool2d`.
open class AdaptiveMaxPool2d: AdaptivePool {
  /// Output of that size.
  public init(_ outputSize: some SpatialSize) { super.init(rank: 2, outputSize) }

  /// Output of those lengths along each dimension; nil keeps the input's.
  public init(_ height: Int?, _ width: Int?) { super.init([height, width], text: Python.tuple([height, width])) }

  /// The pooled input.
  open override func forward(_ x: Tensor) -> Tensor { adaptiveMaxPool2d(x, size(for: x)) }
}

/// The mean of each of as many windows as the output has entries, for input [N, C, D, H, W]:
/// `torch.nn.AdaptiveAvgPool3d`.
open class AdaptiveAvgPool3d: AdaptivePool {
  /// Output of that size.
  public init(_ outputSize: some SpatialSize) { super.init(rank: 3, outputSize) }

  /// The pooled input.
  open override func forward(_ x: Tensor) -> Tensor { call("adaptive_avg_pool3d", x, size(for: x)) }
}

/// The largest entry of each of as many windows as the output has entries, for input [N, C, D, H, W]:
/// `torch.nn.AdaptiveMaxPool3d`.
open class AdaptiveMaxPool3d: AdaptivePool {
  /// Output of that size.
  public init(_ outputSize: some SpatialSize) { super.init(rank: 3, outputSize) }

  /// The pooled input.
  open override func forward(_ x: Tensor) -> Tensor { callList("adaptive_max_pool3d", x, size(for: x), capacity: 2)[0] }
}
