import Torch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Android)
  import Android
#endif

extension Tensor {
  /// From this size on, memory comes fresh from the system each time.
  private static let largeByteCount = 4 << 20

  /// A new tensor in main memory of unspecified content, in large pages where the system offers them.
  ///
  /// The first touch of each page of fresh memory costs more than writing to it: 64 MB in pages of 4 KB take several
  /// times as long to fill as in pages of 2 MB. Linux gives large pages where they are asked for.
  static func inLargePages(_ shape: [Int], dtype: DType) -> Tensor {
    let tensor = Tensor.empty(shape, dtype: dtype)
    #if os(Linux) || os(Android)
      tensor.withUnsafeBytes { bytes in
        guard bytes.count >= largeByteCount, let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else {
          return
        }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let skipped = (page - Int(bitPattern: start) % page) % page
        // Advice only: memory serves as well where it is not taken.
        _ = madvise(start + skipped, (bytes.count - skipped) / page * page, MADV_HUGEPAGE)
      }
    #endif
    return tensor
  }

  /// A new tensor in main memory that `fill` writes in full, in large pages where the system offers them.
  static func inLargePages(
    _ shape: [Int], dtype: DType, fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows -> Tensor {
    let tensor = inLargePages(shape, dtype: dtype)
    try tensor.withUnsafeMutableBytes(fill)
    return tensor
  }
}
