/// The norm by which channels and blocks are ranked: PyTorch's `n`.
///
/// Numbers are written as they are: `n: 2`, `n: 0.5`.
public enum Norm: Sendable, Hashable {
  /// (Σ|x|^p)^(1/p); for 0 the number of entries other than 0.
  case p(Double)
  /// The root of the sum of squares, over any number of dimensions: `'fro'`.
  case frobenius
  /// The sum of singular values; for tensors of three dimensions only, whose channels are matrices: `'nuc'`. It
  /// takes an engine: ``Reduction`` has none of it.
  case nuclear

  /// The largest magnitude.
  public static let infinity = Norm.p(.infinity)
  /// The smallest magnitude.
  public static let negativeInfinity = Norm.p(-.infinity)
}

extension Norm: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
  /// The p-norm of a whole number.
  public init(integerLiteral value: Int) { self = .p(Double(value)) }
  /// The p-norm of a real number.
  public init(floatLiteral value: Double) { self = .p(value) }
}

extension Norm: CustomStringConvertible {
  /// As PyTorch writes it: `2`, `inf`, `fro`.
  public var description: String {
    switch self {
    case .p(let p): p == p.rounded() && abs(p) < 1e15 ? "\(Int(p))" : "\(p)"
    case .frobenius: "fro"
    case .nuclear: "nuc"
    }
  }

  /// The order as a number; nil for the nuclear norm and for NaN.
  public var order: Double? {
    switch self {
    case .p(let p): p.isNaN ? nil : p
    case .frobenius: 2
    case .nuclear: nil
    }
  }
}
