import Sparsity

/// Random scores of weights in memory, in the order of the plan; nothing where the criterion does not draw.
struct DrawnScores {
  private let plan: PruningPlan
  private let tensors: [Scores]
  /// For each group where its draws lie.
  private var draws: [ScoreMemory?] = []
  /// For each weight which of its group's draws are its own.
  private var ranges: [Int: Range<Int>] = [:]

  init(plan: PruningPlan, tensors: [Scores], _ source: (any UniformDraws)?) throws {
    self.plan = plan
    self.tensors = tensors
    guard case .draws(let seed) = plan.recipe.criterion.source else { return }
    guard let source else { throw plan.noDraws }
    let open = tensors.map(\.keptCount)
    let parts = try plan.groups.map { group in
      try plan.part(group) { weight, units in
        guard let units else { return open[weight] }
        return tensors[weight].kept.map { units.open(in: $0).keptCount } ?? units.count
      }
    }
    for group in plan.groups {
      var start = 0
      for weight in group.weights {
        let units = plan.units(of: weight)
        let count =
          plan.recipe.pattern.fixesAmount
          ? tensors[weight].count : units.map { plan.open(weight, $0, tensors[weight]).keptCount } ?? open[weight]
        ranges[weight] = start..<start + count
        start += count
      }
    }
    let draw = try source.begin(seed: seed, parts: parts.compactMap { $0 })
    for part in parts {
      let memory = part.map { ScoreMemory(count: $0.count, type: $0.type) }
      if let memory { try draw(memory.bytes) }
      draws.append(memory)
    }
  }

  /// The scores of a weight's entries; nil where they are not drawn, or none of them goes.
  func entries(_ group: Int, _ weight: Int) -> ScoredWeight? {
    guard draws.indices.contains(group), plan.units(of: weight) == nil else {
      return nil
    }
    let tensor = tensors[weight]
    guard let memory = draws[group] else {
      // Nothing goes, and nothing was drawn.
      return ScoredWeight(zeros(tensor.count), kept: tensor.kept, by: .value)
    }
    let isEach = plan.recipe.pattern != .unstructured
    let part = own(memory, weight)
    let spread = ScoreMemory(count: tensor.count, type: memory.type)
    spread.fill(part, at: isEach ? nil : tensor.kept)
    return ScoredWeight(spread, kept: tensor.kept, by: isEach ? .value : .largestValue)
  }

  /// The scores of a weight's channels or blocks; nil where they are not drawn.
  func units(_ group: Int, _ weight: Int) -> [Double]? {
    guard draws.indices.contains(group), let units = plan.units(of: weight) else { return nil }
    guard let memory = draws[group] else { return [Double](repeating: 0, count: units.count) }
    let values = Scores(bytes: own(memory, weight), type: memory.type).values
    return PruningPlan.spread(values, over: plan.open(weight, units, tensors[weight]))
  }

  /// The draws of a weight among those of its group.
  private func own(_ memory: ScoreMemory, _ weight: Int) -> UnsafeRawBufferPointer {
    let (range, width) = (ranges[weight] ?? 0..<0, memory.type.byteCount)
    return UnsafeRawBufferPointer(rebasing: memory.bytes[range.lowerBound * width..<range.upperBound * width])
  }

  private func zeros(_ count: Int) -> ScoreMemory { ScoreMemory([Double](repeating: 0, count: count)) }
}

extension ScoreMemory {
  /// Copies scores, one after the other into the places that a mask keeps; others become 0.
  func fill(_ compact: UnsafeRawBufferPointer, at kept: BitMask?) {
    guard let kept else { return bytes.copyMemory(from: compact) }
    let width = type.byteCount
    _ = bytes.initializeMemory(as: UInt8.self, repeating: 0)
    var next = 0
    for index in 0..<kept.count where kept[index] {
      let from = UnsafeRawBufferPointer(rebasing: compact[next * width..<(next + 1) * width])
      UnsafeMutableRawBufferPointer(rebasing: bytes[index * width..<(index + 1) * width]).copyMemory(from: from)
      next += 1
    }
  }
}

extension PruningPlan {
  /// The error where a criterion wants random numbers and there are none.
  public var noDraws: RecipeError {
    RecipeError(
      .noEvidence, "prune at random", expected: "a source of random numbers", found: "none",
      advice: "give one that draws as PyTorch does")
  }

  /// The draws that a group takes; nil where nothing of it goes.
  ///
  /// Single entries, channels and blocks draw for those that are still unpruned, as PyTorch does, N:M for all entries.
  ///
  /// - Parameters:
  ///   - group: The weights.
  ///   - open: How many entries of a weight, or of its channels or blocks, an earlier mask leaves.
  public func part(
    _ group: Group, open: (_ weight: Int, _ units: PatternUnits?) throws -> Int
  ) throws -> UniformPart? {
    switch recipe.pattern {
    case .nOfM:
      return UniformPart(type: .float32, count: group.weights.reduce(0) { $0 + weights[$1].count })
    case .unstructured:
      let available = try group.weights.reduce(0) { $0 + (try open($1, nil)) }
      let type = Self.promoted(group.weights.map { weights[$0].type })
      let part = UniformPart(type: type, count: available)
      if recipe.distribution.kind == .perRow { return available == 0 ? nil : part }
      let total = group.weights.reduce(0) { $0 + weights[$1].count }
      return try count(group, of: total, open: available) == 0 ? nil : part
    case .structured, .block:
      let units = group.weights.map(units)
      let total = units.reduce(0) { $0 + ($1?.count ?? 0) }
      let opens = try zip(group.weights, units).map { try open($0, $1) }
      let available = opens.reduce(0, +)
      if recipe.distribution.kind != .perRow, try count(group, of: total, open: available) == 0 { return nil }
      return available == 0 ? nil : UniformPart(type: .float32, count: available)
    }
  }

  /// The type in which PyTorch concatenates tensors of these floating-point types.
  private static func promoted(_ types: [ElementType]) -> ElementType {
    let types = Set(types)
    if types.count == 1, let type = types.first { return type }
    return types.contains(.float64) ? .float64 : .float32
  }

  func open(_ weight: Int, _ units: PatternUnits?, _ tensor: Scores) -> BitMask {
    guard let units else { return tensor.kept ?? BitMask(repeating: true, count: tensor.count) }
    return tensor.kept.map(units.open) ?? BitMask(repeating: true, count: units.count)
  }

  /// Values, one after the other, at the places that a mask keeps; 0 elsewhere.
  public static func spread(_ compact: [Double], over kept: BitMask) -> [Double] {
    var next = compact.makeIterator()
    return (0..<kept.count).map { kept[$0] ? next.next() ?? 0 : 0 }
  }
}
