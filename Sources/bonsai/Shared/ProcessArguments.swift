#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The words that the process was called with, after its name.
enum ProcessArguments {
  /// On Linux Swift reads them out of /proc, which a bare root or a container may lack; then they are taken from where the
  /// system puts them: in memory before the environment, behind their number.
  static let words: [String] = {
    guard CommandLine.arguments.isEmpty else { return Array(CommandLine.arguments.dropFirst()) }
    #if canImport(Glibc)
      return Array(beforeEnvironment().dropFirst())
    #else
      return []
    #endif
  }()

  #if canImport(Glibc)
    private static func beforeEnvironment() -> [String] {
      guard let symbol = dlsym(nil, "environ") else { return [] }
      typealias Word = UnsafeMutablePointer<CChar>?
      guard let end = symbol.load(as: UnsafeMutablePointer<Word>?.self), end[-1] == nil else { return [] }
      // No address of a word is as small as their number.
      let most = 1 << 17
      for count in 0..<most where UInt(bitPattern: end[-2 - count]) == UInt(count) {
        return (0..<count).compactMap { end[$0 - 1 - count].map { String(cString: $0) } }
      }
      return []
    }
  #endif
}
