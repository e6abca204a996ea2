import ArgumentParser
import Crypto
import FilePruning

/// The digest of the input that is recorded in the output.
struct DigestOptions: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: "Record the SHA-256 of each input file in the output; without it pruning is faster where cores are few.")
  var digest = true

  var type: (any FileDigest.Type)? { digest ? SHA256Digest.self : nil }
}

/// SHA-256, as `sha256sum` prints it.
private struct SHA256Digest: FileDigest {
  static let name = "sha256"
  private var hash = SHA256()

  mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

  func text() -> String {
    hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
