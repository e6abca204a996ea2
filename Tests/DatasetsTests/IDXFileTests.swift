import Foundation
import Testing
import Torch

@testable import Datasets

private func decode(_ bytes: [UInt8]) throws(DatasetError) -> Tensor {
  let result = bytes.withUnsafeBytes { raw in
    Result { () throws(DatasetError) in try IDXFile.decode(raw, file: "array") }
  }
  return try result.get()
}

@Suite struct IDXFileTests {
  @Test func everyType() throws {
    let bytes = try decode(idx([2, 3], [0, 1, 2, 253, 254, 255]))
    #expect(bytes.shape == [2, 3] && bytes.array(of: UInt8.self) == [0, 1, 2, 253, 254, 255])
    #expect(try decode(idx(type: 0x09, [2], [0xff, 0x7f])).array(of: Int8.self) == [-1, 127])
    #expect(
      try decode(idx(type: 0x0b, [2], bigEndian(Int16(-2)) + bigEndian(Int16(300)))).array(of: Int16.self) == [-2, 300])
    #expect(try decode(idx(type: 0x0c, [1], bigEndian(Int32(-70_000)))).array(of: Int32.self) == [-70_000])
    #expect(try decode(idx(type: 0x0d, [1], bigEndian(Float(1.5).bitPattern))).array(of: Float.self) == [1.5])
    #expect(try decode(idx(type: 0x0e, [1, 1], bigEndian((-0.1).bitPattern))).array(of: Double.self) == [-0.1])
  }

  @Test func emptyAndScalar() throws {
    #expect(try decode(idx([0, 28, 28], [])).shape == [0, 28, 28])
    #expect(try decode(idx([], [7])).intItem() == 7)
  }

  @Test func filesThatAreCompressedSaySo() throws {
    let folder = try TemporaryFolder()
    let plain = try folder.write("a", idx([4], [1, 2, 3, 4]))
    #expect(try IDXFile.read(plain).array(of: UInt8.self) == [1, 2, 3, 4])
    let compressed = try folder.write("b", [0x1f, 0x8b, 8, 0])
    let error = DatasetError.compressed(file: compressed)
    #expect(throws: error) { try IDXFile.read(compressed) }
    #expect(
      error.description
        == "\(compressed): compressed with gzip; unpack it with `gunzip`, or fetch the data set with `make data`, which does"
    )
  }

  @Test(
    arguments: [
      ([], "an IDX header", "0 bytes"),
      ([0, 0, 8], "an IDX header", "3 bytes"),
      ([1, 0, 8, 1, 0, 0, 0, 0], "IDX's mark 00 00 and a type of 08, 09, 0b ... 0e", "01 00 08 01"),
      ([0, 0, 10, 1, 0, 0, 0, 0], "IDX's mark 00 00 and a type of 08, 09, 0b ... 0e", "00 00 0a 01"),
      ([0, 0, 8, 2, 0, 0, 0, 1], "a header of 12 bytes for 2 dimensions", "8"),
      (idx([2, 2], [1, 2, 3]), "4 bytes for uint8 [2, 2]", "3"),
      (idx([2, 2], [1, 2, 3, 4, 5]), "4 bytes for uint8 [2, 2]", "5"),
      (idx(type: 0x0e, [2], [1, 2, 3]), "16 bytes for float64 [2]", "3"),
      (
        idx([0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [1]), "an array that fits in memory",
        "[4294967295, 4294967295, 4294967295]"
      ),
      (idx([0xffff_ffff], [1]), "4294967295 bytes for uint8 [4294967295]", "1"),
    ] as [([UInt8], String, String)])
  func hostile(bytes: [UInt8], expected: String, found: String) {
    #expect(throws: DatasetError.format(file: "array", expected: expected, found: found)) { try decode(bytes) }
  }

  @Test func unreadable() throws {
    let folder = try TemporaryFolder()
    let absent = DatasetError.unreadable(file: folder.path + "/absent", reason: "No such file or directory")
    #expect(throws: absent) { try IDXFile.read(folder.path + "/absent") }
    #expect(
      absent.description
        == "\(folder.path)/absent: cannot be read (No such file or directory); "
        + "check that it is a file and that you may read it")
    #expect(throws: DatasetError.unreadable(file: folder.path, reason: "it is a folder")) {
      try IDXFile.read(folder.path)
    }
  }
}
