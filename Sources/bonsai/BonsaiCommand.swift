import ArgumentParser
import Checkpoints
import Console
import EngineMessages

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// `bonsai`: files of weights on the command line.
@main
struct BonsaiCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bonsai",
    abstract: "Looks into files of weights, prunes them, compares and checks them.",
    discussion: """
      FILES
        safetensors and PyTorch's .pt, .pth, .bin and .ckpt, of which nothing is run, one file or shards with an index \
      (name the index or its directory); NumPy's .npy and .npz; models of torch.export (.pt2). Told by their content. An output's format follows its \
      ending, a directory means shards. Results go to standard output, all else to standard error.

      EXIT STATUS
        0  done, nothing found amiss
        1  a check or a comparison has found something
        2  a file or its content is not as it must be; nothing was changed
        3  done, but the result could not be printed (a full disk, a closed pipe)
        64 wrong arguments
        128 + n  stopped by signal n; nothing was changed
      """,
    version: version,
    subcommands: [
      InspectCommand.self, PruneCommand.self, RemoveCommand.self, DiffCommand.self, VerifyCommand.self,
      PackCommand.self, UnpackCommand.self, ConvertCommand.self, RunCommand.self, ProfileCommand.self,
      CompareCommand.self, AccelerateCommand.self, CompactCommand.self, RecoverCommand.self,
    ])

  /// The version of the package.
  static let version = bonsaiVersion

  /// Runs the command; an error is one line on standard error.
  static func main() {
    do {
      Interrupt.unblock()
      var command = try parseAsRoot(ProcessArguments.words)
      // A reader that has gone ends commands that only look; one that writes goes on, and says so.
      if !(command is any LookingCommand) { signal(SIGPIPE, SIG_IGN) }
      try command.run()
      // What `print` could not write, to a full disk, say, shows when the rest is written.
      guard fflush(nil) == 0 else {
        Terminal.error.write(
          "bonsai: the command was carried out, but its result could not be printed; is the disk full, or its reader gone?\n"
        )
        exit(withError: ExitCode.notPrinted)
      }
    } catch let interrupt as Interrupt {
      interrupt.end()
    } catch {
      let failure = Failure(error)
      guard let failure else { exit(withError: error) }  // --help, --version, wrong arguments
      Terminal.error.write(failure.line + "\n")
      exit(withError: failure.status)
    }
  }
}

/// A command whose result is what it prints.
protocol LookingCommand {}

extension InspectCommand: LookingCommand {}
extension DiffCommand: LookingCommand {}
extension VerifyCommand: LookingCommand {}
extension CompareCommand: LookingCommand {}
extension ProfileCommand: LookingCommand {}
