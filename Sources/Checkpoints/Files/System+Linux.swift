#if canImport(Glibc)
  import Glibc
#endif

/// A call of Linux that Swift's modules of the C library do not declare; it is looked up by name when it is first wanted, and
/// done without where there is none of that name.
extension System {
  /// Copies a range of one file into another inside the system; returns how many bytes it has copied, fewer than asked
  /// where it cannot (other systems, and some pairs of file systems).
  static func copy(_ source: Int32, _ range: Range<Int>, to target: Int32, at offset: Int) -> Int {
    #if canImport(Glibc)
      guard let copyFileRange else { return 0 }
      var (from, to) = (Int64(range.lowerBound), Int64(offset))
      while from < range.upperBound {
        let count = copyFileRange(source, &from, target, &to, min(range.upperBound - Int(from), 1 << 30), 0)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { break }
      }
      return Int(from) - range.lowerBound
    #else
      return 0
    #endif
  }

  #if canImport(Glibc)
    private static let copyFileRange: CopyFileRange? =
      dlsym(nil, "copy_file_range").map { unsafeBitCast($0, to: CopyFileRange.self) }

    private typealias CopyFileRange =
      @convention(c) (
        Int32, UnsafeMutablePointer<Int64>, Int32, UnsafeMutablePointer<Int64>, Int, UInt32
      ) -> Int
  #endif
}
