import ArgumentParser
import Torch

/// Bonsai beside PyTorch, in turns, in one run.
@main
struct BonsaiBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bonsai-bench",
    abstract: "Bonsai beside PyTorch, in turns on the same weights.",
    discussion: """
      PyTorch runs as a second process with as many threads, which does nothing while Bonsai is timed, and the other way \
      round. `make setup` installs it.
      """,
    subcommands: [
      PruneCommand.self, ForwardCommand.self, MemoryCommand.self, TrainingCommand.self, GradualCommand.self,
      FineTuningCommand.self, RecipesCommand.self, SensitivityCommand.self, SparseCommand.self, ONNXCommand.self,
      LotteryCommand.self,
      CompressionCommand.self,
      EncoderCommand.self, PatternsCommand.self, LeastSquaresCommand.self,
    ],
    defaultSubcommand: PruneCommand.self)
}

/// What all benchmarks take.
struct CommonOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where random numbers begin.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("PyTorch's side.", valueName: "file"))
  var script = "Benchmarks/torch_side.py"

  @Flag(help: "Leave PyTorch out.")
  var noTorch = false

  @Option(help: ArgumentHelp("Write the results to a JSON file too.", valueName: "file"))
  var json: String?

  /// PyTorch's process, with the engine's number of threads here.
  func startPeer() throws -> PythonPeer? {
    noTorch ? nil : try PythonPeer(script: script, threads: threadCount)
  }
}
