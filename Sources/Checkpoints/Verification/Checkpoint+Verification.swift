extension Checkpoint {
  /// What a check has read, and what it has found.
  public struct Verification: Hashable, Sendable {
    /// What does not fit together, tensor by tensor.
    public internal(set) var findings: [VerificationFinding] = []
    /// The tensors that were read.
    public internal(set) var tensorCount = 0
    /// The bytes that were read, some more than once.
    public internal(set) var byteCount = 0
    /// The pruned pairs that were compared.
    public internal(set) var pairCount = 0
    /// The tensors that are packed as a bitmask and were unpacked.
    public internal(set) var packedCount = 0
    /// Whether checksums were compared; only PyTorch archives have them.
    public internal(set) var comparedChecksums = false
  }

  /// Reads every byte and checks it: checksums, values, masks and their tensors, packed tensors.
  ///
  /// Headers, sizes and offsets have been checked on opening.
  ///
  /// - Parameters:
  ///   - allowingNonFinite: whether NaN and infinity are no findings, as in attention masks.
  ///   - progress: called after each block with the bytes read and their total; may throw to stop.
  /// - Throws: ``CheckpointError`` where reading fails or the file is damaged, and what `progress` throws.
  public func verify(allowingNonFinite: Bool = false, progress: WritingProgress? = nil) throws -> Verification {
    let pairs = prunedPairs
    let archive = files.count == 1 && format == .pytorch ? size : 0
    let all = tensors.reduce(0) { $0 + $1.byteCount }
    let total = archive + all + pairs.reduce(0) { $0 + $1.original.byteCount + $1.mask.byteCount }
    var result = Verification()
    let step: (Int) throws -> Void = { bytes in
      result.byteCount += bytes
      try progress?(result.byteCount, total)
    }
    var before = 0
    result.comparedChecksums = try verifyChecksums { done, _ in
      try step(done - before)
      before = done
    }
    for tensor in tensorsByOffset {
      let statistics = try statistics(of: tensor.name, progress: step)
      result.tensorCount += 1
      let strays = tensor.type == .bool ? try strayBools(tensor) : 0
      result.findings += findings(tensor, statistics, strays: strays, allowingNonFinite)
    }
    for pair in pairs {
      result.pairCount += 1
      result.findings += try findings(pair, progress: step)
    }
    result.findings += incompletePairs(pairs)
    result.findings += unindexed.map {
      VerificationFinding(kind: .unindexed, tensor: $0, fact: "is in a shard, but not in the index")
    }
    try checkUnchanged()
    for source in try SparseBitmask.sources(unpacking: self) where self[source.spec.name] == nil {
      try source.produce { block in try progress?(result.byteCount, max(total, result.byteCount)) }
      result.packedCount += 1
    }
    return result
  }

  private func findings(
    _ tensor: TensorInfo, _ statistics: TensorStatistics, strays: Int, _ allowingNonFinite: Bool
  ) -> [VerificationFinding] {
    var found: [VerificationFinding] = []
    let wrong = [(statistics.nanCount, "NaN"), (statistics.infinityCount, "infinite")].filter { $0.0 > 0 }
    if !wrong.isEmpty && !allowingNonFinite {
      let counts = wrong.map { "\($0.0) \($0.1)" }.joined(separator: " and ")
      found.append(
        VerificationFinding(
          kind: .nonFinite, tensor: tensor.name, fact: "has \(counts) among \(tensor.elementCount) values"))
    }
    if strays > 0 {
      found.append(
        VerificationFinding(
          kind: .strayBool, tensor: tensor.name, fact: "has \(strays) truth values other than 0 and 1"))
    }
    return found
  }

  private func strayBools(_ tensor: TensorInfo) throws -> Int {
    var count = 0
    try forEachBlock(of: tensor.name, size: Self.blockSize) { block, _ in
      for byte in block where byte > 1 { count += 1 }
    }
    return count
  }

  private func findings(_ pair: PrunedPair, progress: @escaping (Int) throws -> Void) throws -> [VerificationFinding] {
    func finding(_ kind: VerificationFinding.Kind, _ tensor: String, _ fact: String) -> VerificationFinding {
      VerificationFinding(kind: kind, tensor: tensor, fact: fact)
    }
    guard let statistics = try statistics(of: pair, progress: progress) else {
      let (mask, original) = (pair.mask, pair.original)
      return [
        finding(
          .mismatchedMask, mask.name,
          "is \(mask.type) of shape \(mask.shape), and its tensor \(original.type) of shape \(original.shape)")
      ]
    }
    var found: [VerificationFinding] = []
    if statistics.strayCount > 0 {
      found.append(finding(.strayMask, pair.mask.name, "has \(statistics.strayCount) entries other than 0 and 1"))
    }
    if let product = self[pair.name] {
      var difference = TensorDifference(name: pair.name, left: product.spec, right: pair.original.spec)
      if product.shape == pair.original.shape {
        try compare(.tensor(product), .product(pair), of: self, &difference) { _ in }
      }
      if product.shape != pair.original.shape || difference.differingCount > 0 {
        let count = product.shape == pair.original.shape ? "\(difference.differingCount)" : "all"
        found.append(
          finding(
            .contradictedProduct, pair.name,
            "is not \(pair.original.name) times \(pair.mask.name): \(count) of its values differ"))
      }
    }
    return found
  }

  private func incompletePairs(_ pairs: [PrunedPair]) -> [VerificationFinding] {
    let paired = Set(pairs.flatMap { [$0.original.name, $0.mask.name] })
    return tensors.compactMap { tensor in
      guard !paired.contains(tensor.name) else { return nil }
      for (suffix, other) in [
        (PrunedPair.originalSuffix, PrunedPair.maskSuffix), (PrunedPair.maskSuffix, PrunedPair.originalSuffix),
      ] where tensor.name.hasSuffix(suffix) {
        let stem = tensor.name.dropLast(suffix.count)
        // A mask without original may be a mask of another kind, unless its tensor is there beside it.
        guard suffix == PrunedPair.originalSuffix || self[String(stem)] != nil else { continue }
        // With NAME_u beside it, NAME_orig is spectral norm's.
        if suffix == PrunedPair.originalSuffix, self["\(stem)_u"] != nil { continue }
        return VerificationFinding(
          kind: .incompletePair, tensor: tensor.name, fact: "has no \(CheckpointError.quote(stem + other)) beside it")
      }
      return nil
    }
  }
}
