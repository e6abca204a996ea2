import Crypto
import FilePruning

/// SHA-256, as `sha256sum` prints it.
struct SHA256Digest: FileDigest {
  static let name = "sha256"
  private var hash = SHA256()

  mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

  func text() -> String {
    hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
