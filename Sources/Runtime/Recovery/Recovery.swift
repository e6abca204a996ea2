import Compaction
import NN
import Torch

/// Brings a smaller or pruned model back to what the original computes, without labels: the original is the teacher.
///
/// ```swift
/// let recovery = Recovery([.calibrate, .leastSquares])
/// let report = try recovery.run(small, teacher: big, inputs: [images])
/// print(report.before.relativeError, report.after.relativeError)
/// ```
///
/// Some samples are held out. After each step the model is held against the original on them, and a step that made it
/// worse is undone. Zeros of weights stay zeros: <doc:RecoveringAccuracy>.
public struct Recovery {
  /// The steps in order.
  public var steps: [RecoveryStep]
  /// The share of the samples that is held out.
  public var heldOut = 0.125
  /// How many samples are run at once, where the graph's batch is not fixed.
  public var batch = 64
  /// How many samples norms and layers are refitted with at most; distillation takes all.
  public var fittingSamples = 4096
  /// Layers whose sums would take more bytes are left as they were.
  public var memoryLimit = 4 << 30
  /// Called as the work goes on.
  public var progress: ((RecoveryProgress) -> Void)?
  /// Asked between parts of the work; where it is true, the best model so far stays and the report says so.
  public var shouldStop: (() -> Bool)?

  /// A recovery.
  public init(_ steps: [RecoveryStep] = [.calibrate, .leastSquares]) { self.steps = steps }

  /// Recovers a model where it stands.
  ///
  /// - Parameters:
  ///   - small: the model that was made smaller or pruned; its parameters and running statistics change.
  ///   - teacher: the original.
  ///   - inputs: samples, one tensor for each input of the model, samples along the first dimension.
  ///   - labels: the classes of the samples, whole numbers `[samples]`, for accuracy in the report alone; nil for none.
  ///   - kept: what the model still has of the original's channels; nil for what its file says.
  /// - Throws: ``RecoveryError``, ``GraphRunError``; the model is then as it was.
  @discardableResult
  public func run(
    _ small: GraphModule, teacher: GraphModule, inputs: [Tensor], labels: Tensor? = nil, kept: KeptChannels? = nil
  ) throws -> RecoveryReport {
    guard small.inputNames.count == teacher.inputNames.count else {
      throw RecoveryError.models(
        "it takes \(small.inputNames.count) inputs and the original \(teacher.inputNames.count); give the model that it came "
          + "from")
    }
    let data = try RecoveryData(inputs, labels: labels, for: small, heldOut: heldOut, batch: batch)
    return try Self.evaluating(small, teacher) {
      let reference = try OutputReference(teacher, batches: data.heldOut, labels: data.heldOutLabels)
      guard reference.outputs.allSatisfy({ $0.allSatisfy { $0.isFinite().all().item() != 0 } }) else {
        throw RecoveryError.data(
          expected: "samples for which the original gives numbers", found: "NaN or infinities among its outputs",
          advice: "look at the samples and at the original with bonsai run")
      }
      let before = try reference.distance(of: small)
      let work = RecoveryWork(
        small: small, teacher: teacher, data: data, reference: reference,
        kept: kept ?? small.keptChannels ?? KeptChannels(), settings: self)
      var report = RecoveryReport(
        steps: [], before: before, originalAccuracy: try reference.distance(of: teacher).accuracy,
        samples: data.counts.fit, heldOut: data.counts.heldOut, isStopped: false)
      let first = ModelSnapshot(small)
      do {
        for step in steps where !report.isStopped { try run(step, work, &report) }
      } catch {
        first.restore()
        throw error
      }
      return report
    }
  }

  private static func evaluating<R>(_ small: Module, _ teacher: Module, _ body: () throws -> R) rethrows -> R {
    try small.evaluating { try teacher.evaluating(body) }
  }

  private func run(_ step: RecoveryStep, _ work: RecoveryWork, _ report: inout RecoveryReport) throws {
    let snapshot = ModelSnapshot(work.small)
    let start = ContinuousClock.now
    var entry = RecoveryReport.Step(
      name: step.name, before: report.after, after: report.after, isKept: true, seconds: 0, layers: [], skipped: [])
    do {
      switch step {
      case .calibrate: try work.calibrate(&entry)
      case .bias: try work.fit(&entry, weights: false)
      case .leastSquares: try work.fit(&entry, weights: true)
      case .distill(let training): try work.distill(training, &entry)
      }
    } catch is RecoveryStopped {
      report.isStopped = true
      entry.note = "stopped before its end"
    }
    entry.after = try work.reference.distance(of: work.small)
    entry.isKept = !entry.after.isWorse(than: entry.before)
    if !entry.isKept { snapshot.restore() }
    entry.seconds = (ContinuousClock.now - start).inSeconds
    report.steps.append(entry)
  }
}

extension Recovery {
  /// Recovers a module of one input and one output where it stands.
  ///
  /// ```swift
  /// let big = try net.copy(into: Net())
  /// let made = try net.compact(CompactionRecipe(target: .amount(0.5)), example: x)
  /// let report = try Recovery().run(net, teacher: big, inputs: x, kept: made.kept)
  /// ```
  /// - Parameters:
  ///   - small: the module, whose parameters and running statistics change.
  ///   - teacher: the original: a module of the same structure.
  ///   - inputs: samples along the first dimension.
  ///   - labels: the classes of the samples, for accuracy in the report alone.
  ///   - kept: what the module still has of the original's channels, as `Module.compact` reports; nil where only entries
  ///     were pruned.
  /// - Throws: ``RecoveryError``, ``TracingError``, ``GraphRunError``; the module is then as it was.
  @discardableResult
  public func run(
    _ small: Module, teacher: Module, inputs: Tensor, labels: Tensor? = nil, kept: KeptChannels? = nil
  ) throws -> RecoveryReport {
    if let small = small as? GraphModule, let teacher = teacher as? GraphModule {
      return try run(small, teacher: teacher, inputs: [inputs], labels: labels, kept: kept)
    }
    let example = inputs.narrow(0, start: 0, length: min(2, max(inputs.shape.first ?? 0, 1)))
    return try Self.evaluating(small, teacher) {
      try PrunedWeights(of: small).asParameters {
        let (twin, original) = (
          try GraphModule(TracedModule(small, example: example)),
          try GraphModule(TracedModule(teacher, example: example))
        )
        return try run(twin, teacher: original, inputs: [inputs], labels: labels, kept: kept)
      }
    }
  }
}

/// Thrown within a step that is asked to stop.
struct RecoveryStopped: Error {}

/// What the steps work on.
struct RecoveryWork {
  let small: GraphModule
  let teacher: GraphModule
  let data: RecoveryData
  let reference: OutputReference
  let kept: KeptChannels
  let settings: Recovery

  /// Tells how far a step has come.
  ///
  /// - Throws: ``RecoveryStopped`` where the work is to end.
  func report(_ step: String, _ done: Int, of total: Int) throws {
    settings.progress?(RecoveryProgress(step: step, done: done, total: total))
    if settings.shouldStop?() == true { throw RecoveryStopped() }
  }
}

/// Parameters and buffers as they were.
struct ModelSnapshot {
  private let tensors: [(tensor: Tensor, before: Tensor)]

  init(_ model: Module) {
    tensors = noGrad {
      (Array(model.namedParameters.values) + Array(model.namedBuffers.values)).map { ($0, $0.detach().clone()) }
    }
  }

  func restore() { noGrad { for (tensor, before) in tensors { tensor.copy(from: before) } } }
}
