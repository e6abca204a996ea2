import ArgumentParser
import Console
import Torch

/// Writes PyTorch's uniform draws to standard output, for `bonsai`, which thereby needs no engine itself: LibTorch costs
/// a process 0.3 s and 120 MB before its first line.
@main
struct RandomCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bonsai-random",
    abstract: "Writes the numbers that torch.rand draws after torch.manual_seed, as little-endian bytes.",
    discussion: "A part of bonsai; `bonsai-random --seed 0 float32:100` writes the 400 bytes of torch.rand(100).")

  @Option(help: ArgumentHelp("Where the sequence begins.", valueName: "n"))
  var seed: UInt64

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
