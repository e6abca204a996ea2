import Sparsity
import Testing

@Suite("Selection over blocks")
struct StreamingTests {
  /// Divides samples into blocks whose sizes need not be multiples of anything.
  static func blocks(of samples: [Sample], size: Int) -> [Sample] {
    samples.flatMap { sample in
      stride(from: 0, to: max(sample.count, 1), by: size).map { start in
        let end = min(sample.count, start + size)
        let width = sample.type.byteCount
        return Sample(
          type: sample.type, bytes: Array(sample.bytes[start * width..<end * width]),
          kept: sample.kept.map { mask in BitMask((start..<end).map { mask[$0] }) })
      }
    }
  }

  static func prune(
    _ k: Int, _ blocks: [Sample], _ ranking: Ranking, _ nan: NaNRule
  ) throws -> (masks: [BitMask], passes: Int) {
    var search = CutSearch(pruning: k, types: blocks.map(\.type), by: ranking, nan: nan)
    var found: Cut?
    var passes = 0
    repeat {
      for block in blocks { try block.withScores { try search.scan($0) } }
      found = try search.finishPass()
      passes += 1
    } while found == nil
    let cut = try #require(found)
    #expect(cut.pruned == k)
    var applier = CutApplier(cut)
    return (try blocks.map { block in try block.withScores { try applier.apply(to: $0) } }, passes)
  }

  @Test("masks equal those made in memory", arguments: ElementType.allCases, Ranking.allCases)
  func equalsInMemory(type: ElementType, ranking: Ranking) throws {
    var generator = SeededGenerator(seed: 31)
    for spread in Spread.allCases {
      let samples = [700, 64, 333].map {
        Sample.random(type, count: $0, spread: spread, allowNaN: true, using: &generator)
          .masked(keeping: 0.8, using: &generator)
      }
      let available = samples.reduce(0) { $0 + $1.kept!.keptCount }
      for k in [0, 1, available / 2, available] {
        let expected = Reference.prune(k, of: samples, by: ranking)
        let streamed = try Self.prune(k, Self.blocks(of: samples, size: 150), ranking, .rankLargest)
        #expect(Self.join(streamed.masks) == Self.join(expected), "k \(k), \(spread)")
      }
    }
  }

  static func join(_ masks: [BitMask]) -> BitMask {
    BitMask(masks.flatMap { mask in (0..<mask.count).map { mask[$0] } })
  }

  @Test("more entries than are gathered need counting passes", arguments: [ElementType.float32, .bfloat16, .float64])
  func counting(type: ElementType) throws {
    var generator = SeededGenerator(seed: 32)
    let sample = Sample.random(type, count: 300_000, spread: .weights, allowNaN: false, using: &generator)
    let k = 100_000
    let (masks, passes) = try Self.prune(k, Self.blocks(of: [sample], size: 90_000), .magnitude, .refuse)
    #expect(passes == (type == .bfloat16 ? 1 : 2))
    #expect(Self.join(masks) == Self.join(try sample.withScores { try Selection.prune(k, of: [$0]) }))
  }

  @Test("many equal entries need a pass for each digit, and keep the tie rule")
  func manyTies() throws {
    // One value among 300,000 equal ones.
    var values = [Double](repeating: 1.5, count: 300_000)
    values[100] = 0
    let sample = Sample(type: .float64, bytes: values.withUnsafeBytes(Array.init), kept: nil)
    let (masks, passes) = try Self.prune(200_000, [sample], .magnitude, .refuse)
    #expect(passes == 4)
    #expect(masks[0].keptCount == 100_000)
    #expect(!masks[0][199_999])
    #expect(masks[0][200_000])
  }

  @Test("mistakes are refused")
  func refuses() throws {
    let values: [Float] = [1, 2, .nan]
    try values.withUnsafeBufferPointer { buffer in
      var search = CutSearch(pruning: 1, types: [.float64])
      #expect(throws: SelectionError.unannouncedType(buffer: 0, found: .float32)) { try search.scan(Scores(buffer)) }
      search = CutSearch(pruning: 1, types: [.float32])
      try search.scan(Scores(UnsafeBufferPointer(rebasing: buffer[..<2])))
      try search.scan(Scores(buffer))
      #expect(throws: SelectionError.nan(buffer: 1, index: 2, count: 1)) { try search.finishPass() }
      search = CutSearch(pruning: 3, types: [.float32])
      try search.scan(Scores(UnsafeBufferPointer(rebasing: buffer[..<2])))
      #expect(throws: SelectionError.countOutOfRange(found: 3, available: 2)) { try search.finishPass() }
    }
    let many = [Double](repeating: 1, count: 270_000)
    try many.withUnsafeBufferPointer { buffer in
      var search = CutSearch(pruning: 5, types: [.float64])
      try search.scan(Scores(buffer))
      #expect(try search.finishPass() == nil)
      try search.scan(Scores(UnsafeBufferPointer(rebasing: buffer[..<100])))
      #expect(throws: SelectionError.passesDiffer(expected: 270_000, found: 100)) { try search.finishPass() }
    }
  }
}
