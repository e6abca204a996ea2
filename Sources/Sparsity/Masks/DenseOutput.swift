/// Where to write dense results of one tensor beside its packed mask, in the same pass over memory.
///
/// Each destination is optional and must hold as many entries as the scores. On an error their contents are
/// unspecified.
public struct DenseOutput {
  /// Receives 1 for a kept and 0 for a pruned entry, as entries of ``maskType``.
  public var mask: UnsafeMutableRawBufferPointer?
  /// The type of ``mask``.
  public var maskType: ElementType
  /// Receives the weights times the mask, by IEEE 754 (see ``BitMask/multiply(_:into:type:)``) or with zeros, see
  /// ``isZeroing``.
  public var product: UnsafeMutableRawBufferPointer?
  /// The weights that ``product`` is made of.
  public var weights: UnsafeRawBufferPointer?
  /// The type of ``weights`` and ``product``.
  public var weightType: ElementType
  /// Whether pruned entries become zeros of their sign whatever they were, in place of the product by IEEE 754, which
  /// makes NaN of infinities and NaN.
  public var isZeroing = false

  /// Destinations for one tensor.
  ///
  /// - Parameters:
  ///   - mask: Memory for the dense mask, or nil.
  ///   - product: Memory for the masked weights, or nil. It may be the memory of the weights.
  ///   - weights: The weights to mask. Without them nothing is written to `product`.
  ///   - type: The type of the weights and of both results.
  ///   - maskType: The type of the dense mask where it differs.
  public init(
    mask: UnsafeMutableRawBufferPointer? = nil, product: UnsafeMutableRawBufferPointer? = nil,
    of weights: UnsafeRawBufferPointer? = nil, type: ElementType, maskType: ElementType? = nil
  ) {
    self.mask = mask
    self.maskType = maskType ?? type
    self.product = product
    self.weights = weights
    weightType = type
  }

  /// Throws unless every destination holds `count` entries.
  func validate(buffer: Int, count: Int) throws(SelectionError) {
    if let mask, mask.count != count * maskType.byteCount {
      throw .destinationBytes(buffer: buffer, expected: count * maskType.byteCount, found: mask.count)
    }
    let expected = count * weightType.byteCount
    if let weights, weights.count != expected {
      throw .destinationBytes(buffer: buffer, expected: expected, found: weights.count)
    }
    if let product, product.count != expected {
      throw .destinationBytes(buffer: buffer, expected: expected, found: product.count)
    }
  }

  /// Whether a destination reaches into other memory.
  func overlaps(_ bytes: UnsafeRawBufferPointer?) -> Bool {
    [mask, product].contains { destination in
      guard let bytes, let destination, !bytes.isEmpty, !destination.isEmpty,
        let a = UnsafeRawPointer(destination.baseAddress), let b = bytes.baseAddress
      else { return false }
      return a < b + bytes.count && b < a + destination.count
    }
  }

  /// Writes `count` entries from flat index `start` on, whose bits begin at `words`.
  func write(_ words: UnsafePointer<UInt64>, start: Int, count: Int) {
    if let mask, let base = mask.baseAddress {
      expandBits(
        words, count, as: maskType, into: base + start * maskType.byteCount, uncached: EntryKernels.isLarge(mask))
    }
    if let product, let weights, let base = product.baseAddress, let from = weights.baseAddress {
      let offset = start * weightType.byteCount
      let uncached = EntryKernels.isLarge(product, of: weights)
      if isZeroing {
        zeroBits(words, count, from + offset, into: base + offset, type: weightType, uncached: uncached)
      } else {
        multiplyBits(words, count, from + offset, into: base + offset, type: weightType, uncached: uncached)
      }
    }
  }

  /// Writes the results of a whole mask that came about by itself.
  public func write(_ bits: BitMask) {
    if let mask { bits.expand(into: mask, as: maskType) }
    guard let product, let weights else { return }
    if isZeroing {
      bits.zero(weights, into: product, type: weightType)
    } else {
      bits.multiply(weights, into: product, type: weightType)
    }
  }
}

