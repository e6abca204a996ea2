/// A tensor that PyTorch has pruned and not yet made permanent: `NAME_orig` and `NAME_mask`, whose product is `NAME`.
public struct PrunedPair: Hashable, Sendable {
  /// The name of the product, for example `conv1.weight`.
  public let name: String
  /// The values before pruning, `NAME_orig`.
  public let original: TensorInfo
  /// 1 where an entry is kept and 0 where it is pruned, `NAME_mask`.
  public let mask: TensorInfo

  /// What PyTorch adds to the name of the values.
  public static let originalSuffix = "_orig"
  /// What PyTorch adds to the name of the mask.
  public static let maskSuffix = "_mask"

  /// Whether mask and original have the same shape, and types whose product can be formed here.
  var isWhole: Bool {
    original.shape == mask.shape && ValueDecoder(original.type) != nil && ValueDecoder(mask.type) != nil
  }
}

/// How much of a pruned tensor is left.
public struct PrunedPairStatistics: Hashable, Sendable {
  /// The elements of the tensor.
  public internal(set) var elementCount = 0
  /// The entries of the mask that are 0.
  public internal(set) var prunedCount = 0
  /// The entries of the product that are 0: pruned, or 0 before.
  public internal(set) var zeroCount = 0
  /// The entries of the mask that are neither 0 nor 1.
  public internal(set) var strayCount = 0

  /// The share of the mask's entries that are 0; 0 where there are none.
  public var sparsity: Double { elementCount == 0 ? 0 : Double(prunedCount) / Double(elementCount) }
}

extension Checkpoint {
  /// The pruned tensors, in the order of their originals.
  public var prunedPairs: [PrunedPair] {
    tensors.compactMap { original in
      guard original.name.hasSuffix(PrunedPair.originalSuffix) else { return nil }
      let name = String(original.name.dropLast(PrunedPair.originalSuffix.count))
      return self[name + PrunedPair.maskSuffix].map { PrunedPair(name: name, original: original, mask: $0) }
    }
  }

  /// Reads original and mask side by side and counts.
  ///
  /// - Parameters:
  ///   - pair: one of ``prunedPairs``.
  ///   - progress: called after each block with the bytes read; may throw to stop.
  /// - Returns: nil where shapes differ, or a type is one that has no numbers here (complex, narrower than a byte).
  /// - Throws: ``CheckpointError`` where reading fails, and what `progress` throws.
  public func statistics(
    of pair: PrunedPair, progress: ((_ bytes: Int) throws -> Void)? = nil
  ) throws -> PrunedPairStatistics? {
    guard let reader = NumberReader(.product(pair), of: self) else { return nil }
    var result = PrunedPairStatistics()
    result.elementCount = pair.original.elementCount
    for start in stride(from: 0, to: result.elementCount, by: NumberReader.blockCount) {
      let count = min(NumberReader.blockCount, result.elementCount - start)
      _ = try reader.read(start, count: count)
      let parts = reader.parts(count: count)
      for (original, mask) in zip(parts[0], parts[1]) {
        result.prunedCount += mask == 0 ? 1 : 0
        result.zeroCount += original * mask == 0 ? 1 : 0
        result.strayCount += mask == 0 || mask == 1 ? 0 : 1
      }
      try progress?(count * (pair.original.type.bitWidth + pair.mask.type.bitWidth) / 8)
    }
    return result
  }
}
