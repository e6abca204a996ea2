import Checkpoints
import EngineMessages

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// What `bonsai-engine` could not do, in its own words.
struct EngineError: Error, CustomStringConvertible {
  let description: String
}

/// `bonsai-engine`, the half of this program that is linked with LibTorch: found, asked, and its answer read.
enum EngineProgram {
  static let advice =
    "build it with 'make engine' or install bonsai-pruning[engine], and keep it beside bonsai or name it in BONSAI_ENGINE"

  /// Where it is: what `BONSAI_ENGINE` names, else beside this executable, else on the `PATH`.
  ///
  /// - Throws: `CheckpointError` with what to install.
  static func path() throws(CheckpointError) -> String {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    if let named = variable("BONSAI_ENGINE"), !named.isEmpty {
      guard access(named, X_OK) == 0 else { throw missing(named) }
      return named
    }
    let beside = directory + "bonsai-engine"
    if access(beside, X_OK) == 0 { return beside }
    for folder in (variable("PATH") ?? "").split(separator: ":") {
      let path = "\(folder)/bonsai-engine"
      if access(path, X_OK) == 0 { return path }
    }
    throw missing("bonsai-engine")
  }

  /// Whether there is one; an engine that `BONSAI_ENGINE` names and that is not there counts as none.
  static var isThere: Bool { (try? path()) != nil }

  private static func missing(_ path: String) -> CheckpointError {
    CheckpointError(
      .notFound, "look for", file: path, expected: "the program that holds LibTorch, which this command needs",
      found: "none", advice: advice)
  }

  /// Asks it, and waits for the answer; what it prints on standard error goes there.
  static func ask<Result: Codable & Sendable>(
    _ task: EngineRequest.Task, for result: Result.Type
  ) throws -> Result {
    let program = try path()
    let request = String(decoding: try JSONEncoder().encode(EngineRequest(task)), as: UTF8.self)
    fflush(nil)
    guard let stream = popen("exec \(quoted(program)) request \(quoted(request))", "r") else {
      throw missing(program)
    }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&block, 1, block.count, stream), count > 0 { bytes += block[..<count] }
    let status = pclose(stream)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    guard let answer = try? decoder.decode(EngineAnswer<Result>.self, from: Data(bytes)) else {
      throw EngineError(
        description:
          "'\(program)' ended with status \(status >> 8) and no answer; install it of version \(bonsaiVersion)")
    }
    guard let result = answer.result else { throw EngineError(description: answer.error ?? "no result") }
    return result
  }

  /// The directory of this executable, with its slash.
  private static let directory: String = {
    var path = [CChar](repeating: 0, count: 4096)
    #if canImport(Darwin)
      var size = UInt32(path.count)
      _NSGetExecutablePath(&path, &size)
    #else
      _ = readlink("/proc/self/exe", &path, path.count - 1)
    #endif
    // Behind symbolic links, on systems where the path above is that of a link.
    if let real = realpath(path, nil) {
      path = Array(UnsafeBufferPointer(start: real, count: strlen(real)))
      free(real)
    }
    let bytes = path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let directory = bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes[...$0] } ?? []
    return String(decoding: directory, as: UTF8.self)
  }()

  /// The text as one word of a shell.
  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
