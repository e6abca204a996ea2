/// What is read of a checkpoint under which name, where two are compared.
struct Readings {
  private let checkpoint: Checkpoint
  /// What stands before all names and is left out.
  private let prefix: String
  /// Pairs that are read as their product, by its name and by that of the original.
  private var products: [String: PrunedPair] = [:]
  private var merged: [String: PrunedPair] = [:]
  private var masks: Set<String> = []

  /// All tensors by themselves.
  ///
  /// - Parameter strips: Whether `module.` is left out where it stands before all names.
  init(_ checkpoint: Checkpoint, _ strips: Bool) {
    self.checkpoint = checkpoint
    prefix = strips ? checkpoint.dataParallelPrefix ?? "" : ""
  }

  /// The same, but with products of pairs where the other side has the product itself.
  func merging(pairsMissingIn other: Readings) -> Readings {
    var result = self
    for pair in checkpoint.prunedPairs where pair.isWhole && checkpoint[pair.name] == nil {
      let name = short(pair.name)
      guard other[name] != nil, other[short(pair.original.name)] == nil else { continue }
      result.products[name] = pair
      result.merged[pair.original.name] = pair
      result.masks.insert(pair.mask.name)
    }
    return result
  }

  private func short(_ name: String) -> String { String(name.dropFirst(prefix.count)) }

  /// The names, in the order of the file.
  var names: some Sequence<String> {
    checkpoint.tensors.lazy.filter { !masks.contains($0.name) }.map { short(merged[$0.name]?.name ?? $0.name) }
  }

  /// The bytes that are read.
  var byteCount: Int { checkpoint.tensors.reduce(0) { $0 + $1.byteCount } }

  /// What is read under a name.
  subscript(name: String) -> NumberReader.Source? {
    if let pair = products[name] { return .product(pair) }
    let whole = prefix + name
    guard merged[whole] == nil, !masks.contains(whole) else { return nil }
    return checkpoint[whole].map { .tensor($0) }
  }
}
