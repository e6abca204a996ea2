import Foundation

@testable import Datasets

/// A folder of its own that is gone when the test is over.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("datasets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and gives its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}

/// An IDX file: the mark, the dimensions, the entries.
func idx(type: UInt8 = 0x08, _ shape: [Int], _ entries: [UInt8]) -> [UInt8] {
  [0, 0, type, UInt8(shape.count)] + shape.flatMap { bigEndian(UInt32($0)) } + entries
}

func bigEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

/// A gzip file whose data is not compressed, of one stored block.
func gzipStored(_ content: [UInt8], flags: UInt8 = 0, extra: [UInt8] = []) -> [UInt8] {
  let sum = content.withUnsafeBytes { CRC32.of($0) }
  let length = UInt16(content.count)
  return [0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3] + extra
    + [1] + littleEndian(length) + littleEndian(~length) + content
    + littleEndian(sum) + littleEndian(UInt32(content.count))
}

/// What comes out, or the error.
func gunzip(_ bytes: [UInt8], limit: Int = 1 << 20) -> Result<[UInt8], DamagedGzip> {
  bytes.withUnsafeBytes { raw in
    Result { () throws(DamagedGzip) in
      try Gzip.decompress(raw, limit: limit).withBytes { Array($0) }
    }
  }
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
