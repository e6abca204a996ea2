// Shapes: N batch, C channels, L, D, H, W lengths, k the kernel's. Lists of one number count for every dimension.

/// x Wᵀ + b, with `weight` of shape [out, in].
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor { call("linear", x, weight, bias) }

/// Cross-correlation over one dimension: x [N, C, L], weight [out, C / groups, k].
public func conv1d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
  groups: Int = 1
) -> Tensor {
  call("conv1d", x, weight, bias, stride, padding, dilation, groups)
}

/// Cross-correlation over two dimensions: x [N, C, H, W], weight [out, C / groups, kH, kW].
public func conv2d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: [Int] = [1], padding: [Int] = [0],
  dilation: [Int] = [1], groups: Int = 1
) -> Tensor {
  call("conv2d", x, weight, bias, stride, padding, dilation, groups)
}

/// Cross-correlation over three dimensions: x [N, C, D, H, W], weight [out, C / groups, kD, kH, kW].
public func conv3d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: [Int] = [1], padding: [Int] = [0],
  dilation: [Int] = [1], groups: Int = 1
) -> Tensor {
  call("conv3d", x, weight, bias, stride, padding, dilation, groups)
}

/// The transpose of ``conv1d(_:_:_:stride:padding:dilation:groups:)``: x [N, C, L], weight [C, out / groups, k].
public func convTranspose1d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
  groups: Int = 1, dilation: Int = 1
) -> Tensor {
  call("conv_transpose1d", x, weight, bias, stride, padding, outputPadding, groups, dilation)
}

/// The transpose of ``conv2d(_:_:_:stride:padding:dilation:groups:)``: x [N, C, H, W], weight [C, out / groups, kH, kW].
public func convTranspose2d(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: [Int] = [1], padding: [Int] = [0],
  outputPadding: [Int] = [0], groups: Int = 1, dilation: [Int] = [1]
) -> Tensor {
  call("conv_transpose2d.input", x, weight, bias, stride, padding, outputPadding, groups, dilation)
}

/// The windows of x [N, C, H, W] as columns: [N, C kH kW, windows]. A convolution is a matrix product with it.
public func unfold(
  _ x: Tensor, _ size: [Int], dilation: [Int] = [1], padding: [Int] = [0], stride: [Int] = [1]
) -> Tensor {
  call("im2col", x, size, dilation, padding, stride)
}

/// Rows of `weight` [entries, width] at the positions `indices`.
public func embedding(_ indices: Tensor, _ weight: Tensor) -> Tensor { call("embedding", weight, indices) }
