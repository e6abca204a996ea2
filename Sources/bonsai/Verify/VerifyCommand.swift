import ArgumentParser
import Checkpoints
import Console

/// `bonsai verify`: whether a file is whole and what it holds fits together.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Reads everything and checks it.",
    discussion: """
      Checks headers, sizes, offsets and checksums (a damaged file is exit status 2), and then, with exit status 1, that \
      values are finite, that masks hold 0 and 1 and fit their tensors, that NAME is NAME_orig times NAME_mask where a \
      file has all three. Packed tensors are unpacked on the way.

      EXAMPLES
        bonsai verify lenet.safetensors
        bonsai verify model/ --json
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var printing: PrintOptions

  @Flag(help: "Allow NaN and infinite values.")
  var allowNonfinite = false

  /// What `--json` prints.
  struct Report: Encodable {
    struct Finding: Encodable {
      var kind: VerificationFinding.Kind
      var tensor: String
      var fact: String
    }

    var file: String
    var format: String
    var ok: Bool
    var tensors: Int
    var bytesRead: Int
    var checksums: Bool
    var pruned: Int
    var packed: Int
    var findings: [Finding]
  }

  func run() throws {
    let checkpoint = try input.open()
    let progress = ByteProgress("checking")
    defer { progress.clear() }
    let result = try checkpoint.verify(allowingNonFinite: allowNonfinite, progress: progress.update)
    progress.clear()
    if printing.json {
      print(try report(checkpoint, result).json())
    } else {
      for finding in result.findings { print("\(checkpoint.path): \(finding)") }
      print(summary(checkpoint, result))
    }
    if !result.findings.isEmpty { throw ExitCode.foundSomething }
  }

  private func summary(_ checkpoint: Checkpoint, _ result: Checkpoint.Verification) -> String {
    var parts = ["\(result.tensorCount.counted("tensor")) read"]
    if result.comparedChecksums { parts.append("checksums compared") }
    if result.pairCount > 0 { parts.append("\(result.pairCount.counted("pruned tensor")) compared with their masks") }
    if result.packedCount > 0 { parts.append("\(result.packedCount.counted("packed tensor")) unpacked") }
    let outcome = result.findings.isEmpty ? "ok" : result.findings.count.counted("finding")
    return "\(checkpoint.path): \(outcome); \(checkpoint.formatDescription), \(parts.joined(separator: ", "))"
  }

  private func report(_ checkpoint: Checkpoint, _ result: Checkpoint.Verification) -> Report {
    Report(
      file: checkpoint.path, format: checkpoint.format.rawValue, ok: result.findings.isEmpty,
      tensors: result.tensorCount, bytesRead: result.byteCount, checksums: result.comparedChecksums,
      pruned: result.pairCount, packed: result.packedCount,
      findings: result.findings.map { Report.Finding(kind: $0.kind, tensor: $0.tensor, fact: $0.fact) })
  }
}
