import Checkpoints
import FilePruning
import Graphs
import Recipes

/// What a checkpoint holds, read once.
struct Inspection {
  let checkpoint: Checkpoint
  /// The statistics of each tensor, in their order, without magnitudes; nil where values were not read.
  let statistics: [TensorStatistics]?
  /// The zeros of the originals of pruned pairs.
  private let originalZeros: [String: Int]
  /// The pruned pairs with what is left of each; nil where that was not read or cannot be told.
  let pairs: [(pair: PrunedPair, statistics: PrunedPairStatistics?)]
  /// The statistics of all tensors but masks; of pruned ones, before the mask.
  let total: TensorStatistics
  /// What each tensor is for and what speaks for it, in the order of the tensors.
  let roles: [RoleJudgement]
  /// What its graph is, where it has one.
  let graph: GraphSummary?

  /// Reads a checkpoint.
  init(of checkpoint: Checkpoint, readsValues: Bool) throws {
    self.checkpoint = checkpoint
    roles = checkpoint.roles.judgements
    graph =
      try checkpoint.exportedModel.map { GraphSummary(try ExportedProgram($0)) }
      ?? checkpoint.onnxModel.map { GraphSummary($0) }
    let pairs = checkpoint.prunedPairs
    let masks = Set(pairs.map(\.mask.name))
    var total = TensorStatistics()
    guard readsValues else {
      statistics = nil
      originalZeros = [:]
      self.pairs = pairs.map { ($0, nil) }
      self.total = total
      return
    }
    let progress = ByteProgress("reading")
    defer { progress.clear() }
    let size = Self.byteCount(checkpoint.tensors) + pairs.reduce(0) { $0 + Self.byteCount([$1.original, $1.mask]) }
    var done = 0
    let step: (Int) throws -> Void = { bytes in
      done += bytes
      try progress.update(done, of: size)
    }
    let tensors = checkpoint.tensors
    var statistics = Array(repeating: TensorStatistics(), count: tensors.count)
    let order = tensors.indices.sorted { TensorInfo.liesBefore(tensors[$0], tensors[$1]) }
    for index in order {
      var one = try checkpoint.statistics(of: tensors[index].name, progress: step)
      if !masks.contains(tensors[index].name) { total += one }
      // Those of all together are shown, and of many tensors they take much memory.
      one.magnitudes = [:]
      statistics[index] = one
    }
    let originals = Set(pairs.map(\.original.name))
    originalZeros = Dictionary(
      uniqueKeysWithValues: tensors.indices.filter { originals.contains(tensors[$0].name) }
        .map { (tensors[$0].name, statistics[$0].zeroCount) })
    self.statistics = statistics
    self.pairs = try pairs.map { ($0, try checkpoint.statistics(of: $0, progress: step)) }
    self.total = total
  }

  private static func byteCount(_ tensors: [TensorInfo]) -> Int { tensors.reduce(0) { $0 + $1.byteCount } }

  /// The bytes of all tensors.
  var tensorBytes: Int { Self.byteCount(checkpoint.tensors) }

  /// The zeros of all tensors but masks; those of a pruned tensor are those of its product with the mask.
  var zeroCount: Int {
    pairs.reduce(total.zeroCount) { sum, pair in
      guard let product = pair.statistics, let original = originalZeros[pair.pair.original.name] else { return sum }
      return sum + product.zeroCount - original
    }
  }

  /// The elements of all tensors but masks.
  var elementCount: Int {
    let masks = Set(pairs.map(\.pair.mask.name))
    return checkpoint.tensors.reduce(0) { $0 + (masks.contains($1.name) ? 0 : $1.elementCount) }
  }

  /// The elements of floating-point tensors but masks: parameters, and the running statistics of norms, which files do
  /// not tell apart.
  var parameterCount: Int {
    let masks = Set(pairs.map(\.pair.mask.name))
    return checkpoint.tensors.reduce(0) { sum, tensor in
      sum + (tensor.type.isFloat && !masks.contains(tensor.name) ? tensor.elementCount : 0)
    }
  }

  /// How many values of all tensors but masks have which magnitude: those in 2^e ..< 2^(e+1) at e, ascending.
  var magnitudes: [(exponent: Int, count: Int)] {
    total.magnitudes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
