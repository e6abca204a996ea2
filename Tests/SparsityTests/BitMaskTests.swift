import Sparsity
import Testing

@Suite("BitMask")
struct BitMaskTests {
  /// Sizes around word borders, and one that is split over threads.
  static let sizes = [0, 1, 3, 63, 64, 65, 127, 200]

  static func random(_ count: Int, seed: UInt64, share: Double = 0.5) -> BitMask {
    var generator = SeededGenerator(seed: seed)
    return BitMask((0..<count).map { _ in Double.random(in: 0..<1, using: &generator) < share })
  }

  @Test("counts, subscripts and intersections", arguments: sizes)
  func basics(count: Int) {
    var mask = BitMask(repeating: true, count: count)
    #expect(mask.keptCount == count)
    #expect(BitMask(repeating: false, count: count).keptCount == 0)
    for index in stride(from: 0, to: count, by: 3) { mask[index] = false }
    #expect(mask == BitMask((0..<count).map { $0 % 3 != 0 }))
    #expect(mask.prunedCount == (count + 2) / 3)
    let other = Self.random(count, seed: 7)
    #expect(mask.intersection(other) == BitMask((0..<count).map { mask[$0] && other[$0] }))
    #expect(BitMask(words: Array(repeating: .max, count: (count + 63) / 64), count: count).keptCount == count)
  }

  @Test("packing reads what a dense mask says", arguments: ElementType.allCases)
  func packing(type: ElementType) {
    var generator = SeededGenerator(seed: 11)
    for count in Self.sizes {
      let sample = Sample.random(type, count: count, spread: .manyTies, allowNaN: true, using: &generator)
      sample.bytes.withUnsafeBytes { bytes in
        let entries = (0..<count).map { sample.entry($0).double }
        #expect(BitMask(bytes, type: type) == BitMask(entries.map { $0 != 0 }))
        #expect(BitMask(bytes, type: type, keeping: .equalsOne) == BitMask(entries.map { $0 == 1 }))
      }
    }
  }

  @Test("expanding writes ones and zeros that pack to the same mask", arguments: ElementType.allCases)
  func expanding(type: ElementType) {
    for count in Self.sizes {
      let mask = Self.random(count, seed: UInt64(count))
      var sample = Sample(type: type, bytes: Array(repeating: 0xff, count: count * type.byteCount), kept: nil)
      sample.bytes.withUnsafeMutableBytes { mask.expand(into: $0, as: type) }
      #expect((0..<count).allSatisfy { sample.bits($0) == (mask[$0] ? type.one : 0) })
    }
  }

