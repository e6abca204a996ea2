import Foundation

/// Python with torch: the interpreter that PYTHON names, otherwise python3.
package enum Interpreter {
  static var name: String { ProcessInfo.processInfo.environment["PYTHON"] ?? "python3" }

  /// The environment, with the package's own torch where none is named.
  static var environment: [String: String] {
    var environment = ProcessInfo.processInfo.environment
    let own = FileManager.default.currentDirectoryPath + "/.libtorch/site-packages"
    if environment["PYTHONPATH"] == nil, FileManager.default.fileExists(atPath: own) { environment["PYTHONPATH"] = own }
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return environment
  }

  /// A process that will run Python with these arguments.
  static func process(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.environment = environment
    return process
  }

  /// Whether it finds torch and safetensors; starts it once.
  static let hasTorch: Bool = {
    let probe = process(["-c", "import torch, safetensors.torch"])
    probe.standardError = FileHandle.nullDevice
    guard (try? probe.run()) != nil else { return false }
    probe.waitUntilExit()
    return probe.terminationStatus == 0
  }()

  /// What a script prints.
  /// - Throws: `OracleError` where it does not end well.
  package static func run(script: String, _ arguments: [String]) throws -> String {
    let process = process([script] + arguments)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw OracleError(description: "\(script) ended with \(process.terminationStatus) after printing: \(text)")
    }
    return text
  }
}
