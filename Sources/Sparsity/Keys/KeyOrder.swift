/// How scores are compared: in which type, which are pruned first, and what becomes of NaN.
struct KeyOrder: Hashable, Sendable {
  let domain: KeyDomain
  let ranking: Ranking
  let nan: NaNRule

  init(types: some Sequence<ElementType>, ranking: Ranking, nan: NaNRule) {
    domain = KeyDomain(types)
    self.ranking = ranking
    self.nan = nan
  }

  /// Calls the visitor with the rule of this order, so that the compiler makes one copy of its loops for each.
  func visit<Visitor: KeyRuleVisitor>(_ visitor: inout Visitor) -> Visitor.Result {
    switch domain.byteCount {
    case 2: visit(&visitor, as: Int16.self)
    case 4: visit(&visitor, as: Int32.self)
    default: visit(&visitor, as: Int64.self)
    }
  }

  @inline(__always)
  private func visit<Visitor: KeyRuleVisitor, Key: SelectionKey>(
    _ visitor: inout Visitor, as: Key.Type
  ) -> Visitor.Result {
    if !domain.isFloatingPoint { return visitor.visit(IntegerRule<Key>(self)) }
    if nan == .rankLargest { return visitor.visit(FloatRule<Key>(self)) }
    if ranking == .magnitude { return visitor.visit(MagnitudeRule<Key>(self)) }
    return visitor.visit(SignedRule<Key>(self))
  }
}

/// Work that needs the concrete rule of a ``KeyOrder``.
protocol KeyRuleVisitor {
  associatedtype Result

  mutating func visit<Rule: KeyRule>(_ rule: Rule) -> Result
}
