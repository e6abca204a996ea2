import Torch

extension Tensor {
  /// The sum of bits(i) · (2 i + 1) over all entries, modulo 2⁶⁴, with the bits of an entry as a signed number:
  /// `checksum` of torch_side.py, to see that both sides have the same numbers.
  var checksum: String {
    detach().contiguous().withUnsafeBytes { bytes in
      switch dtype.byteCount {
      case 2: Self.sum(bytes.assumingMemoryBound(to: Int16.self))
      case 4: Self.sum(bytes.assumingMemoryBound(to: Int32.self))
      case 8: Self.sum(bytes.assumingMemoryBound(to: Int64.self))
      default: Self.sum(bytes.assumingMemoryBound(to: Int8.self))
      }
    }
  }

  private static func sum<Bits: FixedWidthInteger>(_ entries: UnsafeBufferPointer<Bits>) -> String {
    var total: Int64 = 0
    var place: Int64 = 1
    for entry in entries {
      total &+= Int64(truncatingIfNeeded: entry) &* place
      place &+= 2
    }
    return String(UInt64(bitPattern: total))
  }
}
