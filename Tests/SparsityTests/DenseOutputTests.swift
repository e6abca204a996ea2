import Sparsity
import Testing

@Suite("Dense results written with the masks")
struct DenseOutputTests {
  @Test("equal expanding and multiplying afterwards", arguments: ElementType.allCases, [100, 6_000])
  func fused(type: ElementType, count: Int) throws {
    var generator = SeededGenerator(seed: 41)
    let scores = Sample.random(.float32, count: count, spread: .weights, allowNaN: false, using: &generator)
    let weights = Sample.random(type, count: count, spread: .anyBits, allowNaN: true, using: &generator)
    var mask = [UInt8](repeating: 7, count: count)
    var product = [UInt8](repeating: 7, count: weights.bytes.count)
    let masks = try scores.withScores { scores in
      try weights.bytes.withUnsafeBytes { source in
        try mask.withUnsafeMutableBytes { mask in
          try product.withUnsafeMutableBytes { product in
            let output = DenseOutput(mask: mask, product: product, of: source, type: type, maskType: .bool)
            return try Selection.prune(count / 3, of: [scores], writing: [output])
          }
        }
      }
    }
    var expected = product
    weights.bytes.withUnsafeBytes { source in
      expected.withUnsafeMutableBytes { masks[0].multiply(source, into: $0, type: type) }
    }
    #expect(product == expected)
    #expect(mask == (0..<count).map { masks[0][$0] ? 1 : 0 })
    #expect(masks == Reference.prune(count / 3, of: [scores], by: .magnitude))
  }

  @Test("weights are replaced in place", arguments: [100, 6_000])
  func inPlace(count: Int) throws {
    var generator = SeededGenerator(seed: 42)
    let sample = Sample.random(.float32, count: count, spread: .weights, allowNaN: false, using: &generator)
    var bytes = sample.bytes
    let masks = try bytes.withUnsafeMutableBytes { raw in
      let weights = UnsafeRawBufferPointer(raw)
      let output = DenseOutput(product: raw, of: weights, type: .float32)
      return try Selection.prune(count / 2, of: [Scores(bytes: weights, type: .float32)], writing: [output])
    }
    #expect(masks == Reference.prune(count / 2, of: [sample], by: .magnitude))
    var expected = bytes
    sample.bytes.withUnsafeBytes { source in
      expected.withUnsafeMutableBytes { masks[0].multiply(source, into: $0, type: .float32) }
    }
    #expect(bytes == expected)
  }

  @Test("a refused NaN leaves weights in place as they were")
  func untouched() {
    var values = (0..<6_000).map { Float($0) }
    values[5_000] = .nan
    let before = values.map(\.bitPattern)
    values.withUnsafeMutableBytes { raw in
      let weights = UnsafeRawBufferPointer(raw)
      let output = DenseOutput(product: raw, of: weights, type: .float32)
      #expect(throws: SelectionError.nan(buffer: 0, index: 5_000, count: 1)) {
        try Selection.prune(100, of: [Scores(bytes: weights, type: .float32)], writing: [output])
      }
    }
    #expect(values.map(\.bitPattern) == before)
  }

  @Test("destinations of the wrong size are refused")
  func sizes() {
    let values: [Float] = [1, 2, 3]
    var small = [UInt8](repeating: 0, count: 2)
    values.withUnsafeBufferPointer { buffer in
      small.withUnsafeMutableBytes { small in
        let output = DenseOutput(mask: small, type: .float32, maskType: .bool)
        #expect(throws: SelectionError.destinationBytes(buffer: 0, expected: 3, found: 2)) {
          _ = try Selection.prune(1, of: [Scores(buffer)], writing: [output])
        }
      }
    }
  }
}
