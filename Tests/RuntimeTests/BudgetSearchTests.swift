import Compaction
import ExampleModels
import NN
import Recipes
import Testing
import Torch

@testable import Runtime

/// Channels for a goal, searched for by running the model.
@Suite(.serialized) struct BudgetSearchTests {
  private static func model() throws -> (GraphModule, Compactor, [Tensor]) {
    threadCount = 1
    manualSeed(0)
    let x = Tensor.randn([48, 1, 12, 12], generator: Generator(seed: 2))
    let traced = try TracedModule(SmallResNet().eval(), example: x.narrow(0, start: 0, length: 2))
    return (try GraphModule(traced).eval(), try traced.compactor(), [x])
  }

  @Test func modelsCutInMemoryAreThoseThatAreWritten() throws {
    let (model, compactor, inputs) = try Self.model()
    let ranking = try compactor.ranking(CompactionRecipe(target: nil))
    let models = CutModels(compactor, model, ranking)
    let none = ranking.groups.map { _ in 0 }
    let x = [inputs[0].narrow(0, start: 0, length: 4)]
    #expect(try difference(models.model(removing: none).run(x)[0], model.run(x)[0]) < 1e-6)
    for counts in [ranking.groups.map { $0.steps.count / 3 }, [3] + none.dropFirst()] {
      let choice = compactor.choice(ranking, removing: counts)
      let cut = try models.model(removing: counts)
      let small = try compactor.compacted(choice)
      #expect(cut.parameterCount == 0)  // they are read, and not trained
      for source in small.tensors {
        #expect(try cut.tensor(source.spec.name).equal(Tensor.reading(source)), "\(source.spec.name)")
      }
      #expect(try cut.run(x)[0].relativeDifference(from: model.run(x)[0]) > 0)
    }
  }

  @Test func macsAreMetAndForecastExactly() throws {
    let (model, compactor, inputs) = try Self.model()
    let ranking = try compactor.ranking(CompactionRecipe(target: nil, roundTo: 8))
    let whole = compactor.cost(.macs, .init(units: []))
    let found = try ChannelBudget.search(
      .cost(.macs, whole / 2), compactor, model, ranking, data: RecoveryData(inputs, for: model))
    #expect(found.isMet && found.table.cost == Double(whole))
    let chosen = found.chosen
    #expect(abs(chosen.measured.cost / Double(whole / 2) - 1) <= 0.05)
    #expect(Int(chosen.measured.cost) == compactor.cost(.macs, compactor.choice(ranking, removing: chosen.removed)))
    for attempt in found.attempts { #expect(abs(attempt.predicted.cost - attempt.measured.cost) < 1) }
    #expect(found.samples == .init(calibration: 42, heldOut: 6))
    // Channels are multiples of 8, and more of the curve changes less.
    for (group, removed) in zip(ranking.groups, chosen.removed) { #expect((group.order.count - removed) % 8 == 0) }
    #expect(found.curve.first.map { $0.error > (found.curve.last?.error ?? 1) } == true)
    #expect(throws: CompactionError.self) {
      try ChannelBudget.search(
        .cost(.macs, whole / 1000), compactor, model, ranking, data: RecoveryData(inputs, for: model))
    }
  }

  @Test func theOutputsChangeNoMoreThanAskedFor() throws {
    let (model, compactor, inputs) = try Self.model()
    let ranking = try compactor.ranking(CompactionRecipe(target: nil, roundTo: 8))
    let data = try RecoveryData(inputs, for: model, heldOut: 0.5)
    var steps = 0
    let found = try ChannelBudget.search(.change(0.3), compactor, model, ranking, data: data, batch: 2) { progress in
      if case .table = progress { steps += 1 }
    }
    #expect(found.chosen.measured.damage <= 0.3 && found.table.unit == "ms" && found.batch == 2)
    #expect(steps == ranking.groups.reduce(0) { $0 + $1.probes().count })
    let cut = try CutModels(compactor, model, ranking).model(removing: found.chosen.removed)
    let distance = try OutputReference(model, batches: data.heldOut).distance(of: cut)
    #expect(distance.change == found.chosen.measured.change)
    #expect(abs(distance.relativeError - found.chosen.measured.error) < 1e-6)
  }
}
