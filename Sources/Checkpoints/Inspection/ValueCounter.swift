/// Counts the values of a tensor that comes in blocks of whole elements, for ``TensorStatistics``.
struct ValueCounter {
  /// How the values are looked at.
  private enum Kind {
    /// Floats of 16 to 64 bits: by their exponents.
    case float(FloatLayout)
    /// Types of 8 bits: by their 256 codes.
    case code(ValueDecoder)
    /// Whole numbers of 16 to 64 bits: by the lengths of their magnitudes.
    case integer
  }

  /// The type of the values: that of the elements, or of the two parts of complex ones.
  private let type: StoredType
  private let width: Int
  private let kind: Kind
  /// Tells values that are zero; it counts the others.
  private let zeros: BitmaskKernel
  /// Tells complex elements that are zero.
  private let pairs: BitmaskKernel?
  private var zeroPairs = 0
  /// Values by exponent, code or length, in four lanes, so that equal neighbours do not wait for each other.
  private var lanes: [UInt32]
  private let bins: Int
  private var totals: [Int]
  /// Magnitudes in bits: the largest finite one, and the smallest other than zero less one.
  private var greatest: UInt64 = 0
  private var least: UInt64 = .max
  private var counts = TensorStatistics()

  /// Nil for types narrower than a byte.
  init?(_ type: StoredType) {
    let part = type.part ?? type
    guard let width = part.byteCount else { return nil }
    self.type = part
    self.width = width
    var mask = UInt64.max
    if let layout = FloatLayout(part), width > 1 {
      kind = .float(layout)
      bins = 1 << layout.exponentBits
      mask = layout.magnitudeMask
    } else if width == 1, let decoder = ValueDecoder(part) {
      kind = .code(decoder)
      bins = 256
    } else {
      kind = .integer
      bins = 65
    }
    zeros = BitmaskKernel(width: width, mask: mask)
    pairs =
      type.part == nil
      ? nil : BitmaskKernel(width: 2 * width, mask: width == 8 ? mask : mask | mask << UInt64(8 * width))
    lanes = Array(repeating: 0, count: 4 * bins)
    totals = Array(repeating: 0, count: bins)
  }

  /// Takes a block of whole elements into account.
  mutating func add(_ block: UnsafeRawBufferPointer) {
    guard let base = block.baseAddress else { return }
    // Pieces that stay in the first cache while they are looked at several times.
    for start in stride(from: 0, to: block.count, by: 1 << 14) {
      let size = min(1 << 14, block.count - start)
      let (source, count) = (base + start, size / width)
      if let pairs { zeroPairs += count / 2 - pairs.count(source, count: count / 2).kept }
      if case .code = kind {
        addCodes(source, count, UInt8.self) { Int($0) }
        continue
      }
      counts.zeroCount += count - zeros.count(source, count: count).kept
      switch (kind, width) {
      case (.float(let layout), 2): addFloats(source, count, layout, UInt16.self)
      case (.float(let layout), 4): addFloats(source, count, layout, UInt32.self)
      case (.float(let layout), _): addFloats(source, count, layout, UInt64.self)
      default: addIntegers(source, count)
      }
    }
    for bin in 0..<bins {
      for lane in 0..<4 {
        totals[bin] += Int(lanes[lane * bins + bin])
        lanes[lane * bins + bin] = 0
      }
    }
  }

