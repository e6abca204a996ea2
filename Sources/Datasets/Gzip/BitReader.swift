/// Reads bits, lowest first, as DEFLATE packs them (RFC 1951, section 3.1.1).
///
/// Bits beyond the end of the input read as zero until ``drop(_:)`` is asked to consume them.
struct BitReader {
  private let input: UnsafeRawBufferPointer
  /// The next byte of `input` to be loaded into ``bits``.
  private var next: Int
  /// The bits loaded and not consumed yet; the lowest comes first. Above ``available`` it may hold loaded bits too.
  private(set) var bits: UInt64 = 0
  /// How many of ``bits`` count.
  private(set) var available = 0

  /// Starts at the byte `offset` of `input`, which must outlive the reader.
  init(_ input: UnsafeRawBufferPointer, at offset: Int) {
    self.input = input
    next = offset
  }

  /// Loads as much as there is: afterwards at least 56 bits are available, or all that are left.
  @inline(__always)
  mutating func refill() {
    if next + 8 <= input.count {
      bits |= UInt64(littleEndian: input.loadUnaligned(fromByteOffset: next, as: UInt64.self)) << UInt64(available)
      next += (63 - available) >> 3
      available |= 56
    } else {
      while available <= 56 && next < input.count {
        bits |= UInt64(input[next]) << UInt64(available)
        next += 1
        available += 8
      }
    }
  }

  /// The lowest `count` loaded bits, without consuming them; `count` is at most 32.
  @inline(__always)
  func peek(_ count: Int) -> Int { Int(bits & ((1 << UInt64(count)) &- 1)) }

  /// Consumes `count` loaded bits.
  /// - Throws: ``DamagedGzip/truncated`` where the input ends before.
  @inline(__always)
  mutating func drop(_ count: Int) throws(DamagedGzip) {
    guard count <= available else { throw .truncated }
    bits >>= UInt64(count)
    available -= count
  }

  /// Loads and consumes a number of `count` bits, at most 32.
  @inline(__always)
  mutating func take(_ count: Int) throws(DamagedGzip) -> Int {
    refill()
    let value = peek(count)
    try drop(count)
    return value
  }

  /// Drops what is left of a byte that has been begun, and tells which byte of the input comes next.
  mutating func alignToByte() -> Int {
    let offset = next - available / 8
    (next, bits, available) = (offset, 0, 0)
    return offset
  }

  /// Goes on at the byte `offset`. Only after ``alignToByte()``.
  mutating func skip(to offset: Int) { next = offset }
}
