import Foundation
import Testing

/// What a run of the built executable has left.
struct Outcome {
  var status: Int32
  var output: String
  var error: String

  /// The lines of standard output.
  var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

  /// Standard output as JSON.
  func json() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
  }
}

/// The directory of the executables, which is that of the tests.
let products: URL = {
  #if canImport(Darwin)
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
    return bundle?.bundleURL.deletingLastPathComponent() ?? URL(fileURLWithPath: ".")
  #else
    return URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
  #endif
}()

/// Runs an executable of this package to its end.
func run(_ program: String, _ arguments: [String]) throws -> Outcome {
  try run(products.appendingPathComponent(program), arguments)
}

/// Runs a script with `python3`, or the interpreter that `PYTHON` names, to its end.
func python(_ script: String, _ arguments: [String]) throws -> Outcome {
  let command = ProcessInfo.processInfo.environment["PYTHON"] ?? "python3"
  return try run(URL(fileURLWithPath: "/usr/bin/env"), [command, "-W", "ignore", "-c", script] + arguments)
}

/// Whether Python is there with torch and safetensors.
let hasTorch = (try? python("import torch, safetensors", []).status) == 0

/// Runs a program to its end.
func run(_ program: URL, _ arguments: [String]) throws -> Outcome {
  let process = Process()
  process.executableURL = program
  process.arguments = arguments
  let (output, error) = (Pipe(), Pipe())
  (process.standardOutput, process.standardError) = (output, error)
  process.standardInput = FileHandle.nullDevice
  try process.run()
  // Standard error is short here; a pipe holds it while the output is read.
  let text = output.fileHandleForReading.readDataToEndOfFile()
  let errors = error.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return Outcome(
    status: process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus,
    output: String(decoding: text, as: UTF8.self), error: String(decoding: errors, as: UTF8.self))
}

/// Runs `bonsai` to its end.
func bonsai(_ arguments: String...) throws -> Outcome { try run("bonsai", arguments) }

/// A directory of its own that is gone when the test is over.
final class Scratch {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-\(UUID().uuidString)").path

  init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A path in it.
  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// The names of its files.
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// The path of a fixture of the tests of Checkpoints.
func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("CheckpointsTests/Fixtures/\(name)").path
}
