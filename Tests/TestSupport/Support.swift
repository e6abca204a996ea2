import Checkpoints
import Foundation
import Testing

/// A directory of its own for one test, deleted afterwards.
package final class Scratch {
  package let path: String

  package init() {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoints-\(UUID().uuidString)")
    try! FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  package func write(_ name: String, _ bytes: [UInt8]) -> String {
    try! Data(bytes).write(to: URL(fileURLWithPath: self(name)))
    return self(name)
  }

  /// All names in the directory, hidden ones too.
  package var names: [String] { try! FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}

/// The sentence that an operation fails with; a failure of the test where it does not fail with a `CheckpointError`.
package func sentence(
  _ body: () throws -> Void, location: SourceLocation = #_sourceLocation
) -> String {
  do {
    try body()
    Issue.record("nothing was thrown", sourceLocation: location)
    return ""
  } catch let error as CheckpointError {
    var short = error
    short.file = error.file.split(separator: "/").last.map(String.init) ?? ""
    return short.description
  } catch {
    Issue.record("another error: \(error)", sourceLocation: location)
    return ""
  }
}

/// Random numbers of a fixed seed (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator {
  package var state: UInt64

  package init(_ seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
