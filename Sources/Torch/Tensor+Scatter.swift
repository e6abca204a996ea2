// Writing at positions that tensors hold (int64) or mark (bool): as a copy, and in place.

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

  /// A copy with the slices of `source` at the positions `index` (int64) along `dim`.
  public func indexCopy(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
    call("index_copy", self, dim, index, source)
  }
  /// A copy with one number at the positions `index` (int64) along `dim`.
  public func indexFill(_ dim: Int, _ index: Tensor, _ value: some TensorScalar) -> Tensor {
    call("index_fill.int_Scalar", self, dim, index, value)
  }
  /// A copy with `value` where `mask` is true.
  public func maskedFill(_ mask: Tensor, _ value: some TensorScalar) -> Tensor {
    call("masked_fill.Scalar", self, mask, value)
  }
  /// A copy with the entries of `source`, in order, where `mask` is true.
  public func maskedScatter(_ mask: Tensor, _ source: Tensor) -> Tensor { call("masked_scatter", self, mask, source) }
}

extension Tensor {
  /// Writes the entries of `source` to the positions `index` along `dim`: `scatter_`.
  @discardableResult
  public func scatterInPlace(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
    call("scatter_.src", self, dim, index, source)
  }
  /// Writes `value` to the positions `index` along `dim`: `scatter_`.
  @discardableResult
  public func scatterInPlace(_ dim: Int, _ index: Tensor, _ value: some TensorScalar) -> Tensor {
    call("scatter_.value", self, dim, index, value)
  }
  /// Adds the entries of `source` at the positions `index` along `dim`: `scatter_add_`.
  @discardableResult
  public func scatterAddInPlace(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
    call("scatter_add_", self, dim, index, source)
  }
  /// Adds the slices of `source` at the positions `index` along `dim`: `index_add_`.
  @discardableResult
  public func indexAddInPlace(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
    call("index_add_", self, dim, index, source)
  }
  /// Overwrites the positions `index` (int64) along `dim` with those of `source`: `index_copy_`.
  @discardableResult
  public func indexCopyInPlace(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
    call("index_copy_", self, dim, index, source)
  }
  /// Overwrites the positions `index` (int64) along `dim` with one number: `index_fill_`.
  @discardableResult
  public func indexFillInPlace(_ dim: Int, _ index: Tensor, _ value: some TensorScalar) -> Tensor {
    call("index_fill_.int_Scalar", self, dim, index, value)
  }
  /// Overwrites the entries where `mask` is true: `masked_fill_`.
  @discardableResult
  public func maskedFillInPlace(_ mask: Tensor, _ value: some TensorScalar) -> Tensor {
    call("masked_fill_.Scalar", self, mask, value)
  }
  /// Overwrites the entries where `mask` is true with those of `source`, in order: `masked_scatter_`.
  @discardableResult
  public func maskedScatterInPlace(_ mask: Tensor, _ source: Tensor) -> Tensor {
    call("masked_scatter_", self, mask, source)
  }
}