  @Test("products follow IEEE 754", arguments: ElementType.allCases)
  func products(type: ElementType) {
    var generator = SeededGenerator(seed: 13)
    for count in Self.sizes {
      for spread in Spread.allCases {
        let sample = Sample.random(type, count: count, spread: spread, allowNaN: true, using: &generator)
        let mask = Self.random(count, seed: UInt64(count))
        var product = sample
        sample.bytes.withUnsafeBytes { source in
          product.bytes.withUnsafeMutableBytes { mask.multiply(source, into: $0, type: type) }
        }
        for index in 0..<count {
          switch sample.entry(index) {
          case .integer(let value): #expect(product.entry(index) == .integer(mask[index] ? value : 0))
          case .real(let value):
            let expected = value * (mask[index] ? 1 : 0)
            let found = product.entry(index).double
            #expect(
              expected.isNaN ? found.isNaN : found.bitPattern == expected.bitPattern, "\(value) times \(mask[index])")
          }
        }
        // In place, and from memory without alignment.
        var bytes = [0xaa] + sample.bytes
        bytes.withUnsafeMutableBytes { raw in
          let inner = UnsafeMutableRawBufferPointer(rebasing: raw[1...])
          mask.multiply(UnsafeRawBufferPointer(inner), into: inner, type: type)
        }
        #expect(Array(bytes.dropFirst()) == product.bytes)
      }
    }
  }

  @Test(
    "channels of every dimension",
    arguments: [
      [5], [1], [0], [2, 3], [3, 70], [70, 3], [4, 3, 2], [2, 65, 3], [3, 2, 5, 5], [2, 0, 3], [1, 64, 1, 2],
    ])
  func channels(shape: [Int]) {
    let total = shape.reduce(1, *)
    for dimension in shape.indices {
      let inner = shape[(dimension + 1)...].reduce(1, *)
      let size = shape[dimension]
      func channel(_ index: Int) -> Int { index / inner % size }
      let mask = Self.random(size, seed: 3)
      let expanded = mask.expanded(alongDimension: dimension, of: shape)
      #expect(expanded == BitMask((0..<total).map { mask[channel($0)] }))
      #expect(expanded == mask.expanded(alongDimension: dimension - shape.count, of: shape))
      let sparse = Self.random(total, seed: 5, share: 0.1)
      let any = BitMask((0..<size).map { wanted in (0..<total).contains { channel($0) == wanted && sparse[$0] } })
      #expect(sparse.keptChannels(alongDimension: dimension, of: shape) == any)
    }
  }

  @Test("large masks are split over threads")
  func large() {
    let count = 70_001
    let mask = Self.random(count, seed: 17)
    var dense = [UInt8](repeating: 9, count: count)
    dense.withUnsafeMutableBytes { mask.expand(into: $0, as: .bool) }
    dense.withUnsafeBytes { #expect(BitMask($0, type: .bool) == mask) }
  }

  @Test("products of parts are parts of the product")
  func productsOfParts() {
    let count = 70_001
    let mask = Self.random(count, seed: 18)
    let source = (0..<count).map { Float($0 + 1) }
    var whole = [Float](repeating: .nan, count: count)
    var parts = whole
    source.withUnsafeBytes { source in
      whole.withUnsafeMutableBytes { mask.multiply(source, into: $0, type: .float32) }
      parts.withUnsafeMutableBytes { parts in
        for range in [64..<64, 0..<64, 64..<65_600, 65_600..<70_001] {
          mask.multiply(range, of: source, into: parts, type: .float32)
        }
      }
    }
    #expect(parts == whole && parts.last == (mask[70_000] ? 70_001 : 0))
  }

  @Test("masks are sets", arguments: [0, 1, 63, 64, 65, 200])
  func algebra(count: Int) {
    var generator = SeededGenerator(seed: 7)
    let bits = (0..<2).map { _ in (0..<count).map { _ in Bool.random(using: &generator) } }
    let (a, b) = (BitMask(bits[0]), BitMask(bits[1]))
    func by(_ test: (Bool, Bool) -> Bool) -> BitMask { BitMask(zip(bits[0], bits[1]).map(test)) }
    #expect(a.intersection(b) == by { $0 && $1 } && a.union(b) == by { $0 || $1 })
    #expect(a.subtracting(b) == by { $0 && !$1 } && a.symmetricDifference(b) == by { $0 != $1 })
    #expect(a.complement == by { a, _ in !a } && a.complement.keptCount == a.prunedCount)
    #expect(a.intersection(b).isSubset(of: a) && a.isSubset(of: a.union(b)))
    #expect(a.isSubset(of: b) == zip(bits[0], bits[1]).allSatisfy { !$0 || $1 })
    #expect(a.part(count / 3..<count) == BitMask(bits[0][(count / 3)...]))
  }

  @Test("zeroing keeps signs and makes no NaN", arguments: [ElementType.float32, .float64, .float16, .bfloat16])
  func zeroing(type: ElementType) {
    // 1, -1, infinity, -infinity and NaN, as bits.
    let patterns: [UInt64] =
      switch type {
      case .float64: [0x3ff << 52, 0xbff << 52, 0x7ff << 52, 0xfff << 52, 0x7ff8 << 48]
      case .float32: [0x3f80_0000, 0xbf80_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000]
      case .float16: [0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00]
      default: [0x3f80, 0xbf80, 0x7f80, 0xff80, 0x7fc0]
      }
    let count = 150
    let bytes = (0..<count).flatMap { index in
      withUnsafeBytes(of: patterns[index % 5].littleEndian) { Array($0.prefix(type.byteCount)) }
    }
    let mask = BitMask((0..<count).map { $0 % 3 == 0 })
    var zeroed = [UInt8](repeating: 1, count: bytes.count)
    bytes.withUnsafeBytes { source in zeroed.withUnsafeMutableBytes { mask.zero(source, into: $0, type: type) } }
    for index in 0..<count {
      let range = index * type.byteCount..<(index + 1) * type.byteCount
      var expected = Array(bytes[range])
      if !mask[index] {
        let isNegative = index % 5 == 1 || index % 5 == 3
        expected = Array(repeating: 0, count: type.byteCount - 1) + [isNegative ? 0x80 : 0]
      }
      #expect(Array(zeroed[range]) == expected, "\(index)")
    }
  }
}
