import Checkpoints
import Recipes
import Sparsity

/// What a run of pruning is about, for those who work on its parts.
package final class FileContext {
  let store: any TensorStore
  /// What is pruned, and how; nil where masks are only made permanent.
  let plan: PruningPlan?
  /// The weights that could be pruned, in the order of the store; those of the plan.
  let weights: [StoredWeight]
  /// Reads blocks of them.
  let reader: WeightReader
  /// How many tensors of each role are not pruned.
  let leftAlone: [FileReport.LeftAlone]
  /// Bytes of a block, where a pattern does not want whole bands of more; tests make it small.
  package var blockSize = WeightReader.blockSize
  /// Entries of a group of weights from which on a sample of them is looked at first; tests make it small.
  package var sampledCount = 1 << 24

  init(_ store: some TensorStore, _ recipe: Recipe) throws {
    var weights = try StoredWeight.all(in: store)
    let roles = store.roles
    do throws(RecipeError) {
      let plan = try recipe.plan(for: weights.map { $0.described(roles, in: store) })
      try plan.checkEvidence()
      self.plan = plan
    } catch {
      guard error.kind == .notFound, roles.judgements.contains(where: { $0.role == .packed }) else {
        throw error.inFile(store.path)
      }
      throw CheckpointError(
        .notFound, "prune", file: store.path, expected: "dense weights", found: "tensors packed as bitmasks",
        advice: "unpack the file first: bonsai unpack")
    }
    if let plan { try weights.mark(plan, in: store) }
    for number in weights.indices { weights[number].losesMask = weights[number].mask != nil }
    self.store = store
    self.weights = weights
    reader = WeightReader(store)
    leftAlone = Self.leftAlone(weights, store, roles)
  }

  /// How many tensors of each role are not pruned, the most frequent first.
  private static func leftAlone(
    _ weights: [StoredWeight], _ store: some TensorStore, _ roles: RoleTable
  ) -> [FileReport.LeftAlone] {
    let touched = Set(
      weights.filter(\.isPruned).flatMap { $0.names.flatMap { [$0.tensor.name, $0.mask?.name ?? ""] } })
    let left = store.tensors.lazy.filter { !touched.contains($0.name) }.map { roles[$0.name]?.role ?? .other }
    return Role.counts(left).map { FileReport.LeftAlone(role: $0.role, tensors: $0.count) }
  }

  /// A run that prunes nothing and makes masks permanent, where a selector names their weights.
  init(removingMasksIn store: some TensorStore, of selector: Selector) throws(CheckpointError) {
    self.store = store
    plan = nil
    var weights = try StoredWeight.all(in: store)
    let excluded = selector.excluded.map { $0.matcher() }
    let only = selector.only.map { $0.matcher() }
    for number in weights.indices where weights[number].mask != nil {
      weights[number].losesMask = weights[number].names.allSatisfy { name in
        !excluded.contains { $0.matches(name.name) } && (only.isEmpty || only.contains { $0.matches(name.name) })
      }
    }
    guard weights.contains(where: \.losesMask) else {
      throw CheckpointError(
        .notFound, "make masks permanent in", file: store.path, expected: "pairs NAME_orig and NAME_mask",
        found: "none of those names", advice: "name a checkpoint that was pruned with masks")
    }
    self.weights = weights
    reader = WeightReader(store)
    leftAlone = []
  }

  /// The parameters of the store: all entries but those of masks.
  var parameters: Int {
    let masks = Set(weights.flatMap { $0.names.compactMap(\.mask?.name) })
    return store.tensors.reduce(0) { $0 + (masks.contains($1.name) ? 0 : $1.elementCount) }
  }

  /// An error about one weight.
  func failure(
    _ kind: CheckpointError.Kind, _ number: Int, expected: String, found: String, advice: String
  ) -> CheckpointError {
    CheckpointError(
      kind, "prune \(CheckpointError.quote(weights[number].name)) of", file: store.path, expected: expected,
      found: found, advice: advice)
  }
}

extension RecipeError {
  /// The error about a file; one that has nothing to do with it stays what it is.
  func inFile(_ path: String) -> any Error {
    let kind: CheckpointError.Kind
    switch self.kind {
    case .contradiction, .unreadable: return self
    case .notFound: kind = .notFound
    case .unfit, .noEvidence: kind = .invalidArgument
    case .notANumber: kind = .unsupported
    }
    return CheckpointError(
      kind, operation.contains("'") ? operation + " of" : operation, file: path, expected: expected, found: found,
      advice: advice)
  }
}
