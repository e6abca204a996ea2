import ArgumentParser
import Console
import EngineMessages
import Torch

/// Writes PyTorch's uniform draws to standard output, for `bonsai`, which thereby needs no engine itself.
struct DrawCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "draw",
    abstract: "Writes the numbers that torch.rand draws after torch.manual_seed, as little-endian bytes.",
    discussion: "`bonsai-engine draw --seed 0 float32:100` writes the 400 bytes of torch.rand(100).")

  @Option(help: ArgumentHelp("Where the sequence begins.", valueName: "n"))
  var seed: UInt64

  @Option(help: ArgumentHelp("The version of the program that asks; another one is refused.", valueName: "version"))
  var askedBy: String?

  @Argument(help: ArgumentHelp("What to draw, one after the other: a dtype and a count.", valueName: "dtype:count"))
  var parts: [Part] = []

  /// So many draws of a dtype.
  struct Part: ExpressibleByArgument {
    let dtype: DType
    let count: Int

    init?(argument: String) {
      let halves = argument.split(separator: ":")
      guard halves.count == 2, let dtype = DType(String(halves[0])), dtype.isFloatingPoint,
        let count = Int(halves[1]), count >= 0
      else { return nil }
      (self.dtype, self.count) = (dtype, count)
    }
  }

  func validate() throws {
    if let askedBy, askedBy != bonsaiVersion { throw ValidationError(EngineCommand.otherVersion(askedBy)) }
  }

  func run() throws {
    let generator = Generator(seed: seed)
    for part in parts {
      // The sequence goes on from block to block as if it were drawn at once.
      for start in stride(from: 0, to: part.count, by: 1 << 20) {
        let draws = Tensor.rand([min(1 << 20, part.count - start)], dtype: part.dtype, generator: generator)
        guard draws.withUnsafeBytes(Terminal.output.writeAll) else { throw ExitCode.failure }
      }
    }
  }
}
