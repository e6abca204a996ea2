import Foundation
import Testing

/// Runs scripts in the Python that `PYTHON` names, or in `python3`.
package enum Python {
  private static let command = ProcessInfo.processInfo.environment["PYTHON"] ?? "python3"

  /// Whether it is there and finds these packages.
  package static func finds(_ packages: String...) -> Bool {
    let list = packages.map { "u.find_spec('\($0)')" }.joined(separator: ", ")
    return (try? output("import importlib.util as u; print(all([\(list)]))", []).text) == "True\n"
  }

  /// The lines that a script prints; an issue where it does not end well.
  package static func run(_ script: String, _ arguments: String...) throws -> [String] { try run(script, arguments) }

  /// The lines that a script prints; an issue where it does not end well.
  package static func run(_ script: String, _ arguments: [String]) throws -> [String] {
    let result = try output(script, arguments)
    #expect(result.status == 0)
    return result.text.split(separator: "\n").map(String.init)
  }

  /// What a script makes of a file: it gets the path of the one that `given` writes and of the one that `result` reads.
  package static func exchange<R>(
    _ script: String, given: (String) throws -> Void, result: (String) throws -> R
  ) throws -> R {
    let scratch = Scratch()
    try given(scratch("in.safetensors"))
    _ = try run(script, scratch("in.safetensors"), scratch("out.safetensors"))
    return try result(scratch("out.safetensors"))
  }

  private static func output(_ script: String, _ arguments: [String]) throws -> (text: String, status: Int32) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command, "-W", "ignore", "-c", script] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (String(decoding: data, as: UTF8.self), process.terminationStatus)
  }
}
