/// The importance scores of one tensor, where they lie in memory.
///
/// It borrows the memory: keep the buffer alive and unchanged while it is in use.
public struct Scores {
  /// The scores in flat (row-major, contiguous) order; no alignment is needed.
  public var bytes: UnsafeRawBufferPointer
  /// The type of one score.
  public var type: ElementType
  /// The entries that still take part: those an earlier mask keeps. All when nil.
  public var kept: BitMask?

  /// Scores of any type.
  ///
  /// - Parameters:
  ///   - bytes: The scores in flat order.
  ///   - type: The type of one score.
  ///   - kept: An earlier mask over as many entries; entries it prunes are neither counted nor ranked, and stay pruned.
  public init(bytes: UnsafeRawBufferPointer, type: ElementType, kept: BitMask? = nil) {
    self.bytes = bytes
    self.type = type
    self.kept = kept
  }

  /// `Float` scores.
  public init(_ scores: UnsafeBufferPointer<Float>, kept: BitMask? = nil) {
    self.init(bytes: UnsafeRawBufferPointer(scores), type: .float32, kept: kept)
  }

  /// `Double` scores.
  public init(_ scores: UnsafeBufferPointer<Double>, kept: BitMask? = nil) {
    self.init(bytes: UnsafeRawBufferPointer(scores), type: .float64, kept: kept)
  }

  /// The number of entries, kept or not.
  public var count: Int { bytes.count / type.byteCount }

  /// The number of entries that take part.
  public var keptCount: Int { kept?.keptCount ?? count }

  /// Throws unless the bytes are whole entries and the mask has as many.
  func validate(buffer: Int) throws(SelectionError) {
    guard bytes.count % type.byteCount == 0 else {
      throw .unevenBytes(buffer: buffer, found: bytes.count, type: type)
    }
    if let kept, kept.count != count {
      throw .maskCount(buffer: buffer, expected: count, found: kept.count)
    }
  }
}

extension Scores {
  /// The scores as numbers, whatever their type; those of pruned entries too.
  public var values: [Double] {
    guard let base = bytes.baseAddress, count > 0 else { return [] }
    return Array(unsafeUninitializedCapacity: count) { values, initialized in
      KeyDomain.float64.convert(base, type, count, into: UnsafeMutableRawPointer(values.baseAddress.unsafelyUnwrapped))
      initialized = count
    }
  }
}
