import Foundation
import Sparsity
import Testing

@Suite("Channel norms")
struct ChannelNormsTests {
  static let orders: [Double] = [0, 0.5, 1, 2, 3, -1, -2.5, .infinity, -.infinity]

  /// The definition, entry by entry.
  static func reference(_ sample: Sample, shape: [Int], dimension: Int, order: Double) -> [Double] {
    let inner = shape[(dimension + 1)...].reduce(1, *)
    var groups = Array(repeating: [Double](), count: shape[dimension])
    for index in 0..<sample.count {
      let value = sample.kept?[index] ?? true ? abs(sample.entry(index).double) : 0
      groups[index / inner % shape[dimension]].append(value)
    }
    return groups.map { values in
      if order != 0, values.contains(where: \.isNaN) { return .nan }
      switch order {
      case 0: return Double(values.count { $0 != 0 })
      case .infinity: return values.max() ?? 0
      case -.infinity: return values.min() ?? .infinity
      default: return pow(values.reduce(0) { $0 + pow($1, order) }, 1 / order)
      }
    }
  }

  static func close(_ a: Double, _ b: Double) -> Bool {
    a == b || a.isNaN && b.isNaN || abs(a - b) <= 1e-12 * abs(b)
  }

  @Test("equal their definition", arguments: ElementType.allCases, orders)
  func definition(type: ElementType, order: Double) {
    var generator = SeededGenerator(seed: 51)
    for shape in [[7], [3, 5], [4, 3, 9], [2, 3, 2, 1], [2, 0, 3], [3, 130]] {
      for spread in [Spread.manyTies, .weights] {
        let plain = Sample.random(
          type, count: shape.reduce(1, *), spread: spread, allowNaN: spread == .manyTies, using: &generator)
        for sample in [plain, plain.masked(keeping: 0.7, using: &generator)] {
          for dimension in shape.indices {
            let norms = sample.bytes.withUnsafeBytes {
              ChannelNorms.compute(
                $0, type: type, shape: shape, dimension: dimension, order: order, kept: sample.kept)
            }
            let expected = Self.reference(sample, shape: shape, dimension: dimension, order: order)
            #expect(
              norms.count == expected.count && zip(norms, expected).allSatisfy(Self.close),
              "\(shape), dimension \(dimension): \(norms), expected \(expected)")
          }
        }
      }
    }
  }

  @Test("do not depend on the number of threads", arguments: [[300, 250], [2, 40_000], [64, 3, 400], [70_000]])
  func threads(shape: [Int]) {
    var generator = SeededGenerator(seed: 52)
    let sample = Sample.random(
      .float32, count: shape.reduce(1, *), spread: .weights, allowNaN: false, using: &generator)
    for dimension in shape.indices {
      let norms = [1, 2, 5].map { threads in
        sample.bytes.withUnsafeBytes {
          ChannelNorms.compute(
            $0, type: .float32, shape: shape, dimension: dimension, order: 2, threads: threads)
        }
      }
      #expect(norms[0] == norms[1] && norms[0] == norms[2])
      let expected = Self.reference(sample, shape: shape, dimension: dimension, order: 2)
      #expect(zip(norms[0], expected).allSatisfy { abs($0 - $1) <= 1e-11 * $1 })
    }
  }

  @Test("half precision does not overflow into ties")
  func wide() {
    // Two channels of 4 times 60,000 and 4 times 50,000: their squares and sums are beyond float16.
    let bits: [UInt16] = Array(repeating: 0x7b53, count: 4) + Array(repeating: 0x7a1b, count: 4)
    let norms = bits.withUnsafeBytes {
      ChannelNorms.compute($0, type: .float16, shape: [2, 4], dimension: 0, order: 2)
    }
    #expect(norms == [120_000, 100_032])
  }
}
