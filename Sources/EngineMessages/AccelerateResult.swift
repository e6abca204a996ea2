/// What came of measuring how a model runs fastest.
package struct AccelerateResult: Codable, Sendable {
  /// A layer.
  package struct Row: Codable, Sendable {
    /// The path of its module.
    package var module: String
    /// What it is: `conv2d 64 x 64 x 3 x 3`.
    package var operation: String
    /// The share of its weight's entries that are 0.
    package var sparsity: Double
    /// The share of blocks of four outputs by one input that are 0.
    package var blockSparsity: Double
    /// How it is computed.
    package var kernel: String
    /// LibTorch's time in the faster memory format.
    package var denseMicroseconds: Double
    /// The time of the kernel.
    package var microseconds: Double
    /// Why it stayed dense; nil where it did not, or where dense was measured as the faster.
    package var reason: String?

    /// A layer.
    package init(
      module: String, operation: String, sparsity: Double, blockSparsity: Double, kernel: String,
      denseMicroseconds: Double, microseconds: Double, reason: String?
    ) {
      (self.module, self.operation, self.kernel, self.reason) = (module, operation, kernel, reason)
      (self.sparsity, self.blockSparsity) = (sparsity, blockSparsity)
      (self.denseMicroseconds, self.microseconds) = (denseMicroseconds, microseconds)
    }
  }

  /// The layers in the order in which they are run.
  package var rows: [Row]
  /// A run of the model as it is, of the fastest by LibTorch alone, and by the plan.
  package var milliseconds: (original: Double, dense: Double, planned: Double) {
    (originalMilliseconds, denseMilliseconds, plannedMilliseconds)
  }
  private var originalMilliseconds: Double
  private var denseMilliseconds: Double
  private var plannedMilliseconds: Double
  /// The largest difference of an output, by the largest magnitude.
  package var largestDifference: Double
  /// The instructions.
  package var instructions: String
  /// The processor.
  package var processor: String
  /// Threads within a layer.
  package var threads: Int
  /// How many samples were run at once.
  package var batch: Int
  /// Names in the file that the graph does not have.
  package var ignored: [String]
  /// Whether the inputs were drawn at random.
  package var isRandom: Bool

  /// What came of it.
  package init(
    rows: [Row], milliseconds: (original: Double, dense: Double, planned: Double), largestDifference: Double,
    instructions: String, processor: String, threads: Int, batch: Int, ignored: [String], isRandom: Bool
  ) {
    self.rows = rows
    (originalMilliseconds, denseMilliseconds, plannedMilliseconds) = milliseconds
    (self.largestDifference, self.instructions, self.processor) = (largestDifference, instructions, processor)
    (self.threads, self.batch, self.ignored, self.isRandom) = (threads, batch, ignored, isRandom)
  }
}
