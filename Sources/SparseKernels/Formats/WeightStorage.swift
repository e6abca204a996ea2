import CKernels
import Sparsity

/// How the values of a weight are stored. Arithmetic is float32 with all of them: half types save the bytes that single
/// vectors are bound by.
public enum WeightStorage: String, Sendable, Hashable, CaseIterable, Codable {
  /// 4 bytes, as they are given.
  case float32
  /// 2 bytes, of which 8 bits are the exponent.
  case bfloat16
  /// 2 bytes, of which 5 bits are the exponent: beyond 65,504 numbers become infinite.
  case float16

  /// Whether all values are numbers of this type, so that nothing is rounded.
  public func holds(_ values: UnsafeBufferPointer<Float>) -> Bool {
    self == .float32 || values.allSatisfy { Float(stored: bits(of: $0), self).bitPattern == $0.bitPattern }
  }

  /// The 16 bits of the number nearest to a value, ties to even.
  fileprivate func bits(of value: Float) -> UInt16 {
    self == .bfloat16 ? BFloat16(value).bitPattern : Self.half(value)
  }

  /// `Float16` itself is missing on some platforms.
  private static func half(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7fff_ffff
    if magnitude > 0x7f80_0000 { return sign | 0x7e00 | UInt16(truncatingIfNeeded: magnitude >> 13) & 0x3ff }
    // From halfway between the largest number and its successor on.
    if magnitude >= 0x477f_f000 { return sign | 0x7c00 }
    if magnitude < 0x3880_0000 {
      // The lowest bit of subnormal numbers counts 2^-24.
      return sign | UInt16((value.magnitude * 0x1p24).rounded(.toNearestOrEven))
    }
    let rounded = magnitude &+ 0xfff &+ (magnitude >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded >> 13) &- (112 << 10))
  }

  var kernel: bk_storage {
    switch self {
    case .float32: BK_FLOATS
    case .bfloat16: BK_BFLOATS
    case .float16: BK_HALVES
    }
  }
}

extension Float {
  fileprivate init(stored bits: UInt16, _ storage: WeightStorage) {
    if storage == .bfloat16 {
      self.init(BFloat16(bitPattern: bits))
    } else {
      let scaled = Float(bitPattern: UInt32(bits & 0x7fff) << 13) * 0x1p112
      let special: UInt32 = bits & 0x7fff >= 0x7c00 ? 0x7f80_0000 : 0
      self.init(bitPattern: scaled.bitPattern | special | UInt32(bits & 0x8000) << 16)
    }
  }
}

/// Values in the bytes that they are stored in.
struct StoredValues: Sendable {
  let storage: WeightStorage
  private let floats: [Float]
  private let halves: [UInt16]

  init(_ values: [Float], as storage: WeightStorage) {
    self.storage = storage
    floats = storage == .float32 ? values : []
    halves = storage == .float32 ? [] : values.map(storage.bits)
  }

  func withPointer<R>(_ body: (UnsafeRawPointer?) -> R) -> R {
    storage == .float32
      ? floats.withUnsafeBytes { body($0.baseAddress) } : halves.withUnsafeBytes { body($0.baseAddress) }
  }

  /// The values as they take part.
  var rounded: [Float] { storage == .float32 ? floats : halves.map { Float(stored: $0, storage) } }
}
