import Sparsity
import Torch

/// The norm by which channels are ranked: PyTorch's `n`.
public typealias Norm = Sparsity.Norm

extension Norm {
  /// The norm of each channel along `dim`, in one dimension. Those of half types are computed, and stay, in float64 in main
  /// memory and in float32 elsewhere, so that large norms do not overflow and near ones stay apart; PyTorch rounds them
  /// back.
  func ofChannels(_ tensor: Tensor, dim: Int, context: String) throws(PruningError) -> Tensor {
    let others = (0..<tensor.rank).filter { $0 != dim }
    // What is empty goes to the engine, which says which norms of nothing there are.
    if tensor.dtype.isHalf, tensor.isInMainMemory, tensor.count > 0, let order {
      return Tensor(norms(of: tensor.contiguous(), dim: dim, order: order))
    }
    let wide = tensor.widened
    func call(_ name: StaticString, _ arguments: [any OperatorArgument]) throws(PruningError) -> Tensor {
      do {
        if case .tensor(let norm)? = try callOperator(name, arguments).first { return norm }
      } catch { throw .norm("\(self)", reason: "\(error)", context: context) }
      throw .norm("\(self)", reason: "the engine gave none", context: context)
    }
    switch self {
    case .p(let p): return try call("linalg_vector_norm", [wide, p, others])
    case .frobenius: return try call("linalg_vector_norm", [wide, 2.0, others])
    case .nuclear: return try call("linalg_matrix_norm.str_ord", [wide, "nuc", others])
    }
  }

  /// Norms in one read of the tensor, without a copy in a wider type.
  private func norms(of tensor: Tensor, dim: Int, order: Double) -> [Double] {
    tensor.withUnsafeBytes {
      ChannelNorms.compute(
        $0, type: tensor.dtype.elementType, shape: tensor.shape, dimension: dim, order: order)
    }
  }
}
