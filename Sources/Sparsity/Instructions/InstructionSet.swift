import CKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Android)
  import Android
#endif

/// The instructions that inner loops are written in. Masks are the same with all of them.
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
  public static let available: [InstructionSet] = allCases.filter { bk_kernels_for($0.kernelSet) != nil }

  /// The best that this processor has.
  public static let best: InstructionSet = available.last ?? .plain

  /// The one that the variable `BONSAI_ISA` of the environment names, or the best.
  package static let inUse: InstructionSet = {
    let kernelSet = bk_chosen_isa(nil)
    return allCases.first { $0.kernelSet == kernelSet } ?? .plain
  }()

  /// What `BONSAI_ISA` names where this processor does not have it.
  package static let refusedName: String? = {
    var isRefused = false
    _ = bk_chosen_isa(&isRefused)
    return isRefused ? getenv("BONSAI_ISA").map { String(cString: $0) } : nil
  }()

  /// The set as the kernels name it.
  package var kernelSet: bk_isa {
    switch self {
    case .plain: BK_PLAIN
    case .neon: BK_NEON
    case .avx2: BK_AVX2
    case .avx512: BK_AVX512
    }
  }
}
