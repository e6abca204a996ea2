import OrderedCollections
import Sparsity

/// How pruned weights are written.
public enum PrunedForm: String, Hashable, Sendable, CaseIterable {
  /// As zeros: `weight` times its mask. Masks that the input has already are made permanent too.
  case zeros
  /// As `weight_orig` and `weight_mask`, for PyTorch to go on with.
  case masks
}

/// Prunes a checkpoint of any size into another one, in bounded memory.
///
/// ```swift
/// let checkpoint = try Checkpoint.open("model.safetensors")
/// let pruner = try CheckpointPruner(checkpoint, PruningRecipe(.magnitude, .fraction(0.5)))
/// let report = try pruner.run(to: CheckpointPruner.Output(path: "pruned.safetensors", format: .safetensors))
/// print(report.sparsity)     // 0.5
/// ```
///
/// Files are read in blocks: once or twice to find what goes (see <doc:PruningCheckpoints>), and once more to write.
/// The output takes its place in one step at the end; until then, and after any error, what was there stays.
public struct CheckpointPruner {
  /// Where the result goes.
  public struct Output {
    /// The path of a file, or for shards of a directory or index.
    public var path: String
    /// The layout of the file.
    public var format: Checkpoint.OutputFormat
    /// How pruned weights are written.
    public var form: PrunedForm
    /// Whether an existing checkpoint may be replaced, the input too.
    public var replacing: Bool
    /// Facts about the run for the metadata of the output, such as the command; see ``CheckpointPruner/run(to:progress:)``.
    public var record: CheckpointMetadata

    /// An output.
    public init(
      path: String, format: Checkpoint.OutputFormat, form: PrunedForm = .zeros, replacing: Bool = false,
      record: CheckpointMetadata = [:]
    ) {
      self.path = path
      self.format = format
      self.form = form
      self.replacing = replacing
      self.record = record
    }
  }

  /// What a run is doing.
  public enum Stage: Hashable, Sendable {
    /// Finding out what goes.
    case searching
    /// Writing the output, or counting for a dry run.
    case writing
  }

  /// Called after each block with the bytes handled in a stage and their total; may throw to stop.
  public typealias Progress = (_ stage: Stage, _ done: Int, _ total: Int) throws -> Void

  let context: PruningContext
  private let draws: (any UniformDraws)?
  private let digest: (any CheckpointDigest.Type)?

  /// Decides which tensors are pruned and how.
  ///
  /// - Parameters:
  ///   - checkpoint: What to prune.
  ///   - recipe: How.
  ///   - draws: Random numbers, for a recipe that wants them.
  ///   - digest: The digest of the input's files to be recorded; nil for none.
  /// - Throws: ``CheckpointError`` where the recipe contradicts itself or does not fit the checkpoint.
  public init(
    _ checkpoint: Checkpoint, _ recipe: PruningRecipe, draws: (any UniformDraws)? = nil,
    digest: (any CheckpointDigest.Type)? = nil
  ) throws(CheckpointError) {
    context = try PruningContext(checkpoint, recipe)
    self.draws = draws
    self.digest = digest
  }

  /// Prunes nothing, but makes the masks of a checkpoint permanent: `torch.nn.utils.prune.remove` for each pair.
  ///
  /// - Parameter choice: Which pairs, by the names without `_orig`: `only` and `excluded` count. All unless told.
  /// - Throws: ``CheckpointError`` where there are none.
  public init(
    removingMasksIn checkpoint: Checkpoint, of choice: TensorChoice = TensorChoice(),
    digest: (any CheckpointDigest.Type)? = nil
  ) throws(CheckpointError) {
    context = try PruningContext(removingMasksIn: checkpoint, of: choice)
    draws = nil
    self.digest = digest
  }

  /// The names of the weights that will be pruned, in the order of the checkpoint.
  public var names: [String] { context.units.filter(\.isPruned).map(\.name) }

  /// Prunes.
  ///
  /// The metadata of the output is that of the input, and the record as `bonsai.1.KEY`, after an earlier run of
  /// `bonsai.2.KEY` and so on, with the digest of each input file.
  ///
  /// - Parameters:
  ///   - output: Where the result goes.
  ///   - progress: Called after each block; may throw to stop.
  /// - Returns: What was done.
  /// - Throws: ``CheckpointError``, and what random numbers and `progress` throw. What was at the output's path is as it
  ///   was then.
  public func run(to output: Output, progress: Progress? = nil) throws -> PruningReport {
    try run(to: output, as: output.form, progress)
  }

