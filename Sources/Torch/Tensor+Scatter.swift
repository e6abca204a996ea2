extension Tensor {
  /// A tensor of unspecified content with the strides given, in entries: `empty_strided`.
  public static func emptyStrided(_ shape: [Int], strides: [Int], dtype: DType, device: Device = .cpu) -> Tensor {
    call("empty_strided", shape, strides, keywords: [("dtype", dtype), ("device", device)])
  }
  /// True where either is.
  public func logicalOr(_ other: Tensor) -> Tensor { call("logical_or", self, other) }
  /// Overwrites the positions `index` (int64) along `dim` with those of `source`: `index_copy_`.
  @discardableResult
  public func indexCopy(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
    call("index_copy_", self, dim, index, source)
  }
  /// Overwrites the positions `index` (int64) along `dim` with one number: `index_fill_`.
  @discardableResult
  public func indexFill(_ dim: Int, _ index: Tensor, _ value: some TensorScalar) -> Tensor {
    call("index_fill_.int_Scalar", self, dim, index, value)
  }
}
