import CKernels

extension InstructionSet {
  /// The floating-point operations that one thread does in a second in registers alone: what no product exceeds. Measured in
  /// about a tenth of a second.
  package func measuredPeak() -> Double {
    let kernels = kernels
    let clock = ContinuousClock()
    let rounds: Int64 = 200_000
    var best = Duration.seconds(1)
    var sum: Float = 0
    for _ in 0..<50 { best = min(best, clock.measure { sum += kernels.exercise(rounds) }) }
    let seconds = Double(best.components.attoseconds) * 1e-18 + Double(best.components.seconds)
    // The sum is a number, so that this is true and the work is not left out.
    return sum.isNaN ? 0 : Double(rounds) * Double(kernels.operations_in_round) / seconds
  }
}
