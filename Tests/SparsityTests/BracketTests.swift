// What the public functions cannot be made to do: a sample that misleads. Internals are visible in debug builds only.
#if DEBUG
  import Testing

  @testable import Sparsity

  @Suite("A bracket around the cut, right or wrong")
  struct BracketTests {
    /// Runs one pass with a given bracket; nil when it misses.
    static func select(_ k: Int, of samples: [Sample], low: Int32, middle: Int32, high: Int32) -> [BitMask]? {
      withScores(samples) { scores in
        let target = SelectionTarget(scores.map(\.count), outputs: [])
        let selection = BracketSelection(
          set: TensorSet(scores, threads: 2), target: target, k: k,
          available: scores.reduce(0) { $0 + $1.keptCount })
        let rule = MagnitudeRule<Int32>(KeyOrder(types: [.float32], ranking: .magnitude, nan: .refuse))
        guard case .done = selection.bracket(rule, low, middle, high) else { return nil }
        return zip(target.words, scores).map { BitMask($0, count: $1.count) }
      }
    }

    @Test("the middle may lie anywhere in it, the cut may not lie outside", arguments: [false, true])
    func brackets(masked: Bool) {
      var generator = SeededGenerator(seed: 71)
      // Keys 0...999, every one several times.
      var samples = [3_000, 700].map { count in
        let bits = (0..<count).map { _ in UInt32.random(in: 0..<1000, using: &generator) }
        return Sample(type: .float32, bytes: bits.withUnsafeBytes(Array.init), kept: nil)
      }
      if masked { samples = samples.map { $0.masked(keeping: 0.5, using: &generator) } }
      let keys = samples.flatMap { sample in
        (0..<sample.count).filter { sample.kept?[$0] ?? true }.map { Int32(truncatingIfNeeded: sample.bits($0)) }
      }
      .sorted()
      for k in [1, 17, keys.count / 2, keys.count - 1, keys.count] {
        let cut = keys[k - 1]
        let expected = Reference.prune(k, of: samples, by: .magnitude)
        for (low, high) in [(cut, cut), (cut - 5, cut + 5), (cut - 1, cut), (cut, cut + 1), (Int32.min, Int32.max)] {
          let low = max(low, -1)
          for middle in Set([low, (low + high) / 2, cut, min(high, 2000)]) {
            #expect(Self.select(k, of: samples, low: low, middle: middle, high: high) == expected)
          }
        }
        #expect(Self.select(k, of: samples, low: cut + 1, middle: cut + 2, high: cut + 9) == nil)
        #expect(Self.select(k, of: samples, low: cut - 9, middle: cut - 2, high: cut - 1) == nil)
      }
    }

    @Test("selecting a rank among keys equals sorting them")
    func ranks() {
      var generator = SeededGenerator(seed: 72)
      for count in [1, 2, 31, 33, 64, 1000] {
        for bound in [1, 3, 1000, Int64.max] {
          let keys = (0..<count).map { _ in Int64.random(in: -bound...bound, using: &generator) }
          let sorted = keys.sorted()
          for rank in Set([0, count / 2, count - 1]) {
            var copy = keys
            let found = copy.withUnsafeMutableBufferPointer {
              selectKey($0.baseAddress.unsafelyUnwrapped, count, rank: rank)
            }
            let key = sorted[rank]
            let expected = RankedKey(
              key: key, below: keys.count { $0 < key }, equal: keys.count { $0 == key })
            #expect(found == expected)
          }
        }
      }
    }

    @Test("clustered entries widen the bracket")
    func clusters() {
      // Neighbours are all small or all large, so that 16 of them tell as much as one.
      let values = (0..<65_536).map { index -> Float in
        let base: Float = index / 16 % 7 < 3 ? 1 : 2
        return base + Float(index % 16) / 64
      }
      let spread = values.withUnsafeBufferPointer { buffer in
        let set = TensorSet([Scores(buffer)], threads: 1)
        let rule = MagnitudeRule<Int32>(KeyOrder(types: [.float32], ranking: .magnitude, nan: .refuse))
        let sample = EntrySample(rule, set, size: 8192)
        #expect(sample.count == 8192)
        return sample.deviation(below: Int32((1.9 as Float).bitPattern))
      }
      // Independent draws: sqrt(8192 * 3 / 7 * 4 / 7) = 45; clusters of 16: four times as much.
      #expect(spread > 150 && spread < 210)
    }
  }
#endif
