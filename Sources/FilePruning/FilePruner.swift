import Checkpoints
import OrderedCollections
import Recipes
import Sparsity

/// How pruned weights are written.
public enum PrunedForm: String, Hashable, Sendable, CaseIterable {
  /// As zeros: `weight` times its mask. Masks that the input has already are made permanent too.
  case zeros
  /// As `weight_orig` and `weight_mask`, for PyTorch to go on with.
  case masks
}

/// Carries out a recipe on files of tensors of any size, in bounded memory.
///
/// ```swift
/// let checkpoint = try Checkpoint.open("model.safetensors")
/// let pruner = try FilePruner(checkpoint, Recipe(.magnitude, target: .sparsity(0.5)))
/// let report = try pruner.run(to: FilePruner.Output(path: "pruned.safetensors", format: .safetensors))
/// print(report.sparsity)     // 0.5
/// ```
///
/// Files are read in blocks: most often once to find what is pruned (see <doc:PruningFiles>), and once more to write. A criterion
/// of one's own sees each weight as a whole, so that memory is that of the largest one.
/// The output takes its place in one step at the end; until then, and after any error, what was there stays.
public struct FilePruner {
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
    /// Facts about the run for the metadata of the output, such as the command; see ``FilePruner/run(to:progress:)``.
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
    /// Finding out what is pruned.
    case searching
    /// Writing the output, or counting for a dry run.
    case writing
  }

  /// Called after each block with the bytes handled in a stage and their total; may throw to stop.
  public typealias Progress = (_ stage: Stage, _ done: Int, _ total: Int) throws -> Void

  package let context: FileContext
  private let draws: (any UniformDraws)?
  private let digest: (any FileDigest.Type)?

  /// Decides which tensors are pruned and how.
  ///
  /// - Parameters:
  ///   - store: What to prune, such as a `Checkpoint`.
  ///   - recipe: How.
  ///   - draws: Random numbers, for a recipe that wants them.
  ///   - digest: The digest of the input's files to be recorded; nil for none.
  /// - Throws: `RecipeError` where the recipe contradicts itself, `CheckpointError` where it does not fit the store.
  public init(
    _ store: some TensorStore, _ recipe: Recipe, draws: (any UniformDraws)? = nil,
    digest: (any FileDigest.Type)? = nil
  ) throws {
    context = try FileContext(store, recipe)
    self.draws = draws
    self.digest = digest
  }

  /// Prunes nothing, but makes the masks of a store permanent: `torch.nn.utils.prune.remove` for each pair.
  ///
  /// - Parameters:
  ///   - store: The input.
  ///   - selector: Which pairs, by the names without `_orig`: `only` and `excluded` count. All unless told.
  ///   - digest: The digest of the input's files to be recorded; nil for none.
  /// - Throws: `CheckpointError` where there are none.
  public init(
    removingMasksIn store: some TensorStore, of selector: Selector = Selector(),
    digest: (any FileDigest.Type)? = nil
  ) throws(CheckpointError) {
    context = try FileContext(removingMasksIn: store, of: selector)
    draws = nil
    self.digest = digest
  }

  /// The names of the weights that will be pruned, in the order of the checkpoint.
  public var names: [String] { context.weights.filter(\.isPruned).map(\.name) }

  /// Prunes.
  ///
  /// The metadata of the output is that of the input, and the record as `bonsai.1.KEY`, after an earlier run of
  /// `bonsai.2.KEY` and so on, with the digest of each input file.
  ///
  /// - Parameters:
  ///   - output: Where the result goes.
  ///   - progress: Called after each block; may throw to stop.
  /// - Returns: What was done.
  /// - Throws: `CheckpointError`, and what random numbers and `progress` throw. What was at the output's path is as it
  ///   was then.
  public func run(to output: Output, progress: Progress? = nil) throws -> FileReport {
    try run(to: output, as: output.form, progress)
  }

  /// Finds out what would be pruned, and writes nothing. No digests are made.
  ///
  /// - Parameters:
  ///   - form: How pruned weights would be written.
  ///   - progress: Called after each block; may throw to stop.
  /// - Returns: What would be done.
  /// - Throws: What ``run(to:progress:)`` throws, but for what concerns the place and the format of an output.
  public func dryRun(as form: PrunedForm = .zeros, progress: Progress? = nil) throws -> FileReport {
    try run(to: nil, as: form, progress)
  }

  private func run(to output: Output?, as form: PrunedForm, _ progress: Progress?) throws -> FileReport {
    do { return try carryOut(output, form, progress) } catch let error as RecipeError {
      throw error.inFile(context.store.path)
    }
  }

  private func carryOut(_ output: Output?, _ form: PrunedForm, _ progress: Progress?) throws -> FileReport {
    let clock = ContinuousClock()
    let start = clock.now
    let store = context.store
    let layout = PrunedLayout(store, weights: context.weights, form: form)
    try layout.checkNames(store)
    if let output {
      // What a writer would refuse, a full disk too, is refused before the search and not after it.
      try layout.writer(to: output, metadata: store.metadata, from: store).cancel()
    }
    let rankers = try Rankers(context)
    try rankers.draw(from: draws) { try progress?(.searching, 0, 0) }
    try SearchPass(rankers: rankers) { try progress?(.searching, $0, $1) }.run()

    var latest = (done: 0, total: 0)
    let applying = ApplyingPass(rankers: rankers, layout: layout, form: form) {
      latest = ($0, $1)
      try progress?(.writing, $0, $1)
    }
    var report = FileReport(
      weights: PruningReport([], leftWhole: context.plan?.leftWholeReport ?? []), types: [],
      leftAlone: context.leftAlone, ties: context.plan?.ties ?? [], parameters: context.parameters,
      inputBytes: store.size, digests: [:])
    if let output {
      let names = store.files.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
      func metadata(_ digests: [String]) -> CheckpointMetadata {
        Self.metadata(store.metadata, adding: output.record, digests: Array(zip(names, digests)), digest)
      }
      // The digests are known when all is written; until then those of nothing hold their place.
      let unknown = digest.map { digest in names.map { _ in digest.init().text() } }
      let writer = try layout.writer(to: output, metadata: metadata(unknown ?? []), from: store)
      let digests = digest.map { FileDigests(store, $0) }
      do {
        report.weights.tensors = try applying.run(into: writer)
        report.outputBytes = writer.bytesTotal
        if let digests {
          let texts = try digests.finish { try progress?(.writing, latest.done, latest.total) }
          try store.checkUnchanged()
          try writer.replaceMetadata(metadata(texts))
          report.digests = Dictionary(zip(names, texts)) { first, _ in first }
        }
        try writer.finish()
      } catch {
        digests?.cancel()
        writer.cancel()
        throw error
      }
    } else {
      report.weights.tensors = try applying.run(into: nil)
    }
    // Both are in the order of the weights.
    var next = report.weights.tensors.startIndex
    for weight in context.weights where next < report.weights.tensors.endIndex {
      guard weight.name == report.weights.tensors[next].name else { continue }
      report.types.append(weight.tensor.type.name)
      next += 1
    }
    report.seconds = (clock.now - start) / .seconds(1)
    return report
  }

  private static func metadata(
    _ metadata: CheckpointMetadata, adding record: CheckpointMetadata, digests: [(String, String)],
    _ digest: (any FileDigest.Type)?
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

extension PrunedLayout {
  /// Throws where a new name is that of another tensor.
  fileprivate func checkNames(_ store: some TensorStore) throws(CheckpointError) {
    var names: Set<String> = []
    for spec in specs where !names.insert(spec.name).inserted {
      throw CheckpointError(
        .invalidArgument, "prune", file: store.path, expected: "each name once in the output",
        found: "\(CheckpointError.quote(spec.name)) twice", advice: "rename the tensor, or exclude the weight")
    }
  }

  /// Begins the output; tensors stay in the shards where they were.
  fileprivate func writer(
    to output: FilePruner.Output, metadata: CheckpointMetadata, from store: some TensorStore
  ) throws(CheckpointError) -> any TensorStoreWriter {
    var origins: [TensorInfo] = []
    if case .shardedSafetensors = output.format { origins = self.origins(in: store.tensors) }
    return try store.writer(
      as: output.format, to: output.path, tensors: specs, origins: origins, metadata: metadata,
      replacing: output.replacing)
  }
}
