/// How much to prune: a fraction of the entries, or a number of them.
///
/// Literals read as in PyTorch: `0.3` is a fraction, `3` a count. An amount always acts on what is still unpruned.
///
/// ```swift
/// let third: Amount = 0.3
/// try third.entries(of: 50)    // 15
/// let three: Amount = 3
/// try three.entries(of: 50)    // 3
/// ```
public enum Amount: Sendable, Hashable {
  /// A fraction in 0...1 of the entries.
  case fraction(Double)
  /// A number of entries, 0 or more.
  case count(Int)

  /// Checks what can be checked without knowing the tensor: a finite fraction in 0...1, a count of 0 or more.
  ///
  /// It is `_validate_pruning_amount_init` of `torch.nn.utils.prune`, except that NaN is refused at once.
  ///
  /// - Returns: The amount itself.
  /// - Throws: ``AmountError/fractionOutOfRange(_:)`` or ``AmountError/negativeCount(_:)``.
  @discardableResult
  public func validated() throws(AmountError) -> Amount {
    switch self {
    case .fraction(let fraction):
      // NaN fails both comparisons.
      guard fraction >= 0, fraction <= 1 else { throw .fractionOutOfRange(fraction) }
    case .count(let count):
      guard count >= 0 else { throw .negativeCount(count) }
    }
    return self
  }

  /// The number of entries to prune out of `n`.
  ///
  /// A fraction is multiplied with `n` in double precision and rounded half to even, as `_compute_nparams_toprune`
  /// does: 0.5 of 5 is 2, 0.29 of 50 is 14. A count stands for itself and may not exceed `n`
  /// (`_validate_pruning_amount`).
  ///
  /// - Parameter n: The entries that could go: those still unpruned. 0 or more.
  /// - Throws: ``AmountError`` when the amount is invalid in itself or larger than `n`.
  public func entries(of n: Int) throws(AmountError) -> Int {
    precondition(n >= 0, "Amount.entries(of:): expected 0 or more entries, found \(n)")
    switch try validated() {
    case .fraction(let fraction):
      let product = (fraction * Double(n)).rounded(.toNearestOrEven)
      // Beyond 2^53 the double of n may round upwards.
      return min(n, Int(exactly: product) ?? n)
    case .count(let count):
      guard count <= n else { throw .countTooLarge(count, available: n) }
      return count
    }
  }
}

extension Amount: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// A fraction.
  public init(floatLiteral value: Double) {
    self = .fraction(value)
  }

  /// A count.
  public init(integerLiteral value: Int) {
    self = .count(value)
  }
}

extension Amount: CustomStringConvertible {
  /// `fraction 0.3` or `count 3`.
  public var description: String {
    switch self {
    case .fraction(let fraction): "fraction \(fraction)"
    case .count(let count): "count \(count)"
    }
  }
}
