import Sparsity
import Testing

@Suite("Patterns")
struct PatternTests {
  static func sample(
    _ shape: [Int], seed: UInt64, type: ElementType = .float32, masked: Bool = false
  ) -> Sample {
    var generator = SeededGenerator(seed: seed)
    let count = shape.reduce(1, *)
    var sample = Sample.random(type, count: count, spread: .weights, allowNaN: false, using: &generator)
    if masked { sample.kept = BitMask((0..<count).map { _ in Int.random(in: 0..<4, using: &generator) > 0 }) }
    return sample
  }

  @Test("unstructured is the selection of entries")
  func unstructured() throws {
    let sample = Self.sample([10, 13], seed: 61)
    let mask = try sample.withScores { try Pattern.unstructured.mask(pruning: 0.3, of: $0, shape: [10, 13]) }
    #expect([mask] == Reference.prune(39, of: [sample], by: .magnitude))
  }

  @Test("channels of the smallest norm go, those wholly pruned before take no part", arguments: [0, 1, 2, -1])
  func structured(dim: Int) throws {
    let shape = [5, 6, 4]
    let channels = shape[dim < 0 ? dim + 3 : dim]
    var sample = Self.sample(shape, seed: 62)
    var earlier = BitMask(repeating: true, count: channels)
    earlier[1] = false
    var kept = earlier.expanded(alongDimension: dim, of: shape)
    kept[0] = false
    sample.kept = kept
    let norms = sample.bytes.withUnsafeBytes {
      ChannelNorms.compute($0, type: .float32, shape: shape, dimension: dim, order: 1, kept: kept)
    }
    let mask = try sample.withScores {
      try Pattern.structured(dim: dim).mask(pruning: 2, of: $0, shape: shape, .norm(1))
    }
    let order = (0..<channels).filter { $0 != 1 }.sorted { norms[$0] < norms[$1] }
    var expected = earlier
    for channel in order.prefix(2) { expected[channel] = false }
    #expect(mask == expected.expanded(alongDimension: dim, of: shape).intersection(kept))
  }

  @Test("a channel amount acts on channels that are left")
  func structuredAmount() throws {
    let sample = Self.sample([8, 3], seed: 63)
    var mask: BitMask?
    var left: [Int] = []
    for _ in 0..<4 {
      var next = sample
      next.kept = mask
      mask = try next.withScores { try Pattern.structured(dim: 0).mask(pruning: 0.25, of: $0, shape: [8, 3]) }
      left.append(mask!.keptChannels(alongDimension: 0, of: [8, 3]).keptCount)
    }
    // 0.25 of 8, 6, 4 (1.5 rounds to 2, 1 to 1) and 3 (0.75 rounds to 1).
    #expect(left == [6, 4, 3, 2])
  }

  /// The definition of n of m, group by group.
  static func groups(_ sample: Sample, _ n: Int, _ m: Int, _ ranking: Ranking) -> BitMask {
    var mask = sample.kept ?? BitMask(repeating: true, count: sample.count)
    for start in stride(from: 0, to: sample.count, by: m) {
      let left = (start..<start + m).filter { mask[$0] }.sorted { a, b in
        let (x, y) = (sample.entry(a), sample.entry(b))
        if Reference.precedes(x, y, ranking) { return true }
        if Reference.precedes(y, x, ranking) { return false }
        return a < b
      }
      for index in left.prefix(max(0, left.count - n)) { mask[index] = false }
    }
    return mask
  }

  @Test("n of m keeps the n most important of each group", arguments: ElementType.allCases, Ranking.allCases)
  func nOfM(type: ElementType, ranking: Ranking) throws {
    var generator = SeededGenerator(seed: 64)
    for (n, m) in [(2, 4), (1, 4), (3, 4), (4, 4), (1, 2), (4, 8), (2, 3), (5, 7), (3, 100)] {
      for spread in Spread.allCases {
        let plain = Sample.random(type, count: 3 * m * 5, spread: spread, allowNaN: true, using: &generator)
        for sample in [plain, plain.masked(keeping: 0.6, using: &generator)] {
          let mask = try sample.withScores {
            try Pattern.nOfM(n, m).mask(of: $0, shape: [3, m * 5], by: ranking, nan: .rankLargest)
          }
          #expect(mask == Self.groups(sample, n, m, ranking), "\(n) of \(m), \(spread)")
        }
      }
    }
  }