  /// Finds out what would be pruned, and writes nothing. No digests are made.
  ///
  /// - Parameters:
  ///   - form: How pruned weights would be written.
  ///   - progress: Called after each block; may throw to stop.
  /// - Returns: What would be done.
  /// - Throws: What ``run(to:progress:)`` throws, but for what concerns the place and the format of an output.
  public func dryRun(as form: PrunedForm = .zeros, progress: Progress? = nil) throws -> PruningReport {
    try run(to: nil, as: form, progress)
  }

  private func run(to output: Output?, as form: PrunedForm, _ progress: Progress?) throws -> PruningReport {
    let clock = ContinuousClock()
    let start = clock.now
    let checkpoint = context.checkpoint
    let layout = PrunedLayout(checkpoint, units: context.units, form: form)
    try layout.checkNames(checkpoint)
    if let output {
      // What a writer would refuse, a full disk too, is refused before the search and not after it.
      try layout.writer(to: output, metadata: checkpoint.metadata, from: checkpoint).cancel()
    }
    let plan = try PruningPlan(context)
    try plan.draw(from: draws) { try progress?(.searching, 0, 0) }
    let pass = PruningPass(plan: plan) { try progress?(.searching, $0, $1) }
    let digests = try pass.run(digest: output == nil ? nil : digest)

    let applying = ApplyingPass(plan: plan, layout: layout, form: form) {
      try progress?(.writing, $0, $1)
    }
    let named = zip(checkpoint.files, digests).map { (System.lastComponent($0), $1) }
    var report = PruningReport(
      tensors: [], parameters: context.parameters, inputBytes: checkpoint.size, outputBytes: 0, seconds: 0,
      digests: Dictionary(named) { first, _ in first })
    if let output {
      let metadata = Self.metadata(checkpoint.metadata, adding: output.record, digests: named, digest)
      let writer = try layout.writer(to: output, metadata: metadata, from: checkpoint)
      do {
        report.tensors = try applying.run(into: writer)
        report.outputBytes = writer.bytesTotal
        try writer.finish()
      } catch {
        writer.cancel()
        throw error
      }
    } else {
      report.tensors = try applying.run(into: nil)
    }
    report.seconds = (clock.now - start) / .seconds(1)
    return report
  }

  private static func metadata(
    _ metadata: CheckpointMetadata, adding record: CheckpointMetadata, digests: [(String, String)],
    _ digest: (any CheckpointDigest.Type)?
  ) -> CheckpointMetadata {
    guard !record.isEmpty || !digests.isEmpty else { return metadata }
    var result = metadata
    let earlier = metadata.keys.lazy.compactMap { key -> Int? in
      let parts = key.split(separator: ".", maxSplits: 2)
      return parts.count == 3 && parts[0] == "bonsai" ? Int(parts[1]) : nil
    }
    let number = (earlier.filter { $0 < Int.max }.max() ?? 0) + 1
    for (key, value) in record { result["bonsai.\(number).\(key)"] = value }
    for (file, text) in digests { result["bonsai.\(number).\(digest?.name ?? "digest").\(file)"] = text }
    return result
  }
}

extension PruningContext {
  /// The parameters of the checkpoint: all entries but those of masks.
  var parameters: Int {
    let masks = Set(units.flatMap { $0.names.compactMap(\.mask?.name) })
    return checkpoint.tensors.reduce(0) { $0 + (masks.contains($1.name) ? 0 : $1.elementCount) }
  }
}

extension PrunedLayout {
  /// Throws where a new name is that of another tensor.
  fileprivate func checkNames(_ checkpoint: Checkpoint) throws(CheckpointError) {
    var names: Set<String> = []
    for spec in specs where !names.insert(spec.name).inserted {
      throw CheckpointError(
        .invalidArgument, "prune", file: checkpoint.path, expected: "each name once in the output",
        found: "\(CheckpointError.quote(spec.name)) twice", advice: "rename the tensor, or exclude the weight")
    }
  }

  /// Begins the output; tensors stay in the shards where they were.
  func writer(
    to output: CheckpointPruner.Output, metadata: CheckpointMetadata, from input: Checkpoint
  ) throws(CheckpointError) -> any CheckpointWriter {
    guard case .shardedSafetensors(let limit) = output.format else {
      return try Checkpoint.writer(
        as: output.format, to: output.path, tensors: specs, metadata: metadata, moduleVersions: input.moduleVersions,
        like: input, replacing: output.replacing)
    }
    let shards =
      input.format == .shardedSafetensors
      ? ShardedSafetensorsWriter.split(specs, like: origins) : ShardedSafetensorsWriter.split(specs, limit: limit)
    return try ShardedSafetensorsWriter(
      path: output.path, shards: shards, metadata: metadata, indexMetadata: input.indexMetadata,
      replacing: output.replacing)
  }
}
