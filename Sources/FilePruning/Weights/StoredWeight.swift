import Checkpoints
import Recipes
import Sparsity

/// A weight in a store: its values, the mask it may have already, and its other names.
struct StoredWeight {
  /// A name of the weight, with the tensors that hold it.
  struct Name: Hashable {
    /// Without `_orig`.
    var name: String
    /// The values: `NAME`, or `NAME_orig` where there is a mask.
    var tensor: TensorInfo
    /// The earlier mask.
    var mask: TensorInfo?
  }

  /// The first name, and those that share its memory.
  var names: [Name]
  /// Whether it is to be pruned now; otherwise it only has an earlier mask.
  var isPruned = false
  /// Whether its earlier mask is made permanent where the output has zeros in place of masks.
  var losesMask = false

  var name: String { names[0].name }
  var tensor: TensorInfo { names[0].tensor }
  var mask: TensorInfo? { names[0].mask }
  var shape: [Int] { tensor.shape }
  var count: Int { tensor.elementCount }
  /// The type of the values.
  let type: ElementType

  init?(_ name: Name) {
    guard let type = name.tensor.type.prunableType else { return nil }
    names = [name]
    self.type = type
  }
}

extension StoredWeight {
  /// All weights of a store that could be pruned, in its order; tensors that share all their memory as one.
  ///
  /// - Throws: `CheckpointError` where a mask does not fit its tensor.
  static func all(in store: some TensorStore) throws(CheckpointError) -> [StoredWeight] {
    var weights: [StoredWeight] = []
    var places: [Place: Int] = [:]
    for tensor in store.tensors {
      guard let name = try name(tensor, in: store), let weight = StoredWeight(name) else { continue }
      let place = Place(name)
      if tensor.byteCount > 0, let known = places[place] {
        weights[known].names.append(name)
      } else {
        places[place] = weights.count
        weights.append(weight)
      }
    }
    return weights
  }

  /// Where a weight lies in the files; equal for names of the same memory in the same order.
  private struct Place: Hashable {
    let file: Int
    let range: Range<Int>
    let strides: [Int]?
    let shape: [Int]?
    let type: StoredType
    let mask: Range<Int>?

    init(_ name: Name) {
      file = name.tensor.fileIndex
      range = name.tensor.byteRange
      strides = name.tensor.strides
      // Contiguous tensors have the same flat order whatever their shapes.
      shape = name.tensor.strides == nil ? nil : name.tensor.shape
      type = name.tensor.type
      mask = name.mask?.byteRange
    }
  }

  /// The weight that a tensor holds the values of; nil for masks.
  private static func name(_ tensor: TensorInfo, in store: some TensorStore) throws(CheckpointError) -> Name? {
    if tensor.name.hasSuffix(PrunedPair.maskSuffix),
      store[tensor.name.dropLast(PrunedPair.maskSuffix.count) + PrunedPair.originalSuffix] != nil
    {
      return nil
    }
    guard tensor.name.hasSuffix(PrunedPair.originalSuffix) else { return Name(name: tensor.name, tensor: tensor) }
    let stem = String(tensor.name.dropLast(PrunedPair.originalSuffix.count))
    guard let mask = store[stem + PrunedPair.maskSuffix] else { return Name(name: tensor.name, tensor: tensor) }
    guard mask.shape == tensor.shape, mask.type.elementType != nil, mask.strides == nil || tensor.strides == nil else {
      throw CheckpointError(
        .unsupported, "prune", file: store.path,
        expected: "a mask of shape \(tensor.shape) for \(CheckpointError.quote(tensor.name))",
        found: "\(mask.type) of shape \(mask.shape)", advice: "repair or remove the mask in Python")
    }
    return Name(name: stem, tensor: tensor, mask: mask)
  }
}

extension StoredWeight {
  /// The weight as recipes see it.
  ///
  /// - Parameters:
  ///   - roles: The roles of all tensors of the store.
  ///   - store: The store.
  func described(_ roles: RoleTable, in store: some TensorStore) -> Weight {
    func role(_ name: Name) -> Role? { name.mask == nil ? roles[name.tensor.name]?.role : nil }
    var weight = Weight(path: name, shape: shape, type: type, role: role(names[0]))
    weight.layout = TensorUse.layout(store.uses(of: tensor.name))
    weight.aliases = names.dropFirst().map {
      Weight.Alias(path: $0.name, rank: $0.tensor.shape.count, role: role($0))
    }
    return weight
  }
}

extension [StoredWeight] {
  /// Marks the weights that a plan prunes.
  ///
  /// - Throws: `CheckpointError` where one of them shares its memory with another tensor in a way that pruning cannot
  ///   follow.
  mutating func mark(_ plan: PruningPlan, in store: some TensorStore) throws(CheckpointError) {
    for number in plan.pruned { self[number].isPruned = true }
    if plan.dependsOnShapes { try checkShapes(store) }
    try checkOverlaps(store)
  }

  /// Throws where a weight to be pruned has names of several shapes.
  private func checkShapes(_ store: some TensorStore) throws(CheckpointError) {
    for weight in self where weight.isPruned {
      guard let other = weight.names.first(where: { $0.tensor.shape != weight.shape }) else { continue }
      throw CheckpointError(
        .unsupported, "prune", file: store.path,
        expected: "\(CheckpointError.quote(other.name)) of shape \(weight.shape), like "
          + "\(CheckpointError.quote(weight.name)), whose memory it shares",
        found: "\(other.tensor.shape)", advice: "prune single entries, exclude both, or save copies (clone()) in Python"
      )
    }
  }

  /// Throws where a weight to be pruned shares a part of its memory with another tensor, but not all of it.
  private func checkOverlaps(_ store: some TensorStore) throws(CheckpointError) {
    var owners: [String: Int] = [:]
    for (number, weight) in enumerated() {
      for name in weight.names { owners[name.tensor.name] = number }
    }
    var furthest: (end: Int, tensor: TensorInfo)?
    for tensor in store.tensorsByOffset where !tensor.byteRange.isEmpty {
      if let last = furthest, last.tensor.fileIndex == tensor.fileIndex, tensor.byteRange.lowerBound < last.end {
        let pair = [last.tensor, tensor].map { owners[$0.name] }
        if pair[0] != pair[1] || pair[0] == nil, pair.contains(where: { $0.map { self[$0].isPruned } ?? false }) {
          throw CheckpointError(
            .unsupported, "prune", file: store.path,
            expected: "\(CheckpointError.quote(tensor.name)) apart from \(CheckpointError.quote(last.tensor.name))",
            found: "that both share a part of their memory",
            advice: "exclude both, or save copies (clone()) in Python")
        }
      }
      if furthest.map({ $0.tensor.fileIndex != tensor.fileIndex || tensor.byteRange.upperBound > $0.end }) ?? true {
        furthest = (tensor.byteRange.upperBound, tensor)
      }
    }
  }
}

extension PruningPlan {
  /// Whether what is pruned depends on the shapes of the weights.
  fileprivate var dependsOnShapes: Bool {
    if case .masks = recipe.criterion.source { return false }
    return recipe.pattern != .unstructured || recipe.distribution.kind == .erk || recipe.distribution.kind == .perRow
  }
}
