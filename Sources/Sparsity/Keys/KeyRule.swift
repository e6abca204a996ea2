/// Turns the bits of scores into keys whose signed order is the ranking: the smaller, the sooner an entry goes.
///
/// A non-negative float orders like the integer of its bits, and a negative one like minus that of its magnitude, so
/// one `and` gives the key of a magnitude, and few operations more that of a signed value; +0 and -0 both become 0.
protocol KeyRule {
  associatedtype Key: SelectionKey

  /// What to rank, and how.
  var order: KeyOrder { get }

  /// Whether no key is negative.
  static var hasNonnegativeKeys: Bool { get }

  /// The keys of one vector of entries. A lane of `excess` becomes negative for a NaN.
  func keys(_ bits: Key.Lanes, excess: inout Key.Lanes) -> Key.Lanes
}

/// The magnitudes of floats that are not NaN.
struct MagnitudeRule<Key: SelectionKey>: KeyRule {
  let order: KeyOrder
  private let infinity: Key.Lanes
  private let unsigned: Key.Lanes

  init(_ order: KeyOrder) {
    self.order = order
    infinity = Key.Lanes(repeating: Key(truncatingIfNeeded: order.domain.infinity))
    unsigned = Key.Lanes(repeating: Key.max)
  }

  @inline(__always)
  static var hasNonnegativeKeys: Bool { true }

  @inline(__always)
  func keys(_ bits: Key.Lanes, excess: inout Key.Lanes) -> Key.Lanes {
    let magnitudes = Key.and(bits, unsigned)
    excess = Key.or(excess, Key.subtract(infinity, magnitudes))
    return magnitudes
  }
}

/// Floats that are not NaN, by their value.
struct SignedRule<Key: SelectionKey>: KeyRule {
  let order: KeyOrder
  private let infinity: Key.Lanes
  private let unsigned: Key.Lanes
  /// All ones where the largest go first.
  private let flip: Key.Lanes

  init(_ order: KeyOrder) {
    self.order = order
    infinity = Key.Lanes(repeating: Key(truncatingIfNeeded: order.domain.infinity))
    unsigned = Key.Lanes(repeating: Key.max)
    flip = Key.Lanes(repeating: order.ranking == .largestValue ? -1 : 0)
  }

  @inline(__always)
  func keys(_ bits: Key.Lanes, excess: inout Key.Lanes) -> Key.Lanes {
    let magnitudes = Key.and(bits, unsigned)
    excess = Key.or(excess, Key.subtract(infinity, magnitudes))
    let negative = Key.xor(Key.signs(bits), flip)
    return Key.subtract(Key.xor(magnitudes, negative), negative)
  }
}

/// Floats in every ranking, with all NaN above infinity.
struct FloatRule<Key: SelectionKey>: KeyRule {
  let order: KeyOrder
  private let infinity: Key.Lanes
  private let nan: Key.Lanes
  private let unsigned: Key.Lanes
  /// All ones where the sign counts.
  private let signed: Key.Lanes
  /// All ones where the largest go first.
  private let flip: Key.Lanes

  init(_ order: KeyOrder) {
    self.order = order
    let bits = Key(truncatingIfNeeded: order.domain.infinity)
    infinity = Key.Lanes(repeating: bits)
    nan = Key.Lanes(repeating: bits &+ 1)
    unsigned = Key.Lanes(repeating: Key.max)
    signed = Key.Lanes(repeating: order.ranking == .magnitude ? 0 : -1)
    flip = Key.Lanes(repeating: order.ranking == .largestValue ? -1 : 0)
  }

  @inline(__always)
  func keys(_ bits: Key.Lanes, excess: inout Key.Lanes) -> Key.Lanes {
    let magnitudes = Key.and(bits, unsigned)
    let isNaN = Key.signs(Key.subtract(infinity, magnitudes))
    excess = Key.or(excess, isNaN)
    // NaN takes its own key, without a sign.
    let ranked = Key.xor(magnitudes, Key.and(Key.xor(magnitudes, nan), isNaN))
    let signs = Key.and(Key.signs(bits), signed)
    let negative = Key.xor(Key.xor(signs, Key.and(signs, isNaN)), flip)
    return Key.subtract(Key.xor(ranked, negative), negative)
  }
}

/// Integers in every ranking. The magnitude, which is unsigned, fits a signed key once half the range is taken off.
struct IntegerRule<Key: SelectionKey>: KeyRule {
  let order: KeyOrder
  /// All ones where the sign does not count.
  private let absolute: Key.Lanes
  private let bias: Key.Lanes

  init(_ order: KeyOrder) {
    self.order = order
    absolute = Key.Lanes(repeating: order.ranking == .magnitude ? -1 : 0)
    let bias: Key =
      switch order.ranking {
      case .magnitude: Key.min
      case .value: 0
      case .largestValue: -1
      }
    self.bias = Key.Lanes(repeating: bias)
  }

  @inline(__always)
  func keys(_ bits: Key.Lanes, excess: inout Key.Lanes) -> Key.Lanes {
    let negative = Key.and(Key.signs(bits), absolute)
    return Key.xor(Key.subtract(Key.xor(bits, negative), negative), bias)
  }
}

extension KeyRule {
  @inline(__always)
  static var hasNonnegativeKeys: Bool { false }

  /// Writes the keys of `count` values of the order's domain; neither pointer needs alignment, and they may be equal.
  ///
  /// - Returns: Whether any of them is NaN.
  @inline(__always)
  func encode(_ source: UnsafeRawPointer, _ count: Int, into target: UnsafeMutableRawPointer) -> Bool {
    if let kernels = EntryKernels.table {
      return withUnsafePointer(to: order.kernel) { kernels.pointee.encode($0, source, Int64(count), target) }
    }
    var excess = Key.Lanes(repeating: 0)
    let size = MemoryLayout<Key>.size
    var index = 0
    while index &+ Key.laneCount <= count {
      let bits = source.loadUnaligned(fromByteOffset: index &* size, as: Key.Lanes.self)
      target.storeBytes(of: keys(bits, excess: &excess), toByteOffset: index &* size, as: Key.Lanes.self)
      index &+= Key.laneCount
    }
    while index < count {
      let bits = Key.Lanes(repeating: source.loadUnaligned(fromByteOffset: index &* size, as: Key.self))
      target.storeBytes(of: keys(bits, excess: &excess)[0], toByteOffset: index &* size, as: Key.self)
      index &+= 1
    }
    return anyNegative(excess)
  }

  /// Whether any lane is negative.
  @inline(__always)
  func anyNegative(_ lanes: Key.Lanes) -> Bool {
    var merged: Key = 0
    for lane in 0..<Key.laneCount { merged |= lanes[lane] }
    return merged < 0
  }
}
