/// Why something stays whole: which step of the graph says so, and why.
public struct FreezeReason: Hashable, Sendable, Codable {
  /// The operator: `aten::softmax.int`; empty where no operator is the cause.
  public var operation: String
  /// The path of the module that calls it.
  public var module: String
  /// Why, as a clause: "it normalises over them".
  public var text: String

  /// A reason.
  public init(operation: String = "", module: String = "", text: String) {
    (self.operation, self.module, self.text) = (operation, module, text)
  }
}

extension FreezeReason: CustomStringConvertible {
  /// Such as `aten::softmax.int in attention: it normalises over them`.
  public var description: String {
    operation.isEmpty ? text : operation + (module.isEmpty ? "" : " in \(module)") + ": \(text)"
  }
}

/// What a labelled dimension that a view has taken apart loses where nothing in the graph decides it.
public enum HeadPolicy: String, Sendable, Hashable, CaseIterable, Codable {
  /// Whole slices of the outer half: heads of attention.
  case whole
  /// The same place in every slice: the size of the heads.
  case size
}

/// The labels of all dimensions, and how operators join, take apart and freeze them.
public final class Labelling {
  var forest = LabelForest()
  private(set) var pairs: [Pair] = []
  private(set) var frozen: [(label: Label, reason: Int)] = []
  private(set) var reasons: [FreezeReason] = []
  private var reasonNumbers: [FreezeReason: Int] = [:]
  /// The step under way, for reasons.
  var operation = ""
  var module = ""
  private let standard: Pair.Half

  init(_ heads: HeadPolicy) { standard = heads == .whole ? .outer : .inner }

  func reason(_ text: String) -> Int {
    let reason = FreezeReason(operation: operation, module: module, text: text)
    if let number = reasonNumbers[reason] { return number }
    reasons.append(reason)
    reasonNumbers[reason] = reasons.count - 1
    return reasons.count - 1
  }

  // MARK: labels

  /// The labels of a factor, made now where it may have some; nil for one that stays as it is.
  func labels(of factor: Factor) -> [Label]? {
    switch factor.state {
    case .opaque: return nil
    case .labelled(let labels): return labels
    case .lazy:
      guard let count = factor.extent.fixed else {
        factor.state = .opaque
        return nil
      }
      let labels = forest.fresh(count)
      factor.state = .labelled(labels)
      return labels
    case .half(let pair, let half):
      if pair.choice == nil { pair.choice = standard }
      guard half == pair.choice else { return nil }
      settle(pair)
      return pair.labels
    }
  }

  /// Labels that never go, for indices that are fixed.
  func fixed(_ count: Int, because text: String) -> [Label] {
    let labels = forest.fresh(count)
    freeze(labels, because: text)
    return labels
  }

  func join(_ a: [Label], _ b: [Label]) { for (a, b) in zip(a, b) { forest.join(a, b) } }

  /// Joins labels with those of a dimension, index by index; freezes the one where the other has none.
  func join(_ labels: [Label]?, _ dimension: Dimension, because text: String = "it meets something of fixed size") {
    guard let labels else { return freeze(dimension, because: text) }
    if let others = flat(dimension), others.count == labels.count {
      join(labels, others)
    } else {
      freeze(labels, because: text)
      freeze(dimension, because: text)
    }
  }

  /// Says which half of a pair can shrink, unless that is said already.
  func decide(_ pair: Pair, _ choice: Pair.Half) {
    if pair.choice == nil { pair.choice = choice }
    settle(pair)
  }

  /// Gives the half that can shrink its labels.
  private func settle(_ pair: Pair) {
    guard !pair.isSettled, let choice = pair.choice else { return }
    pair.isSettled = true
    // A pair within a pair wants labels on that half of the outer one.
    if case .half(let outer, let half) = pair.parent.state, outer.choice == nil { outer.choice = half }
    guard let labels = labels(of: pair.parent), let rows = pair.outer.extent.fixed,
      let columns = pair.inner.extent.fixed
    else { return }
    if choice == .outer {
      pair.labels = (0..<rows).map { labels[$0 * columns] }
      for index in labels.indices { forest.join(labels[index], labels[index - index % columns]) }
    } else {
      pair.labels = Array(labels[..<columns])
      for index in labels.indices { forest.join(labels[index], labels[index % columns]) }
    }
  }

  /// Settles the pairs that nothing in the graph has settled.
  func decideOpenPairs() {
    var index = 0
    while index < pairs.count {
      decide(pairs[index], standard)
      index += 1
    }
  }

  // MARK: freezing

  func freeze(_ labels: some Sequence<Label>, because text: String) {
    let number = reason(text)
    frozen += labels.map { ($0, number) }
  }

  func freeze(_ factor: Factor, because text: String) {
    switch factor.state {
    case .opaque: return
    case .lazy:
      factor.state = .opaque
      factor.reason = reason(text)
    case .half(let pair, let half) where pair.choice == nil:
      // The other half may shrink; whether it does is seen when somebody asks for its labels.
      pair.choice = half.other
    case .half(let pair, let half) where pair.choice == half && !pair.isSettled:
      // Both halves stay, and so does what they are halves of.
      pair.isSettled = true
      freeze(pair.parent, because: text)
    default: if let labels = labels(of: factor) { freeze(labels, because: text) }
    }
  }

  func freeze(_ dimension: Dimension, because text: String) {
    for factor in dimension { freeze(factor, because: text) }
  }

