import Foundation
import Testing

@testable import Datasets

/// Streams written by zlib, one for each way in which it compresses.
enum Stream: String, CaseIterable, CustomTestStringConvertible {
  case dynamic, fixed, literalsOnly, runs, stored

  static let text = (0..<300).map { "line \($0 % 7) of \($0 * $0 % 13)\n" }.joined()

  /// What the stream stands for.
  var content: [UInt8] {
    switch self {
    case .dynamic, .fixed: Array(Self.text.utf8)
    case .literalsOnly: Array(Self.text.utf8.prefix(400))
    case .runs: [UInt8](repeating: 97, count: 5000) + [UInt8](repeating: 98, count: 10)
    case .stored: Array("bonsai".utf8)
    }
  }

  var bytes: [UInt8] { Array(Data(base64Encoded: base64, options: .ignoreUnknownCharacters) ?? Data()) }
  var testDescription: String { rawValue }

  /// How many bits of ``bytes`` can be turned, one at a time, without harm: counted with zlib.
  var harmlessBits: Int {
    switch self {
    case .dynamic, .literalsOnly: 53
    case .fixed: 55
    case .runs: 70
    case .stored: 54
    }
  }

  private var base64: String {
    switch self {
    case .dynamic:
      """
      H4sIAAAAAAACA+2UQQpCMQxE957iH6FtopADKQii999JrYVX7JzA7Kbw/+skTeZxf16PcrxuRzk9uq5d16Fb1z60dR1De9c29PnzfRuHy+fwJRUe
      Kj9r+P+H6+QCu1ABdTADTANzXnympY3ZBq4JrpML7EIF1MEMUf+82GlpY7aBa4LL96rAFtFXBzNE/fNio6WNWY6BCS7fqwJbRF8dzBD1L4M1LW3M
      cgxMcF3sQRF95byGqH8ZrGlpY7aJ/QrxXtyDIvrKeQ1R/zJY68oWNQYmuC72IPMl8yXzJfMl8yXzJfMl8yXz5d/y5Q29VCzgbA4AAA==
      """
    case .fixed:
      """
      H4sIAAAAAAACA8vJzEtVMFDIT1Mw4MoBsQ1BbEMI2wjENoGwjUFsSwjbBMQ2hrBNweqNIBwzMAdqkgEyxxBZmRGSfgxzTZDNRTIWxVQkQ02QzLRE
      MtMYyUyYxabITsLiWCMkc41xmGuCbC6SsSimIhlqgmSmJQ7/wyw2QXYSFscaIZlrjMNc5PgyRDLWAEe4miCZaYnD/zCLjZGdhMWxyMnAGIe5yPFl
      iGSsAY5wNUEy0xKH/1ESFsxJWByLnAyMcZhrgiMfGOAIV+T0aonD/ygJC+YkLI41wpG/LHHEF3I+MMARrsjp1RKH/1ESFmqWNcCVDIxxmGuCIx+M
      li+j5cto+TJavoyWL6Ply2j5Mlq+jJYvI618AQC9VCzgbA4AAA==
      """
    case .literalsOnly:
      """
      H4sIAAAAAAACAwXBwQkAMQhFwbtVvBJikl3YghQ+iPZ/25lSB4tJlpU6cCZxK3WwmeRaqYPDJJ+VOrhMcqzUwcMkvq3UwcskvqzUwWISX1bqwJnE
      t5U62ExyrNTBYZLPSh1cJrlW6uBhErdSBy+TLCt1sJjErdSBM8m1UgebST4rdXCY5Fipg8skvq3UwcMkvqzUwcskvqzUwWIS31bqwJnkWKmDzSSf
      lTo4THKt1MFlErdSBw+TLCt18DKJW6mDxSTXSh04k3xW6mAzybFSB4dJfFupg8sPDUNvfpABAAA=
      """
    case .runs:
      """
      H4sIAAAAAAACA+3BMQEAAAwCoKyzf4h9NvADDgAAAACYSz23SwOfkhMAAA==
      """
    case .stored:
      """
      H4sIAAAAAAAEAwEGAPn/Ym9uc2FpTTpaKgYAAAA=
      """
    }
  }
}

@Suite struct GzipTests {
  @Test(arguments: Stream.allCases) func everyKindOfBlock(_ stream: Stream) {
    let isRight = gunzip(stream.bytes) == .success(stream.content)  // apart: a failure would print all the bytes
    #expect(isRight)
  }

  @Test func nothingCompressed() { #expect(gunzip(gzipStored([])) == .success([])) }

  @Test func membersFollowEachOther() {
    #expect(gunzip(Stream.stored.bytes + Stream.fixed.bytes) == .success(Array(("bonsai" + Stream.text).utf8)))
    #expect(gunzip(Stream.stored.bytes + [0]) == .failure(.truncated))
    let trailer = [UInt8](repeating: 7, count: 12)
    #expect(gunzip(Stream.stored.bytes + trailer) == .failure(.header("something else follows its data")))
  }

  @Test func everyFieldOfTheHeader() {
    let extra = [3, 0, 9, 9, 9] + Array("name\0comment\0".utf8) + [1, 2]
    #expect(gunzip(gzipStored([1, 2, 3], flags: 0x1e, extra: extra)) == .success([1, 2, 3]))
    #expect(gunzip(gzipStored([1], flags: 0x20)) == .failure(.header("its header has unknown flags")))
    #expect(gunzip(gzipStored([1], flags: 4, extra: [255, 255])) == .failure(.truncated))
    var unknown = Stream.stored.bytes
    unknown[2] = 7
    #expect(gunzip(unknown) == .failure(.header("its method of compression is unknown")))
    #expect(gunzip([0x50, 0x4b] + Stream.stored.bytes) == .failure(.notGzip))
    #expect(gunzip([]) == .failure(.notGzip))
  }

  @Test(arguments: Stream.allCases) func cutShortAnywhere(_ stream: Stream) {
    let stream = stream.bytes
    for length in 0..<stream.count {
      guard case .failure = gunzip(Array(stream[..<length])) else {
        Issue.record("accepted when cut to \(length) of \(stream.count) bytes")
        return
      }
    }
  }

  /// Whichever bit is wrong: what comes out is right or refused. It is right where the bit does not matter: that for
  /// text, the 48 of time, kind of compression and system, and a few that fill up bytes or describe unused codes.
  @Test(arguments: Stream.allCases) func oneBitWrongAnywhere(_ stream: Stream) {
    var accepted: [Int] = []
    for bit in 0..<stream.bytes.count * 8 {
      var damaged = stream.bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      if case .success(let found) = gunzip(damaged) {
        let isRight = found == stream.content
        #expect(isRight, "bit \(bit)")
        accepted.append(bit)
      }
    }
    #expect(accepted.prefix(49) == [24] + ArraySlice(32..<80))
    #expect(accepted.count == stream.harmlessBits)
  }

  @Test func outputHasALimit() {
    #expect(gunzip(Stream.runs.bytes, limit: 5009) == .failure(.tooLarge(limit: 5009)))
    #expect(gunzip(Stream.fixed.bytes, limit: 100) == .failure(.tooLarge(limit: 100)))
    #expect(gunzip(Stream.runs.bytes, limit: 5010) == gunzip(Stream.runs.bytes))
  }

  @Test func checksumOfTheStandardCheck() {
    #expect(Array("123456789".utf8).withUnsafeBytes { CRC32.of($0) } == 0xcbf4_3926)
  }
}
