import Sparsity

/// What a run of pruning is about, for those who work on its parts.
final class PruningContext {
  let checkpoint: Checkpoint
  let recipe: PruningRecipe
  /// The weights that could be pruned, in the order of the checkpoint.
  let units: [PruningUnit]
  /// Reads blocks of them.
  let reader: UnitReader
  /// Bytes of a block, where a pattern does not want whole bands of more; tests make it small.
  var blockSize = UnitReader.blockSize

  init(_ checkpoint: Checkpoint, _ recipe: PruningRecipe) throws(CheckpointError) {
    try recipe.validate(file: checkpoint.path)
    self.checkpoint = checkpoint
    self.recipe = recipe
    var units = try PruningUnit.chosen(by: recipe, in: checkpoint)
    for index in units.indices { units[index].losesMask = units[index].mask != nil }
    self.units = units
    reader = UnitReader(checkpoint)
  }

  /// A run that prunes nothing and makes masks permanent, where `choice` names their weights.
  init(removingMasksIn checkpoint: Checkpoint, of choice: TensorChoice) throws(CheckpointError) {
    self.checkpoint = checkpoint
    recipe = PruningRecipe(.magnitude, pattern: .unstructured)
    var units = try PruningUnit.all(in: checkpoint)
    for index in units.indices where units[index].mask != nil {
      units[index].losesMask = units[index].names.allSatisfy { name in
        !choice.excluded.contains { $0.matches(name.name) }
          && (choice.only.isEmpty || choice.only.contains { $0.matches(name.name) })
      }
    }
    guard units.contains(where: \.losesMask) else {
      throw CheckpointError(
        .notFound, "make masks permanent in", file: checkpoint.path, expected: "pairs NAME_orig and NAME_mask",
        found: "none of those names", advice: "name a checkpoint that was pruned with masks")
    }
    self.units = units
    reader = UnitReader(checkpoint)
  }

  /// An error about one weight.
  func failure(
    _ kind: CheckpointError.Kind, unit: Int, expected: String, found: String, advice: String
  ) -> CheckpointError {
    CheckpointError(
      kind, "prune \(CheckpointError.quote(units[unit].name)) of", file: checkpoint.path, expected: expected,
      found: found, advice: advice)
  }

  /// The error for NaN among what is ranked.
  func nan(_ count: Int, unit: Int, at place: String) -> CheckpointError {
    failure(
      .unsupported, unit: unit, expected: "values that can be ranked", found: "\(count) NaN, the first at \(place)",
      advice: "repair the weights, exclude the tensor, or rank NaN as PyTorch does, above everything")
  }

  /// How many of `available` entries, channels or blocks go.
  func resolve(_ extent: PruningRecipe.Extent, of available: Int, unit: Int) throws(CheckpointError) -> Int {
    guard case .amount(let amount) = extent else { return 0 }
    do throws(AmountError) {
      return try amount.entries(of: available)
    } catch {
      throw failure(
        .invalidArgument, unit: unit, expected: "at most \(available) to prune, as many as are left",
        found: "\(amount)",
        advice: "give a smaller number or a share")
    }
  }

  /// The number of entries that earlier masks keep.
  func keptCount(of unit: Int) throws -> Int {
    let unit = units[unit]
    guard unit.mask != nil else { return unit.count }
    let each = 1 << 22
    return try stride(from: 0, to: unit.count, by: each).reduce(0) { sum, start in
      sum + (try reader.kept(of: unit, start..<min(unit.count, start + each))?.keptCount ?? 0)
    }
  }
}
