/// Which labels stay after a choice, and the sizes that follow.
public struct Survivors: Sendable {
  /// For each label the number of its class.
  let classes: [Label]
  /// For each class whether it goes.
  var gone: [Bool]

  /// Whether an index stays.
  func stays(_ label: Label) -> Bool { !gone[Int(classes[Int(label)])] }

  /// How many of some indices stay.
  func count(_ labels: some Sequence<Label>) -> Int { labels.reduce(0) { stays($1) ? $0 + 1 : $0 } }

  /// The places of those that stay.
  func kept(_ labels: [Label]) -> [Int] { labels.indices.filter { stays(labels[$0]) } }

  /// The size of a dimension.
  func extent(_ dimension: Dimension) -> Extent {
    dimension.reduce(Extent(1)) { product, factor in
      product * (factor.settledLabels.map { Extent(count($0)) } ?? factor.extent)
    }
  }

  /// Whether every index of a dimension stays.
  func isWhole(_ dimension: Dimension) -> Bool {
    dimension.allSatisfy { $0.settledLabels?.allSatisfy(stays) ?? true }
  }
}

extension Factor {
  /// The labels, once all pairs are settled.
  var settledLabels: [Label]? {
    switch state {
    case .opaque, .lazy: nil
    case .labelled(let labels): labels
    case .half(let pair, let half): half == pair.choice ? pair.labels : nil
    }
  }
}
