import Sparsity
import Testing

@Suite("Scores that are drawn while they are ranked")
struct DrawingTests {
  /// Prunes scores that are copied from `samples` piece by piece, and checks that each entry is asked for once,
  /// in flat order.
  private func prune(_ k: Int, drawing samples: [Sample], threads: Int) throws -> [BitMask] {
    let targets = samples.map { UnsafeMutableRawBufferPointer.allocate(byteCount: $0.bytes.count, alignment: 16) }
    defer { for target in targets { target.deallocate() } }
    for target in targets { target.initializeMemory(as: UInt8.self, repeating: 0xff) }
    var drawn: [(buffer: Int, range: Range<Int>)] = []
    let scores = zip(targets, samples).map { Scores(bytes: UnsafeRawBufferPointer($0), type: $1.type) }
    let masks = try Selection.prune(k, of: scores, by: .largestValue, threads: threads) { buffer, range in
      drawn.append((buffer, range))
      let size = samples[buffer].type.byteCount
      let bytes = range.lowerBound * size..<range.upperBound * size
      UnsafeMutableRawBufferPointer(rebasing: targets[buffer][bytes]).copyBytes(from: samples[buffer].bytes[bytes])
    }
    for (buffer, sample) in samples.enumerated() {
      var next = 0
      for range in drawn.filter({ $0.buffer == buffer }).map(\.range) {
        #expect(range.lowerBound == next)
        next = range.upperBound
      }
      #expect(next == sample.count)
    }
    #expect(drawn.map(\.buffer) == drawn.map(\.buffer).sorted())
    return masks
  }

  @Test("give the masks of the same scores", arguments: [ElementType.float32, .bfloat16, .float64], [1, 2, 5])
  func sameMasks(type: ElementType, threads: Int) throws {
    var generator = SeededGenerator(seed: 81)
    for sizes in [[0], [1], [9_000], [3, 0, 6_000, 5_000], [200, 3_000]] {
      for spread in [Spread.weights, .manyTies] {
        let samples = sizes.map {
          Sample.random(type, count: $0, spread: spread, allowNaN: false, using: &generator)
        }
        let count = sizes.reduce(0, +)
        for k in Set([0, count / 5, count / 2, count]) {
          let expected = try withScores(samples) { try Selection.prune(k, of: $0, by: .largestValue, threads: 1) }
          #expect(try prune(k, drawing: samples, threads: threads) == expected, "\(sizes), \(spread), k \(k)")
        }
      }
    }
  }

  @Test("that change from beginning to end take longer, but give the same masks")
  func sorted() throws {
    let values = (0..<40_000).map { Float($0) }
    let sample = Sample(type: .float32, bytes: values.withUnsafeBytes(Array.init), kept: nil)
    let masks = try prune(12_000, drawing: [sample], threads: 2)
    #expect(masks == [BitMask((0..<40_000).map { $0 < 28_000 })])
  }
}
