import ArgumentParser

/// `bonsai`: files of weights on the command line.
@main
struct BonsaiCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bonsai",
    abstract: "Looks into files of weights, prunes them, compares and checks them.",
    subcommands: [])
}
