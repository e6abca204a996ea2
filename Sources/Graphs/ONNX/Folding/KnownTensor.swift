import Checkpoints

/// A small tensor whose content is known before the model runs: a constant, or what is computed from shapes.
struct KnownTensor: Hashable, Sendable {
  /// An entry.
  enum Entry: Hashable, Sendable {
    /// A whole number; truth values are 0 and 1.
    case int(Int)
    /// A real number.
    case real(Double)
    /// A size in symbols.
    case size(SymbolicExpression)
  }

  /// The type of its elements.
  var type: StoredType
  /// The shape.
  var shape: [Int]
  /// The entries in row-major order.
  var entries: [Entry]
  /// Values of the graph whose shapes went into it.
  var shaped: Set<String> = []

  init(_ type: StoredType, _ shape: [Int], _ entries: [Entry], shaped: Set<String> = []) {
    (self.type, self.shape, self.entries, self.shaped) = (type, shape, entries, shaped)
  }

  init(_ numbers: [Int], type: StoredType = .i64) { self.init(type, [numbers.count], numbers.map(Entry.int)) }

  init(_ sizes: [SymbolicSize], shaped: Set<String>) {
    self.init(
      .i64, [sizes.count],
      sizes.map { size in
        switch size {
        case .fixed(let number): .int(number)
        case .symbolic(let expression, _): .size(expression)
        }
      }, shaped: shaped)
  }

  var count: Int { entries.count }

  /// The entries as sizes; nil where one is a real number.
  var sizes: [SymbolicSize]? {
    let sizes = entries.compactMap { $0.size }
    return sizes.count == entries.count ? sizes : nil
  }

  /// The entries as whole numbers; nil where one is not.
  var ints: [Int]? {
    let ints = entries.compactMap { if case .int(let value) = $0 { value } else { nil } }
    return ints.count == entries.count ? ints : nil
  }

  /// The entries as real numbers; nil where one is a symbol.
  var reals: [Double]? {
    let reals = entries.compactMap { $0.real }
    return reals.count == entries.count ? reals : nil
  }

  /// Whether no entry depends on a symbol.
  var isConstant: Bool {
    entries.allSatisfy { if case .size = $0 { false } else { true } }
  }

  func reshaped(_ shape: [Int]) -> KnownTensor { KnownTensor(type, shape, entries, shaped: shaped) }
}

extension KnownTensor.Entry {
  var size: SymbolicSize? {
    switch self {
    case .int(let number): .fixed(number)
    case .size(let expression): .symbolic(expression, hint: nil)
    case .real: nil
    }
  }

  var real: Double? {
    switch self {
    case .int(let number): Double(number)
    case .real(let number): number
    case .size: nil
    }
  }

  init(_ size: SymbolicSize) {
    switch size {
    case .fixed(let number): self = .int(number)
    case .symbolic(let expression, _): self = .size(expression)
    }
  }
}

extension KnownTensor {
  /// Reads the entries out of bytes in row-major order, little-endian; nil for types that shapes are not computed with.
  init?(_ type: StoredType, _ shape: [Int], bytes: [UInt8]) {
    let count = shape.reduce(1, *)
    guard let width = type.byteCount, bytes.count == count * width else { return nil }
    func all<T: BitwiseCopyable>(_: T.Type, _ entry: (T) -> Entry) -> [Entry] {
      bytes.withUnsafeBytes { raw in
        (0..<count).map { entry(raw.loadUnaligned(fromByteOffset: $0 * width, as: T.self)) }
      }
    }
    let entries: [Entry]
    switch type {
    case .i64: entries = all(Int64.self) { .int(Int($0)) }
    case .i32: entries = all(Int32.self) { .int(Int($0)) }
    case .i16: entries = all(Int16.self) { .int(Int($0)) }
    case .i8: entries = all(Int8.self) { .int(Int($0)) }
    case .u8: entries = all(UInt8.self) { .int(Int($0)) }
    case .u16: entries = all(UInt16.self) { .int(Int($0)) }
    case .u32: entries = all(UInt32.self) { .int(Int($0)) }
    case .u64:
      entries = all(UInt64.self) { .int(Int(clamping: $0)) }
      if entries.contains(.int(.max)) { return nil }
    case .bool: entries = all(UInt8.self) { .int($0 == 0 ? 0 : 1) }
    case .f32: entries = all(Float.self) { .real(Double($0)) }
    case .f64: entries = all(Double.self) { .real($0) }
    case .f16: entries = all(UInt16.self) { .real(Self.half($0)) }
    case .bf16: entries = all(UInt16.self) { .real(Double(Float(bitPattern: UInt32($0) << 16))) }
    default: return nil
    }
    self.init(type, shape, entries)
  }

