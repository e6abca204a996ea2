import Sparsity

/// A weight of a checkpoint as pruning sees it: its values, the mask it may have already, and its other names.
struct PruningUnit {
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
  /// The rule that names it.
  var rule: Int?
  /// The mask given for it.
  var given: TensorInfo?

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

extension PruningUnit {
  /// All weights of a checkpoint that could be pruned, in its order; tensors that share all their memory as one.
  ///
  /// - Throws: `CheckpointError` where a mask does not fit its tensor.
  static func all(in checkpoint: Checkpoint) throws(CheckpointError) -> [PruningUnit] {
    var units: [PruningUnit] = []
    var places: [Place: Int] = [:]
    for tensor in checkpoint.tensors {
      guard let name = try name(tensor, in: checkpoint), let unit = PruningUnit(name) else { continue }
      let place = Place(name)
      if tensor.byteCount > 0, let known = places[place] {
        units[known].names.append(name)
      } else {
        places[place] = units.count
        units.append(unit)
      }
    }
    return units
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
  private static func name(_ tensor: TensorInfo, in checkpoint: Checkpoint) throws(CheckpointError) -> Name? {
    if tensor.name.hasSuffix(PrunedPair.maskSuffix),
      checkpoint[tensor.name.dropLast(PrunedPair.maskSuffix.count) + PrunedPair.originalSuffix] != nil
    {
      return nil
    }
    guard tensor.name.hasSuffix(PrunedPair.originalSuffix) else { return Name(name: tensor.name, tensor: tensor) }
    let stem = String(tensor.name.dropLast(PrunedPair.originalSuffix.count))
    guard let mask = checkpoint[stem + PrunedPair.maskSuffix] else { return Name(name: tensor.name, tensor: tensor) }
    guard mask.shape == tensor.shape, mask.type.elementType != nil, mask.strides == nil || tensor.strides == nil else {
      throw CheckpointError(
        .unsupported, "prune", file: checkpoint.path,
        expected: "a mask of shape \(tensor.shape) for \(CheckpointError.quote(tensor.name))",
        found: "\(mask.type) of shape \(mask.shape)", advice: "repair or remove the mask in Python")
    }
    return Name(name: stem, tensor: tensor, mask: mask)
  }
}

extension PruningUnit {
  /// The weights of a checkpoint, with those marked that the recipe prunes.
  ///
  /// - Throws: `CheckpointError` where nothing is left to prune, a pattern names nothing, or memory is shared in part
  ///   with a tensor that is to be pruned.
  static func chosen(by recipe: PruningRecipe, in checkpoint: Checkpoint) throws(CheckpointError) -> [PruningUnit] {
    var units = try all(in: checkpoint)
    if case .masks(let masks) = recipe.criterion {
      try mark(&units, masks, recipe.tensors, checkpoint)
    } else {
      try checkNames(recipe.tensors, units.flatMap { $0.names.map(\.name) }, file: checkpoint.path)
      for index in units.indices {
        let verdicts = units[index].names.map { recipe.tensors.verdict($0.name, rank: $0.tensor.shape.count) }
        // Where names of one weight disagree, those that were asked for decide, else that it stays.
        let asked = verdicts.first { $0 == .kept(asked: true) } ?? verdicts.first { $0.isAskedFor }
        let verdict = asked ?? verdicts.first { $0 == .kept(asked: false) } ?? verdicts[0]
        guard case .pruned(let rule, _) = verdict, rule != nil || recipe.extent != nil || recipe.pattern.fixesAmount
        else { continue }
        units[index].isPruned = true
        units[index].rule = rule
      }
    }
    guard units.contains(where: \.isPruned) else {
      throw CheckpointError(
        .notFound, "prune", file: checkpoint.path, expected: "floating-point weights of two or more dimensions",
        found: "none to prune among \(checkpoint.tensors.count) tensors",
        advice: "name tensors that are to be pruned, for example with the expression '.'")
    }
    if recipe.dependsOnShapes { try checkShapes(units, checkpoint) }
    try checkOverlaps(units, checkpoint)
    return units
  }

  /// Throws where an expression that was given names no tensor: probably it is misspelt.
  private static func checkNames(
    _ choice: TensorChoice, _ names: [String], file: String
  ) throws(CheckpointError) {
    let patterns = choice.included + choice.excluded + choice.only + choice.rules.rules.map(\.name)
    for pattern in patterns where !names.contains(where: { pattern.matches($0) }) {
      throw CheckpointError(
        .notFound, "prune", file: file, expected: "a floating-point tensor whose name matches '\(pattern)'",
        found: "none among \(names.count)", advice: "look at the names with bonsai inspect")
    }
  }

