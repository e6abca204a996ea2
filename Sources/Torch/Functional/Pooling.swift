// Shapes: N batch, C channels, L, H, W lengths. The step is the size where none is given.

/// The largest entry of each window of x [N, C, L].
public func maxPool1d(_ x: Tensor, _ size: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
  call("max_pool1d", x, size, stride ?? size, padding)
}

/// The largest entry of each square window of x [N, C, H, W].
public func maxPool2d(_ x: Tensor, _ size: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
  call("max_pool2d", x, size, stride ?? size, padding)
}

/// The largest entry of each window of x [N, C, H, W]; in `ceilMode` also of those that reach over the edge.
public func maxPool2d(
  _ x: Tensor, _ size: [Int], stride: [Int]? = nil, padding: [Int] = [0], dilation: [Int] = [1],
  ceilMode: Bool = false
) -> Tensor {
  call("max_pool2d", x, size, stride ?? size, padding, dilation, ceilMode)
}

/// The mean of each window of x [N, C, L].
public func avgPool1d(_ x: Tensor, _ size: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
  call("avg_pool1d", x, size, stride ?? size, padding)
}

/// The mean of each square window of x [N, C, H, W].
public func avgPool2d(_ x: Tensor, _ size: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
  call("avg_pool2d", x, size, stride ?? size, padding)
}

/// The mean of each window of x [N, C, H, W].
public func avgPool2d(
  _ x: Tensor, _ size: [Int], stride: [Int]? = nil, padding: [Int] = [0], ceilMode: Bool = false,
  countsPadding: Bool = true
) -> Tensor {
  call("avg_pool2d", x, size, stride ?? size, padding, ceilMode, countsPadding)
}

/// Means over as many windows as `length` says, of about equal size: x [N, C, L] to [N, C, length].
public func adaptiveAvgPool1d(_ x: Tensor, _ length: Int) -> Tensor { call("adaptive_avg_pool1d", x, length) }

/// Means over as many windows as `lengths` says, of about equal size: x [N, C, H, W] to [N, C, lengths].
public func adaptiveAvgPool2d(_ x: Tensor, _ lengths: [Int]) -> Tensor { call("adaptive_avg_pool2d", x, lengths) }

/// The largest entries of as many windows as `lengths` says: x [N, C, H, W] to [N, C, lengths].
public func adaptiveMaxPool2d(_ x: Tensor, _ lengths: [Int]) -> Tensor {
  callList("adaptive_max_pool2d", x, lengths)[0]
}

/// x [N, C, H, W] enlarged by whole factors, each entry repeated.
public func upsampleNearest2d(_ x: Tensor, _ lengths: [Int]) -> Tensor { call("upsample_nearest2d", x, lengths) }
