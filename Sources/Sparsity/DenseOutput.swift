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
}
