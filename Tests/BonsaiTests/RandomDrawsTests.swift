import Checkpoints
import Testing

@testable import bonsai

@Suite struct RandomDrawsTests {
  static let program = products.appendingPathComponent("bonsai-engine").path

  func draws(_ parts: [RandomDraws.Part], count: Int) throws -> [Float] {
    let draws = try RandomDraws(seed: 0, parts: parts, program: Self.program)
    var values = [Float](repeating: 0, count: count)
    // In two reads, of which the first ends within a number.
    try values.withUnsafeMutableBytes { bytes in
      try draws.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<7]))
      try draws.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[7...]))
    }
    return values
  }

  /// torch.manual_seed(0); torch.rand(5)
  @Test func areThoseOfPyTorch() throws {
    let expected: [Float] = [
      0.49625658988952637, 0.7682217955589294, 0.08847743272781372, 0.13203048706054688, 0.30742281675338745,
    ]
    #expect(try draws([.init(dtype: "float32", count: 5)], count: 5) == expected)
    #expect(try draws([.init(dtype: "float32", count: 2), .init(dtype: "float32", count: 3)], count: 5) == expected)
  }

  /// The program draws a million at a time: the last one is as if they came at once.
  @Test func blocksDoNotShow() throws {
    let whole = try draws([.init(dtype: "float32", count: (1 << 20) + 3)], count: (1 << 20) + 3)
    #expect(Set(whole.suffix(3)).count == 3)
    #expect(whole[1 << 20] == 0.6591042876243591)
  }

  @Test func saysWhatIsMissing() throws {
    #expect {
      _ = try RandomDraws(seed: 0, parts: [], program: "/none/bonsai-engine")
    } throws: { error in
      "\(error)" == "draw random numbers with '/none/bonsai-engine': expected the program that holds LibTorch's "
        + "generator, found none there; build it with 'make engine' or install bonsai-pruning[engine], and keep it beside bonsai or name it in BONSAI_ENGINE"
    }
    #expect {
      _ = try draws([.init(dtype: "float32", count: 2)], count: 3)
    } throws: { error in
      "\(error)".contains("found one that ended after 1 of 5 bytes")
    }
  }

  @Test func neighboursAreDrawnTogether() {
    let parts = ["float32", "float32", "float16", "float32"].map { RandomDraws.Part(dtype: $0, count: 2) }
    #expect(RandomDraws.merged(parts).map(\.count) == [4, 2, 2])
  }
}
