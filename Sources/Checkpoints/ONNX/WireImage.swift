/// A message that is not at hand as a whole: bytes, with holes in which payloads will lie.
struct WireImage {
  /// Where a payload belongs.
  struct Hole {
    /// Its place among ``WireImage/bytes``.
    var place: Int
    /// The number of the payload.
    var payload: Int
    /// The bytes that it takes.
    var size: Int
  }

  /// All bytes but the payloads.
  private(set) var bytes: [UInt8] = []
  /// The payloads' places, in order.
  private(set) var holes: [Hole] = []
  /// The bytes of the payloads.
  private(set) var holeSize = 0

  /// The size with all payloads.
  var size: Int { bytes.count + holeSize }

  /// Appends a part of a buffer.
  mutating func append(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) {
    bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[range]))
  }

  mutating func append(_ body: (inout [UInt8]) -> Void) { body(&bytes) }

  mutating func append(_ other: WireImage) {
    holes += other.holes.map { Hole(place: bytes.count + $0.place, payload: $0.payload, size: $0.size) }
    holeSize += other.holeSize
    bytes += other.bytes
  }

  /// Appends a hole.
  mutating func appendHole(_ payload: Int, size: Int) {
    holes.append(Hole(place: bytes.count, payload: payload, size: size))
    holeSize += size
  }

  /// Where each payload lies, counted with those before it.
  var placements: [(payload: Int, range: Range<Int>)] {
    var before = 0
    return holes.map { hole in
      let start = hole.place + before
      before += hole.size
      return (hole.payload, start..<start + hole.size)
    }
  }
}
