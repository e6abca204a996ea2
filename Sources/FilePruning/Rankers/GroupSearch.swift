import Recipes
import Sparsity

/// The search for what is pruned of the entries, channels or blocks of a group, in passes over their scores, and its
/// application afterwards. Where each weight keeps a least share, weights that would lose more stop there.
struct GroupSearch {
  /// Weights that are ranked together.
  fileprivate struct Part {
    var members: Set<Int>
    /// How many go; nil until the first pass has told how many are open.
    var count: Int?
    var search: CutSearch?
    /// What was found, and its application.
    var cut: Cut?
    var applier: CutApplier?
    /// Where the blocks of the pass lie, for messages.
    var places: [(number: Int, start: Int)] = []
  }

  private let plan: PruningPlan
  private let group: PruningPlan.Group
  private let types: Set<ElementType>
  private let ranking: Ranking
  /// All scores of each weight.
  private let totals: [Int: Int]
  private let total: Int
  /// The scores of a pass.
  private let shown: Int

  private var parts: [Part]
  /// What earlier masks leave of each weight, counted in the first pass.
  private var open: [Int: Int] = [:]
  private var isFirstPass = true
  private var scanned = 0
  /// How many of each weight stay, while that is counted.
  private var counted: [Int: Int]?
  private var isFinished = false

  /// - Parameters:
  ///   - totals: How many scores each weight of the group has.
  ///   - drawn: How many of them are shown, where those that take no part are not.
  init(
    _ plan: PruningPlan, _ group: PruningPlan.Group, totals: [Int], drawn: [Int]? = nil, types: Set<ElementType>,
    by ranking: Ranking
  ) {
    (self.plan, self.group, self.types, self.ranking) = (plan, group, types, ranking)
    self.totals = Dictionary(uniqueKeysWithValues: zip(group.weights, totals))
    total = totals.reduce(0, +)
    shown = drawn?.reduce(0, +) ?? total
    parts = [Part(members: Set(group.weights))]
    isFinished = shown == 0
  }

  /// Whether a pass is wanted.
  var isSearching: Bool { !isFinished }

  /// Takes a sample of the scores before the first pass, where all of them take part.
  mutating func expect(_ sample: [Scores]) {
    // A threshold needs no search; a number that does not fit is refused when the pass comes to it, in the plan's order.
    guard let count = try? plan.count(group, of: total, open: total) else { return }
    var search = CutSearch(pruning: count, types: types, by: ranking, nan: plan.recipe.nan)
    search.expect(sample, pruning: count, of: total)
    parts[0].search = search
  }

  private var floors: Bool { plan.recipe.distribution.atLeast > 0 }

  /// Looks at scores of a weight; the pass ends with the last.
  mutating func scan(_ number: Int, at start: Int, _ scores: Scores) throws {
    if isFirstPass { open[number, default: 0] += scores.keptCount }
    let part = parts.firstIndex { $0.members.contains(number) } ?? 0
    if counted != nil {
      counted?[number, default: 0] += try parts[part].applier?.apply(to: scores).keptCount ?? 0
    } else if parts[part].applier == nil {
      if parts[part].search == nil {
        // Made with the first scores and given up with the cut, since it takes half a megabyte and more.
        parts[part].search = CutSearch(
          pruning: parts[part].count ?? 0, types: types, by: ranking, nan: plan.recipe.nan)
      }
      parts[part].places.append((number, start))
      try parts[part].search?.scan(scores)
    }
    scanned += scores.count
    if scanned == shown { try finishPass() }
  }

  private mutating func finishPass() throws {
    scanned = 0
    if let counted { return try settleFloors(counted) }
    if isFirstPass { try begin() }
    for part in parts.indices where parts[part].applier == nil { try finishPass(of: part) }
    isFirstPass = false
    guard parts.allSatisfy({ $0.applier != nil }) else { return }
    if floors { counted = [:] } else { isFinished = true }
  }

  /// Once it is known how many are open: how many go.
  private mutating func begin() throws {
    let available = open.values.reduce(0, +)
    parts[0].count = try plan.count(group, of: total, open: available) ?? 0
    guard floors, let wanted = parts[0].count else { return }
    let possible = group.weights.reduce(0) { $0 + spare($1) }
    guard wanted <= possible else { throw plan.unreachable(group, wanted: wanted, possible: possible) }
  }

  private func floor(_ number: Int) -> Int { min(open[number] ?? 0, plan.floor(of: totals[number] ?? 0)) }
  private func spare(_ number: Int) -> Int { (open[number] ?? 0) - floor(number) }

  private mutating func finishPass(of part: Int) throws {
    let places = parts[part].places
    parts[part].places = []
    let found: Cut?
    let count = parts[part].count ?? 0
    do throws(SelectionError) {
      found =
        isFirstPass ? try parts[part].search?.finishPass(pruning: count) : try parts[part].search?.finishPass()
    } catch {
      guard case .nan(let block, let index, let count) = error else { throw error }
      throw plan.notANumber(count, in: places[block].number, at: plan.place(places[block].start + index))
    }
    guard let found else { return }
    parts[part].search = nil
    if case .below(let threshold)? = group.target, ranking == .magnitude {
      parts[part].settle(.below(threshold, types: types, nan: plan.recipe.nan))
    } else {
      parts[part].settle(found)
    }
  }

  /// Once it is counted how many of each weight stay: lets those that would lose too much lose what they may, and begins
  /// again with the others.
  private mutating func settleFloors(_ kept: [Int: Int]) throws {
    counted = nil
    var next: [Part] = []
    for part in parts {
      let short = part.members.filter { kept[$0] ?? 0 < floor($0) }
      if short.isEmpty {
        var part = part
        if let cut = part.cut { part.settle(cut) }
        next.append(part)
        continue
      }
      next += short.sorted().map { Part(members: [$0], count: spare($0)) }
      let others = part.members.subtracting(short)
      if !others.isEmpty {
        next.append(Part(members: others, count: (part.count ?? 0) - short.reduce(0) { $0 + spare($1) }))
      }
    }
    isFinished = next.allSatisfy { $0.applier != nil }
    parts = next
  }

  /// What stays of the next scores, weight by weight in flat order.
  mutating func apply(_ number: Int, _ scores: Scores, writing output: DenseOutput? = nil) throws -> BitMask {
    if scores.count == 0 { return BitMask(repeating: true, count: 0) }
    if case .below(let threshold)? = group.target, ranking != .magnitude {
      let stays = BitMask(scores.values.lazy.map { !($0 < threshold) })
      let bits = scores.kept.map { stays.intersection($0) } ?? stays
      output?.write(bits)
      return bits
    }
    let part = parts.firstIndex { $0.members.contains(number) } ?? 0
    guard let bits = try parts[part].applier?.apply(to: scores, writing: output) else {
      preconditionFailure("a cut is applied before it is found")
    }
    return bits
  }
}

extension GroupSearch.Part {
  /// Takes a cut over, to be applied from the beginning.
  fileprivate mutating func settle(_ cut: Cut) {
    self.cut = cut
    applier = CutApplier(cut)
  }
}
