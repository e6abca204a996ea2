import CKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The instructions that products are computed with.
public enum InstructionSet: String, Sendable, Hashable, CaseIterable, Codable {
  /// What every processor of the architecture has: vectors of four floats.
  case plain
  /// Vectors of four floats with fused multiplication, on ARM.
  case neon
  /// Vectors of eight floats with fused multiplication and gathering.
  case avx2
  /// Vectors of sixteen floats with masks.
  case avx512

  /// Those that this processor has, the plainest first.
  public static let available: [InstructionSet] = allCases.filter { $0.table != nil }

  /// The best that this processor has.
  public static let best: InstructionSet = available.last ?? .plain

  /// The best, or the one that the variable `BONSAI_ISA` of the environment names: `plain`, `neon`, `avx2` or `avx512`.
  ///
  /// - Throws: ``SparseKernelError/instructionSet(_:available:)`` where it names one that this processor does not have.
  public static func chosen() throws(SparseKernelError) -> InstructionSet {
    guard let text = getenv("BONSAI_ISA") else { return best }
    let name = String(cString: text)
    guard !name.isEmpty else { return best }
    guard let set = InstructionSet(rawValue: name.lowercased()), available.contains(set) else {
      throw .instructionSet(name, available: available.map(\.rawValue))
    }
    return set
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
    guard let table else { preconditionFailure("this processor does not have the instructions \(rawValue)") }
    return table.pointee
  }

  private var table: UnsafePointer<bk_kernels>? {
    switch self {
    case .plain: bk_kernels_for(BK_PLAIN)
    case .neon: bk_kernels_for(BK_NEON)
    case .avx2: bk_kernels_for(BK_AVX2)
    case .avx512: bk_kernels_for(BK_AVX512)
    }
  }
}
