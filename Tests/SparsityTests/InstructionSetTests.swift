import Foundation
import Sparsity
import Testing

/// Every instruction set gives the bits of the plain one, which is Swift.
@Suite("Instruction sets", .serialized)
struct InstructionSetTests {
  static let others = InstructionSet.available.filter { $0 != .plain }

  private func agrees<R: Equatable>(_ set: InstructionSet, _ work: () throws -> R) rethrows -> Bool {
    let plain = try EntryKernels.using(.plain, work)
    return try EntryKernels.using(set, work) == plain
  }

  @Test("packing, expanding and multiplying", arguments: others, ElementType.allCases)
  func masks(set: InstructionSet, type: ElementType) {
    var generator = SeededGenerator(seed: 61)
    for count in [0, 1, 3, 31, 63, 64, 65, 127, 129, 1000] {
      for spread in Spread.allCases {
        let sample = Sample.random(type, count: count, spread: spread, allowNaN: true, using: &generator)
        // Off by a byte, so that nothing is aligned.
        let bytes = [0xaa] + sample.bytes
        let bits = BitMaskTests.random(count, seed: UInt64(count))
        func written(_ write: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> Void) -> [UInt8] {
          var out = [UInt8](repeating: 0x55, count: bytes.count)
          bytes.withUnsafeBytes { source in
            out.withUnsafeMutableBytes { target in
              write(.init(rebasing: source[1...]), .init(rebasing: target[1...]))
            }
          }
          return out
        }
        #expect(
          agrees(set) {
            bytes.withUnsafeBytes { raw in
              BitMask.Test.allCases.map { BitMask(.init(rebasing: raw[1...]), type: type, keeping: $0) }
            }
          }, "packing \(count) \(spread)")
        #expect(agrees(set) { written { _, to in bits.expand(into: to, as: type) } }, "expanding \(count)")
        #expect(agrees(set) { written { bits.multiply($0, into: $1, type: type) } }, "multiplying \(count) \(spread)")
        #expect(agrees(set) { written { bits.zero($0, into: $1, type: type) } }, "zeroing \(count) \(spread)")
        #expect(agrees(set) { bits.keptCount })
      }
    }
  }

  @Test(
    "outputs that do not fit into the caches, aligned and not", arguments: others,
    [ElementType.float32, .float64, .bfloat16, .float8E4M3, .bool])
  func large(set: InstructionSet, type: ElementType) {
    var generator = SeededGenerator(seed: 65)
    let piece = Sample.random(type, count: 1 << 16, spread: .weights, allowNaN: false, using: &generator).bytes
    let count = (17 << 20) / type.byteCount + 37
    let size = count * type.byteCount
    let memory = (0..<3).map { _ in UnsafeMutableRawBufferPointer.allocate(byteCount: size + 64, alignment: 64) }
    defer { for part in memory { part.deallocate() } }
    for start in stride(from: 0, to: size, by: piece.count) {
      UnsafeMutableRawBufferPointer(rebasing: memory[0][start..<min(size, start + piece.count)])
        .copyBytes(from: piece.prefix(size - start))
    }
    let source = UnsafeRawBufferPointer(rebasing: memory[0][..<size])
    let aligned = UnsafeMutableRawBufferPointer(rebasing: memory[1][..<size])
    let shifted = UnsafeMutableRawBufferPointer(rebasing: memory[2][1...size])
    func areEqual() -> Bool {
      guard let a = aligned.baseAddress, let b = shifted.baseAddress else { return false }
      return memcmp(a, b, size) == 0
    }
    // Every third bit, whatever the entries are.
    var third = [UInt8](repeating: 1, count: count)
    for index in stride(from: 0, to: count, by: 3) { third[index] = 0 }
    let bits = third.withUnsafeBytes { BitMask($0, type: .bool) }
    EntryKernels.using(set) {
      bits.expand(into: aligned, as: type)
      bits.expand(into: shifted, as: type)
      #expect(areEqual())
      bits.multiply(source, into: aligned, type: type)
      bits.multiply(source, into: shifted, type: type)
      #expect(areEqual())
      bits.zero(source, into: aligned, type: type)
      bits.zero(source, into: shifted, type: type)
      #expect(areEqual())
    }
  }

  @Test("selection with its products", arguments: others, ElementType.allCases)
  func selection(set: InstructionSet, type: ElementType) throws {
    var generator = SeededGenerator(seed: 62)
    for ranking in Ranking.allCases {
      for nan in NaNRule.allCases {
        for spread in Spread.allCases {
          // Larger ones are sampled.
          let sizes = [0, 5, 300, spread == .weights ? Int.random(in: 4_000...5_000, using: &generator) : 129]
          var samples = sizes.map {
            Sample.random(type, count: $0, spread: spread, allowNaN: nan == .rankLargest, using: &generator)
          }
          samples[2] = samples[2].masked(keeping: 0.7, using: &generator)
          let available = samples.reduce(0) { $0 + ($1.kept?.keptCount ?? $1.count) }
          let k = Int.random(in: 0...available, using: &generator)
          #expect(
            try agrees(set) {
              let memory = samples.map {
                UnsafeMutableRawBufferPointer.allocate(byteCount: $0.bytes.count, alignment: 1)
              }
              defer { for part in memory { part.deallocate() } }
              let masks = try withScores(samples) { scores in
                let outputs = zip(scores, memory).map { DenseOutput(product: $1, of: $0.bytes, type: type) }
                return try Selection.prune(k, of: scores, by: ranking, nan: nan, writing: outputs)
              }
              return Pruned(masks: masks, products: memory.map(Array.init))
            }, "\(ranking) \(nan) \(spread) \(k) of \(sizes)")
        }
      }
    }
  }

  private struct Pruned: Equatable {
    let masks: [BitMask]
    let products: [[UInt8]]
  }

  @Test("a search over blocks, with keys of mixed types", arguments: others)
  func search(set: InstructionSet) throws {
    var generator = SeededGenerator(seed: 63)
    let types: [ElementType] = [.float16, .bfloat16, .float32, .float8E4M3]
    let samples = types.map {
      Sample.random($0, count: 90_000, spread: .weights, allowNaN: false, using: &generator)
    }
    #expect(
      try agrees(set) {
        try withScores(samples) { blocks in
          var search = CutSearch(pruning: 100_001, types: types)
          while true {
            for block in blocks { try search.scan(block) }
            if let cut = try search.finishPass() { return cut }
          }
        }
      })
  }

  @Test("norms of half types", arguments: others, [ElementType.float16, .bfloat16, .float32])
  func norms(set: InstructionSet, type: ElementType) {
    var generator = SeededGenerator(seed: 64)
    let sample = Sample.random(type, count: 37 * 53, spread: .weights, allowNaN: false, using: &generator)
    for order in [0, 1, 2, 3, .infinity] {
      for dimension in 0...1 {
        #expect(
          agrees(set) {
            sample.bytes.withUnsafeBytes {
              ChannelNorms.compute($0, type: type, shape: [37, 53], dimension: dimension, order: order).map(
                \.bitPattern)
            }
          })
      }
    }
  }
}
