/// How the bits of a floating-point type make a number.
///
/// Sources: IEEE 754; the OCP 8-bit Floating Point Specification 1.0 (E5M2, E4M3) and its Microscaling Formats 1.0
/// (E8M0); Noune et al., "8-bit Numerical Formats for Deep Neural Networks" (2022), for the variants without a negative
/// zero.
struct FloatLayout: Hashable {
  /// Which codes are no finite numbers.
  enum Specials {
    /// The largest exponent: infinity and NaN.
    case ieee
    /// All bits but the sign: NaN. There is no infinity.
    case allOnes
    /// The code that would be -0: NaN. There is no infinity.
    case negativeZero
  }

  let exponentBits: Int
  let fractionBits: Int
  let bias: Int
  let specials: Specials

  /// The layout of the types of 8 to 64 bits that have a sign, an exponent and a fraction; nil for all others.
  init?(_ type: StoredType) {
    switch type {
    case .f64: self.init(11, 52, .ieee)
    case .f32: self.init(8, 23, .ieee)
    case .f16: self.init(5, 10, .ieee)
    case .bf16: self.init(8, 7, .ieee)
    case .f8E5M2: self.init(5, 2, .ieee)
    case .f8E4M3: self.init(4, 3, .allOnes)
    case .f8E5M2FNUZ: self.init(5, 2, .negativeZero, bias: 16)
    case .f8E4M3FNUZ: self.init(4, 3, .negativeZero, bias: 8)
    default: return nil
    }
  }

  private init(_ exponentBits: Int, _ fractionBits: Int, _ specials: Specials, bias: Int? = nil) {
    self.exponentBits = exponentBits
    self.fractionBits = fractionBits
    self.specials = specials
    self.bias = bias ?? (1 << (exponentBits - 1)) - 1
  }

  /// All bits but the sign.
  var magnitudeMask: UInt64 { (1 << UInt64(exponentBits + fractionBits)) - 1 }

  /// The least magnitude that is no number, for ``Specials/ieee``: that of infinity.
  var infinity: UInt64 { ((1 << UInt64(exponentBits)) - 1) << UInt64(fractionBits) }

  /// The number that a code stands for.
  func value(_ code: UInt64) -> Double {
    let magnitude = code & magnitudeMask
    let isNegative = code > magnitudeMask
    switch specials {
    case .ieee where magnitude > infinity: return .nan
    case .ieee where magnitude == infinity: return isNegative ? -.infinity : .infinity
    case .allOnes where magnitude == magnitudeMask: return .nan
    case .negativeZero where isNegative && magnitude == 0: return .nan
    default: break
    }
    let exponent = Int(magnitude >> UInt64(fractionBits))
    let fraction = magnitude & ((1 << UInt64(fractionBits)) - 1)
    let significand = exponent == 0 ? fraction : fraction | 1 << UInt64(fractionBits)
    return Double(
      sign: isNegative ? .minus : .plus, exponent: max(exponent, 1) - bias - fractionBits,
      significand: Double(significand))
  }
}
