import Sparsity
import Testing

/// What tensors larger than memory need, against the same in memory.
@Suite("Parts of tensors")
struct StreamingPartsTests {
  static let types: [ElementType] = [.float16, .bfloat16, .float32, .float64]

  @Test("norms of channels, block by block", arguments: types, [0, 1, 2, 3, 0.5, Double.infinity, -Double.infinity])
  func channelNorms(type: ElementType, order: Double) throws {
    var generator = SeededGenerator(seed: 91)
    for shape in [[5, 7, 9], [700, 3], [3, 4000], [64]] {
      let sample = Sample.random(
        type, count: shape.reduce(1, *), spread: .weights, allowNaN: false, using: &generator
      ).masked(keeping: 0.7, using: &generator)
      for dimension in shape.indices {
        let whole = sample.withScores {
          ChannelNorms.compute($0.bytes, type: type, shape: shape, dimension: dimension, order: order, kept: $0.kept)
        }
        var accumulator = ChannelNorms.Accumulator(shape: shape, dimension: dimension, order: order)
        var start = 0
        for block in StreamingTests.blocks(of: [sample], size: 1100) {
          block.withScores { accumulator.add($0, at: start) }
          start += block.count
        }
        let parts = accumulator.norms
        #expect(parts.count == whole.count)
        for (part, whole) in zip(parts, whole) {
          #expect(part == whole || abs(part - whole) <= 1e-12 * abs(whole), "\(shape) \(dimension)")
        }
      }
    }
  }

  @Test("parts of a mask of channels")
  func expansion() {
    var generator = SeededGenerator(seed: 92)
    for shape in [[5, 7, 9], [700, 3], [3, 130], [64], [2, 200, 70]] {
      for dimension in shape.indices {
        let channels = BitMask((0..<shape[dimension]).map { _ in Bool.random(using: &generator) })
        let whole = channels.expanded(alongDimension: dimension, of: shape)
        for _ in 0..<20 {
          let bounds = [
            Int.random(in: 0...whole.count, using: &generator), .random(in: 0...whole.count, using: &generator),
          ]
          let range = bounds.min()!..<bounds.max()!
          let part = channels.expanded(alongDimension: dimension, of: shape, in: range)
          #expect(part == BitMask(range.map { whole[$0] }), "\(shape) \(dimension) \(range)")
        }
      }
    }
  }

  @Test("the cut below a magnitude is exact", arguments: types)
  func threshold(type: ElementType) throws {
    var generator = SeededGenerator(seed: 93)
    let sample = Sample.random(type, count: 5000, spread: .weights, allowNaN: false, using: &generator)
    let values = (0..<sample.count).map { sample.entry($0).double }
    for threshold in [0, 0.1, values[17].magnitude, values[18].magnitude.nextUp, 1e9, .infinity] {
      var applier = CutApplier(Cut.below(threshold, types: [type]))
      let mask = try sample.withScores { try applier.apply(to: $0) }
      #expect(mask == BitMask(values.map { $0.magnitude >= threshold }), "\(threshold)")
    }
  }

  @Test("how many go may be settled after the first pass")
  func lateCount() throws {
    var generator = SeededGenerator(seed: 94)
    let sample = Sample.random(.float32, count: 3000, spread: .weights, allowNaN: false, using: &generator)
      .masked(keeping: 0.5, using: &generator)
    var search = CutSearch(pruning: 0, types: [.float32])
    try sample.withScores { try search.scan($0) }
    #expect(search.seen == sample.kept!.keptCount)
    let cut = try #require(try search.finishPass(pruning: search.seen / 3))
    var applier = CutApplier(cut)
    let mask = try sample.withScores { try applier.apply(to: $0) }
    #expect(mask == Reference.prune(sample.kept!.keptCount / 3, of: [sample], by: .magnitude)[0])
  }

  @Test("blocks of bands are blocks of the whole")
  func bands() throws {
    var generator = SeededGenerator(seed: 95)
    let (rows, columns) = (4, 2)
    let sample = Sample.random(.float32, count: 24 * 10, spread: .weights, allowNaN: false, using: &generator)
    let whole = BlockNorms(shape: [24, 10], rows: rows, columns: columns)
    let band = BlockNorms(shape: [8, 10], rows: rows, columns: columns)
    let norms = sample.withScores { whole.norms(of: $0, order: 2) }
    let parts = StreamingTests.blocks(of: [sample], size: 80).map { $0.withScores { band.norms(of: $0, order: 2) } }
    #expect(whole.count == 30 && parts.flatMap { $0 } == norms)
    let kept = BitMask((0..<30).map { $0 % 3 == 0 })
    #expect(whole.keptBlocks(whole.expanded(kept)) == kept)
  }

  @Test("bits of what is kept, put in their places")
  func depositing() {
    var generator = SeededGenerator(seed: 96)
    let mask = BitMask((0..<1000).map { _ in Bool.random(using: &generator) })
    let compact = BitMask((0..<mask.keptCount).map { _ in Bool.random(using: &generator) })
    var next = 0
    let expected = (0..<1000).map { index -> Bool in
      guard mask[index] else { return false }
      next += 1
      return compact[next - 1]
    }
    #expect(mask.depositing(compact) == BitMask(expected))
  }

  @Test(
    "norms of channels are the same to the last bit for any blocks and threads",
    arguments: [([7, 11_000], 0), ([7, 11_000], 1), ([90_000, 2], 0), ([5, 40, 500], 1)])
  func normsOfAnyBlocks(place: ([Int], Int)) {
    let (shape, dimension) = place
    var generator = SeededGenerator(seed: 31)
    let values = (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) }
    values.withUnsafeBufferPointer { values in
      var whole = ChannelNorms.Accumulator(shape: shape, dimension: dimension, order: 2)
      whole.add(Scores(values), at: 0, threads: 1)
      for threads in [1, 2, 3] {
        var parts = ChannelNorms.Accumulator(shape: shape, dimension: dimension, order: 2)
        var start = 0
        while start < values.count {
          let count = Int.random(in: 1...30, using: &generator) * ChannelNorms.Accumulator.granularity
          let end = min(values.count, start + count)
          parts.add(Scores(UnsafeBufferPointer(rebasing: values[start..<end])), at: start, threads: threads)
          start = end
        }
        #expect(parts.norms == whole.norms)
      }
    }
  }
}
