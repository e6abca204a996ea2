extension Tensor {
  /// A copy with the entries of `source` written to the positions `index` along `dim`.
  public func scatter(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
    call("scatter.src", self, dim, index, source)
  }
  /// A copy with `value` written to the positions `index` along `dim`.
  public func scatter(_ dim: Int, _ index: Tensor, _ value: some TensorScalar) -> Tensor {
    call("scatter.value", self, dim, index, value)
  }
  /// A copy with the entries of `source` added at the positions `index` along `dim`.
  public func scatterAdd(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
    call("scatter_add", self, dim, index, source)
  }
  /// A copy with the slices of `source` added at the positions `index` along `dim`.
  public func indexAdd(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
    call("index_add", self, dim, index, source)
  }

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
