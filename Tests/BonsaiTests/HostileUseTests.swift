import Checkpoints
import Foundation
import Testing

@testable import bonsai

/// Arguments and files as nobody should give them: refused in a sentence, and nothing is lost.
@Suite struct HostileUseTests {
  let scratch = Scratch()
  let lenet = fixture("lenet.safetensors")

  /// A safetensors file of one tensor, of F32 and without bytes.
  private func empty(_ name: String, _ shape: String) throws -> String {
    let header = Data(#"{"\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,0]}}"#.utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    let path = scratch("hostile.safetensors")
    try (Data(length) + header).write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test func negativeNumbersMayStandApart() throws {
    let rows = try bonsai(
      "prune", lenet, "--pattern", "structured", "--dim", "-1", "--norm", "-inf", "--amount", "0.5",
      "--dry-run", "--json")
    #expect(rows.status == 0)
    let threshold = try bonsai("prune", lenet, "--threshold", "-1", "--dry-run")
    #expect(threshold.status == 64 && threshold.error.contains("a magnitude of 0 or more, found -1"))
  }

  @Test func aPictureTakesNobodysPlace() throws {
    let path = scratch("w.safetensors")
    let outcome = try bonsai("prune", lenet, "--amount", "0.5", "-o", path, "--force", "--plot", path)
    #expect(outcome.status == 64 && outcome.error.contains("--plot: expected a path ending in .svg"))
    #expect(scratch.names == [])
  }

  @Test(arguments: ["1:9223372036854775807", "9223372036854775807x4", "9223372036854775807x1"])
  func patternsBeyondAllSizes(_ pattern: String) throws {
    let file = try empty("a.weight", "[0,8]")
    let amount = pattern.contains(":") ? [] : ["--amount", "0.5"]
    let outcome = try run("bonsai", ["prune", file, "--pattern", pattern, "--dry-run"] + amount)
    #expect(outcome.status == 2 && outcome.error.hasPrefix("bonsai: "), "\(outcome)")
  }

  @Test func shapesWhoseProductOverflowsBesideAZero() throws {
    let file = try empty("a.weight", "[0,9223372036854775807,9223372036854775807]")
    for arguments in [["--pattern", "structured"], ["--pattern", "1x1"], []] {
      let outcome = try run("bonsai", ["prune", file, "--amount", "0.5", "--dry-run"] + arguments)
      #expect(outcome.status == 2 && outcome.error.hasPrefix("bonsai: "), "\(outcome)")
    }
  }

  @Test func namesCannotSpeakToTheTerminal() throws {
    let file = try empty(#"a\u001b[31m.weight"#, "[0,8]")
    let outcome = try bonsai("prune", file, "--amount", "0.5", "--dry-run")
    #expect(outcome.status == 0 && outcome.output.contains("a?[31m.weight") && !outcome.output.contains("\u{1b}"))
  }

  @Test func aMaskByItselfIsNoWeight() throws {
    let weights = [Float](repeating: 1, count: 4).withUnsafeBytes { Array($0) }
    let sources = ["c.weight", "c.weight_mask"].map { name in
      TensorSource(name: name, type: .f32, shape: [2, 2]) { consume in try weights.withUnsafeBytes(consume) }
    }
    try Checkpoint.write(sources, as: .safetensors, to: scratch("half.safetensors"))
    let json = try bonsai("prune", scratch("half.safetensors"), "--amount", "0.5", "--dry-run", "--json").json()
    #expect(json["entries"] as? Int == 4 && json["pruned"] as? Int == 2)
  }

  @Test func whatMasksFromWouldIgnoreIsRefused() throws {
    for other in [
      ["--rules", "r.toml"], ["--distribution", "erk"], ["--pattern", "2:4"], ["--criterion", "random"],
    ] {
      let outcome = try run("bonsai", ["prune", lenet, "--masks-from", lenet, "--dry-run"] + other)
      #expect(outcome.status == 64 && outcome.error.contains("--masks-from: expected only"), "\(other)")
    }
  }

  @Test func anAmountThatIsNoneIsNamed() throws {
    try Data("[[rule]]\nmatch = 'fc'\namount = 'x'\n".utf8).write(to: URL(fileURLWithPath: scratch("rules.toml")))
    let outcome = try bonsai("prune", lenet, "--rules", scratch("rules.toml"), "--dry-run")
    #expect(outcome.status == 2 && outcome.error.contains("'\(scratch("rules.toml"))' at rule[0].amount"))
  }

  /// An expression whose search takes longer than anyone waits is given up where a signal says so.
  @Test func aSearchThatNeverEndsIsEndedByASignal() throws {
    let file = try empty(String(repeating: "a", count: 60) + "b.weight", "[0,8]")
    let process = Process()
    process.executableURL = products.appendingPathComponent("bonsai")
    process.arguments = ["prune", file, "--only", "^(a+)+$", "--amount", "0.5", "--dry-run"]
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try process.run()
    Thread.sleep(forTimeInterval: 1)
    try #require(process.isRunning)
    process.terminate()
    for _ in 0..<100 where process.isRunning { Thread.sleep(forTimeInterval: 0.1) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGTERM)
  }

  #if os(Linux)
    @Test func aFullDiskBehindStandardOutputIsTold() throws {
      let arguments = ["-c", #""$0" inspect "$1" > /dev/full"#, products.appendingPathComponent("bonsai").path, lenet]
      let outcome = try run(URL(fileURLWithPath: "/bin/sh"), arguments)
      #expect(outcome.status == 3)
      #expect(outcome.error.hasPrefix("bonsai: the command was carried out, but its result could not be printed"))
    }
  #endif
}
