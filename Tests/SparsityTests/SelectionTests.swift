import Sparsity
import Testing

@Suite("Selection agrees with sorting")
struct SelectionTests {
  @Test("every type, ranking and NaN rule, one buffer", arguments: ElementType.allCases, Ranking.allCases)
  func oneBuffer(type: ElementType, ranking: Ranking) throws {
    var generator = SeededGenerator(seed: 1)
    for size in [0, 1, 2, 63, 64, 65, 200, 700] {
      for spread in Spread.allCases {
        for nan in NaNRule.allCases {
          let sample = Sample.random(
            type, count: size, spread: spread, allowNaN: nan == .rankLargest, using: &generator)
          for k in Set([0, min(1, size), size / 3, size / 2, max(0, size - 1), size]) {
            let masks = try sample.withScores { try Selection.prune(k, of: [$0], by: ranking, nan: nan) }
            #expect(masks == Reference.prune(k, of: [sample], by: ranking), "size \(size), k \(k), \(spread), \(nan)")
          }
        }
      }
    }
  }

  @Test("random buffers of mixed types and earlier masks", arguments: [2, 3, 4, 5] as [UInt64])
  func manyBuffers(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<60 {
      let samples = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
        let sample = Sample.random(
          ElementType.allCases.randomElement(using: &generator)!, count: Int.random(in: 0...130, using: &generator),
          spread: Spread.allCases.randomElement(using: &generator)!, allowNaN: true, using: &generator)
        return Bool.random(using: &generator) ? sample : sample.masked(keeping: 0.6, using: &generator)
      }
      // Integers beside floating point meet as float64, where the largest of them round.
      if samples.contains(where: { $0.type == .int64 }), samples.contains(where: \.type.isFloatingPoint) { continue }
      let ranking = Ranking.allCases.randomElement(using: &generator)!
      let available = samples.reduce(0) { $0 + ($1.kept?.keptCount ?? $1.count) }
      let k = Int.random(in: 0...available, using: &generator)
      let masks = try withScores(samples) { try Selection.prune(k, of: $0, by: ranking, nan: .rankLargest) }
      #expect(masks == Reference.prune(k, of: samples, by: ranking))
    }
  }

  @Test("ties go by the lowest flat index over all buffers")
  func ties() throws {
    let first: [Float] = [0, 1, -0.0, 1]
    let second: [Float] = [0, -0.0, 2]
    let masks = try first.withUnsafeBufferPointer { a in
      try second.withUnsafeBufferPointer { b in try Selection.prune(3, of: [Scores(a), Scores(b)]) }
    }
    #expect(masks == [BitMask([false, true, false, true]), BitMask([false, true, true])])
  }

  @Test("the magnitude of the most negative integer is the largest")
  func integerExtremes() throws {
    let values: [Int8] = [.min, .max, -127, 0, -1]
    let masks = try values.withUnsafeBytes { try Selection.prune(4, of: [Scores(bytes: $0, type: .int8)]) }
    #expect(masks == [BitMask([true, false, false, false, false])])
  }

  @Test("NaN is refused with its place, but not where an earlier mask prunes it")
  func refusesNaN() throws {
    let values: [Float] = [1, .nan, 2, -.nan, 3]
    try values.withUnsafeBufferPointer { buffer in
      #expect(throws: SelectionError.nan(buffer: 1, index: 1, count: 2)) {
        try Selection.prune(1, of: [Scores(UnsafeBufferPointer<Float>(start: nil, count: 0)), Scores(buffer)])
      }
      let kept = BitMask([true, false, true, false, true])
      let masks = try Selection.prune(1, of: [Scores(buffer, kept: kept)])
      #expect(masks == [BitMask([false, false, true, false, true])])
    }
  }

  @Test("numbers of entries out of range are refused")
  func refusesCounts() {
    let values: [Float] = [1, 2, 3]
    values.withUnsafeBufferPointer { buffer in
      #expect(throws: SelectionError.countOutOfRange(found: 4, available: 3)) {
        try Selection.prune(4, of: [Scores(buffer)])
      }
      #expect(throws: SelectionError.countOutOfRange(found: -1, available: 3)) {
        try Selection.prune(-1, of: [Scores(buffer)])
      }
      #expect(throws: SelectionError.countOutOfRange(found: 2, available: 1)) {
        try Selection.prune(2, of: [Scores(buffer, kept: BitMask([false, true, false]))])
      }
    }
  }

  @Test("malformed buffers are refused")
  func refusesMalformed() {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6]
    bytes.withUnsafeBytes { raw in
      #expect(throws: SelectionError.unevenBytes(buffer: 0, found: 6, type: .float32)) {
        try Selection.prune(0, of: [Scores(bytes: raw, type: .float32)])
      }
      #expect(throws: SelectionError.maskCount(buffer: 0, expected: 6, found: 5)) {
        try Selection.prune(0, of: [Scores(bytes: raw, type: .int8, kept: BitMask(repeating: true, count: 5))])
      }
    }
  }
}
