import Torch

/// What stands before the entries of an IDX file: two zero bytes, the type, the rank, and each dimension in four bytes.
struct IDXHeader {
  let dtype: DType
  let shape: [Int]
  /// The size of the header itself.
  let byteCount: Int
  /// The size of the entries that must follow.
  let entryBytes: Int

  private static let types: [UInt8: DType] = [
    0x08: .uint8, 0x09: .int8, 0x0b: .int16, 0x0c: .int32, 0x0d: .float32, 0x0e: .float64,
  ]

  init(_ bytes: UnsafeRawBufferPointer, file: String) throws(DatasetError) {
    guard bytes.count >= 4 else {
      throw .format(file: file, expected: "an IDX header", found: "\(bytes.count) bytes")
    }
    guard bytes[0] == 0, bytes[1] == 0, let dtype = Self.types[bytes[2]] else {
      let mark = bytes.prefix(4).map { byte in
        String(byte, radix: 16).count == 1 ? "0\(String(byte, radix: 16))" : String(byte, radix: 16)
      }
      throw .format(
        file: file, expected: "IDX's mark 00 00 and a type of 08, 09, 0b ... 0e", found: mark.joined(separator: " "))
    }
    let rank = Int(bytes[3])
    byteCount = 4 + 4 * rank
    guard bytes.count >= byteCount else {
      throw .format(
        file: file, expected: "a header of \(byteCount) bytes for \(rank) dimensions", found: "\(bytes.count)")
    }
    shape = (0..<rank).map { Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 + 4 * $0, as: UInt32.self))) }
    self.dtype = dtype

    var size = dtype.byteCount
    for length in shape {
      let (product, overflows) = size.multipliedReportingOverflow(by: length)
      guard !overflows else { throw .format(file: file, expected: "an array that fits in memory", found: "\(shape)") }
      size = product
    }
    entryBytes = size
  }
}
