/// What came of running a smaller model beside the reference that it must equal.
package struct ProofResult: Codable, Sendable {
  /// How far the outputs are apart, in numbers of one type.
  package struct Difference: Codable, Sendable {
    /// The largest difference of two entries, over the largest magnitude of the output that they stand in.
    package var relative: Double
    /// What is allowed.
    package var limit: Double
    /// The first step whose result differs, where the limit is passed.
    package var step: String?
    /// The module of that step.
    package var module: String?

    /// A difference.
    package init(relative: Double, limit: Double, step: String? = nil, module: String? = nil) {
      (self.relative, self.limit, self.step, self.module) = (relative, limit, step, module)
    }

    /// Whether it is within what is allowed.
    package var isProof: Bool { relative <= limit }
  }

  /// In 64 bits.
  package var float64: Difference
  /// As the model is.
  package var float32: Difference
  /// The time of a run of the original, the median over all.
  package var millisecondsBefore: Double
  /// The time of a run of the smaller model.
  package var millisecondsAfter: Double
  /// How many times as fast it is: the median of the ratios of neighbouring runs.
  package var speedup: Double
  /// How many samples were run at once.
  package var batch: Int
  /// How many samples in all.
  package var samples: Int
  /// Names in the file of inputs that the graph does not have.
  package var ignored: [String]
  /// Whether the inputs were drawn at random.
  package var isRandom: Bool

  /// What came of it.
  package init(
    float64: Difference, float32: Difference, millisecondsBefore: Double, millisecondsAfter: Double, speedup: Double,
    batch: Int, samples: Int, ignored: [String], isRandom: Bool
  ) {
    (self.float64, self.float32) = (float64, float32)
    (self.millisecondsBefore, self.millisecondsAfter, self.speedup) = (millisecondsBefore, millisecondsAfter, speedup)
    (self.batch, self.samples, self.ignored, self.isRandom) = (batch, samples, ignored, isRandom)
  }

  /// The difference that passes its limit, if one does.
  package var failure: Difference? { [float64, float32].first { !$0.isProof } }
}
