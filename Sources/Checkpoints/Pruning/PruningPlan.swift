import Sparsity

/// Who judges which weight, and in what order weights are applied.
struct PruningPlan {
  let context: PruningContext
  /// For each weight that is pruned now.
  private(set) var judges: [(any PruningJudge)?]
  /// The entries of a block of each.
  private(set) var blockCounts: [Int]
  /// The groups of random pruning in the order of their draws.
  private var drawing: [any PruningJudge] = []
  /// All weights, in the order in which their masks are to be made.
  private(set) var order: [Int]

  init(_ context: PruningContext) throws {
    self.context = context
    let (recipe, units) = (context.recipe, context.units)
    judges = Array(repeating: nil, count: units.count)
    order = Array(units.indices)
    let pruned = units.indices.filter { units[$0].isPruned }
    blockCounts = try units.map { unit in
      try unit.blockCount(
        for: unit.isPruned ? recipe.blockPattern : nil, size: context.blockSize, file: context.checkpoint.path)
    }
    if case .masks(let masks) = recipe.criterion {
      let judge = GivenJudge(context, masks: masks)
      for index in pruned { judges[index] = judge }
      return
    }
    if recipe.pattern.fixesAmount {
      let judge = GroupJudge(context, pattern: recipe.pattern)
      for index in pruned { judges[index] = judge }
      return
    }
    let groups = try Self.groups(context, pruned)
    for group in groups {
      let judge = try Self.judge(group.units, group.extent, context)
      for index in group.units { judges[index] = judge }
      if recipe.isRandom { drawing.append(judge) }
    }
    // Draws come in the order of the groups, when masks are made too.
    if recipe.isRandom { order = groups.flatMap(\.units) + units.indices.filter { judges[$0] == nil } }
  }

  /// Weights that are ranked together, and how much of them goes.
  private static func groups(
    _ context: PruningContext, _ pruned: [Int]
  ) throws(CheckpointError) -> [(units: [Int], extent: PruningRecipe.Extent)] {
    let (recipe, units) = (context.recipe, context.units)
    func extent(_ index: Int) -> PruningRecipe.Extent? {
      if let rule = units[index].rule, case .prune(let extent) = recipe.tensors.rules.rules[rule].action {
        return extent
      }
      return recipe.extent
    }
    switch recipe.scope {
    case .perTensor:
      return pruned.compactMap { index in extent(index).map { ([index], $0) } }
    case .global:
      var groups: [(units: [Int], extent: PruningRecipe.Extent)] = []
      var numbers: [Int: Int] = [:]
      for index in pruned {
        guard let extent = extent(index) else { continue }
        if let group = numbers[units[index].rule ?? -1] {
          groups[group].units.append(index)
        } else {
          numbers[units[index].rule ?? -1] = groups.count
          groups.append(([index], extent))
        }
      }
      return groups
    case .erk:
      guard case .amount(.fraction(let overall))? = recipe.extent else { return [] }
      do throws(AmountError) {
        let shapes = pruned.map { units[$0].shape }
        let shares = try LayerDistribution.erk.sparsities(overall: overall, shapes: shapes) ?? []
        return zip(pruned, shares).map { ([$0], .fraction($1)) }
      } catch {
        throw context.failure(
          .invalidArgument, unit: pruned[0], expected: "a share in 0...1", found: "\(overall)",
          advice: "give such a share")
      }
    }
  }

  private static func judge(
    _ units: [Int], _ extent: PruningRecipe.Extent, _ context: PruningContext
  ) throws -> any PruningJudge {
    let recipe = context.recipe
    switch recipe.pattern {
    case .structured(let dimension):
      return try ChannelJudge(
        context, unit: units[0], dimension: dimension, extent: extent, random: recipe.isRandom)
    case .block(let rows, let columns):
      return BlockJudge(context, unit: units[0], rows: rows, columns: columns, extent: extent)
    case .unstructured, .nOfM:
      return recipe.isRandom
        ? try DrawJudge(context, units: units, extent: extent)
        : EntryJudge(context, units: units, extent: extent)
    }
  }
}

extension PruningRecipe {
  var isRandom: Bool { if case .random = criterion { true } else { false } }

  /// The pattern that blocks of weights must fit.
  var blockPattern: Pattern? { if case .masks = criterion { nil } else { pattern } }
}

extension PruningPlan {
  /// Settles everything that random numbers decide before weights are looked at, and leaves the draws standing at the
  /// first weight of ``order``.
  func draw(from draws: (any UniformDraws)?, check: () throws -> Void) throws {
    guard case .random(let seed) = context.recipe.criterion else { return }
    guard let draws else {
      throw CheckpointError(
        .invalidArgument, "prune at random", file: context.checkpoint.path, expected: "a source of random numbers",
        found: "none", advice: "give one to the pruner")
    }
    let channels = drawing.compactMap { $0 as? ChannelJudge }
    if !channels.isEmpty {
      let draw = try draws.begin(seed: seed, parts: channels.compactMap(\.part))
      for judge in channels { try judge.take(draw) }
      return
    }
    let entries = drawing.compactMap { $0 as? DrawJudge }
    let parts = entries.compactMap(\.part)
    guard !parts.isEmpty else { return }
    while entries.contains(where: \.wantsDraws) {
      let draw = try draws.begin(seed: seed, parts: parts)
      for judge in entries {
        judge.draw = draw
        // Draws of groups that are settled already are passed over.
        try judge.scanDraws(check)
      }
    }
    let draw = try draws.begin(seed: seed, parts: parts)
    for judge in entries { judge.draw = draw }
  }
}
