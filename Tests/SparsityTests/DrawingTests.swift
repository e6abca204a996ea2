import Sparsity
import Testing

@Suite("Scores that are drawn while they are ranked")
struct DrawingTests {
  /// Prunes draws that are copied from `samples`, and checks that they are asked for once, in order, from the beginning
  /// again after a restart.
  private func prune(
    _ k: Int, drawing samples: [Sample], type: ElementType, threads: Int, writing outputs: [DenseOutput] = []
  ) throws -> (masks: [BitMask], restarts: Int) {
    let sequence = samples.flatMap(\.bytes)
    let place = Place()
    let draws = Draws(samples.map(\.count), type: type) {
      place.next = 0
      place.restarts += 1
    } draw: {
      $0.copyBytes(from: sequence[place.next..<place.next + $0.count])
      place.next += $0.count
    }
    let masks = try Selection.prune(k, of: draws, by: .largestValue, threads: threads, writing: outputs)
    #expect(place.next == sequence.count)
    return (masks, place.restarts)
  }

  /// How far a sequence is drawn. Draws come one at a time, whatever the thread.
  private final class Place {
    var next = 0
    var restarts = 0
  }

  @Test(
    "give the masks of the same scores", arguments: [ElementType.float32, .bfloat16, .float16, .float64], [1, 2, 5])
  func sameMasks(type: ElementType, threads: Int) throws {
    var generator = SeededGenerator(seed: 81)
    for sizes in [[], [0], [1], [9_000], [3, 0, 6_000, 5_000], [200, 3_000], [20_001, 7]] {
      for spread in [Spread.weights, .manyTies] {
        let samples = sizes.map {
          Sample.random(type, count: $0, spread: spread, allowNaN: false, using: &generator)
        }
        let count = sizes.reduce(0, +)
        // Draws that are alike are drawn once.
        for k in Set([0, count / 5, count / 2, count]) {
          let expected = try withScores(samples) { try Selection.prune(k, of: $0, by: .largestValue, threads: 1) }
          let found = try prune(k, drawing: samples, type: type, threads: threads)
          #expect(found.masks == expected, "\(sizes), \(spread), k \(k)")
          #expect(found.restarts == 0 || spread != .weights, "\(sizes), k \(k)")
        }
      }
    }
  }

  @Test("that change from beginning to end are stored, and give the same masks", arguments: [1, 2])
  func sorted(threads: Int) throws {
    let values = (0..<40_000).map { Float($0) }
    let sample = Sample(type: .float32, bytes: values.withUnsafeBytes(Array.init), kept: nil)
    let found = try prune(12_000, drawing: [sample], type: .float32, threads: threads)
    #expect(found.masks == [BitMask((0..<40_000).map { $0 < 28_000 })])
    #expect(found.restarts == 0)
  }

  @Test("of which the first mislead begin again, and give the same masks", arguments: [1, 2])
  func misleading(threads: Int) throws {
    var generator = SeededGenerator(seed: 83)
    let values = (0..<40_000).map { Float.random(in: 0..<1, using: &generator) + ($0 < 15_000 ? 0 : 2) }
    let sample = Sample(type: .float32, bytes: values.withUnsafeBytes(Array.init), kept: nil)
    let expected = try withScores([sample]) { try Selection.prune(12_000, of: $0, by: .largestValue, threads: 1) }
    let found = try prune(12_000, drawing: [sample], type: .float32, threads: threads)
    // One thread takes them in one piece, which is the sample.
    #expect(found.masks == expected && found.restarts == threads - 1)
  }

  @Test("write masked weights beside them, also in the weights' own memory", arguments: [false, true])
  func products(sorted: Bool) throws {
    let count = 30_000
    var generator = SeededGenerator(seed: 82)
    let draws =
      sorted ? (0..<count).map { Float($0) } : (0..<count).map { _ in Float.random(in: 0..<1, using: &generator) }
    let sample = Sample(type: .float32, bytes: draws.withUnsafeBytes(Array.init), kept: nil)
    let weights = (0..<count).map { Float($0) + 1 }
    var product = Array(repeating: Float.nan, count: count)
    var changed = weights
    try weights.withUnsafeBytes { weights in
      try product.withUnsafeMutableBytes { product in
        _ = try prune(
          10_000, drawing: [sample], type: .float32, threads: 2,
          writing: [DenseOutput(product: product, of: weights, type: .float32)])
      }
    }
    let mask = try changed.withUnsafeMutableBytes { changed in
      try prune(
        10_000, drawing: [sample], type: .float32, threads: 2,
        writing: [DenseOutput(product: changed, of: UnsafeRawBufferPointer(changed), type: .float32)]
      ).masks[0]
    }
    let expected = weights.indices.map { mask[$0] ? weights[$0] : 0 }
    #expect(mask.keptCount == 20_000)
    #expect(product == expected)
    #expect(changed == expected)
  }

  @Test("are refused where more should go than there are, or where they are NaN")
  func refused() throws {
    let sample = Sample(type: .float32, bytes: [0, 0, 192, 127, 0, 0, 0, 0], kept: nil)
    #expect(throws: SelectionError.countOutOfRange(found: 3, available: 2)) {
      try prune(3, drawing: [sample], type: .float32, threads: 1)
    }
    #expect(throws: SelectionError.nan(buffer: 0, index: 0, count: 1)) {
      try prune(1, drawing: [sample], type: .float32, threads: 1)
    }
  }
}
