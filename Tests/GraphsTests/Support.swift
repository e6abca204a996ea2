import Checkpoints
import Foundation
import Graphs
import Testing

/// Models beside these tests.
enum Fixture {
  static func path(_ name: String) throws -> String {
    try #require(Bundle.module.url(forResource: name, withExtension: "pt2", subdirectory: "Fixtures")).path
  }
  static func model(_ name: String) throws -> ExportedProgram { try ExportedProgram(contentsOf: path(name)) }
}

/// A directory that is deleted with the test.
final class Scratch {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-graphs-\(UUID().uuidString)")
  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: url) }
  func callAsFunction(_ name: String) -> String { url.appendingPathComponent(name).path }
}

/// A sequence of numbers that is the same at each run.
struct Numbers: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
