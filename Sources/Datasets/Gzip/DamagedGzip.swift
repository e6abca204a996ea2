/// Why compressed data cannot be decompressed.
enum DamagedGzip: Error, Equatable {
  case notGzip
  case truncated
  case header(String)
  case code(String)
  case distance(Int, produced: Int)
  case tooLarge(limit: Int)
  case checksum
  case length(expected: Int, found: Int)

  /// The reason in a few words.
  var reason: String {
    switch self {
    case .notGzip: "it does not begin with gzip's mark 1f 8b"
    case .truncated: "it ends too early"
    case .header(let what): what
    case .code(let what): what
    case .distance(let distance, let produced): "it refers \(distance) bytes back where only \(produced) stand"
    case .tooLarge(let limit): "it holds more than the \(limit) bytes allowed"
    case .checksum: "its checksum does not match"
    case .length(let expected, let found): "it should hold \(expected) bytes, found \(found)"
    }
  }
}
