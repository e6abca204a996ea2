import CKernels

extension BitMask {
  /// Writes the mask as dense entries: 1 for kept, 0 for pruned.
  ///
  /// - Parameters:
  ///   - destination: Memory for exactly ``count`` entries of `type`; it needs no alignment.
  ///   - type: The type to write.
  ///
  /// One write of `destination`, on all processors where it is large.
  public func expand(into destination: UnsafeMutableRawBufferPointer, as type: ElementType) {
    precondition(
      destination.count == count * type.byteCount,
      "BitMask.expand: expected \(count * type.byteCount) bytes for \(count) \(type) entries, found \(destination.count)"
    )
    guard count > 0 else { return }
    let base = destination.baseAddress.unsafelyUnwrapped
    withWords { words in
      let words = words.baseAddress.unsafelyUnwrapped
      let uncached = EntryKernels.isLarge(destination)
      Parallel.ranges(of: count) { range in
        expandBits(
          words + range.lowerBound / 64, range.count, as: type, into: base + range.lowerBound * type.byteCount,
          uncached: uncached)
      }
    }
  }

  /// Multiplies entries with the mask: `destination[i] = source[i] * (kept ? 1 : 0)`.
  ///
  /// The product follows IEEE 754 as PyTorch's does: a pruned negative entry becomes -0, a pruned infinity or NaN
  /// becomes NaN. Integers become 0.
  ///
  /// - Parameters:
  ///   - source: Exactly ``count`` entries of `type`.
  ///   - destination: Memory for as many entries, which may be the source's own. Neither needs alignment.
  ///   - type: The type of both.
  ///
  /// One read and one write, on all processors where they are large.
  public func multiply(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer, type: ElementType
  ) {
    checkSizes(source, destination, type)
    Parallel.ranges(of: count) { multiply($0, of: source, into: destination, type: type) }
  }

  /// The same for a part of the entries, on this thread.
  ///
  /// - Parameters:
  ///   - range: Entries, from a multiple of 64 on.
  ///   - source: All entries of `type`.
  ///   - destination: Memory for all entries.
  ///   - type: The type of both.
  public func multiply(
    _ range: Range<Int>, of source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer,
    type: ElementType
  ) {
    checkSizes(source, destination, type)
    precondition(
      range.lowerBound % 64 == 0 && range.lowerBound >= 0 && range.upperBound <= count,
      "BitMask.multiply: expected a range in 0..<\(count) from a multiple of 64 on, found \(range)")
    guard !range.isEmpty, let from = source.baseAddress, let to = destination.baseAddress else { return }
    let offset = range.lowerBound * type.byteCount
    withWords { words in
      let words = words.baseAddress.unsafelyUnwrapped
      multiplyBits(
        words + range.lowerBound / 64, range.count, from + offset, into: to + offset, type: type,
        uncached: EntryKernels.isLarge(destination, of: source))
    }
  }

  /// Copies entries, and makes zeros of those that are pruned: -0 of negative ones, also of infinities and NaN.
  ///
  /// Of finite entries that is their product with the mask. Parameters as for ``multiply(_:into:type:)``.
  public func zero(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer, type: ElementType
  ) {
    checkSizes(source, destination, type)
    guard let from = source.baseAddress, let to = destination.baseAddress else { return }
    withWords { words in
      let words = words.baseAddress.unsafelyUnwrapped
      Parallel.ranges(of: count) { range in
        let offset = range.lowerBound * type.byteCount
        zeroBits(
          words + range.lowerBound / 64, range.count, from + offset, into: to + offset, type: type,
          uncached: EntryKernels.isLarge(destination, of: source))
      }
    }
  }

  private func checkSizes(
    _ source: UnsafeRawBufferPointer, _ destination: UnsafeMutableRawBufferPointer, _ type: ElementType
  ) {
    let expected = count * type.byteCount
    precondition(
      source.count == expected && destination.count == expected,
      "BitMask.multiply: expected \(expected) bytes for \(count) \(type) entries, found a source of \(source.count)"
        + " and a destination of \(destination.count)")
  }
}

/// Writes 1 or 0 of `type` for each bit, past the caches where asked for.
func expandBits(
  _ words: UnsafePointer<UInt64>, _ count: Int, as type: ElementType, into destination: UnsafeMutableRawPointer,
  uncached: Bool = false
) {
  func spread<Bits: FixedWidthInteger & UnsignedInteger & SIMDScalar>(as _: Bits.Type) {
    let one = Bits(truncatingIfNeeded: type.onePattern)
    spreadBits(words, count, one: one, into: destination, uncached: uncached)
  }
  switch type.byteCount {
  case 1: spread(as: UInt8.self)
  case 2: spread(as: UInt16.self)
  case 4: spread(as: UInt32.self)
  default: spread(as: UInt64.self)
  }
}