  @Test("n of m is the same for any number of threads", arguments: [(2, 4), (4, 8), (2, 5)])
  func nOfMThreads(n: Int, m: Int) throws {
    let sample = Self.sample([30, 400], seed: 65)
    let expected = Self.groups(sample, n, m, .magnitude)
    for threads in [1, 2, 8] {
      let mask = try sample.withScores { try Pattern.nOfM(n, m).mask(of: $0, shape: [30, 400], threads: threads) }
      #expect(mask == expected)
      #expect(mask.keptCount * m == n * mask.count)
    }
  }

  @Test("whole blocks of the smallest norm go", arguments: [(1, 1), (2, 3), (4, 1), (4, 6), (8, 12)])
  func blocks(rows: Int, columns: Int) throws {
    let shape = [2, 8, 12]
    var sample = Self.sample(shape, seed: 66)
    let pattern = Pattern.block(rows: rows, columns: columns, of: .lastTwo)
    let total = 2 * 8 * 12 / rows / columns
    func block(_ index: Int) -> Int { index / 12 / rows * (12 / columns) + index % 12 / columns }
    var expected = BitMask(repeating: true, count: total)
    for _ in 0..<2 {
      var sums = Array(repeating: 0.0, count: total)
      for index in 0..<sample.count where sample.kept?[index] ?? true {
        sums[block(index)] += abs(sample.entry(index).double)
      }
      let mask = try sample.withScores { try pattern.mask(pruning: 0.3, of: $0, shape: shape, .norm(1)) }
      let left = (0..<total).filter { expected[$0] }
      let k = try Amount.fraction(0.3).entries(of: left.count)
      for gone in left.sorted(by: { sums[$0] < sums[$1] }).prefix(k) { expected[gone] = false }
      #expect(mask == BitMask((0..<sample.count).map { expected[block($0)] }))
      sample.kept = mask
    }
  }

