import NN
import Recipes
import Testing
import Torch

@testable import Pruning

/// Weights without gradients, where gradients say how important weights are.
@Suite(.serialized) struct FrozenTests {
  private static func backward(_ net: PrunerTests.Net) {
    crossEntropy(net(Tensor.randn([16, 8])), Tensor.randint(0..<3, [16])).backward()
  }

  @Test("frozen weights are refused by name before anything has changed, and can be excluded")
  func refused() throws {
    manualSeed(0)
    let net = PrunerTests.Net()
    net.first.freeze()
    let training = Training(steps: 4) { _ in
      Adam(net.last.parameters)
    } batch: { _ in
      (Tensor.randn([16, 8]), Tensor.randint(0..<3, [16]))
    }
    for criterion in [Curvature(), Taylor(), Movement()] as [any Criterion] {
      var recipe = Recipe.gradual(0.9, updates: 2)
      recipe.criterion = criterion
      let error = #expect(throws: RecipeError.self) { try Prune.whileTraining(net, recipe, training) }
      #expect(error?.kind == .noEvidence && error?.found.contains("'first.weight'") == true)
    }
    #expect(!Prune.isPruned(net) && net.first.weight.countNonzero() == 96)
    let head = Recipe(
      .curvature, target: .sparsity(0.9), schedule: .linear(updates: 2),
      selector: Selector(excluded: [try NamePattern("^first")]))
    #expect(try Prune.whileTraining(net, head, training).weights.tensors.map(\.name) == ["last.weight"])
    #expect(net.first.weight.countNonzero() == 96)
    // What needs no gradients prunes them as any others.
    #expect(try abs(Prune.whileTraining(net, .oneShot(0.5), training).weights.sparsity - 0.5) < 0.01)
  }

  @Test("a collector has nothing of frozen weights") func collected() throws {
    manualSeed(0)
    let net = PrunerTests.Net()
    net.first.freeze()
    let evidence = try EvidenceCollector(net, .squaredGradients)
    Self.backward(net)
    evidence.collect()
    let recipe = Recipe(.optimalBrainDamage, target: .sparsity(0.5))
    let error = #expect(throws: RecipeError.self) { try Prune.apply(recipe, to: net, evidence: evidence) }
    #expect(error?.kind == .noEvidence && error?.found.contains("1 frozen, 'first.weight'") == true)
    #expect(!Prune.isPruned(net))
    // What was gathered before counts.
    net.first.freeze(false)
    Self.backward(net)
    evidence.collect()
    net.first.freeze()
    try Prune.apply(recipe, to: net, evidence: evidence)
    #expect(net.first["weight_mask"].countNonzero() > 0)
  }

  @Test("an Adam of some weights only is no evidence of the others") func foreignAdam() throws {
    func masks(_ optimizer: (PrunerTests.Net) -> (any Optimizer)?) throws -> [Tensor] {
      manualSeed(3)
      let net = PrunerTests.Net()
      let optimizer = optimizer(net)
      let recipe = Recipe(.curvature, target: .sparsity(0.6), schedule: .oneShot(at: 0.5))
      let pruner = try Pruner(net, recipe, steps: 6, optimizer: optimizer)
      for _ in 0..<6 {
        net.zeroGrad()
        Self.backward(net)
        try pruner.step()
        optimizer?.step()
      }
      return [net.first["weight_mask"].clone(), net.last["weight_mask"].clone()]
    }
    let (partial, gathered) = (try masks { Adam($0.last.parameters, learningRate: 0) }, try masks { _ in nil })
    for (a, b) in zip(partial, gathered) { #expect(a.equal(b) && a.countNonzero() > 0) }
  }

  @Test("masks of weights without a gradient do not move, and these keep their values", arguments: [true, false])
  func regrowth(isRigL: Bool) throws {
    manualSeed(1)
    let net = PrunerTests.Net()
    net.first.freeze()
    let values = net.first.weight.detach().clone()
    let recipe: Recipe = isRigL ? .rigL(0.5, seed: 2, updates: 4) : .set(0.5, seed: 2, updates: 4)
    let pruner = try Pruner(net, recipe, steps: 8, optimizer: Adam(net.last.parameters))
    var masks: [Tensor] = []
    for _ in 0..<8 {
      net.zeroGrad()
      Self.backward(net)
      try pruner.step()
      masks.append(net.first["weight_mask"].clone())
    }
    #expect(pruner.updates.contains { $0.grown > 0 })
    #expect(masks.allSatisfy { $0.equal(masks[0]) } && net.first["weight_orig"].detach().equal(values))
    #expect(Set(pruner.updates.map(\.sparsity)).count == 1)
  }

  @Test("zeros that cannot be held are said before anything is permanent") func holding() throws {
    manualSeed(0)
    let net = PrunerTests.Net()
    let recipe = Recipe(.magnitude, target: .sparsity(0.5))
    for optimizer in [Adam(net.first.parameters), nil] {
      let pruner = try Pruner(net, recipe, steps: 2, optimizer: optimizer)
      try pruner.step()
      let before = net.stateDict.mapValues { $0.clone() }
      if optimizer == nil {
        let error = #expect(throws: RecipeError.self) { try pruner.finish(holdingZeros: true) }
        #expect(error?.expected == "the optimiser of the training")
      } else {
        #expect(throws: PruningError.foreignOptimizer("weight", module: "\(net.last)")) {
          try pruner.finish(holdingZeros: true)
        }
      }
      #expect(!pruner.isFinished && before.keys == net.stateDict.keys)
      for (name, tensor) in net.stateDict { #expect(sameBits(tensor, try #require(before[name])), "\(name)") }
    }
    let pruner = try Pruner(net, recipe, steps: 2)
    #expect(try pruner.finish().sparsity == 0.5 && !Prune.isPruned(net))
  }

  @Test("GraSP and SynFlow refuse frozen weights that they are to prune, and leave others out") func losses() throws {
    manualSeed(2)
    let net = PrunerTests.Net()
    net.first.freeze()
    let (x, y) = (Tensor.randn([16, 8]), Tensor.randint(0..<3, [16]))
    let before = net.stateDict.mapValues { $0.clone() }
    func gather(_ evidence: EvidenceCollector) throws {
      if evidence.evidence == .synapticFlow {
        try evidence.collect(flowThrough: net, example: x)
      } else {
        try evidence.collect(losses: [{ crossEntropy(net(x), y) }])
      }
    }
    for criterion in [GraSP(), SynFlow()] as [any Criterion] {
      var recipe = Recipe(.magnitude, target: .sparsity(0.5))
      recipe.criterion = criterion
      let error = #expect(throws: RecipeError.self) { try Prune.beforeTraining(net, recipe, gather: gather) }
      #expect(error?.kind == .noEvidence && error?.found.contains("'first.weight'") == true)
      let evidence = try EvidenceCollector(net, criterion.evidence)
      try gather(evidence)
      #expect(throws: RecipeError.self) { try Prune.apply(recipe, to: net, evidence: evidence) }
      for (name, tensor) in net.stateDict { #expect(sameBits(tensor, try #require(before[name])), "\(name)") }
      recipe.selector = Selector(only: [try NamePattern("last.weight")])
      try Prune.apply(recipe, to: net, evidence: evidence)
      try Prune.undo(net.last, name: "weight")
      try Prune.beforeTraining(net, recipe, gather: gather)
      #expect(net.last["weight_mask"].countNonzero() == 18)
      try Prune.undo(net.last, name: "weight")
    }
  }
}