  private static func half(_ bits: UInt16) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
    let sign: Double = bits >> 15 == 0 ? 1 : -1
    if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
    let magnitude =
      exponent == 0
      ? fraction * Double(sign: .plus, exponent: -24, significand: 1)
      : (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    return sign * magnitude
  }

  /// The bytes in row-major order, little-endian; nil where an entry is a symbol, or of a type that is not written.
  var bytes: [UInt8]? {
    guard isConstant else { return nil }
    func all<T: BitwiseCopyable>(_ value: (Entry) -> T) -> [UInt8] {
      entries.map(value).withUnsafeBytes { Array($0) }
    }
    func int(_ entry: Entry) -> Int {
      switch entry {
      case .int(let value): value
      case .real(let value): Int(exactly: value.rounded(.towardZero)) ?? 0
      case .size: 0
      }
    }
    switch type {
    case .i64: return all { Int64(int($0)) }
    case .u64: return all { UInt64(truncatingIfNeeded: int($0)) }
    case .i32: return all { Int32(truncatingIfNeeded: int($0)) }
    case .u32: return all { UInt32(truncatingIfNeeded: int($0)) }
    case .i16: return all { Int16(truncatingIfNeeded: int($0)) }
    case .u16: return all { UInt16(truncatingIfNeeded: int($0)) }
    case .i8: return all { Int8(truncatingIfNeeded: int($0)) }
    case .u8: return all { UInt8(truncatingIfNeeded: int($0)) }
    case .bool: return all { int($0) == 0 ? UInt8(0) : 1 }
    case .f32: return all { Float($0.real ?? 0) }
    case .f64: return all { $0.real ?? 0 }
    case .f16: return all { Self.halfBits($0.real ?? 0) }
    case .bf16: return all { Self.upperBits($0.real ?? 0) }
    default: return nil
    }
  }

  /// The value as the type holds it.
  static func rounded(_ value: Double, _ type: StoredType) -> Double {
    switch type {
    case .f32: Double(Float(value))
    case .f16: half(halfBits(value))
    case .bf16: Double(Float(bitPattern: UInt32(upperBits(value)) << 16))
    default: value
    }
  }

  /// The nearest number of half precision, by way of one of single precision.
  private static func halfBits(_ value: Double) -> UInt16 {
    let single = Float(value)
    let sign: UInt16 = single.sign == .minus ? 0x8000 : 0
    if single.isNaN { return 0x7e00 }
    let magnitude = Double(single.magnitude)
    if magnitude >= 65520 { return sign | 0x7c00 }
    // Steps of the last place: those of the exponent, but no finer than the smallest numbers have.
    let exponent = max(magnitude == 0 ? -14 : Int(magnitude.exponent), -14)
    let unit = Double(sign: .plus, exponent: exponent - 10, significand: 1)
    let steps = Int((magnitude / unit).rounded(.toNearestOrEven))
    // 1024 steps and more carry over into the exponent by themselves.
    return sign | UInt16((exponent + 14) * 1024 + steps)
  }

  /// The nearest number of the upper half of single precision.
  private static func upperBits(_ value: Double) -> UInt16 {
    let single = Float(value)
    if single.isNaN { return 0x7fc0 }
    let bits = single.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
  }
}
