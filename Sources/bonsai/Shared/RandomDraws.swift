import Checkpoints

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// PyTorch's uniform draws for a seed, in order, block by block.
///
/// They come through a pipe from `bonsai-random`, the executable beside this one that is linked with LibTorch: the
/// commands start without the engine, and no draw is kept in memory. An interrupt reaches both.
final class RandomDraws {
  /// Draws of one dtype, by PyTorch's name: `float32`.
  struct Part: Equatable {
    var dtype: String
    var count: Int
  }

  private let stream: UnsafeMutablePointer<FILE>
  private let program: String

  /// Begins the sequence of `seed`: the draws of each part, one part after the other.
  ///
  /// - Throws: `CheckpointError` where `bonsai-random` is not beside this program.
  init(seed: UInt64, parts: [Part], program: String = RandomDraws.program) throws(CheckpointError) {
    guard access(program, X_OK) == 0 else { throw Self.failure(program, "none there") }
    let arguments = Self.merged(parts).map { "\($0.dtype):\($0.count)" }.joined(separator: " ")
    fflush(nil)
    guard let stream = popen("exec \(Self.quoted(program)) --seed \(seed) -- \(arguments)", "r") else {
      throw Self.failure(program, "\"\(String(cString: strerror(errno)))\"")
    }
    self.stream = stream
    self.program = program
  }

  deinit { pclose(stream) }

  /// Fills `buffer` with the bytes of the next draws.
  ///
  /// - Throws: `CheckpointError` where the sequence ends before: more was asked for than the parts say, or the program
  ///   has failed.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    let count = fread(buffer.baseAddress, 1, buffer.count, stream)
    guard count == buffer.count else {
      throw Self.failure(program, "one that ended after \(count) of \(buffer.count) bytes")
    }
  }

  /// `bonsai-random` in the directory of this executable.
  static let program: String = {
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
    return String(decoding: directory, as: UTF8.self) + "bonsai-random"
  }()

  /// Neighbouring parts of the same dtype as one, which draws the same numbers: shorter to say.
  static func merged(_ parts: [Part]) -> [Part] {
    parts.reduce(into: []) { merged, part in
      if let last = merged.last, last.dtype == part.dtype {
        merged[merged.count - 1].count += part.count
      } else {
        merged.append(part)
      }
    }
  }

  /// The text as one word of a shell.
  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  private static func failure(_ program: String, _ found: String) -> CheckpointError {
    CheckpointError(
      .notFound, "draw random numbers with", file: program, expected: "the program that holds LibTorch's generator",
      found: found, advice: "build it with LibTorch, make random, and keep it in one directory with bonsai")
  }
}
