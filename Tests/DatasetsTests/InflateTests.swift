import Testing

@testable import Datasets

/// Bits as DEFLATE packs them, to write streams that no compressor would write.
private struct BitWriter {
  var bytes: [UInt8] = []
  private var used = 8

  mutating func append(_ value: Int, bits: Int) {
    for bit in 0..<bits {
      if used == 8 { (bytes, used) = (bytes + [0], 0) }
      bytes[bytes.count - 1] |= UInt8(value >> bit & 1) << UInt8(used)
      used += 1
    }
  }

  /// A code of the fixed tables, which goes highest bit first.
  mutating func appendCode(_ code: Int, bits: Int) {
    for bit in (0..<bits).reversed() { append(code >> bit & 1, bits: 1) }
  }
}

private func inflate(_ bytes: [UInt8], limit: Int = 1 << 16) -> Result<[UInt8], DamagedGzip> {
  bytes.withUnsafeBytes { raw in
    Result { () throws(DamagedGzip) in
      let sink = ByteSink(capacity: 0, limit: limit)
      _ = try Inflate.run(raw, at: 0, into: sink)
      return sink.withBytes { Array($0) }
    }
  }
}

/// One last block with the fixed codes.
private func fixedBlock(_ write: (inout BitWriter) -> Void) -> [UInt8] {
  var bits = BitWriter()
  bits.append(1, bits: 1)
  bits.append(1, bits: 2)
  write(&bits)
  return bits.bytes
}

/// One last block with codes of its own: as many lengths of each kind, then the lengths of the code of lengths.
private func dynamicBlock(
  literals: Int = 257, distances: Int = 1, lengthCode: [Int], _ write: (inout BitWriter) -> Void
) -> [UInt8] {
  var bits = BitWriter()
  bits.append(1, bits: 1)
  bits.append(2, bits: 2)
  bits.append(literals - 257, bits: 5)
  bits.append(distances - 1, bits: 5)
  bits.append(lengthCode.count - 4, bits: 4)
  for length in lengthCode { bits.append(length, bits: 3) }
  write(&bits)
  return bits.bytes
}

@Suite struct InflateTests {
  @Test func repeatsWhatStandsBefore() {
    let block = fixedBlock { bits in
      bits.appendCode(0x30 + 97, bits: 8)  // a
      bits.appendCode(0x30 + 98, bits: 8)  // b
      bits.appendCode(3, bits: 7)  // 259: five bytes
      bits.appendCode(1, bits: 5)  // two back: the piece overlaps itself
      bits.appendCode(0, bits: 7)
    }
    #expect(inflate(block) == .success(Array("abababa".utf8)))
  }

  @Test func refusesToReachBeforeTheStart() {
    let block = fixedBlock { bits in
      bits.appendCode(0x30 + 97, bits: 8)
      bits.appendCode(1, bits: 7)
      bits.appendCode(1, bits: 5)
    }
    #expect(inflate(block + [0, 0]) == .failure(.distance(2, produced: 1)))
  }

  @Test(arguments: [(286, 8, 0xc6), (287, 8, 0xc7)])
  func refusesLengthsThatDoNotExist(symbol: Int, bits width: Int, code: Int) {
    let block = fixedBlock { $0.appendCode(code, bits: width) }
    #expect(inflate(block + [0, 0]) == .failure(.code("it uses a length that does not exist")))
  }

  @Test(arguments: [30, 31]) func refusesDistancesThatDoNotExist(code: Int) {
    let block = fixedBlock { bits in
      bits.appendCode(0x30 + 97, bits: 8)
      bits.appendCode(1, bits: 7)
      bits.appendCode(code, bits: 5)
    }
    #expect(inflate(block + [0, 0]) == .failure(.code("it uses a distance that does not exist")))
  }

  @Test func refusesBlocksOutOfOrder() {
    #expect(inflate([7]) == .failure(.code("it has a block of unknown kind")))
    #expect(inflate([1, 2, 0, 0, 0, 9, 9]) == .failure(.code("the length of a stored block is damaged")))
    #expect(inflate([1, 2, 0, 0xfd, 0xff, 9]) == .failure(.truncated))
    #expect(inflate([1, 2, 0, 0xfd, 0xff, 9, 8]) == .success([9, 8]))
    #expect(inflate([]) == .failure(.truncated))
  }

  @Test func refusesCodesThatAreNone() {
    #expect(
      inflate(dynamicBlock(literals: 288, lengthCode: [0, 0, 0, 0]) { _ in } + [0])
        == .failure(.code("a block has too many codes")))
    #expect(
      inflate(dynamicBlock(lengthCode: [0, 0, 0, 0]) { _ in } + [0])
        == .failure(.code("its length code is incomplete")))
    #expect(
      inflate(dynamicBlock(lengthCode: [1, 1, 1, 0]) { _ in } + [0])
        == .failure(.code("its length code has too many symbols")))
    // 16 (repeat) comes before any length
    #expect(
      inflate(dynamicBlock(lengthCode: [1, 1, 0, 0]) { $0.append(0, bits: 1) } + [0, 0])
        == .failure(.code("it repeats a length before the first")))
    // 18 twice with 138 zeros, and once more: 414 of 258 lengths
    let zeros = dynamicBlock(lengthCode: [0, 1, 1, 0]) { bits in
      for _ in 0..<3 {
        bits.append(1, bits: 1)
        bits.append(127, bits: 7)
      }
    }
    #expect(inflate(zeros + [0]) == .failure(.code("a block has too many lengths")))
    // 258 zeros: nothing ends the block
    let endless = dynamicBlock(lengthCode: [0, 1, 1, 0]) { bits in
      for count in [138, 120] {
        bits.append(1, bits: 1)
        bits.append(count - 11, bits: 7)
      }
    }
    #expect(inflate(endless + [0]) == .failure(.code("a block has no end")))
  }

  /// Whatever the bytes are, decoding ends with bytes or an error and never reads or writes elsewhere.
  @Test func survivesRandomBytes() {
    var random = SplitMix(state: 1)
    var accepted = 0
    for _ in 0..<5_000 {
      var bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      if !bytes.isEmpty, Bool.random(using: &random) { bytes[0] = bytes[0] & 0xf8 | 5 }  // one block, its own codes
      if case .success(let output) = inflate(bytes, limit: 4096) {
        #expect(output.count <= 4096)
        accepted += 1
      }
    }
    #expect(accepted > 0 && accepted < 5_000)
  }
}
