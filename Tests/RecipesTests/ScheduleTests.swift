import Recipes
import Testing

@Suite("Schedules: which share of a target is reached when")
struct ScheduleTests {
  @Test("one shot reaches everything at once")
  func oneShot() {
    #expect(Schedule.oneShot.share(at: 0) == 1 && Schedule.oneShot.share(at: 1) == 1)
    let late = Schedule.oneShot(at: 0.5)
    #expect([0, 0.49, 0.5, 1].map { late.share(at: $0) } == [0, 0, 1, 1])
    #expect((0..<6).filter { late.isUpdate(at: $0, of: 6) } == [3])
  }

  @Test("the cubic follows Zhu and Gupta, in steps")
  func cubic() {
    let schedule = Schedule.cubic(from: 0.1, to: 0.5, updates: 4)
    for step in 0...100 {
      let progress = Double(step) / 100
      let updates = progress < 0.1 ? 0 : min(4, ((progress - 0.1) / 0.1 + 1e-6).rounded(.down))
      let way = updates / 4
      let expected = progress < 0.1 ? 0 : 1 - (1 - way) * (1 - way) * (1 - way)
      #expect(abs(schedule.share(at: progress) - expected) < 1e-9, "\(step)")
    }
    #expect((0...100).filter { schedule.isUpdate(at: $0, of: 100) } == [20, 30, 40, 50])
    #expect(Target.sparsity(0.8).scaled(by: schedule, at: 1) == .sparsity(0.8))
  }

  @Test("exponential updates prune the same share of what is left")
  func exponential() {
    let schedule = Schedule.exponential(updates: 3)
    let reached = [1.0 / 3, 2.0 / 3, 1].map { progress -> Double in
      guard case .sparsity(let sparsity) = Target.sparsity(0.875).scaled(by: schedule, at: progress) else { return -1 }
      return sparsity
    }
    #expect(zip(reached, [0.5, 0.75, 0.875]).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test("cyclic ones begin anew and end at the target")
  func cyclic() {
    let schedule = Schedule.cyclic(2)
    #expect(schedule.share(at: 0.25) > 0.8 && schedule.share(at: 0.5) == 0 && schedule.share(at: 1) == 1)
  }

  @Test("every schedule grows from 0 to 1 and scales every target", arguments: Schedule.Curve.allCases)
  func targets(curve: Schedule.Curve) {
    let schedule = Schedule(curve, from: 0.2, to: 0.8)
    #expect(schedule.share(at: 0.1) == 0 && schedule.share(at: 0.9) == 1)
    for target in [Target.amount(0.4), .amount(12), .sparsity(0.4), .below(0.2)] {
      #expect(target.scaled(by: schedule, at: 1) == target)
    }
    #expect(Target.amount(12).scaled(by: .linear(), at: 0.5) == .amount(6))
    #expect(Target.below(0.5).scaled(by: .linear(), at: 0.5) == .below(0.25))
  }
}
