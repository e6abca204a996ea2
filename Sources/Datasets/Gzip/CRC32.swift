/// The checksum of gzip (ISO 3309, polynomial 0xEDB88320), four bytes a step.
enum CRC32 {
  /// `tables[0]` takes one byte; `tables[k]` takes a byte that is followed by k others.
  private static let tables: [[UInt32]] = {
    let first = (0..<256).map { (byte: UInt32) -> UInt32 in
      (0..<8).reduce(byte) { value, _ in value & 1 == 1 ? 0xedb8_8320 ^ (value >> 1) : value >> 1 }
    }
    var tables = [first]
    for _ in 1..<4 { tables.append(tables[tables.count - 1].map { first[Int($0 & 255)] ^ ($0 >> 8) }) }
    return tables
  }()

  /// The checksum of all bytes. Linear in their number.
  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let table = tables.flatMap { $0 }
    return table.withUnsafeBufferPointer { table in
      var value: UInt32 = 0xffff_ffff
      var index = 0
      while index + 4 <= bytes.count {
        value ^= UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
        value =
          table[768 + Int(value & 255)] ^ table[512 + Int(value >> 8 & 255)]
          ^ table[256 + Int(value >> 16 & 255)] ^ table[Int(value >> 24)]
        index += 4
      }
      while index < bytes.count {
        value = table[Int((value ^ UInt32(bytes[index])) & 255)] ^ (value >> 8)
        index += 1
      }
      return ~value
    }
  }
}
