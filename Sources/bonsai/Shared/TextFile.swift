import Checkpoints

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Pictures, pages and other texts that are written beside a result.
enum TextFile {
  /// Throws where a file may not take the place of what is there.
  static func checkIsFree(_ path: String, replacing: Bool) throws(CheckpointError) {
    guard !replacing, FileManager.default.fileExists(atPath: path) else { return }
    throw CheckpointError(
      .cannotWrite, "write", file: path, expected: "no file of that name yet", found: "one",
      advice: "choose another name, or give --force to replace it")
  }

  /// Writes a text; it takes its place in one step.
  static func write(_ text: String, to path: String) throws(CheckpointError) {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw CheckpointError(
        .cannotWrite, "write", file: path, expected: "a place for it", found: "none that can be written to",
        advice: "check the directory, its permissions and the free space")
    }
  }
}
