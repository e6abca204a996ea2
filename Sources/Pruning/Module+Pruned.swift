import NN
import OrderedCollections

extension Module {
  /// The pruned tensor of that name in this module itself.
  func pruned(_ name: String) -> PrunedTensor? {
    if case .computed(let computed as PrunedTensor)? = slots[name] { computed } else { nil }
  }

  /// The names of the pruned tensors of this module itself.
  var prunedNames: [String] { slots.keys.filter { pruned($0) != nil } }

  /// Puts the names that `order` has into its order, before any others; neighbours of names it lacks stay together.
  ///
  /// A pruned tensor stays behind its original and its mask, as pruning put them, also where `order` is from before and
  /// has its name for the parameter.
  func reorderSlots(_ order: [String]) {
    let rank = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
    let sorted = slots.keys.enumerated().sorted { a, b in
      func place(_ name: String) -> Int { rank[leader(of: name)] ?? order.count }
      return (place(a.element), a.offset) < (place(b.element), b.offset)
    }
    slots = OrderedDictionary(uniqueKeysWithValues: sorted.map { ($0.element, slots[$0.element]!) })
  }

  /// The original of a pruned tensor for all its parts, otherwise the name itself.
  private func leader(of name: String) -> String {
    if pruned(name) != nil { return name + "_orig" }
    let stem = String(name.dropLast(5))
    return name.hasSuffix("_mask") && pruned(stem) != nil ? stem + "_orig" : name
  }
}