/// Writes each entry times its bit, past the caches where asked for.
func multiplyBits(
  _ words: UnsafePointer<UInt64>, _ count: Int, _ source: UnsafeRawPointer,
  into destination: UnsafeMutableRawPointer, type: ElementType, uncached: Bool = false
) {
  if let kernels = EntryKernels.table {
    let (masking, constant) = type.multiplication
    return kernels.pointee.mask(
      words, Int64(count), source, destination, Int32(type.byteCount), masking, constant, uncached)
  }
  switch type {
  case .float64:
    mapQuads(words, count, source: source, into: destination, set: type.onePattern) { entries, mask in
      unsafeBitCast(
        unsafeBitCast(entries, to: SIMD4<Double>.self) * unsafeBitCast(mask, to: SIMD4<Double>.self),
        to: SIMD4<UInt64>.self)
    }
  case .float32:
    mapQuads(words, count, source: source, into: destination, set: UInt32(0x3f80_0000)) { entries, mask in
      unsafeBitCast(
        unsafeBitCast(entries, to: SIMD4<Float>.self) * unsafeBitCast(mask, to: SIMD4<Float>.self),
        to: SIMD4<UInt32>.self)
    }
  case .float16: multiplyHalves(words, count, source, into: destination, infinity: 0x7c00)
  case .bfloat16: multiplyHalves(words, count, source, into: destination, infinity: 0x7f80)
  case .float8E4M3, .float8E5M2:
    let limit = Float8.limit(type)
    for index in 0..<count {
      let bits = source.loadUnaligned(fromByteOffset: index, as: UInt8.self)
      let isKept = words[index &>> 6] &>> UInt64(truncatingIfNeeded: index & 63) & 1 == 1
      destination.storeBytes(of: isKept ? bits : Float8.zeroed(bits, limit: limit), toByteOffset: index, as: UInt8.self)
    }
  case .int64: mapQuads(words, count, source: source, into: destination, set: UInt64.max) { $0 & $1 }
  case .int32: mapQuads(words, count, source: source, into: destination, set: UInt32.max) { $0 & $1 }
  case .int16: mapQuads(words, count, source: source, into: destination, set: UInt16.max) { $0 & $1 }
  case .int8, .uint8, .bool: mapQuads(words, count, source: source, into: destination, set: UInt8.max) { $0 & $1 }
  }
}

/// The product on the bits of a 16-bit float: kept entries stay, pruned ones keep their sign alone, and pruned
/// infinities and NaN become a quiet NaN.
private func multiplyHalves(
  _ words: UnsafePointer<UInt64>, _ count: Int, _ source: UnsafeRawPointer,
  into destination: UnsafeMutableRawPointer, infinity: UInt16
) {
  let infinities = SIMD8<Int16>(repeating: Int16(infinity))
  let sign = SIMD8<UInt16>(repeating: 0x8000)
  @inline(__always)
  func product(_ entries: SIMD8<UInt16>, _ mask: SIMD8<UInt16>) -> SIMD8<UInt16> {
    // Whether a magnitude is less than infinity shows in the sign of their difference. A comparison says it as well,
    // but the compiler takes combinations of its results apart into scalars.
    let magnitudes = unsafeBitCast(entries & ~sign, to: SIMD8<Int16>.self)
    let finite = unsafeBitCast((magnitudes &- infinities) &>> 15, to: SIMD8<UInt16>.self)
    return (entries & (mask | sign)) | ~(finite | mask | sign)
  }
  mapOctets(words, count, source: source, into: destination, product)
}

/// Writes each entry, or a zero of its sign where its bit is 0, past the caches where asked for.
func zeroBits(
  _ words: UnsafePointer<UInt64>, _ count: Int, _ source: UnsafeRawPointer,
  into destination: UnsafeMutableRawPointer, type: ElementType, uncached: Bool = false
) {
  switch type {
  case .float64, .float32, .float16, .bfloat16:
    guard let kernels = EntryKernels.table else { break }
    let sign: UInt64 = 1 << UInt64(type.byteCount * 8 - 1)
    return kernels.pointee.mask(
      words, Int64(count), source, destination, Int32(type.byteCount), BK_KEEPING, sign, uncached)
  default: return multiplyBits(words, count, source, into: destination, type: type, uncached: uncached)
  }
  switch type {
  case .float64: mapQuads(words, count, source: source, into: destination, set: UInt64.max) { $0 & ($1 | 1 << 63) }
  case .float32: mapQuads(words, count, source: source, into: destination, set: UInt32.max) { $0 & ($1 | 1 << 31) }
  case .float16, .bfloat16: mapOctets(words, count, source: source, into: destination) { $0 & ($1 | 1 << 15) }
  default: multiplyBits(words, count, source, into: destination, type: type)
  }
}

extension ElementType {
  /// How the kernels multiply an entry with its bit, and the constant that this takes.
  fileprivate var multiplication: (bk_masking, UInt64) {
    switch self {
    case .float64, .float32: (BK_TIMES, 0)
    case .float16: (BK_SMALL, 0x7c00)
    case .bfloat16: (BK_SMALL, 0x7f80)
    case .float8E4M3, .float8E5M2: (BK_SMALL, UInt64(Float8.limit(self)))
    case .int64, .int32, .int16, .int8, .uint8, .bool: (BK_KEEPING, 0)
    }
  }
}