  /// Marks the weights that another checkpoint has masks for.
  private static func mark(
    _ units: inout [PruningUnit], _ masks: Checkpoint, _ choice: TensorChoice, _ checkpoint: Checkpoint
  ) throws(CheckpointError) {
    let targets = Set(units.flatMap { $0.names.map(\.name) })
    let given = masks.pruningMasks
    for mask in given {
      guard targets.contains(mask.name) else {
        throw CheckpointError(
          .notFound, "prune by the masks of", file: masks.path,
          expected: "a floating-point tensor \(CheckpointError.quote(mask.name)) in '\(checkpoint.path)'",
          found: "none", advice: "take the mask out of the file, or name the checkpoint it belongs to")
      }
    }
    let byName = Dictionary(given.map { ($0.name, $0.mask) }) { first, _ in first }
    for index in units.indices {
      let unit = units[index]
      guard let mask = unit.names.lazy.compactMap({ byName[$0.name] }).first else { continue }
      guard mask.shape == unit.shape, mask.type.elementType != nil else {
        throw CheckpointError(
          .invalidArgument, "prune by the masks of", file: masks.path,
          expected: "shape \(unit.shape) for \(CheckpointError.quote(mask.name))",
          found: "\(mask.type) of shape \(mask.shape)", advice: "give the mask of the same tensor")
      }
      if choice.excluded.contains(where: { $0.matches(unit.name) }) { continue }
      if !choice.only.isEmpty, !choice.only.contains(where: { $0.matches(unit.name) }) { continue }
      units[index].isPruned = true
      units[index].given = mask
    }
  }

  /// Throws where a weight to be pruned has names of several shapes.
  private static func checkShapes(_ units: [PruningUnit], _ checkpoint: Checkpoint) throws(CheckpointError) {
    for unit in units where unit.isPruned {
      guard let other = unit.names.first(where: { $0.tensor.shape != unit.shape }) else { continue }
      throw CheckpointError(
        .unsupported, "prune", file: checkpoint.path,
        expected: "\(CheckpointError.quote(other.name)) of shape \(unit.shape), like "
          + "\(CheckpointError.quote(unit.name)), whose memory it shares",
        found: "\(other.tensor.shape)", advice: "prune single entries, exclude both, or save copies (clone()) in Python"
      )
    }
  }

  /// Throws where a weight to be pruned shares a part of its memory with another tensor, but not all of it.
  private static func checkOverlaps(_ units: [PruningUnit], _ checkpoint: Checkpoint) throws(CheckpointError) {
    var owners: [String: Int] = [:]
    for (index, unit) in units.enumerated() {
      for name in unit.names { owners[name.tensor.name] = index }
    }
    var furthest: (end: Int, tensor: TensorInfo)?
    for tensor in checkpoint.tensorsByOffset where !tensor.byteRange.isEmpty {
      if let last = furthest, last.tensor.fileIndex == tensor.fileIndex, tensor.byteRange.lowerBound < last.end {
        let pair = [last.tensor, tensor].map { owners[$0.name] }
        if pair[0] != pair[1] || pair[0] == nil, pair.contains(where: { $0.map { units[$0].isPruned } ?? false }) {
          throw CheckpointError(
            .unsupported, "prune", file: checkpoint.path,
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

extension PruningRecipe {
  /// Whether what goes depends on the shapes of the weights.
  fileprivate var dependsOnShapes: Bool {
    if case .unstructured? = blockPattern { return scope == .erk }
    return blockPattern != nil
  }
}

extension TensorChoice.Verdict {
  fileprivate var isAskedFor: Bool { if case .pruned(_, asked: true) = self { true } else { false } }
}

extension Checkpoint {
  /// The masks in a checkpoint of masks, with the names of what they prune: of `NAME_mask` where there are such names,
  /// otherwise of every tensor.
  fileprivate var pruningMasks: [(name: String, mask: TensorInfo)] {
    let suffix = PrunedPair.maskSuffix
    let masks = tensors.filter { $0.name.hasSuffix(suffix) }
    return masks.isEmpty ? tensors.map { ($0.name, $0) } : masks.map { (String($0.name.dropLast(suffix.count)), $0) }
  }
}
