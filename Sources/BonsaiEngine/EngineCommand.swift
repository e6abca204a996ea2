import ArgumentParser
import EngineMessages

/// `bonsai-engine`: the half of `bonsai` that is linked with LibTorch, which costs a process 0.3 s and 120 MB before its
/// first line.
@main
struct EngineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bonsai-engine",
    abstract: "Does for bonsai what needs LibTorch: runs and measures models, draws random numbers.",
    discussion: "A part of bonsai, which calls it; nothing to be called by hand.", version: bonsaiVersion,
    subcommands: [RequestCommand.self, DrawCommand.self])

  /// What is said to a program of another version.
  static func otherVersion(_ version: String) -> String {
    "bonsai is version \(version), this bonsai-engine \(bonsaiVersion): install both of one version"
  }
}
