import Foundation
import NN
import Pruning
import Recipes
import Testing
import Torch

/// Whole procedures on small networks.
@Suite(.serialized) struct ProcedureTests {
  /// A task that a small network learns in a few steps: which of three directions is largest.
  static func training(_ steps: Int, teaching: Training.Teaching? = nil) -> Training {
    let generator = Generator(seed: 5)
    let inputs = Tensor.randn([20, 32, 8], generator: generator)
    let targets = inputs.narrow(2, start: 0, length: 3).argmax(2)
    return Training(steps: steps, learningRate: .cosine(steps: steps), teaching: teaching) { model in
      Adam(model.parameters, learningRate: 0.02)
    } batch: { step in
      (inputs[step % 20], targets[step % 20])
    }
  }

  static func accuracy(_ model: Module) -> Double {
    let inputs = Tensor.randn([500, 8], generator: Generator(seed: 6))
    model.eval()
    return noGrad {
      (model(inputs).argmax(1) .== inputs.narrow(1, start: 0, length: 3).argmax(1)).to(.float32).mean().item()
    }
  }

  static func net() -> Sequential { Sequential(Linear(8, 16), ReLU(), Linear(16, 3)) }

  @Test("one call trains and prunes: one shot, gradual, RigL, SET", arguments: 0..<4)
  func whileTraining(_ index: Int) throws {
    let recipes: [Recipe] = [
      .oneShot(0.7), .gradual(0.7, updates: 10), .rigL(0.7, seed: 1, updates: 10), .set(0.7, seed: 1),
    ]
    manualSeed(0)
    let net = Self.net()
    var heard = 0
    let report = try Prune.whileTraining(net, recipes[index], Self.training(60)) { progress in
      heard += 1
      #expect(progress.step == heard && progress.steps == 60 && progress.loss.isFinite)
    }
    #expect(heard == 60 && report.losses.count == 60 && !report.updates.isEmpty)
    #expect(abs(report.weights.sparsity - 0.7) < 0.01 && !Prune.isPruned(net))
    #expect((report.losses.last ?? 9) < 0.75 * report.losses[0])
    let zeros = net.parameters.filter { $0.rank == 2 }.reduce(0) { $0 + $1.count - $1.countNonzero() }
    // What has grown may still be 0.
    #expect(index < 2 ? zeros == report.weights.pruned : zeros >= report.weights.pruned)
  }

  @Test("each group of an optimiser follows the schedule from its own rate") func groups() throws {
    manualSeed(0)
    let net = Self.net()
    var training = Self.training(12)
    var optimizer: Adam?
    training.optimizer = { model in
      let own = Adam(groups: [
        ParameterGroup(Array(model.parameters[..<2]), Adam.Options(learningRate: 1e-3)),
        ParameterGroup(Array(model.parameters[2...]), Adam.Options(learningRate: 1e-2)),
      ])
      optimizer = own
      return own
    }
    var rates: [[Double]] = []
    try Prune.whileTraining(net, .oneShot(0.5), training) { _ in rates.append(optimizer?.learningRates ?? []) }
    let expected = [1e-3, 1e-2].map { base in
      var rates = LearningRateSchedule.cosine(steps: 12).rates(from: base)
      return (0..<12).map { _ in rates.next() }
    }
    #expect(rates == (0..<12).map { step in expected.map { $0[step] } })
  }

  @Test("a teacher takes part where one is given") func teacher() throws {
    manualSeed(0)
    let teacher = Self.net()
    _ = try Prune.whileTraining(teacher, .oneShot(0), Self.training(80))
    let teaching = Training.Teaching(teacher, Distillation(.softTargets(temperature: 2), .features("2")), share: 1)
    manualSeed(1)
    let student = Self.net()
    func apart() -> Double {
      let x = Tensor.randn([200, 8], generator: Generator(seed: 9))
      return noGrad { softTargetLoss(student.eval()(x), teacher(x)).item() }
    }
    let before = apart()
    try Prune.whileTraining(student, .gradual(0.5, updates: 5), Self.training(80, teaching: teaching))
    #expect(apart() < 0.3 * before && student.children["2"]?.forwardPreHooks.isEmpty == true)
  }

