/// The checksum of zip archives: CRC-32 with the reflected polynomial 0xEDB88320, eight bytes a step.
///
/// Source: the slicing-by-8 algorithm of Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance
/// CRC Generation" (2008).
struct CRC32 {
  private var state: UInt32 = 0xffff_ffff

  /// The checksum of what was added so far.
  var value: UInt32 { ~state }

  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
      tables[byte] = value
    }
    for byte in 256..<2048 {
      let before = tables[byte - 256]
      tables[byte] = before >> 8 ^ tables[Int(before & 0xff)]
    }
    return tables
  }()

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    Self.tables.withUnsafeBufferPointer { tables in
      var crc = state
      var offset = 0
      while bytes.count - offset >= 8 {
        let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian ^ UInt64(crc)
        func table(_ number: Int) -> UInt32 { tables[(7 - number) * 256 + Int(word >> (8 * number) & 0xff)] }
        crc = table(0) ^ table(1) ^ table(2) ^ table(3) ^ table(4) ^ table(5) ^ table(6) ^ table(7)
        offset += 8
      }
      while offset < bytes.count {
        crc = crc >> 8 ^ tables[Int(crc & 0xff ^ UInt32(bytes[offset]))]
        offset += 1
      }
      state = crc
    }
  }

  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc = CRC32()
    crc.add(bytes)
    return crc.value
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { checksum($0) } }
}