  private mutating func addFloats<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, _ layout: FloatLayout, _ type: T.Type
  ) {
    let mask = T(truncatingIfNeeded: layout.magnitudeMask)
    let shift = T(truncatingIfNeeded: layout.fractionBits)
    addCodes(source, count, type) { Int(truncatingIfNeeded: ($0 & mask) &>> shift) }
    var greatest: T = 0
    var least = T.max
    for index in 0..<count {
      let magnitude = source.loadUnaligned(fromByteOffset: index &* MemoryLayout<T>.size, as: T.self) & mask
      greatest = max(greatest, magnitude)
      least = min(least, magnitude &- 1)
    }
    let infinity = T(truncatingIfNeeded: layout.infinity)
    if greatest >= infinity {
      greatest = 0
      for index in 0..<count {
        let magnitude = source.loadUnaligned(fromByteOffset: index &* MemoryLayout<T>.size, as: T.self) & mask
        if magnitude < infinity { greatest = max(greatest, magnitude) }
        counts.infinityCount += magnitude == infinity ? 1 : 0
        counts.nanCount += magnitude > infinity ? 1 : 0
      }
    }
    self.greatest = max(self.greatest, UInt64(greatest))
    if least < infinity &- 1 { self.least = min(self.least, UInt64(least)) }
  }

  private mutating func addCodes<T: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, _ type: T.Type, _ bin: (T) -> Int
  ) {
    let bins = bins
    lanes.withUnsafeMutableBufferPointer { lanes in
      var index = 0
      while index &+ 4 <= count {
        for lane in 0..<4 {
          let code = source.loadUnaligned(fromByteOffset: (index &+ lane) &* MemoryLayout<T>.size, as: T.self)
          lanes[lane &* bins &+ bin(code)] &+= 1
        }
        index &+= 4
      }
      while index < count {
        lanes[bin(source.loadUnaligned(fromByteOffset: index &* MemoryLayout<T>.size, as: T.self))] &+= 1
        index &+= 1
      }
    }
  }

  private mutating func addIntegers(_ source: UnsafeRawPointer, _ count: Int) {
    switch type {
    case .i16: addIntegers(source, count, Int16.self)
    case .u16: addIntegers(source, count, UInt16.self)
    case .i32: addIntegers(source, count, Int32.self)
    case .u32: addIntegers(source, count, UInt32.self)
    case .i64: addIntegers(source, count, Int64.self)
    default: addIntegers(source, count, UInt64.self)
    }
  }

  private mutating func addIntegers<T: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, _ type: T.Type
  ) {
    addCodes(source, count, type) { T.Magnitude.bitWidth &- $0.magnitude.leadingZeroBitCount }
    for index in 0..<count {
      let value = source.loadUnaligned(fromByteOffset: index &* MemoryLayout<T>.size, as: T.self)
      let magnitude = UInt64(truncatingIfNeeded: value.magnitude)
      greatest = max(greatest, magnitude)
      least = min(least, magnitude &- 1)
    }
  }

  /// What was counted; the elements are the reader's to count.
  var statistics: TensorStatistics {
    var result = counts
    switch kind {
    case .float(let layout):
      // The lowest exponent holds the zeros too, and the highest what is no number.
      for (exponent, count) in totals.dropLast().enumerated() {
        let others = exponent == 0 ? count - counts.zeroCount : count
        if others > 0 { result.magnitudes[exponent - layout.bias] = others }
      }
      if least != .max { result.include(layout.value(least + 1)) }
      if greatest != 0 { result.include(layout.value(greatest)) }
    case .code(let decoder):
      for (code, count) in totals.enumerated() where count > 0 { result.add(decoder[UInt8(code)], count) }
    case .integer:
      for (length, count) in totals.enumerated() where length > 0 && count > 0 { result.magnitudes[length - 1] = count }
      if least != .max { result.include(Double(least + 1)) }
      if greatest != 0 { result.include(Double(greatest)) }
    }
    if pairs != nil { result.zeroCount = zeroPairs }
    return result
  }
}

extension TensorStatistics {
  /// Takes a number into account that occurs so often.
  fileprivate mutating func add(_ value: Double, _ count: Int) {
    if value.isNaN {
      nanCount += count
    } else if value.isInfinite {
      infinityCount += count
    } else if value == 0 {
      zeroCount += count
    } else {
      include(value.magnitude)
      magnitudes[Int(value.exponent), default: 0] += count
    }
  }
}

extension StoredType {
  /// The type of the two parts of a complex number; nil for all others.
  var part: StoredType? {
    switch self {
    case .c32: .f16
    case .c64: .f32
    case .c128: .f64
    default: nil
    }
  }
}
