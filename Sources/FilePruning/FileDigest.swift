/// A digest of a file's bytes, such as SHA-256, for the record of where a checkpoint came from.
public protocol FileDigest: Sendable {
  /// What it is called in metadata: `sha256`.
  static var name: String { get }
  /// The digest of no bytes yet.
  init()
  /// Takes in the next bytes.
  mutating func update(_ bytes: UnsafeRawBufferPointer)
  /// The digest of all bytes so far, as text of always the same length, without quotes, controls or backslashes.
  func text() -> String
}
