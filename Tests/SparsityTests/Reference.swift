import Sparsity

/// A small generator with a fixed seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// One entry, decoded independently of the library: integers exactly, everything else as a `Double`.
enum Entry: Equatable {
  case integer(Int64)
  case real(Double)

  var double: Double {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value
    }
  }

  var isNaN: Bool { double.isNaN }
}

/// A tensor of scores with bytes of its own.
struct Sample {
  var type: ElementType
  var bytes: [UInt8]
  var kept: BitMask?

  var count: Int { bytes.count / type.byteCount }

  func withScores<R>(_ body: (Scores) throws -> R) rethrows -> R {
    try bytes.withUnsafeBytes { try body(Scores(bytes: $0, type: type, kept: kept)) }
  }

  /// Bits of one entry.
  func bits(_ index: Int) -> UInt64 {
    var bits: UInt64 = 0
    for byte in 0..<type.byteCount { bits |= UInt64(bytes[index * type.byteCount + byte]) << UInt64(8 * byte) }
    return bits
  }

  func entry(_ index: Int) -> Entry {
    let bits = bits(index)
    switch type {
    case .float64: return .real(Double(bitPattern: bits))
    case .float32: return .real(Double(Float(bitPattern: UInt32(bits))))
    case .bfloat16: return .real(Double(Float(bitPattern: UInt32(bits) << 16)))
    case .float16: return .real(Self.half(bits))
    case .float8E4M3: return .real(Self.e4m3(bits))
    case .float8E5M2: return .real(Self.half(bits << 8))
    case .int64: return .integer(Int64(bitPattern: bits))
    case .int32: return .integer(Int64(Int32(truncatingIfNeeded: bits)))
    case .int16: return .integer(Int64(Int16(truncatingIfNeeded: bits)))
    case .int8: return .integer(Int64(Int8(truncatingIfNeeded: bits)))
    case .uint8: return .integer(Int64(bits))
    case .bool: return .integer(bits == 0 ? 0 : 1)
    }
  }

  /// IEEE 754 binary16 by its definition.
  static func half(_ bits: UInt64) -> Double {
    let sign: Double = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 31)
    let fraction = Double(bits & 1023) / 1024
    if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
    if exponent == 0 { return sign * fraction * 0x1p-14 }
    return sign * (1 + fraction) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
  }

  /// OCP 8-bit floating point, E4M3, by its definition.
  static func e4m3(_ bits: UInt64) -> Double {
    let sign: Double = bits & 0x80 == 0 ? 1 : -1
    let exponent = Int(bits >> 3 & 15)
    let fraction = Double(bits & 7) / 8
    if bits & 0x7f == 0x7f { return .nan }
    if exponent == 0 { return sign * fraction * 0x1p-6 }
    return sign * (1 + fraction) * Double(sign: .plus, exponent: exponent - 7, significand: 1)
  }

  mutating func set(_ index: Int, bits: UInt64) {
    for byte in 0..<type.byteCount {
      bytes[index * type.byteCount + byte] = UInt8(truncatingIfNeeded: bits >> UInt64(8 * byte))
    }
  }
}

/// How the entries of a random sample are spread.
enum Spread: CaseIterable {
  /// Any bit pattern: subnormals, infinities, NaN and every magnitude.
  case anyBits
  /// A few values, so that most entries are tied: zeros of both signs, ones, infinities, extremes.
  case manyTies
  /// Values near each other, as trained weights are.
  case weights
}

extension Sample {
  /// A random tensor; without NaN where those are refused.
  static func random(
    _ type: ElementType, count: Int, spread: Spread, allowNaN: Bool, using generator: inout SeededGenerator
  ) -> Sample {
    var sample = Sample(type: type, bytes: Array(repeating: 0, count: count * type.byteCount), kept: nil)
    let width = UInt64(type.byteCount * 8)
    let all = UInt64.max >> (64 - width)
    let sign: UInt64 = 1 << (width - 1)
    for index in 0..<count {
      var bits = generator.next() & all
      switch spread {
      case .anyBits: break
      case .manyTies:
        let choices: [UInt64] = [0, sign, type.one, type.one | sign, type.infinityBits, 1, sign | 1, all, sign &- 1]
        bits = choices[Int(bits % UInt64(choices.count))]
      case .weights: bits = type.isFloatingPoint ? type.one ^ (bits & (sign | all >> 5)) : bits
      }
      if type == .bool { bits &= 1 }
      sample.set(index, bits: bits)
      if !allowNaN, sample.entry(index).isNaN { sample.set(index, bits: bits & sign) }
    }
    return sample
  }

  /// The same tensor with a random earlier mask.
  func masked(keeping share: Double, using generator: inout SeededGenerator) -> Sample {
    var result = self
    result.kept = BitMask((0..<count).map { _ in Double.random(in: 0..<1, using: &generator) < share })
    return result
  }
}

extension ElementType {
  /// The bits of 1, written out for the tests.
  var one: UInt64 {
    switch self {
    case .float64: 1.0.bitPattern
    case .float32: UInt64((1 as Float).bitPattern)
    case .float16: 0x3c00
    case .bfloat16: 0x3f80
    case .float8E4M3: 0x38
    case .float8E5M2: 0x3c
    default: 1
    }
  }

  var infinityBits: UInt64 {
    switch self {
    case .float64: Double.infinity.bitPattern
    case .float32: UInt64(Float.infinity.bitPattern)
    case .float16: 0x7c00
    case .bfloat16: 0x7f80
    case .float8E4M3: 0x7e  // its largest number: it has no infinity
    case .float8E5M2: 0x7c
    default: 7
    }
  }
}

/// Selection by sorting everything: slow and plain.
enum Reference {
  static func precedes(_ a: Entry, _ b: Entry, _ ranking: Ranking) -> Bool {
    if case .integer(let x) = a, case .integer(let y) = b {
      switch ranking {
      case .magnitude: return x.magnitude < y.magnitude
      case .value: return x < y
      case .largestValue: return x > y
      }
    }
    let x = a.double
    let y = b.double
    // NaN ranks above infinity and equals itself.
    switch ranking {
    case .magnitude: return x.isNaN ? false : y.isNaN || abs(x) < abs(y)
    case .value: return x.isNaN ? false : y.isNaN || x < y
    case .largestValue: return y.isNaN ? false : x.isNaN || x > y
    }
  }

  static func prune(_ k: Int, of samples: [Sample], by ranking: Ranking) -> [BitMask] {
    var order: [(entry: Entry, buffer: Int, index: Int)] = []
    for (buffer, sample) in samples.enumerated() {
      for index in 0..<sample.count where sample.kept?[index] ?? true {
        order.append((sample.entry(index), buffer, index))
      }
    }
    order.sort { a, b in
      if precedes(a.entry, b.entry, ranking) { return true }
      if precedes(b.entry, a.entry, ranking) { return false }
      return (a.buffer, a.index) < (b.buffer, b.index)
    }
    var masks = samples.map { $0.kept ?? BitMask(repeating: true, count: $0.count) }
    for gone in order.prefix(k) { masks[gone.buffer][gone.index] = false }
    return masks
  }
}

/// Runs `body` with the scores of all samples.
func withScores<R>(_ samples: [Sample], _ body: ([Scores]) throws -> R) rethrows -> R {
  func next(_ index: Int, _ scores: [Scores]) throws -> R {
    if index == samples.count { return try body(scores) }
    return try samples[index].withScores { try next(index + 1, scores + [$0]) }
  }
  return try next(0, [])
}
