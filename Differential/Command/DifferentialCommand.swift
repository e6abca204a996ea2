import ArgumentParser
import Console
import DifferentialHarness
import Foundation

/// Runs random programs in Bonsai and in Python's torch and compares everything after every step.
@main
struct DifferentialCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "differential",
    abstract: "Runs random programs in Bonsai and in Python's torch and compares everything after every step.",
    discussion: """
      Needs a python3 (or the interpreter that PYTHON names) with torch and safetensors. The exit code is 0 where both \
      agree, 1 where they differ, 2 where Python fails.
      """)

  @Option(help: "The seed of the sequence of programs.") var seed: UInt64 = 0
  @Option(help: "How many programs to run.") var count = 1000
  @Option(help: "The number of the first program.") var start = 0
  @Option(help: "Failing programs after which to stop.") var failures = 3
  @Option(help: "A directory for failing programs, as JSON.") var output: String?
  @Option(help: "Runs one program from its JSON instead.") var replay: String?
  @Flag(help: "Leave failing programs as long as they are.") var noShrink = false
  @Flag(help: "Say what has been tested.") var table = false
  @Flag(help: "Carry out random recipes in memory and on files of the same tensors instead; needs no Python.")
  var pairs = false
  @Flag(help: "Print the programs instead of running them.") var show = false

  func validate() throws {
    if pairs, replay != nil || show || table {
      throw ValidationError("--pairs: expected no --replay, --show or --table beside it")
    }
    if count < 0 || start < 0 { throw ValidationError("expected --count and --start of 0 or more") }
  }

  func run() throws {
    if show {
      for index in start..<start + count { print(ProgramGenerator.program(seed: seed, index: index)) }
      return
    }
    if pairs { return try runPairs() }
    do {
      let runner = ProgramRunner(try Oracle())
      try replay.map { try replay($0, runner) } ?? campaign(runner)
    } catch let error as OracleError {
      FileHandle.standardError.write(Data("differential: \(error)\n".utf8))
      throw ExitCode(2)
    }
  }

  private func runPairs() throws {
    let began = Date()
    var progress = ProgressDisplay(ProgressBar(label: "seed \(seed)", total: count, unit: .things("pairs")))
    let outcome = try RecipePairs(seed: seed, range: start..<start + count, failureLimit: failures).run { number in
      CrashNote.set("differential: crashed in pair \(number) of seed \(seed)\n")
      progress.show(number - start)
    }
    progress.clear()
    for mismatch in outcome.mismatches { print(mismatch) }
    let refused = outcome.refusals.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    let rate = Double(outcome.count) / max(Date().timeIntervalSince(began), 1e-9)
    print(
      "seed \(seed): \(outcome.count) pairs, \(outcome.mismatches.count) mismatches; refused by both: \(refused); "
        + "\(String(format: "%.1f", rate)) pairs a second")
    if !outcome.mismatches.isEmpty { throw ExitCode.failure }
  }

  private func replay(_ path: String, _ runner: ProgramRunner) throws {
    let program = try Program(json: Data(contentsOf: URL(fileURLWithPath: path)))
    print(program)
    switch try runner.run(program) {
    case .agreed: print("both sides agree")
    case .impossible: print("torch cannot make the network")
    case .mismatch(let mismatch):
      print("differs " + (mismatch.step.map { "after step \($0):" } ?? "as it was made:"))
      for finding in mismatch.findings { print("  \(finding)") }
      throw ExitCode.failure
    }
  }

  private func campaign(_ runner: ProgramRunner) throws {
    let campaign = Campaign(
      seed: seed, range: start..<start + count, failureLimit: failures, shrinks: !noShrink)
    let began = Date()
    var progress = ProgressDisplay(ProgressBar(label: "seed \(seed)", total: count, unit: .things("programs")))
    let failed = try campaign.run(runner) { index, _ in
      CrashNote.set("differential: crashed in program \(index) of seed \(seed)\n")
      progress.show(index - start)
    }
    progress.clear()
    let seconds = Date().timeIntervalSince(began)
    for failure in failed {
      print("program \(failure.index) of seed \(seed), shortened from \(failure.program.steps.count) steps:")
      print(failure.description)
      print("as JSON:\n" + String(decoding: try failure.shrunk.json, as: UTF8.self))
      if let output {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let path = "\(output)/differential-\(seed)-\(failure.index).json"
        try failure.shrunk.json.write(to: URL(fileURLWithPath: path))
        print("replay with: differential --replay \(path)")
      }
    }
    if table { print(runner.statistics.table) }
    let rate = Double(runner.statistics.programs) / max(seconds, 1e-9)
    print(
      "seed \(seed): \(runner.statistics.programs) programs, \(failed.count) mismatches, "
        + "\(runner.statistics.ties) ties settled, \(runner.statistics.close) steps within tolerance, \(String(format: "%.1f", rate)) programs a second"
    )
    if !failed.isEmpty { throw ExitCode.failure }
  }
}
