import Sparsity
import Testing

@Suite("Layer distributions and schedules")
struct DistributionTests {
  /// LeNet-5's weights.
  static let shapes = [[6, 1, 5, 5], [16, 6, 5, 5], [120, 400], [84, 120], [10, 84]]

  @Test("uniform gives every layer the same, global none of its own")
  func uniform() throws {
    #expect(try LayerDistribution.uniform.sparsities(overall: 0.7, shapes: Self.shapes) == [0.7, 0.7, 0.7, 0.7, 0.7])
    #expect(try LayerDistribution.global.sparsities(overall: 0.7, shapes: Self.shapes) == nil)
    #expect(throws: AmountError.fractionOutOfRange(1.5)) {
      try LayerDistribution.erk.sparsities(overall: 1.5, shapes: Self.shapes)
    }
  }

  @Test("ERK meets the overall sparsity with densities in proportion", arguments: [0, 0.3, 0.5, 0.9, 0.99, 1])
  func erk(overall: Double) throws {
    let sparsities = try #require(try LayerDistribution.erk.sparsities(overall: overall, shapes: Self.shapes))
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
  func erkByHand() throws {
    // 10 x 10 (sum 20) and 20 x 20 (sum 40): 50 entries stay, 60 units of sum, so 50 / 60 entries for each.
    let sparsities = try #require(
      try LayerDistribution.erk.sparsities(overall: 0.9, shapes: [[10, 10], [20, 20]]))
    #expect(abs(sparsities[0] - (1 - 20 * 50.0 / 60 / 100)) < 1e-12)
    #expect(abs(sparsities[1] - (1 - 40 * 50.0 / 60 / 400)) < 1e-12)
  }

  @Test("one shot prunes once")
  func oneShot() {
    let schedule = SparsitySchedule.oneShot(at: 3, sparsity: 0.8)
    #expect((0..<6).map(schedule.prunes) == [false, false, false, true, false, false])
    #expect((0..<6).map(schedule.sparsity) == [0, 0, 0, 0.8, 0.8, 0.8])
    #expect(schedule.amount(at: 3) == .fraction(0.8))
    #expect(schedule.amount(at: 2) == nil)
  }

  @Test("the cubic follows Zhu and Gupta")
  func cubic() {
    let schedule = SparsitySchedule.cubic(from: 10, to: 50, every: 10, initial: 0, final: 0.8)
    let expected = (0...60).map { step -> Double in
      if step < 10 { return 0 }
      let time = Double(min(step, 50) / 10 * 10 - 10) / 40
      return 0.8 - 0.8 * (1 - time) * (1 - time) * (1 - time)
    }
    for step in 0...60 { #expect(abs(schedule.sparsity(at: step) - expected[step]) < 1e-12) }
    #expect((0...60).filter(schedule.prunes) == [10, 20, 30, 40, 50])
    #expect(schedule.sparsity(at: 50) == 0.8)
  }

  @Test("exponential rounds prune the same share of what is left")
  func exponential() {
    let schedule = SparsitySchedule.exponential(from: 5, every: 2, rounds: 3, final: 0.875)
    #expect((0..<14).filter(schedule.prunes) == [5, 7, 9])
    let reached = [4, 5, 6, 7, 9, 20].map(schedule.sparsity)
    #expect(zip(reached, [0, 0.5, 0.5, 0.75, 0.875, 0.875]).allSatisfy { abs($0 - $1) < 1e-12 })
    for step in [5, 7, 9] {
      guard case .fraction(let share)? = schedule.amount(at: step) else {
        Issue.record("no amount at step \(step)")
        continue
      }
      #expect(abs(share - 0.5) < 1e-12)
    }
  }

  @Test("amounts lead to the sparsities")
  func amounts() throws {
    let schedule = SparsitySchedule.cubic(from: 0, to: 100, every: 7, initial: 0.1, final: 0.95)
    var left = 1_000_000
    for step in 0...110 {
      if let amount = schedule.amount(at: step) { left -= try amount.entries(of: left) }
      #expect(abs(1 - Double(left) / 1_000_000 - schedule.sparsity(at: step)) < 2e-5)
    }
  }
}