  @Test("what does not fit is refused")
  func refuses() throws {
    let sample = Self.sample([4, 6], seed: 67)
    func mask(_ pattern: Pattern, _ amount: Amount?, _ shape: [Int] = [4, 6]) throws -> BitMask {
      try sample.withScores { try pattern.mask(pruning: amount, of: $0, shape: shape) }
    }
    #expect(throws: PatternError.invalid(.nOfM(5, 4))) { try mask(.nOfM(5, 4), nil) }
    #expect(throws: PatternError.invalid(.block(rows: 0, columns: 2))) { try mask(.block(rows: 0, columns: 2), 1) }
    #expect(throws: PatternError.dimension(2, shape: [4, 6])) { try mask(.structured(dim: 2), 1) }
    #expect(throws: PatternError.notDivisible(dimension: 1, by: 4, shape: [4, 6])) { try mask(.nOfM(2, 4), nil) }
    #expect(throws: PatternError.tooFewDimensions(shape: [24], needed: 2)) {
      try mask(.block(rows: 2, columns: 2), 1, [24])
    }
    #expect(throws: PatternError.shape([4, 5], entries: 24)) { try mask(.unstructured, 1, [4, 5]) }
    #expect(throws: PatternError.amount(given: true, pattern: .nOfM(1, 2))) { try mask(.nOfM(1, 2), 0.5) }
    #expect(throws: PatternError.amount(given: false, pattern: .unstructured)) { try mask(.unstructured, nil) }
    #expect(throws: PatternError.invalidAmount(.countTooLarge(5, available: 4))) { try mask(.structured(dim: 0), 5) }
  }

  @Test(
    "N:M along any dimension is what it is along the last one of the transposed tensor",
    arguments: [([8, 12], 0), ([8, 12], -1), ([6, 8, 3, 3], 1), ([16, 3, 5], 0), ([4, 4, 70], 1)],
    [ElementType.float32, .bfloat16, .float64, .int8])
  func alongAnyDimension(place: ([Int], Int), type: ElementType) throws {
    let (shape, dim) = place
    let dimension = dim < 0 ? dim + shape.count : dim
    for isMasked in [false, true] {
      let sample = Self.sample(shape, seed: 68, type: type, masked: isMasked)
      let mask = try sample.withScores { try Pattern.nOfM(2, 4, dim: dim).mask(of: $0, shape: shape) }
      // Each group by itself, its entries picked out one by one.
      let inner = shape[(dimension + 1)...].reduce(1, *)
      var expected = BitMask(repeating: false, count: sample.count)
      for start in 0..<sample.count where start / inner % 4 == 0 && start / inner % shape[dimension] % 4 == 0 {
        let places = (0..<4).map { start + $0 * inner }
        let open = places.filter { sample.kept?[$0] ?? true }
        let ranked = open.sorted { a, b in
          let (x, y) = (abs(sample.entry(a).double), abs(sample.entry(b).double))
          return x != y ? x > y : a > b
        }
        for kept in ranked.prefix(2) { expected[kept] = true }
      }
      #expect(mask == expected)
      for threads in [1, 3] {
        #expect(
          try sample.withScores {
            try Pattern.nOfM(2, 4, dim: dim).mask(of: $0, shape: shape, threads: threads)
          } == mask)
      }
    }
  }

  @Test("by default N:M lies along the inputs, and blocks are outputs by flattened inputs")
  func defaults() throws {
    #expect(Pattern.nOfM(2, 4).dimension(in: [8, 16, 3, 3]) == 1 && Pattern.nOfM(2, 4).dimension(in: [8, 16]) == 1)
    #expect(Pattern.nOfM(2, 4).dimension(in: [16]) == 0 && Pattern.nOfM(2, 4, dim: -1).dimension(in: [8, 16, 3]) == 2)
    #expect(throws: PatternError.notDivisible(dimension: 1, by: 4, shape: [8, 3, 4, 4])) {
      try Pattern.nOfM(2, 4).validate(for: [8, 3, 4, 4])
    }
    let shape = [8, 2, 3, 3]
    let sample = Self.sample(shape, seed: 69)
    let flat = try sample.withScores {
      try Pattern.block(rows: 4, columns: 1).mask(pruning: 0.5, of: $0, shape: [8, 18])
    }
    #expect(
      try sample.withScores { try Pattern.block(rows: 4, columns: 1).mask(pruning: 0.5, of: $0, shape: shape) } == flat)
    // Four outputs share what stays of each input.
    for entry in 0..<sample.count { #expect(flat[entry] == flat[entry % 18 + entry / 72 * 72]) }
    #expect(throws: PatternError.self) { try Pattern.block(rows: 4, columns: 1, of: .lastTwo).validate(for: shape) }
  }

  @Test("NaN in interleaved groups is reported where it lies")
  func nanPlaces() throws {
    var values = (0..<96).map { Float($0) }
    (values[50], values[77]) = (.nan, .nan)
    let found = #expect(throws: PatternError.self) {
      try values.withUnsafeBufferPointer { try Pattern.nOfM(2, 4, dim: 0).mask(of: Scores($0), shape: [8, 12]) }
    }
    #expect(found == .selection(.nan(buffer: 0, index: 50, count: 2)))
  }

  @Test(
    "patterns as text",
    arguments: [
      ("unstructured", Pattern.unstructured), ("structured", .structured(dim: 0)),
      ("structured@-1", .structured(dim: -1)),
      ("2:4", .nOfM(2, 4)), ("1:8@0", .nOfM(1, 8, dim: 0)), ("4x1", .block(rows: 4, columns: 1)),
      ("16x2@last", .block(rows: 16, columns: 2, of: .lastTwo)),
    ])
  func text(text: String, pattern: Pattern) {
    #expect(Pattern(text: text) == pattern && pattern.text == text)
    for wrong in ["", "4:2", "0:4", "2:4@", "2:4@x", "4x", "4x4@0", "structured@", "unstructured@1", "4x-1", "rows"] {
      #expect(Pattern(text: wrong) == nil, "\(wrong)")
    }
  }

  @Test("each row by itself is what selection makes of that row", arguments: [1, 7, 64, 100])
  func rows(width: Int) throws {
    for isMasked in [false, true] {
      let sample = Self.sample([30, width], seed: 70, masked: isMasked)
      let mask = try sample.withScores { try Selection.prune(ofEachRow: width, of: $0) { $0 / 3 } }
      for row in 0..<30 {
        let range = row * width..<(row + 1) * width
        let alone = Sample(
          type: sample.type, bytes: Array(sample.bytes[range.lowerBound * 4..<range.upperBound * 4]),
          kept: sample.kept?.part(range))
        let expected = try alone.withScores { try Selection.prune($0.keptCount / 3, of: [$0])[0] }
        #expect(mask.part(range) == expected)
      }
    }
  }
}
