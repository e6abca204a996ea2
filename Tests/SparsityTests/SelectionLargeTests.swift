import Foundation
import Sparsity
import Testing

@Suite("Selection of tensors that are sampled and split over threads")
struct SelectionLargeTests {
  @Test("every type and ranking over three buffers", arguments: ElementType.allCases, Ranking.allCases)
  func sampled(type: ElementType, ranking: Ranking) throws {
    var generator = SeededGenerator(seed: 21)
    for spread in Spread.allCases {
      for nan in NaNRule.allCases {
        var samples = [3000, 0, 2001, 130].map {
          Sample.random(type, count: $0, spread: spread, allowNaN: nan == .rankLargest, using: &generator)
        }
        samples[2] = samples[2].masked(keeping: 0.9, using: &generator)
        let available = samples.reduce(0) { $0 + ($1.kept?.keptCount ?? $1.count) }
        for k in [1, available / 5, available * 9 / 10] {
          let masks = try withScores(samples) { try Selection.prune(k, of: $0, by: ranking, nan: nan) }
          let flaw = flaw(of: masks, pruning: k, from: samples, by: ranking)
          #expect(flaw == nil, "k \(k), \(spread), \(nan)")
        }
      }
    }
  }

  @Test("any number of threads gives the same masks", arguments: [ElementType.float32, .bfloat16])
  func threads(type: ElementType) throws {
    var generator = SeededGenerator(seed: 22)
    var samples = [70_000, 1, 50_000].map {
      Sample.random(type, count: $0, spread: .weights, allowNaN: false, using: &generator)
    }
    // Equal entries in every piece.
    for sample in samples.indices {
      for index in stride(from: 0, to: samples[sample].count, by: 3) { samples[sample].set(index, bits: type.one) }
    }
    samples[2] = samples[2].masked(keeping: 0.8, using: &generator)
    let available = samples.reduce(0) { $0 + ($1.kept?.keptCount ?? $1.count) }
    for k in [available / 20, available / 4] {
      let expected = try withScores(samples) { try Selection.prune(k, of: $0, threads: 1) }
      let flaw = flaw(of: expected, pruning: k, from: samples, by: .magnitude)
      #expect(flaw == nil)
      for threads in 2...8 {
        #expect(try withScores(samples) { try Selection.prune(k, of: $0, threads: threads) } == expected)
      }
    }
  }

  @Test("few distinct values, where the cut falls on or between them", arguments: [2, 3, 5, 8, 12, 40])
  func fewValues(distinct: Int) throws {
    var generator = SeededGenerator(seed: 23)
    let values = (0..<9_000).map { _ in Float(Int.random(in: 0..<distinct, using: &generator)) }
    let sample = Sample(type: .float32, bytes: values.withUnsafeBytes(Array.init), kept: nil)
    var cuts = [1, 4_500, 8_999]
    for value in 1..<min(distinct, 6) {
      let below = values.count { $0 < Float(value) }
      cuts += [below - 1, below, below + 1]
    }
    for k in cuts {
      let masks = try sample.withScores { try Selection.prune(k, of: [$0]) }
      let flaw = flaw(of: masks, pruning: k, from: [sample], by: .magnitude)
      #expect(flaw == nil, "k \(k)")
    }
  }

  @Test("half of the weights already zero")
  func manyZeros() throws {
    var generator = SeededGenerator(seed: 24)
    var sample = Sample.random(.float32, count: 10_000, spread: .weights, allowNaN: false, using: &generator)
    for index in stride(from: 0, to: 10_000, by: 2) { sample.set(index, bits: UInt64(index % 4) << 30) }
    for k in [10, 2_500, 4_999, 5_000, 5_001, 5_010, 7_000] {
      let masks = try sample.withScores { try Selection.prune(k, of: [$0]) }
      let flaw = flaw(of: masks, pruning: k, from: [sample], by: .magnitude)
      #expect(flaw == nil, "k \(k)")
    }
  }

  @Test("a tensor that lies wholly near the cut is settled without gathering it")
  func crowdedTensor() throws {
    var generator = SeededGenerator(seed: 26)
    let wide = (0..<40_000).map { _ in Float.random(in: 0..<1, using: &generator) }
    let crowded = (0..<3_500).map { _ in Float.random(in: 0.4999..<0.5001, using: &generator) }
    let samples = [wide, crowded].map { Sample(type: .float32, bytes: $0.withUnsafeBytes(Array.init), kept: nil) }
    let masks = try withScores(samples) { try Selection.prune(21_750, of: $0) }
    let flaw = flaw(of: masks, pruning: 21_750, from: samples, by: .magnitude)
    #expect(flaw == nil)
  }

  @Test("NaN among many entries is found, counted and placed")
  func findsNaN() throws {
    var values = (0..<12_000).map { Float($0) }
    for index in [2_100, 2_099, 11_999] { values[index] = index == 2_099 ? -.nan : .nan }
    for ranking in Ranking.allCases {
      _ = values.withUnsafeBufferPointer { buffer in
        #expect(throws: SelectionError.nan(buffer: 0, index: 2_099, count: 3)) {
          try Selection.prune(6_000, of: [Scores(buffer)], by: ranking)
        }
      }
    }
  }

  /// Set SPARSITY_PROPERTY_CASES to run more of them, for example 100000 in a release build.
  @Test("random inputs of every kind agree with a plain sort")
  func property() throws {
    let cases = ProcessInfo.processInfo.environment["SPARSITY_PROPERTY_CASES"].flatMap { Int($0) } ?? 60
    var generator = SeededGenerator(seed: 25)
    var failures: [String] = []
    for number in 0..<cases {
      // Small sizes more often than large ones, up to 10,000.
      let limit = [20, 200, 2_000, 10_000].randomElement(using: &generator)!
      let type = ElementType.allCases.randomElement(using: &generator)!
      let nan = NaNRule.allCases.randomElement(using: &generator)!
      let ranking = Ranking.allCases.randomElement(using: &generator)!
      let threads = Int.random(in: 1...8, using: &generator)
      var samples: [Sample] = []
      var room = Int.random(in: 0...limit, using: &generator)
      while room > 0 {
        let count = Bool.random(using: &generator) ? room : Int.random(in: 0...room, using: &generator)
        room -= count
        let sample = Sample.random(
          type, count: count, spread: Spread.allCases.randomElement(using: &generator)!,
          allowNaN: nan == .rankLargest, using: &generator)
        let share = Double.random(in: 0...1, using: &generator)
        samples.append(Bool.random(using: &generator) ? sample : sample.masked(keeping: share, using: &generator))
      }
      let available = samples.reduce(0) { $0 + ($1.kept?.keptCount ?? $1.count) }
      let k = Int.random(in: 0...available, using: &generator)
      let masks = try withScores(samples) {
        try Selection.prune(k, of: $0, by: ranking, nan: nan, threads: threads)
      }
      if masks != Reference.prune(k, of: samples, by: ranking) {
        failures.append("case \(number): \(type), \(ranking), \(nan), sizes \(samples.map(\.count)), k \(k)")
      }
    }
    #expect(failures.count == 0, "\(failures.prefix(5))")
  }
}
