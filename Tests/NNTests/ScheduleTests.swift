import NN
import Testing

extension NNTests {
  /// Schedules against 200 rates of PyTorch's each.
  @Suite struct ScheduleTests {
    static let schedules: [String: LearningRateSchedule] = [
      "scaled": .scaled(by: 0.3, steps: 17),
      "linear": .linear(from: 0.1, to: 0.9, steps: 40),
      "warm-up": .linear(from: 1.0 / 3, steps: 5),
      "step": .step(every: 30, factor: 0.3),
      "multi-step": .multiStep([20, 50, 50, 150], factor: 0.5),
      "exponential": .exponential(factor: 0.97),
      "cosine": .cosine(steps: 200),
      "cosine back": .cosine(steps: 30, minimum: 1e-3),
      "polynomial": .polynomial(steps: 150, power: 0.9),
      "one cycle": .oneCycle(.init(peak: 0.1, steps: 200)),
      "one cycle three": .oneCycle(
        .init(
          peak: 0.2, steps: 200, rising: 0.25, shape: .linear, division: 10, finalDivision: 100, threePhases: true)),
      "warm-up then cosine": .chain(
        [.linear(from: 0.05, steps: 20), .cosine(steps: 180, minimum: 1e-4)], switchingAt: [20]),
      "chain": .chain(
        [
          .scaled(by: 0.5, steps: 100), .step(every: 7, factor: 0.9), .multiStep([5, 40], factor: 0.5),
          .exponential(factor: 0.99),
        ], switchingAt: [10, 60, 120]),
    ]

    @Test func ratesAreThoseOfPyTorch() throws {
      let recorded = try Recorded.json("schedules.json", as: [String: [Double]].self)
      #expect(Set(recorded.keys) == Set(Self.schedules.keys))
      for (name, wanted) in recorded {
        var rates = try #require(Self.schedules[name]).rates(from: 0.1)
        let found = wanted.map { _ in rates.next() }
        let apart = zip(found, wanted).reduce(0) { max($0, abs($1.0 - $1.1)) }
        // Equal to the last bit where it was recorded; powers and cosines are the system's.
        #expect(apart <= 1e-16, "\(name): \(apart)")
      }
    }

    @Test func aTrainingGoesOnWhereItStopped() {
      let schedule = LearningRateSchedule.chain([.linear(from: 0.1, steps: 5), .cosine(steps: 20)], switchingAt: [5])
      var whole = schedule.rates(from: 0.3)
      let all = (0..<25).map { _ in whole.next() }
      var later = schedule.rates(from: 0.3)
      later.skip(13)
      #expect((13..<25).map { _ in later.next() } == Array(all[13...]) && later.step == 25)
      var constant = LearningRateSchedule.constant.rates(from: 0.3)
      #expect((0..<3).map { _ in constant.next() } == [0.3, 0.3, 0.3])
    }
  }
}
