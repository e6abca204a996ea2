import Sparsity
import Testing

@Suite("Selection over blocks with a sample of the scores")
struct StreamingSampleTests {
  /// Entries of a block.
  let size = 2500

  /// 64 clusters, drawn evenly.
  func clusters(of sample: Sample, size: Int = 64) -> [Sample] {
    let width = sample.type.byteCount
    return (0..<64).map { number in
      let start = number * (sample.count - size) / 64
      return Sample(
        type: sample.type, bytes: Array(sample.bytes[start * width..<(start + size) * width]), kept: nil)
    }
  }

  func prune(
    _ k: Int, _ sample: Sample, showing clusters: [Sample], _ ranking: Ranking = .magnitude,
    _ nan: NaNRule = .refuse, of available: Int? = nil
  ) throws -> (masks: [BitMask], passes: Int) {
    let blocks = StreamingTests.blocks(of: [sample], size: size)
    var search = CutSearch(pruning: k, types: [sample.type], by: ranking, nan: nan)
    try withScores(clusters[...], []) { search.expect($0, pruning: k, of: available ?? sample.count) }
    var found: Cut?
    var passes = 0
    repeat {
      for block in blocks { try block.withScores { try search.scan($0) } }
      found = try search.finishPass()
      passes += 1
    } while found == nil
    var applier = CutApplier(try #require(found))
    return (try blocks.map { block in try block.withScores { try applier.apply(to: $0) } }, passes)
  }

  func withScores(_ samples: ArraySlice<Sample>, _ scores: [Scores], _ body: ([Scores]) throws -> Void) throws {
    guard let first = samples.first else { return try body(scores) }
    try first.withScores { try withScores(samples.dropFirst(), scores + [$0], body) }
  }

  @Test("few passes find the same cut", arguments: ElementType.allCases, Ranking.allCases)
  func fewPasses(type: ElementType, ranking: Ranking) throws {
    var generator = SeededGenerator(seed: 41)
    for spread in Spread.allCases {
      let sample = Sample.random(type, count: 6000, spread: spread, allowNaN: false, using: &generator)
      for k in [1, 2500] {
        let (masks, passes) = try prune(k, sample, showing: clusters(of: sample), ranking)
        let expected = try sample.withScores { try Selection.prune(k, of: [$0], by: ranking) }
        #expect(StreamingTests.join(masks) == StreamingTests.join(expected), "k \(k), \(spread)")
        #expect(passes <= (type.byteCount < 4 ? 2 : 5))
      }
    }
  }

  @Test("one pass is enough where the sample tells the cut to within 2^18 values")
  func onePass() throws {
    var generator = SeededGenerator(seed: 45)
    let values = (0..<100_000).map { _ in Float.random(in: 1..<2, using: &generator) }
    let sample = Sample(type: .float32, bytes: values.withUnsafeBytes { Array($0) }, kept: nil)
    let (masks, passes) = try prune(50_000, sample, showing: clusters(of: sample, size: 1024))
    let expected = try sample.withScores { try Selection.prune(50_000, of: [$0]) }
    #expect(StreamingTests.join(masks) == StreamingTests.join(expected))
    #expect(passes == 1)
  }

  @Test("earlier masks are minded")
  func masked() throws {
    var generator = SeededGenerator(seed: 42)
    let plain = Sample.random(.bfloat16, count: 30_000, spread: .weights, allowNaN: false, using: &generator)
    let sample = plain.masked(keeping: 0.7, using: &generator)
    let available = sample.kept?.keptCount ?? 0
    let (masks, passes) = try prune(available / 2, sample, showing: clusters(of: plain), of: available)
    let expected = try sample.withScores { try Selection.prune(available / 2, of: [$0]) }
    #expect(StreamingTests.join(masks) == StreamingTests.join(expected))
    #expect(passes == 1)
  }

  @Test("a sample that misleads costs passes only", arguments: [0.0, 1e30, 1e-30])
  func misled(value: Double) throws {
    var generator = SeededGenerator(seed: 43)
    let sample = Sample.random(.float32, count: 30_000, spread: .weights, allowNaN: false, using: &generator)
    let wrong = [Float](repeating: Float(value), count: 8192)
    let clusters = [Sample(type: .float32, bytes: wrong.withUnsafeBytes(Array.init), kept: nil)]
    let (masks, passes) = try prune(15_000, sample, showing: clusters)
    let expected = try sample.withScores { try Selection.prune(15_000, of: [$0]) }
    #expect(StreamingTests.join(masks) == StreamingTests.join(expected))
    #expect((2...4).contains(passes))
  }

  @Test("ties of most entries go by their flat index")
  func ties() throws {
    var values = [Double](repeating: 1.5, count: 30_000)
    values[100] = 0
    values[200] = 7
    let sample = Sample(type: .float64, bytes: values.withUnsafeBytes(Array.init), kept: nil)
    let (masks, passes) = try prune(20_000, sample, showing: clusters(of: sample))
    let mask = StreamingTests.join(masks)
    #expect(passes == 1)
    #expect(mask.keptCount == 10_000 && !mask[19_999] && mask[200] && mask[20_001])
  }

  @Test("NaN is found where it lies")
  func nan() throws {
    var generator = SeededGenerator(seed: 44)
    var sample = Sample.random(.float32, count: 30_000, spread: .weights, allowNaN: false, using: &generator)
    withUnsafeBytes(of: Float.nan) { sample.bytes.replaceSubrange(4 * 9_001..<4 * 9_002, with: $0) }
    #expect(throws: SelectionError.nan(buffer: 3, index: 1_501, count: 1)) {
      _ = try prune(15_000, sample, showing: clusters(of: sample))
    }
  }
}
