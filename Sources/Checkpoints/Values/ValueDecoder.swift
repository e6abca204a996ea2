import Sparsity

/// Reads elements of a stored type as numbers, exactly but for 64-bit integers beyond 2^53.
struct ValueDecoder {
  private let type: StoredType
  /// The values of all codes, for the types of 8 bits and for float16.
  private let table: [Double]

  /// Nil for complex numbers and for types narrower than a byte.
  init?(_ type: StoredType) {
    switch type {
    case .f4, .f6E2M3, .f6E3M2, .c32, .c64, .c128: return nil
    case .f16: table = Self.halves
    case _ where type.bitWidth == 8: table = (0..<256).map { Self.byteValue(UInt8($0), type) }
    default: table = []
    }
    self.type = type
  }

  /// Writes the numbers of `bytes`, whole elements, to `values`.
  func decode(_ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Double>) {
    guard let source = bytes.baseAddress else { return }
    let count = bytes.count / (type.bitWidth / 8)
    switch type {
    case .f64: each(source, count, Double.self, values) { $0 }
    case .f32: each(source, count, Float.self, values) { Double($0) }
    case .bf16: each(source, count, UInt16.self, values) { Double(Float(BFloat16(bitPattern: $0))) }
    case .f16: look(source, count, UInt16.self, values)
    case .i16: each(source, count, Int16.self, values) { Double($0) }
    case .u16: each(source, count, UInt16.self, values) { Double($0) }
    case .i32: each(source, count, Int32.self, values) { Double($0) }
    case .u32: each(source, count, UInt32.self, values) { Double($0) }
    case .i64: each(source, count, Int64.self, values) { Double($0) }
    case .u64: each(source, count, UInt64.self, values) { Double($0) }
    default: look(source, count, UInt8.self, values)
    }
  }

  /// The number of a code of 8 bits.
  subscript(code: UInt8) -> Double { table[Int(code)] }

  private func each<T: BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, _ type: T.Type, _ values: UnsafeMutableBufferPointer<Double>,
    _ convert: (T) -> Double
  ) {
    for index in 0..<count {
      values[index] = convert(source.loadUnaligned(fromByteOffset: index &* MemoryLayout<T>.size, as: T.self))
    }
  }

  private func look<T: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, _ type: T.Type, _ values: UnsafeMutableBufferPointer<Double>
  ) {
    table.withUnsafeBufferPointer { table in
      each(source, count, type, values) { table[Int(truncatingIfNeeded: $0)] }
    }
  }

  private static let halves: [Double] = {
    guard let layout = FloatLayout(.f16) else { return [] }
    return (0..<65_536).map { layout.value(UInt64($0)) }
  }()

  private static func byteValue(_ code: UInt8, _ type: StoredType) -> Double {
    switch type {
    case .i8: Double(Int8(bitPattern: code))
    case .bool: code == 0 ? 0 : 1
    case .f8E8M0: code == 255 ? .nan : Double(sign: .plus, exponent: Int(code) - 127, significand: 1)
    default: FloatLayout(type)?.value(UInt64(code)) ?? Double(code)
    }
  }
}
