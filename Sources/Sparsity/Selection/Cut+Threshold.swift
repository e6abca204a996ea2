extension Cut {
  /// The cut below a magnitude: what is smaller than `threshold` goes, what equals or exceeds it stays.
  ///
  /// ```swift
  /// var applier = CutApplier(try Cut.below(0.1, types: [.float32]))
  /// ```
  ///
  /// The threshold is compared exactly, also with types in which it has no value of its own: 0.1 is larger than the
  /// `float32` 0.099999994 and smaller than its successor. How many entries go is not known beforehand, so that
  /// ``pruned`` is 0.
  ///
  /// - Parameters:
  ///   - threshold: 0 or more; infinity keeps nothing but infinities.
  ///   - types: Every floating-point type that occurs among the blocks.
  ///   - nan: What to do with NaN, which is never below.
  public static func below(
    _ threshold: Double, types: some Sequence<ElementType>, nan: NaNRule = .refuse
  ) -> Cut {
    precondition(threshold >= 0, "Cut.below: expected a threshold of 0 or more, found \(threshold)")
    let order = KeyOrder(types: types, ranking: .magnitude, nan: nan)
    precondition(order.domain.isFloatingPoint, "Cut.below: expected floating-point types")
    // The keys of magnitudes are their bits, in the order of their values.
    var low: Int64 = 0
    var high = order.domain.infinity
    while low < high {
      let middle = low + (high - low) / 2
      if order.domain.value(ofBits: middle) >= threshold { high = middle } else { low = middle + 1 }
    }
    return Cut(pruned: 0, tiesPruned: 0, ties: 0, key: low, order: order)
  }
}

extension KeyDomain {
  /// The number that the bits of a magnitude stand for.
  fileprivate func value(ofBits bits: Int64) -> Double {
    let type: ElementType =
      switch self {
      case .float16: .float16
      case .bfloat16: .bfloat16
      case .float32: .float32
      default: .float64
      }
    var value = 0.0
    // The lower bytes come first.
    withUnsafeBytes(of: bits.littleEndian) { bits in
      withUnsafeMutableBytes(of: &value) { value in
        guard let bits = bits.baseAddress, let value = value.baseAddress else { return }
        KeyDomain.float64.convert(bits, type, 1, into: value)
      }
    }
    return value
  }
}
