import Testing

@testable import bonsai

@Suite struct HelpTests {
  @Test func helpIsShownInFull() throws {
    let outcome = try bonsai("--help")
    #expect(outcome.status == 0)
    #expect(outcome.error == "")
    #expect(outcome.output == Self.help)
  }

  @Test func saysItsVersion() throws {
    #expect(try bonsai("--version").output == BonsaiCommand.version + "\n")
  }

  @Test func wrongArgumentsAreStatus64() throws {
    let outcome = try bonsai("--no-such-thing")
    #expect(outcome.status == 64)
    #expect(outcome.output == "")
    #expect(outcome.error.hasPrefix("Error: Unknown option '--no-such-thing'\n"))
  }

  static let help = """
    OVERVIEW: Looks into files of weights, prunes them, compares and checks them.

    FILES
      safetensors and PyTorch's .pt, .pth, .bin and .ckpt, of which nothing is run,
    one file or shards with an index (name the index or its directory); NumPy's
    .npy and .npz; models of torch.export (.pt2). Told by their content. An
    output's format follows its ending, a directory means shards. Results go to
    standard output, all else to standard error.

    EXIT STATUS
      0  done, nothing found amiss
      1  a check or a comparison has found something
      2  a file or its content is not as it must be; nothing was changed
      3  done, but the result could not be printed (a full disk, a closed pipe)
      64 wrong arguments
      128 + n  stopped by signal n; nothing was changed

    USAGE: bonsai <subcommand>

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    SUBCOMMANDS:
      inspect                 Shows tensors, shapes, types, roles, zeros and
                              magnitudes.
      prune                   Prunes the least important weights of a checkpoint of
                              any size.
      remove                  Makes masks permanent: NAME_orig and NAME_mask become
                              NAME.
      diff                    Compares two files, of any formats, tensor by tensor.
      verify                  Reads everything and checks it.
      pack                    Writes sparse weights as bitmasks and kept values:
                              smaller, and lossless.
      unpack                  Writes the dense file again that bonsai pack has
                              packed.
      convert                 Writes the tensors of a file in another format, or
                              under other names.
      run                     Runs an exported model (.pt2) and writes its outputs.
      profile                 Measures an exported model, module by module.
      compare                 Runs two exported models on the same inputs:
                              differences, speed, sizes.
      accelerate              Measures which kernels run each layer of a pruned
                              model (.pt2) fastest, and writes the plan.
      compact                 Takes channels, heads and hidden units out of a model
                              (.pt2, .onnx): smaller, faster, and exact.
      recover                 Brings a smaller or pruned model (.pt2) back to what
                              the original computes, without labels.

      See 'bonsai help <subcommand>' for detailed help.

    """
}