extension DenseOutput {
  /// Rewrites entries whose bits have changed.
  ///
  /// - Parameters:
  ///   - entries: Flat indices less `start`.
  ///   - words: The bits of all entries, as they are now.
  func rewrite(_ entries: UnsafeBufferPointer<UInt32>, from start: Int, _ words: UnsafePointer<UInt64>) {
    if let base = mask?.baseAddress {
      let one = maskType.onePattern
      switch maskType.byteCount {
      case 1: rewrite(entries, start, words, base, base, as: UInt8.self) { $1 ? UInt8(one) : 0 }
      case 2: rewrite(entries, start, words, base, base, as: UInt16.self) { $1 ? UInt16(one) : 0 }
      case 4: rewrite(entries, start, words, base, base, as: UInt32.self) { $1 ? UInt32(one) : 0 }
      default: rewrite(entries, start, words, base, base, as: UInt64.self) { $1 ? one : 0 }
      }
    }
    guard let base = product?.baseAddress, let weights = weights?.baseAddress else { return }
    switch weightType {
    case .float64 where isZeroing:
      rewrite(entries, start, words, weights, base, as: UInt64.self) { $1 ? $0 : $0 & (1 << 63) }
    case .float32 where isZeroing:
      rewrite(entries, start, words, weights, base, as: UInt32.self) { $1 ? $0 : $0 & (1 << 31) }
    case .float16 where isZeroing, .bfloat16 where isZeroing:
      rewrite(entries, start, words, weights, base, as: UInt16.self) { $1 ? $0 : $0 & (1 << 15) }
    case .float64: rewrite(entries, start, words, weights, base, as: Double.self) { $0 * ($1 ? 1 : 0) }
    case .float32: rewrite(entries, start, words, weights, base, as: Float.self) { $0 * ($1 ? 1 : 0) }
    case .float16, .bfloat16:
      let infinity: UInt16 = weightType == .float16 ? 0x7c00 : 0x7f80
      rewrite(entries, start, words, weights, base, as: UInt16.self) { bits, kept in
        kept ? bits : (bits & 0x7fff) < infinity ? bits & 0x8000 : bits | 0x7fff
      }
    case .float8E4M3, .float8E5M2:
      let limit = Float8.limit(weightType)
      rewrite(entries, start, words, weights, base, as: UInt8.self) { $1 ? $0 : Float8.zeroed($0, limit: limit) }
    case .int64: rewrite(entries, start, words, weights, base, as: UInt64.self) { $1 ? $0 : 0 }
    case .int32: rewrite(entries, start, words, weights, base, as: UInt32.self) { $1 ? $0 : 0 }
    case .int16: rewrite(entries, start, words, weights, base, as: UInt16.self) { $1 ? $0 : 0 }
    case .int8, .uint8, .bool: rewrite(entries, start, words, weights, base, as: UInt8.self) { $1 ? $0 : 0 }
    }
  }

  /// Loads each entry, and stores what `result` makes of it and of its bit.
  @inline(__always)
  private func rewrite<Value: BitwiseCopyable>(
    _ entries: UnsafeBufferPointer<UInt32>, _ start: Int, _ words: UnsafePointer<UInt64>, _ source: UnsafeRawPointer,
    _ target: UnsafeMutableRawPointer, as: Value.Type, _ result: (Value, Bool) -> Value
  ) {
    for place in entries {
      let entry = start &+ Int(place)
      let kept = words[entry &>> 6] &>> UInt64(truncatingIfNeeded: entry & 63) & 1 == 1
      let offset = entry &* MemoryLayout<Value>.size
      let value = source.loadUnaligned(fromByteOffset: offset, as: Value.self)
      target.storeBytes(of: result(value, kept), toByteOffset: offset, as: Value.self)
    }
  }
}
