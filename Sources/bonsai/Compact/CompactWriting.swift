import Checkpoints
import Compaction
import EngineMessages

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Writes a smaller model once it is proven: beside its target first, together with the reference that it must equal.
struct CompactWriting {
  private let compactor: Compactor
  private let choice: Compactor.Choice
  private let path: String

  init(_ compactor: Compactor, _ choice: Compactor.Choice, to path: String) {
    (self.compactor, self.choice, self.path) = (compactor, choice, path)
  }

  /// - Parameter isAsItWas: whether the smaller model must equal the original, and not the masked one.
  /// - Parameter recovering: brings the proven model at the first path back, into a file at the second one; says whether it
  ///   did.
  /// - Returns: the proof; nil where there is no engine.
  /// - Throws: `EngineError` where the two differ; nothing is written then.
  func run(
    original: String, isAsItWas: Bool, _ inputs: EngineRequest.Inputs, runs: Int,
    recovering: (_ small: String, _ better: String) throws -> Bool
  ) throws -> ProofResult? {
    // Under names that nobody has.
    let stem = "\(path).\(UUID().uuidString)"
    let ending = path.hasSuffix(".onnx") ? "onnx" : "pt2"
    let (small, reference, better) = ("\(stem).small.\(ending)", "\(stem).reference.pt2", "\(stem).better.pt2")
    defer { for path in [small, reference, better] { unlink(path) } }
    try compactor.compacted(choice).write(to: small)
    try Interrupt.check()
    var proof: ProofResult?
    if EngineProgram.isThere {
      // What is held against zeros that are there already is the model with all its units.
      try compactor.masked(isAsItWas ? Compactor.Choice(units: []) : choice).write(to: reference)
      let found = try EngineProgram.ask(
        .prove(
          original: original, reference: reference, compacted: small, inputs, runs: runs,
          limit: choice.makesBiases ? 1e-6 : 1e-9), for: ProofResult.self)
      try Interrupt.check()
      if let failure = found.failure { throw Self.refusal(failure) }
      proof = found
    }
    guard rename(try recovering(small, better) ? better : small, path) == 0 else {
      throw CheckpointError(
        .cannotWrite, "write", file: path, expected: "a place for the model", found: String(cString: strerror(errno)),
        advice: "check the directory and its permissions")
    }
    return proof
  }

  private static func refusal(_ failure: ProofResult.Difference) -> EngineError {
    let place = failure.step.map { step in
      "; the first step that differs is \(step)" + (failure.module.map { $0.isEmpty ? "" : " in \($0)" } ?? "")
    }
    return EngineError(
      description:
        "the smaller model differs from what it must equal by \(failure.relative) of the largest output, more than "
        + "\(failure.limit)\(place ?? ""); nothing was written; keep that layer whole with --keep, and report it")
  }
}
