/// Where to write dense results of one tensor beside its packed mask, in the same pass over memory.
///
/// Each destination is optional and must hold as many entries as the scores. On an error their contents are
/// unspecified.
public struct DenseOutput {
  /// Receives 1 for a kept and 0 for a pruned entry, as entries of ``maskType``.
  public var mask: UnsafeMutableRawBufferPointer?
  /// The type of ``mask``.
  public var maskType: ElementType
  /// Receives the weights times the mask, by IEEE 754 (see ``BitMask/multiply(_:into:type:)``).
  public var product: UnsafeMutableRawBufferPointer?
  /// The weights that ``product`` is made of.
  public var weights: UnsafeRawBufferPointer?
  /// The type of ``weights`` and ``product``.
  public var weightType: ElementType

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

  /// Writes `count` entries from flat index `start` on, whose bits begin at `words`.
  func write(_ words: UnsafePointer<UInt64>, start: Int, count: Int) {
    if let base = mask?.baseAddress {
      expandBits(words, count, as: maskType, into: base + start * maskType.byteCount)
    }
    if let base = product?.baseAddress, let weights = weights?.baseAddress {
      let offset = start * weightType.byteCount
      multiplyBits(words, count, weights + offset, into: base + offset, type: weightType)
    }
  }

  /// Writes the results of a whole mask.
  func write(_ bits: BitMask) {
    if let mask { bits.expand(into: mask, as: maskType) }
    if let product, let weights { bits.multiply(weights, into: product, type: weightType) }
  }

  /// Rewrites one entry whose bit has changed.
  func rewrite(_ index: Int, kept: Bool) {
    if let base = mask?.baseAddress {
      let target = base + index * maskType.byteCount
      let bits = kept ? maskType.onePattern : 0
      switch maskType.byteCount {
      case 1: target.storeBytes(of: UInt8(truncatingIfNeeded: bits), as: UInt8.self)
      case 2: target.storeBytes(of: UInt16(truncatingIfNeeded: bits), as: UInt16.self)
      case 4: target.storeBytes(of: UInt32(truncatingIfNeeded: bits), as: UInt32.self)
      default: target.storeBytes(of: bits, as: UInt64.self)
      }
    }
    if let base = product?.baseAddress, let weights = weights?.baseAddress {
      let offset = index * weightType.byteCount
      let target = base + offset
      let source = weights + offset
      switch weightType {
      case .float64:
        target.storeBytes(of: source.loadUnaligned(as: Double.self) * (kept ? 1 : 0), as: Double.self)
      case .float32:
        target.storeBytes(of: source.loadUnaligned(as: Float.self) * (kept ? 1 : 0), as: Float.self)
      default:
        var word: UInt64 = kept ? 1 : 0
        multiplyBits(&word, 1, source, into: target, type: weightType)
      }
    }
  }
}
