import ArgumentParser
import Checkpoints
import Compaction
import Graphs
import Recipes

/// What ends a command early because of a file, as people and scripts learn of it.
struct Failure: Equatable {
  /// The exit status.
  let status: ExitCode
  /// One line for standard error.
  let line: String

  /// Nil for what the argument parser reports itself: help, version, wrong arguments, a status alone.
  init?(_ error: any Error) {
    switch error {
    case let error as RecipeError: status = error.kind == .contradiction ? .wrongArguments : .badFile
    case is CheckpointError, is GraphError, is EngineError, is CompactionError: status = .badFile
    default: return nil
    }
    line = "bonsai: \(error)"
  }
}

extension ExitCode {
  /// A check or a comparison has found something.
  static let foundSomething = ExitCode(1)
  /// A file or its content is not as it must be.
  static let badFile = ExitCode(2)
  /// The work is done, but its result could not be printed.
  static let notPrinted = ExitCode(3)
  /// Arguments that contradict each other.
  static let wrongArguments = ExitCode(64)
}
