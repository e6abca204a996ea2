import Foundation

/// The other side: a Python process that lives as long as this object and answers one JSON line with one JSON line.
final class PythonPeer {
  /// What a reply can hold; each operation of torch_side.py fills in its own.
  struct Reply: Decodable {
    var error: String?
    var torch: String?
    var threads: Int?
    var seconds: Double?
    var bytes: Int?
    var checksums: [String]?
    var dense: Int?
    var pruned: Int?
    var steps: Int?
    var loss: Double?
  }

  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var unread = Data()

  /// Its version of PyTorch.
  private(set) var version = ""

  /// Starts the script with the interpreter that `PYTHON` names, or `python3`, and the given number of threads.
  ///
  /// Where `PYTHONPATH` is not set, Python finds the torch that `make setup` has installed into the checkout.
  init(script: String, threads: Int) throws {
    guard FileManager.default.isReadableFile(atPath: script) else {
      throw BenchError(
        "no script at \(script); run bonsai-bench in Bonsai's checkout, or name the script with --script")
    }
    signal(SIGPIPE, SIG_IGN)  // a peer that has died is told of by an error
    var environment = ProcessInfo.processInfo.environment
    let installed = ".libtorch/site-packages"
    if environment["PYTHONPATH"] == nil, FileManager.default.fileExists(atPath: installed) {
      environment["PYTHONPATH"] = installed
    }
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [environment["PYTHON"] ?? "python3", script]
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let hello = try ask("hello", ["threads": threads])
    version = hello.torch ?? ""
    guard hello.threads == threads else {
      throw BenchError("PyTorch's side runs on \(hello.threads ?? 0) threads instead of \(threads)")
    }
  }

  /// Sends one operation and waits for its reply.
  @discardableResult
  func ask(_ operation: String, _ arguments: [String: Any] = [:]) throws -> Reply {
    var request = try JSONSerialization.data(withJSONObject: arguments.merging(["op": operation]) { $1 })
    request.append(UInt8(ascii: "\n"))
    do { try input.fileHandleForWriting.write(contentsOf: request) } catch { throw Self.gone(operation) }
    let reply = try JSONDecoder().decode(Reply.self, from: line(operation))
    if let error = reply.error { throw BenchError("PyTorch's side, \(operation): \(error)") }
    return reply
  }

  private func line(_ operation: String) throws -> Data {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        defer { unread = Data(unread[(end + 1)...]) }
        return Data(unread[..<end])
      }
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw Self.gone(operation) }
      unread.append(more)
    }
  }

  private static func gone(_ operation: String) -> BenchError {
    BenchError(
      "PyTorch's side ended during '\(operation)'; its message stands above."
        + " It needs torch (make setup installs it), or leave it out with --no-torch")
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}

/// Why a benchmark cannot run, in one line.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
