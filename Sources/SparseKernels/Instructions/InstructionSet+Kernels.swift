import CKernels
import Sparsity

/// The instructions that products are computed with.
public typealias InstructionSet = Sparsity.InstructionSet

extension InstructionSet {
  /// The best, or the one that the variable `BONSAI_ISA` of the environment names: `plain`, `neon`, `avx2` or `avx512`.
  ///
  /// - Throws: ``SparseKernelError/instructionSet(_:available:)`` where it names one that this processor does not have.
  public static func chosen() throws(SparseKernelError) -> InstructionSet {
    if let name = refusedName { throw .instructionSet(name, available: available.map(\.rawValue)) }
    return inUse
  }

  /// The number of floats in a vector.
  public var lanes: Int { Int(kernels.lanes) }

  /// The most vectors that a tile of columns has, by the height of blocks.
  func mostVectors(height: Int) -> Int {
    let most = kernels.most_vectors
    return Int(height == 1 ? most.0 : height == 4 ? most.1 : most.2)
  }

  /// The functions.
  var kernels: bk_kernels {
    guard let table = bk_kernels_for(kernelSet) else {
      preconditionFailure("this processor does not have the instructions \(rawValue)")
    }
    return table.pointee
  }
}
