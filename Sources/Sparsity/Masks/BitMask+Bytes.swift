extension BitMask {
  /// What makes an entry of a dense mask count as kept.
  public enum Test: Sendable, Hashable, CaseIterable {
    /// Everything but zero: -0 is pruned, NaN is kept.
    case nonzero
    /// Exactly one, as PyTorch's `PruningContainer` asks of an unstructured mask.
    case equalsOne
  }

  /// Packs a dense mask.
  ///
  /// - Parameters:
  ///   - bytes: A contiguous buffer of entries; its size must be a multiple of the type's ``ElementType/byteCount``.
  ///   - type: The type of the entries.
  ///   - test: Which entries are kept; ``Test/nonzero`` unless told.
  ///
  /// One read of `bytes`, on all processors where it is large.
  public init(_ bytes: UnsafeRawBufferPointer, type: ElementType, keeping test: Test = .nonzero) {
    precondition(
      bytes.count % type.byteCount == 0,
      "BitMask: expected a whole number of \(type) entries, found \(bytes.count) bytes")
    let count = bytes.count / type.byteCount
    self.init(count: count) { words in
      let source = bytes.baseAddress.unsafelyUnwrapped
      switch type.byteCount {
      case 1: Self.pack(source, count, UInt8(truncatingIfNeeded: type.onePattern), type, test, words)
      case 2: Self.pack(source, count, UInt16(truncatingIfNeeded: type.onePattern), type, test, words)
      case 4: Self.pack(source, count, UInt32(truncatingIfNeeded: type.onePattern), type, test, words)
      default: Self.pack(source, count, UInt64(type.onePattern), type, test, words)
      }
    }
  }

  @inline(__always)
  private static func pack<Bits: FixedWidthInteger & UnsignedInteger>(
    _ source: UnsafeRawPointer, _ count: Int, _ one: Bits, _ type: ElementType, _ test: Test,
    _ words: UnsafeMutablePointer<UInt64>
  ) {
    // Without its sign a floating-point zero is 0.
    let magnitude = type.isFloatingPoint ? Bits.max >> 1 : Bits.max
    Parallel.ranges(of: count) { range in
      let start = source + range.lowerBound * MemoryLayout<Bits>.size
      let out = words + range.lowerBound / 64
      if let kernels = EntryKernels.table {
        let isNonzero = test == .nonzero
        return kernels.pointee.pack(
          start, Int64(range.count), Int32(MemoryLayout<Bits>.size), UInt64(isNonzero ? magnitude : Bits.max),
          isNonzero ? 0 : UInt64(one), !isNonzero, out)
      }
      switch test {
      case .nonzero: packBits(start, range.count, as: Bits.self, out) { $0 & magnitude != 0 }
      case .equalsOne: packBits(start, range.count, as: Bits.self, out) { $0 == one }
      }
    }
  }
}

extension ElementType {
  /// The bits of the number 1.
  var onePattern: UInt64 {
    switch self {
    case .float64: 0x3ff0_0000_0000_0000
    case .float32: 0x3f80_0000
    case .float16: 0x3c00
    case .bfloat16: 0x3f80
    case .float8E4M3: 0x38
    case .float8E5M2: 0x3c
    case .int64, .int32, .int16, .int8, .uint8, .bool: 1
    }
  }
}
