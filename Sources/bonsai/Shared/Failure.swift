import ArgumentParser
import Checkpoints
import Graphs

/// What ends a command early because of a file, as people and scripts learn of it.
struct Failure: Equatable {
  /// The exit status.
  let status: ExitCode
  /// One line for standard error.
  let line: String

  /// Nil for what the argument parser reports itself: help, version, wrong arguments, a status alone.
  init?(_ error: any Error) {
    guard error is CheckpointError || error is GraphError || error is EngineError else { return nil }
    status = .badFile
    line = "bonsai: \(error)"
  }
}

extension ExitCode {
  /// A check or a comparison has found something.
  static let foundSomething = ExitCode(1)
  /// A file or its content is not as it must be.
  static let badFile = ExitCode(2)
}
