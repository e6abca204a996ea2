/// A mask and the methods that made it.
struct PruningState {
  var mask: PruningMask
  var history: PruningContainer
}

/// The state of a pruned tensor, and those before it that can be gone back to.
struct PruningStates {
  /// What lies before a state.
  enum Before {
    /// An earlier one, which is the current one again.
    case earlier
    /// None: this is the first.
    case unpruned
    /// Earlier ones that were dropped.
    case dropped
  }

  private(set) var current: PruningState
  private var earlier: [PruningState] = []
  private var hasDropped = false

  init(_ first: PruningState) { current = first }

  /// Takes over a further state, and drops the oldest of more than `limit` earlier ones.
  mutating func push(_ state: PruningState, limit: Int) {
    earlier.append(current)
    current = state
    if earlier.count > limit {
      earlier.removeFirst(earlier.count - limit)
      hasDropped = true
    }
  }

  /// Goes back by one state, where there is one.
  mutating func pop() -> Before {
    guard let last = earlier.popLast() else { return hasDropped ? .dropped : .unpruned }
    current = last
    return .earlier
  }

  /// Exchanges the mask and leaves history and earlier states.
  mutating func setMask(_ mask: PruningMask) { current.mask = mask }

  /// Converts all masks.
  mutating func convertMasks(_ convert: (PruningMask) -> PruningMask) {
    current.mask = convert(current.mask)
    for index in earlier.indices { earlier[index].mask = convert(earlier[index].mask) }
  }
}
