extension Tensor {
  /// The sum of all entries; whole numbers and truth values sum up in int64.
  public func sum() -> Tensor { call("sum", self) }
  /// Sums along dimensions.
  public func sum(_ dims: [Int], keepDim: Bool = false) -> Tensor { call("sum.dim_IntList", self, dims, keepDim) }
  /// The mean of all entries.
  public func mean() -> Tensor { call("mean", self) }
  /// Means along dimensions.
  public func mean(_ dims: [Int], keepDim: Bool = false) -> Tensor { call("mean.dim", self, dims, keepDim) }
  /// Variances along dimensions; divides by count - `correction`.
  public func variance(_ dims: [Int], correction: Double = 1, keepDim: Bool = false) -> Tensor {
    call("var.correction", self, dims, keywords: [("correction", correction), ("keepdim", keepDim)])
  }
  /// The standard deviation of all entries.
  public func std(correction: Double = 1) -> Tensor {
    call("std.correction", self, keywords: [("correction", correction)])
  }
  /// The largest entry.
  public func max() -> Tensor { call("max", self) }
  /// The smallest entry.
  public func min() -> Tensor { call("min", self) }
  /// The largest entries along `dim` and where they stand.
  public func max(_ dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    let out = callList("max.dim", self, dim, keepDim)
    return (out[0], out[1])
  }
  /// The position of the largest entry along `dim`, int64; of the flattened tensor without one.
  public func argmax(_ dim: Int? = nil, keepDim: Bool = false) -> Tensor { call("argmax", self, dim, keepDim) }
  /// The position of the smallest entry along `dim`, int64; of the flattened tensor without one.
  public func argmin(_ dim: Int? = nil, keepDim: Bool = false) -> Tensor { call("argmin", self, dim, keepDim) }
  /// Whether all entries are other than 0.
  public func all() -> Tensor { call("all", self) }
  /// Whether any entry is other than 0.
  public func any() -> Tensor { call("any", self) }
  /// The number of entries other than 0.
  public func countNonzero() -> Int { call("count_nonzero", self).intItem() }
  /// The positions of the entries other than 0, one row each, int64.
  public func nonzero() -> Tensor { call("nonzero", self) }
  /// The entries in order along `dim`, and where they came from.
  public func sort(_ dim: Int = -1, descending: Bool = false, stable: Bool = true) -> (values: Tensor, indices: Tensor)
  {
    let out = callList("sort.stable", self, keywords: [("stable", stable), ("dim", dim), ("descending", descending)])
    return (out[0], out[1])
  }
  /// The `k` largest (or smallest) entries along `dim`, and where they stand.
  public func topk(_ k: Int, dim: Int = -1, largest: Bool = true, sorted: Bool = true) -> (
    values: Tensor, indices: Tensor
  ) {
    let out = callList("topk", self, k, dim, largest, sorted)
    return (out[0], out[1])
  }
  /// Running sums along `dim`.
  public func cumsum(_ dim: Int) -> Tensor { call("cumsum", self, dim) }

  /// The p-norm of the entries along `dims`: the p-th root of the sum of |x|^p; p may be 0 (a count), inf or -inf.
  /// `linalg_vector_norm`.
  /// - Parameter dtype: In which the sum is taken, where it should be wider than the entries.
  public func vectorNorm(_ p: Double = 2, _ dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    call("linalg_vector_norm", self, p, dims, keepDim, keywords: [("dtype", dtype)])
  }
  /// The Frobenius (`"fro"`) or nuclear (`"nuc"`) norm of the matrices along two dimensions: `linalg_matrix_norm`.
  public func matrixNorm(_ order: String = "fro", _ dims: [Int] = [-2, -1], keepDim: Bool = false) -> Tensor {
    call("linalg_matrix_norm.str_ord", self, order, dims, keepDim)
  }
}