  @Test("pruned before training", arguments: ["snip", "grasp", "synflow"]) func beforeTraining(_ name: String) throws {
    manualSeed(0)
    let net = Self.net()
    let criterion: any Criterion =
      switch name {
      case "snip": SNIP()
      case "grasp": GraSP()
      default: SynFlow()
      }
    let schedule: Schedule = name == "synflow" ? .exponential(updates: 20) : .oneShot
    let recipe = Recipe(criterion, target: .sparsity(0.6), schedule: schedule)
    let report = try Prune.beforeTraining(net, recipe, Self.training(60), batches: 3)
    #expect(abs(report.weights.sparsity - 0.6) < 0.01 && !Prune.isPruned(net) && report.losses.count == 60)
    let zeros = net.parameters.filter { $0.rank == 2 }.reduce(0) { $0 + $1.count - $1.countNonzero() }
    #expect(zeros == report.weights.pruned)
  }

  final class Deep: Module {
    let first = Linear(8, 12)
    let second = Linear(12, 12)
    let branch = Linear(12, 12)
    let unused = Linear(4, 4)
    override func forward(_ x: Tensor) -> Tensor {
      let h = relu(first(x))
      return second(h) + branch(h)
    }
  }

  @Test("layer by layer: each by its inputs as they are after those before it", arguments: [true, false])
  func layerByLayer(_ isWanda: Bool) throws {
    manualSeed(0)
    let (net, x) = (Deep(), Tensor.randn([50, 8]))
    let byHand = try net.copy(into: Deep())
    let recipe =
      isWanda
      ? Recipe(.wanda, target: .amount(0.5), distribution: .perRow)
      : Recipe(.sparseGPT, target: .sparsity(0.5), distribution: .uniform)
    var (heard, passes): ([String], Int) = ([], 0)
    let report = try Prune.layerByLayer(recipe, to: net) {
      heard.append($0.name)
    } calibrate: {
      passes += 1
      _ = net(x)
    }
    // Two layers have one input: one pass for the order, one for the first layer, one for both.
    #expect(heard == ["first.weight", "second.weight", "branch.weight"] && passes == 3)
    #expect(report.tensors.map(\.name) == heard && report.leftWhole.map(\.name) == ["unused.weight"])
    for names in [["first"], ["second", "branch"]] {
      let collector = try EvidenceCollector(byHand, recipe.criterion.evidence)
      _ = noGrad { byHand(x) }
      collector.stop()
      for name in names {
        var own = recipe
        own.selector = Selector(only: [try NamePattern("^\(name)\\.weight$")])
        try Prune.apply(own, to: byHand, evidence: collector)
      }
    }
    for (name, tensor) in net.stateDict { #expect(sameBits(tensor, try #require(byHand.stateDict[name])), "\(name)") }
    #expect(net.isTraining && net.first.isTraining)
  }

  private struct Stop: Error {}

  @Test("a procedure that is ended leaves the model as it was, and misfits are said") func ended() throws {
    manualSeed(0)
    let (net, x) = (Deep(), Tensor.randn([50, 8]))
    let before = net.stateDict.mapValues { $0.clone() }
    let recipe = Recipe(.sparseGPT, target: .sparsity(0.5), distribution: .uniform)
    #expect(throws: Stop.self) {
      try Prune.layerByLayer(recipe, to: net) { progress in
        if progress.name == "branch.weight" { throw Stop() }
      } calibrate: {
        _ = net(x)
      }
    }
    #expect(!Prune.isPruned(net) && net.first.forwardPreHooks.isEmpty)
    for (name, tensor) in net.stateDict { #expect(sameBits(tensor, try #require(before[name])), "\(name)") }
    #expect(throws: RecipeError.self) {
      try Prune.layerByLayer(Recipe(.taylor, target: .amount(0.5), distribution: .uniform), to: net) {}
    }
    #expect(throws: RecipeError.self) {
      try Prune.layerByLayer(Recipe(.wanda, target: .amount(0.5)), to: net) {}
    }
    // Nothing flows through the model.
    #expect(throws: RecipeError.self) { try Prune.layerByLayer(recipe, to: net) {} }
    #expect(!Prune.isPruned(net))
  }
}
