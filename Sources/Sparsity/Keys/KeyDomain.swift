import CKernels

/// The type in which scores are compared: the one type of all buffers, or the narrowest that holds all of theirs.
///
/// Types meet as in PyTorch's promotion (`float16` with `bfloat16` as `float32`, 8-bit floats as `float16`), and exactly where PyTorch's would
/// round: integers beside floating point are compared as `float64`. A rounding keeps the order but makes ties, so
/// the exact order is always one of those PyTorch may choose from.
enum KeyDomain: Hashable, Sendable {
  case float16, bfloat16, float32, float64, int16, int32, int64

  init(_ types: some Sequence<ElementType>) {
    let types = Set(types)
    let floats = types.filter(\.isFloatingPoint)
    if floats.isEmpty {
      self = types.contains(.int64) ? .int64 : types.contains(.int32) ? .int32 : .int16
    } else if floats.count < types.count || types.contains(.float64) {
      self = .float64
    } else if types.isSubset(of: [.float16, .float8E4M3, .float8E5M2]) {
      self = .float16
    } else if types == [.bfloat16] {
      self = .bfloat16
    } else {
      self = .float32
    }
  }

  var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    case .int16, .int32, .int64: false
    }
  }

  /// Bytes of a value and of its key.
  var byteCount: Int {
    switch self {
    case .float16, .bfloat16, .int16: 2
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  /// The bits of infinity, 0 for integers.
  var infinity: Int64 {
    switch self {
    case .float16: 0x7c00
    case .bfloat16: 0x7f80
    case .float32: 0x7f80_0000
    case .float64: 0x7ff0_0000_0000_0000
    case .int16, .int32, .int64: 0
    }
  }

  /// Whether values of `type` are read as they lie, without conversion.
  func isNative(_ type: ElementType) -> Bool {
    switch (self, type) {
    case (.float16, .float16), (.bfloat16, .bfloat16), (.float32, .float32), (.float64, .float64),
      (.int16, .int16), (.int32, .int32), (.int64, .int64):
      true
    default: false
    }
  }

  /// Whether the value of this domain at `index` is NaN.
  func isNaN(_ values: UnsafeRawPointer, _ index: Int) -> Bool {
    let bits: Int64 =
      switch byteCount {
      case 2: Int64(values.loadUnaligned(fromByteOffset: index * 2, as: Int16.self) & Int16.max)
      case 4: Int64(values.loadUnaligned(fromByteOffset: index * 4, as: Int32.self) & Int32.max)
      default: values.loadUnaligned(fromByteOffset: index * 8, as: Int64.self) & Int64.max
      }
    return isFloatingPoint && bits > infinity
  }

  /// Converts `count` entries of `type` to values of this domain. `source` needs no alignment.
  func convert(_ source: UnsafeRawPointer, _ type: ElementType, _ count: Int, into target: UnsafeMutableRawPointer) {
    switch self {
    case .float64:
      let target = target.assumingMemoryBound(to: Double.self)
      if let kernels = EntryKernels.table, let number = type.kernelNumber {
        return kernels.pointee.to_doubles(number, source, Int64(count), target)
      }
      switch type {
      case .float64: load(source, count, as: Double.self, into: target) { $0 }
      case .float32: load(source, count, as: Float.self, into: target) { Double($0) }
      case .float16: load(source, count, as: UInt16.self, into: target) { Double(float(half: $0)) }
      case .bfloat16: load(source, count, as: UInt16.self, into: target) { Double(Float(BFloat16(bitPattern: $0))) }
      case .float8E4M3: load(source, count, as: UInt8.self, into: target) { Double(float(half: Float8.half(e4m3: $0))) }
      case .float8E5M2: load(source, count, as: UInt8.self, into: target) { Double(float(half: UInt16($0) &<< 8)) }
      case .int64: load(source, count, as: Int64.self, into: target) { Double($0) }
      case .int32: load(source, count, as: Int32.self, into: target) { Double($0) }
      case .int16: load(source, count, as: Int16.self, into: target) { Double($0) }
      case .int8: load(source, count, as: Int8.self, into: target) { Double($0) }
      case .uint8: load(source, count, as: UInt8.self, into: target) { Double($0) }
      case .bool: load(source, count, as: UInt8.self, into: target) { $0 == 0 ? 0 : 1 }
      }
    case .float32:
      let target = target.assumingMemoryBound(to: Float.self)
      switch type {
      case .float16: load(source, count, as: UInt16.self, into: target) { float(half: $0) }
      case .bfloat16: load(source, count, as: UInt16.self, into: target) { Float(BFloat16(bitPattern: $0)) }
      case .float8E4M3: load(source, count, as: UInt8.self, into: target) { float(half: Float8.half(e4m3: $0)) }
      case .float8E5M2: load(source, count, as: UInt8.self, into: target) { float(half: UInt16($0) &<< 8) }
      default: load(source, count, as: Float.self, into: target) { $0 }
      }
    case .float16:
      let halves = target.assumingMemoryBound(to: UInt16.self)
      switch type {
      case .float8E4M3: load(source, count, as: UInt8.self, into: halves) { Float8.half(e4m3: $0) }
      case .float8E5M2: load(source, count, as: UInt8.self, into: halves) { UInt16($0) &<< 8 }
      default: target.copyMemory(from: source, byteCount: count * 2)
      }
    case .bfloat16: target.copyMemory(from: source, byteCount: count * 2)
    case .int64: convertIntegers(source, type, count, into: target.assumingMemoryBound(to: Int64.self))
    case .int32: convertIntegers(source, type, count, into: target.assumingMemoryBound(to: Int32.self))
    case .int16: convertIntegers(source, type, count, into: target.assumingMemoryBound(to: Int16.self))
    }
  }

  @inline(__always)
  private func convertIntegers<Wide: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ type: ElementType, _ count: Int, into target: UnsafeMutablePointer<Wide>
  ) {
    switch type {
    case .int64: load(source, count, as: Int64.self, into: target) { Wide(truncatingIfNeeded: $0) }
    case .int32: load(source, count, as: Int32.self, into: target) { Wide(truncatingIfNeeded: $0) }
    case .int16: load(source, count, as: Int16.self, into: target) { Wide(truncatingIfNeeded: $0) }
    case .int8: load(source, count, as: Int8.self, into: target) { Wide(truncatingIfNeeded: $0) }
    case .uint8: load(source, count, as: UInt8.self, into: target) { Wide(truncatingIfNeeded: $0) }
    default: load(source, count, as: UInt8.self, into: target) { $0 == 0 ? 0 : 1 }
    }
  }

  @inline(__always)
  private func load<From, To>(
    _ source: UnsafeRawPointer, _ count: Int, as: From.Type, into target: UnsafeMutablePointer<To>,
    _ convert: (From) -> To
  ) where From: BitwiseCopyable, To: BitwiseCopyable {
    var index = 0
    while index < count {
      target[index] = convert(source.loadUnaligned(fromByteOffset: index &* MemoryLayout<From>.size, as: From.self))
      index &+= 1
    }
  }
}

/// A `float16`, by its bits, as a `Float`: exact, subnormals, infinities and NaN included.
///
/// `Float16` itself is missing on some platforms and slow on processors without the conversion.
@inline(__always)
func float(half bits: UInt16) -> Float {
  let magnitude = UInt32(truncatingIfNeeded: bits & 0x7fff)
  // The exponent is re-biased by a multiplication with 2^112, which also scales subnormals.
  let scaled = Float(bitPattern: magnitude &<< 13) * Float(bitPattern: 0x7780_0000)
  let special: UInt32 = magnitude >= 0x7c00 ? 0x7f80_0000 : 0
  return Float(bitPattern: scaled.bitPattern | special | (UInt32(truncatingIfNeeded: bits & 0x8000) &<< 16))
}

extension ElementType {
  /// The type as the kernels name it that convert it to `float64`; nil where Swift's loop does.
  fileprivate var kernelNumber: bk_number? {
    switch self {
    case .float16: BK_FLOAT16
    case .bfloat16: BK_BFLOAT16
    case .float32: BK_FLOAT32
    default: nil
    }
  }
}
