import Checkpoints
import EngineMessages

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// PyTorch's uniform draws for a seed, in order, block by block.
///
/// They come through a pipe from `bonsai-engine`, the executable that is linked with LibTorch: the commands start
/// without it, and no draw is kept in memory. An interrupt reaches both.
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
  /// - Throws: `CheckpointError` where there is no `bonsai-engine`.
  init(seed: UInt64, parts: [Part], program: String? = nil) throws(CheckpointError) {
    let program = if let program { program } else { try EngineProgram.path() }
    guard access(program, X_OK) == 0 else { throw Self.failure(program, "none there") }
    let arguments = Self.merged(parts).map { "\($0.dtype):\($0.count)" }.joined(separator: " ")
    fflush(nil)
    let options = "--asked-by \(bonsaiVersion) --seed \(seed)"
    guard let stream = popen("exec \(EngineProgram.quoted(program)) draw \(options) -- \(arguments)", "r") else {
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

  private static func failure(_ program: String, _ found: String) -> CheckpointError {
    CheckpointError(
      .notFound, "draw random numbers with", file: program, expected: "the program that holds LibTorch's generator",
      found: found, advice: EngineProgram.advice)
  }
}
