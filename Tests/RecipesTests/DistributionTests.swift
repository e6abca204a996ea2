import Recipes
import Testing

@Suite("Shares by Erdős–Rényi-kernel")
struct DistributionTests {
  /// LeNet-5's weights.
  static let shapes = [[6, 1, 5, 5], [16, 6, 5, 5], [120, 400], [84, 120], [10, 84]]

  @Test("ERK meets the overall sparsity with densities in proportion", arguments: [0, 0.3, 0.5, 0.9, 0.99, 1])
  func erk(overall: Double) {
    let sparsities = Distribution.erkSparsities(overall: overall, shapes: Self.shapes)
    let sizes = Self.shapes.map { Double($0.reduce(1, *)) }
    let pruned = zip(sparsities, sizes).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(pruned - overall * sizes.reduce(0, +)) < 1e-6)
    #expect(sparsities.allSatisfy { $0 >= 0 && $0 <= 1 })
    // Where a layer is not whole, its density over (sum of sizes / product of sizes) is the same.
    let scales = zip(Self.shapes, sparsities).filter { $1 > 1e-12 }.map { shape, sparsity in
      (1 - sparsity) * Double(shape.reduce(1, *)) / Double(shape.reduce(0, +))
    }
    #expect(scales.allSatisfy { abs($0 - scales[0]) < 1e-9 * max(1, scales[0]) })
  }

  @Test("ERK by hand: two layers at 90 %")
  func erkByHand() {
    // 10 x 10 (sum 20) and 20 x 20 (sum 40): 50 entries stay, 60 units of sum, so 50 / 60 entries for each.
    let sparsities = Distribution.erkSparsities(overall: 0.9, shapes: [[10, 10], [20, 20]])
    #expect(abs(sparsities[0] - (1 - 20 * 50.0 / 60 / 100)) < 1e-12)
    #expect(abs(sparsities[1] - (1 - 40 * 50.0 / 60 / 400)) < 1e-12)
  }
}
