import Testing

@testable import Runtime

@Suite struct SizeLawTests {
  @Test func lawsAreFoundAgain() {
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for _ in 0..<500 {
      let one = SizeSamples([[3, 5, 2]])
      let law = SizeLaw(constant: next(40) - 20, factors: [next(9) - 4])
      #expect(one.law(one.runs.map(law.evaluated)) == law)
      let two = SizeSamples([[3, 5, 2], [9, 8, 7]])
      let both = SizeLaw(constant: next(40) - 20, factors: [next(9) - 4, next(9) - 4], product: next(5) - 2)
      #expect(two.law(two.runs.map(both.evaluated)) == both)
    }
  }

  @Test func whatIsNoLawIsNotOne() {
    let one = SizeSamples([[3, 5, 2]])
    #expect(one.law(one.runs.map { $0[0] * $0[0] }) == nil)
    #expect(one.law(one.runs.map { $0[0] / 2 }) == nil)
    #expect(SizeSamples([[2, 3]]).law([1, 1]) == SizeLaw(constant: 1, factors: [0]))
    let two = SizeSamples([[3, 5, 2], [9, 8, 7]])
    #expect(two.law(two.runs.map { $0[1] * $0[1] }) == nil)
  }

  @Test func expressionsSayTheSame() {
    let law = SizeLaw(constant: -1, factors: [2, 1], product: 3)
    #expect("\(law.expression(["s0", "s1"]))" == "3*s0*s1 + 2*s0 + s1 + -1")
    #expect(law.expression(["s0", "s1"]).evaluated(["s0": 4, "s1": 5]) == Double(law.evaluated([4, 5])))
  }
}
