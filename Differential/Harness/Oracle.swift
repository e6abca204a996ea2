import Foundation

/// A Python process that does in torch what Bonsai does here, and tells what came of it.
package final class Oracle {
  private let process: Process
  private let input: FileHandle
  private let output: Int32
  private let outputHandle: FileHandle
  private var buffer: [UInt8] = []
  private var start = 0
  /// The bytes of each tensor as the last reply had them.
  private var known: [String: [UInt8]] = [:]
  /// A directory for files that both sides read and write.
  package let folder: String

  /// Whether Python finds torch and safetensors; starts an interpreter once.
  package static var isAvailable: Bool { Interpreter.hasTorch }

  /// Starts Python.
  package init() throws {
    guard let scripts = Bundle.module.url(forResource: "Oracle", withExtension: nil) else {
      throw OracleError(description: "the oracle's Python files are missing from the build")
    }
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("differential-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    folder = directory.path
    let (requests, replies) = (Pipe(), Pipe())
    signal(SIGPIPE, SIG_IGN)  // where Python has ended, writing gives an error
    process = Interpreter.process([scripts.appendingPathComponent("oracle.py").path])
    process.standardInput = requests
    process.standardOutput = replies
    input = requests.fileHandleForWriting
    outputHandle = replies.fileHandleForReading
    output = outputHandle.fileDescriptor
    try process.run()
  }

  deinit {
    try? input.close()
    process.waitUntilExit()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Sends a request and waits for the reply.
  func ask(_ request: some Encodable) throws -> Reply {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try input.write(contentsOf: encoder.encode(request) + [0x0a])
    var header = try JSONDecoder().decode(Reply.self, from: Data(try line(endingIn: 0x0a)))
    var left = try bytes(header.bytes)[...]
    for i in header.tensors.indices {
      let key = header.tensors[i].key
      if header.tensors[i].bytes >= 0 {
        known[key] = Array(left.prefix(header.tensors[i].bytes))
        left = left.dropFirst(header.tensors[i].bytes)
      }
      header.tensors[i].data = known[key] ?? []
    }
    if header.status == .fault { throw OracleError(description: header.message) }
    return header
  }

  private func line(endingIn end: UInt8) throws -> ArraySlice<UInt8> {
    var searched = start
    while true {
      if let position = buffer[searched...].firstIndex(of: end) {
        defer { start = position + 1 }
        return buffer[start..<position]
      }
      searched = buffer.count
      let consumed = start
      try fill()
      searched -= consumed - start
    }
  }

  private func bytes(_ count: Int) throws -> ArraySlice<UInt8> {
    while buffer.count - start < count { try fill() }
    defer { start += count }
    return buffer[start..<start + count]
  }

  /// Reads what is there, and drops what has been used.
  private func fill() throws {
    buffer.removeFirst(start)
    start = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    let count = chunk.withUnsafeMutableBytes { read(output, $0.baseAddress, $0.count) }
    guard count > 0 else { throw OracleError(description: "Python ended") }
    buffer.append(contentsOf: chunk[..<count])
  }
}

/// A failure of the oracle itself, which says nothing about Bonsai.
package struct OracleError: Error, CustomStringConvertible {
  package let description: String
}