  // MARK: joining dimensions

  /// Joins two factors of the same size; freezes one that meets an opaque one.
  func join(_ a: Factor, _ b: Factor) -> Factor {
    if a === b { return a }
    func freezeBoth() {
      freeze(a, because: "it meets something of fixed size")
      freeze(b, because: "it meets something of fixed size")
    }
    if a.isOpaque || b.isOpaque {
      freezeBoth()
      return a.isOpaque ? a : b
    }
    guard let these = labels(of: a), let those = labels(of: b) else {
      let opaque = labels(of: a) == nil ? a : b
      freezeBoth()
      return opaque
    }
    join(these, those)
    return a
  }

  /// Joins two dimensions factor by factor; larger factors are taken apart to fit.
  func join(_ a: Dimension, _ b: Dimension) -> Dimension {
    var (a, b, joined) = (a, b, Dimension())
    func giveUp() -> Dimension {
      freeze(a + b, because: "its sizes do not fit those that it meets")
      return joined + [Factor(a.extent)]
    }
    guard a.extent == b.extent else { return giveUp() }
    while let first = a.first, let second = b.first {
      if first.extent == second.extent {
        joined.append(join(first, second))
        a.removeFirst()
        b.removeFirst()
        continue
      }
      if first.extent.divided(by: second.extent) == nil { swap(&a, &b) }
      let (larger, smaller) = (a[0], b[0])
      guard let rest = larger.extent.divided(by: smaller.extent) else { return giveUp() }
      let (outer, inner) = split(larger, outer: smaller.extent, inner: rest)
      if case .half(let pair, .outer) = outer.state, pair.choice == nil, b.count > 1 {
        // The side that is fixed decides.
        if b[1].isOpaque && !smaller.isOpaque { decide(pair, .outer) }
        if smaller.isOpaque && !b[1].isOpaque { decide(pair, .inner) }
      }
      a.replaceSubrange(..<1, with: [outer, inner])
    }
    return merged(joined)
  }

  /// One label for each index of a dimension; nil where none of its factors has any.
  ///
  /// Of several labelled factors one keeps its freedom, and the others are frozen: the outermost where whole heads go, the
  /// innermost where their sizes do.
  func flat(_ dimension: Dimension) -> [Label]? {
    let factors = merged(dimension)
    if factors.count > 1 {
      for case .half(let pair, _) in factors.map(\.state) { decide(pair, .inner) }
    }
    let labelled = factors.indices.compactMap { index in labels(of: factors[index]).map { (index, $0) } }
    guard let best = standard == .outer ? labelled.first : labelled.last else { return nil }
    guard let total = factors.extent.fixed else {
      freeze(factors, because: "it is part of a dimension of dynamic size")
      return nil
    }
    for (index, _) in labelled where index != best.0 {
      freeze(factors[index], because: "another part of the same dimension can shrink")
    }
    if total == best.1.count { return best.1 }
    let inner = factors[(best.0 + 1)...].reduce(1) { $0 * $1.extent.number }
    return (0..<total).map { best.1[$0 / inner % best.1.count] }
  }

  // MARK: views

  /// A factor taken apart.
  func split(_ factor: Factor, outer: Extent, inner: Extent) -> (Factor, Factor) {
    guard !factor.isOpaque, let rows = outer.fixed, let columns = inner.fixed else {
      freeze(factor, because: "a view takes it apart by a dynamic size")
      return (Factor(outer), Factor(inner))
    }
    if let pair = factor.pairs[rows] { return (pair.outer, pair.inner) }
    let pair = Pair(factor, outer: rows, inner: columns)
    factor.pairs[rows] = pair
    pairs.append(pair)
    return (pair.outer, pair.inner)
  }

  /// Neighbouring halves of one pair become their parent again.
  func merged(_ dimension: Dimension) -> Dimension {
    var factors = dimension
    var index = 0
    while index + 1 < factors.count {
      if case .half(let a, .outer) = factors[index].state, case .half(let b, .inner) = factors[index + 1].state, a === b
      {
        factors.replaceSubrange(index...index + 1, with: [a.parent])
        index = max(0, index - 1)
      } else {
        index += 1
      }
    }
    return factors
  }

  /// The factors of a value put into other dimensions; all frozen where that is not possible.
  func regrouped(_ dimensions: [Dimension], into sizes: [Extent]) -> [Dimension] {
    var source = dimensions.flatMap { $0 }
    var result: [Dimension] = []
    for size in sizes {
      var (need, factors) = (size, Dimension())
      while !need.isOne, let first = source.first {
        if let rest = need.divided(by: first.extent) {
          factors.append(source.removeFirst())
          need = rest
        } else if let rest = first.extent.divided(by: need) {
          let (outer, inner) = split(first, outer: need, inner: rest)
          factors.append(outer)
          source[0] = inner
          need = Extent(1)
        } else {
          let common = need.commonDivisor(first.extent)
          guard !common.isOne, let rest = first.extent.divided(by: common) else { break }
          let (outer, inner) = split(first, outer: common, inner: rest)
          source.replaceSubrange(..<1, with: [outer, inner])
        }
      }
      guard need.isOne else {
        for dimension in dimensions { freeze(dimension, because: "a view mixes its sizes") }
        return sizes.map { $0.isOne ? [] : [Factor($0)] }
      }
      result.append(merged(factors))
    }
    return result
  }
}
