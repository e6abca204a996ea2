import CKernels

/// Inner loops over entries and bits for the instructions of this processor. Where there are none, the loops in Swift
/// stand, which are written for the plainest processors; both give the same bits.
package enum EntryKernels {
  /// The functions in use; nil for Swift's own loops.
  ///
  /// It changes in tests only, while nothing else runs.
  nonisolated(unsafe) private(set) static var table: UnsafePointer<bk_entries>? = bk_entries_for(
    InstructionSet.inUse.kernelSet)

  /// Whether an output that is written from front to back is so large that its first part has left the caches before it is
  /// read again, so that it is better written past them: a copy of memory does the same. Not in place, where it is read.
  static func isLarge(_ output: UnsafeMutableRawBufferPointer, of source: UnsafeRawBufferPointer? = nil) -> Bool {
    output.count >= 16 << 20 && output.baseAddress.map(UnsafeRawPointer.init) != source?.baseAddress
  }

  /// Runs `body` with other instructions: for tests of each.
  package static func using<R>(_ set: InstructionSet, _ body: () throws -> R) rethrows -> R {
    let before = table
    defer { table = before }
    table = bk_entries_for(set.kernelSet)
    return try body()
  }
}

extension KeyOrder {
  /// The order as the kernels take it.
  var kernel: bk_keys {
    let isInteger = !domain.isFloatingPoint
    let lowest = Int64.min >> Int64(64 - domain.byteCount * 8)
    let flip: Int64 =
      switch ranking {
      case .magnitude: isInteger ? lowest : 0
      case .value: 0
      case .largestValue: -1
      }
    return bk_keys(
      rule: isInteger
        ? BK_INTEGERS : nan == .rankLargest ? BK_ALL_FLOATS : ranking == .magnitude ? BK_MAGNITUDES : BK_SIGNED,
      bytes: Int32(domain.byteCount), infinity: domain.infinity, with_sign: ranking == .magnitude ? 0 : -1, flip: flip)
  }
}
