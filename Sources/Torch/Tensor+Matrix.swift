extension Tensor {
  /// Matrix product, batched over leading dimensions.
  public func matmul(_ other: Tensor) -> Tensor { call("matmul", self, other) }
  /// Matrix products of a batch: [B, n, m] with [B, m, p] is [B, n, p].
  public func bmm(_ other: Tensor) -> Tensor { call("bmm", self, other) }
  /// `beta * this + alpha * a b`, for matrices.
  public func addmm(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
    call("addmm", self, a, b, keywords: [("beta", beta), ("alpha", alpha)])
  }
  /// `beta * this + alpha * a b`, for batches of matrices.
  public func baddbmm(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
    call("baddbmm", self, a, b, keywords: [("beta", beta), ("alpha", alpha)])
  }
  /// The sum of the products of two vectors' entries.
  public func dot(_ other: Tensor) -> Tensor { call("dot", self, other) }
  /// All products of two vectors' entries: [n] with [m] is [n, m].
  public func outer(_ other: Tensor) -> Tensor { call("outer", self, other) }
  /// Sums of products by Einstein's convention: `einsum("bij,bjk->bik", a, b)`.
  public static func einsum(_ equation: String, _ tensors: Tensor...) -> Tensor { call("einsum", equation, tensors) }
  /// The sum of a matrix's diagonal.
  public func trace() -> Tensor { call("trace", self) }
  /// The diagonal of the last two dimensions, `offset` above the main one; the memory is shared.
  public func diagonal(_ offset: Int = 0, _ a: Int = -2, _ b: Int = -1) -> Tensor {
    call("diagonal", self, offset, a, b)
  }
  /// The matrix with this vector on its diagonal, or a matrix's diagonal.
  public func diag(_ offset: Int = 0) -> Tensor { call("diag", self, offset) }
  /// The entries on and below the diagonal `offset`; 0 elsewhere.
  public func tril(_ offset: Int = 0) -> Tensor { call("tril", self, offset) }
  /// The entries on and above the diagonal `offset`; 0 elsewhere.
  public func triu(_ offset: Int = 0) -> Tensor { call("triu", self, offset) }
  /// The inverse of each matrix: `linalg.inv`.
  public func inverse() -> Tensor { call("linalg_inv", self) }
  /// The lower triangle L with L Lᵀ this positive definite matrix: `linalg.cholesky`.
  public func cholesky() -> Tensor { call("linalg_cholesky", self) }

  /// The p-norm of the entries along `dims`: the p-th root of the sum of |x|^p; p may be 0 (a count), inf or -inf.
  /// `linalg.vector_norm`, and `norm` of a tensor.
  /// - Parameters:
  ///   - p: The order of the norm.
  ///   - dims: The dimensions that it is taken over; all by default.
  ///   - keepDim: Whether they stay, with length 1.
  ///   - dtype: In which the sum is taken, where it should be wider than the entries.
  public func vectorNorm(_ p: Double = 2, _ dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    call("linalg_vector_norm", self, p, dims, keepDim, keywords: [("dtype", dtype)])
  }
  /// The Frobenius (`"fro"`) or nuclear (`"nuc"`) norm of the matrices along two dimensions: `linalg.matrix_norm`.
  public func matrixNorm(_ order: String = "fro", _ dims: [Int] = [-2, -1], keepDim: Bool = false) -> Tensor {
    call("linalg_matrix_norm.str_ord", self, order, dims, keepDim)
  }
}
