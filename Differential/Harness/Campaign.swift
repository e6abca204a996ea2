import Foundation

/// Many programs, one after the other.
package struct Campaign {
  /// A program on which the sides differ.
  package struct Failure {
    /// Its number among those of the seed.
    package let index: Int
    /// The program as it was drawn.
    package let program: Program
    /// A short program that fails as well.
    package let shrunk: Program
    /// What differs in the short one.
    package let mismatch: Mismatch

    /// The failure as one reads it.
    package var description: String {
      let place = mismatch.step.map { "after step \($0)" } ?? "as it was made"
      return "\(shrunk)\ndiffers \(place):\n" + mismatch.findings.map { "  \($0)" }.joined(separator: "\n")
    }
  }

  /// The seed of the sequence of programs.
  package let seed: UInt64
  /// Numbers of the programs.
  package let range: Range<Int>
  /// Failures after which the rest is not run.
  package let failureLimit: Int
  /// Whether failing programs are made shorter.
  package let shrinks: Bool

  package init(seed: UInt64, range: Range<Int>, failureLimit: Int = 3, shrinks: Bool = true) {
    self.seed = seed
    self.range = range
    self.failureLimit = failureLimit
    self.shrinks = shrinks
  }

  /// Runs the programs.
  /// - Parameter willRun: Called with each program's number before it runs.
  package func run(
    _ runner: ProgramRunner, willRun: (Int, Program) -> Void = { _, _ in }
  ) throws -> [Failure] {
    var failures: [Failure] = []
    for index in range {
      let program = ProgramGenerator.program(seed: seed, index: index)
      willRun(index, program)
      guard case .mismatch(let mismatch) = try runner.run(program) else { continue }
      failures.append(try failure(runner, index, program, mismatch))
      if failures.count >= failureLimit { break }
    }
    return failures
  }

  private func failure(
    _ runner: ProgramRunner, _ index: Int, _ program: Program, _ mismatch: Mismatch
  ) throws -> Failure {
    guard shrinks else { return Failure(index: index, program: program, shrunk: program, mismatch: mismatch) }
    let statistics = runner.statistics
    defer { runner.statistics = statistics }
    let shrunk = try Shrinker { candidate in
      if case .mismatch(let found) = try runner.run(candidate) { found.signature == mismatch.signature } else { false }
    }.shrink(program)
    guard case .mismatch(let last) = try runner.run(shrunk) else {
      return Failure(index: index, program: program, shrunk: program, mismatch: mismatch)
    }
    return Failure(index: index, program: program, shrunk: shrunk, mismatch: last)
  }
}
