extension Tensor {
  /// The sum of all entries; whole numbers and truth values sum up in int64.
  public func sum() -> Tensor { call("sum", self) }
  /// Sums along dimensions.
  public func sum(_ dims: [Int], keepDim: Bool = false) -> Tensor { call("sum.dim_IntList", self, dims, keepDim) }
  /// Sums along `dim`.
  public func sum(_ dim: Int, keepDim: Bool = false) -> Tensor { sum([dim], keepDim: keepDim) }
  /// The product of all entries.
  public func prod() -> Tensor { call("prod", self) }
  /// Products along `dim`.
  public func prod(_ dim: Int, keepDim: Bool = false) -> Tensor { call("prod.dim_int", self, dim, keepDim) }
  /// The mean of all entries.
  public func mean() -> Tensor { call("mean", self) }
  /// Means along dimensions.
  public func mean(_ dims: [Int], keepDim: Bool = false) -> Tensor { call("mean.dim", self, dims, keepDim) }
  /// Means along `dim`.
  public func mean(_ dim: Int, keepDim: Bool = false) -> Tensor { mean([dim], keepDim: keepDim) }
  /// The variance of all entries; divides by count - `correction`.
  public func variance(correction: Double = 1) -> Tensor {
    call("var.correction", self, keywords: [("correction", correction)])
  }
  /// Variances along dimensions; divides by count - `correction`.
  public func variance(_ dims: [Int], correction: Double = 1, keepDim: Bool = false) -> Tensor {
    call("var.correction", self, dims, keywords: [("correction", correction), ("keepdim", keepDim)])
  }
  /// The standard deviation of all entries.
  public func std(correction: Double = 1) -> Tensor {
    call("std.correction", self, keywords: [("correction", correction)])
  }
  /// Standard deviations along dimensions.
  public func std(_ dims: [Int], correction: Double = 1, keepDim: Bool = false) -> Tensor {
    call("std.correction", self, dims, keywords: [("correction", correction), ("keepdim", keepDim)])
  }
  /// The logarithm of the sum of e^x along dimensions, without overflow.
  public func logSumExp(_ dims: [Int], keepDim: Bool = false) -> Tensor { call("logsumexp", self, dims, keepDim) }
  /// Whether all entries are other than 0.
  public func all() -> Tensor { call("all", self) }
  /// Whether all entries along `dim` are other than 0.
  public func all(_ dim: Int, keepDim: Bool = false) -> Tensor { call("all.dim", self, dim, keepDim) }
  /// Whether any entry is other than 0.
  public func any() -> Tensor { call("any", self) }
  /// Whether any entry along `dim` is other than 0.
  public func any(_ dim: Int, keepDim: Bool = false) -> Tensor { call("any.dim", self, dim, keepDim) }
  /// The number of entries other than 0.
  public func countNonzero() -> Int { call("count_nonzero", self).intItem() }
  /// The numbers of entries other than 0 along dimensions, int64.
  public func countNonzero(_ dims: [Int]) -> Tensor { call("count_nonzero.dim_IntList", self, dims) }
}

extension Tensor {
  /// The largest entry.
  public func max() -> Tensor { call("max", self) }
  /// The smallest entry.
  public func min() -> Tensor { call("min", self) }
  /// The largest entries along `dim` and where they stand.
  public func max(_ dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    pair(callList("max.dim", self, dim, keepDim))
  }
  /// The smallest entries along `dim` and where they stand.
  public func min(_ dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    pair(callList("min.dim", self, dim, keepDim))
  }
  /// The largest entries along dimensions.
  public func amax(_ dims: [Int] = [], keepDim: Bool = false) -> Tensor { call("amax", self, dims, keepDim) }
  /// The smallest entries along dimensions.
  public func amin(_ dims: [Int] = [], keepDim: Bool = false) -> Tensor { call("amin", self, dims, keepDim) }
  /// The position of the largest entry along `dim`, int64; of the flattened tensor without one.
  public func argmax(_ dim: Int? = nil, keepDim: Bool = false) -> Tensor { call("argmax", self, dim, keepDim) }
  /// The position of the smallest entry along `dim`, int64; of the flattened tensor without one.
  public func argmin(_ dim: Int? = nil, keepDim: Bool = false) -> Tensor { call("argmin", self, dim, keepDim) }
  /// The entry in the middle of all, the lower of two.
  public func median() -> Tensor { call("median", self) }
  /// The entries in the middle along `dim`, the lower of two, and where they stand.
  public func median(_ dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    pair(callList("median.dim", self, dim, keepDim))
  }
  /// The `k`-th smallest entries along `dim`, from 1, and where they stand.
  public func kthValue(_ k: Int, dim: Int = -1, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    pair(callList("kthvalue", self, k, dim, keepDim))
  }
  /// The quantile `q`, in 0...1, of all entries or along `dim`, interpolated.
  public func quantile(_ q: Double, dim: Int? = nil, keepDim: Bool = false) -> Tensor {
    call("quantile.scalar", self, q, dim, keepDim)
  }

  /// The entries in order along `dim`, and where they came from.
  public func sort(
    _ dim: Int = -1, descending: Bool = false, stable: Bool = true
  ) -> (values: Tensor, indices: Tensor) {
    pair(callList("sort.stable", self, keywords: [("stable", stable), ("dim", dim), ("descending", descending)]))
  }
  /// The positions that put the entries in order along `dim`; equal entries stay in order.
  public func argsort(_ dim: Int = -1, descending: Bool = false) -> Tensor {
    sort(dim, descending: descending).indices
  }
  /// The `k` largest (or smallest) entries along `dim`, and where they stand.
  public func topk(
    _ k: Int, dim: Int = -1, largest: Bool = true, sorted: Bool = true
  ) -> (values: Tensor, indices: Tensor) {
    pair(callList("topk", self, k, dim, largest, sorted))
  }
  /// The different entries in order; for each entry of this tensor, where its value stands among them; and how often
  /// each occurs.
  public func unique() -> (values: Tensor, inverse: Tensor, counts: Tensor) {
    let out = callList("_unique2", self, true, true, true)
    return (out[0], out[1], out[2])
  }
  /// How often each whole number from 0 on occurs, at least up to `minLength`.
  public func bincount(minLength: Int = 0) -> Tensor { call("bincount", self, OperatorValue.none, minLength) }
  /// How many entries fall into each of `bins` equal parts of `range`.
  public func histc(bins: Int, in range: ClosedRange<Double>) -> Tensor {
    call("histc", self, bins, range.lowerBound, range.upperBound)
  }

  /// Running sums along `dim`.
  public func cumsum(_ dim: Int) -> Tensor { call("cumsum", self, dim) }
  /// Running products along `dim`.
  public func cumprod(_ dim: Int) -> Tensor { call("cumprod", self, dim) }
  /// The positions of the entries other than 0, one row each, int64.
  public func nonzero() -> Tensor { call("nonzero", self) }

  private func pair(_ out: [Tensor]) -> (values: Tensor, indices: Tensor) { (out[0], out[1]) }
}
