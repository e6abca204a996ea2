import Foundation
import NN
import Recipes
import TestSupport
import Testing
import Torch

@testable import Pruning

/// Criteria that need more than weights, against a few lines of Python.
@Suite(.serialized) struct EvidenceTests {
  final class Net: Module {
    let conv = Conv2d(2, 4, kernelSize: 3, groups: 2)
    let fc = Linear(4, 3)
    override func forward(_ x: Tensor) -> Tensor { fc(relu(conv(x)).mean([2, 3])) }
  }

  /// What Python computes for the same weights and batches: scores, and the masks of half of each weight.
  static let script = """
    import sys, torch, torch.nn as nn, torch.nn.functional as F
    from safetensors.torch import load_file, save_file
    given = load_file(sys.argv[1])
    conv, fc = nn.Conv2d(2, 4, 3, groups=2), nn.Linear(4, 3)
    conv.load_state_dict({k[5:]: v for k, v in given.items() if k.startswith("conv.")})
    fc.load_state_dict({k[3:]: v for k, v in given.items() if k.startswith("fc.")})
    sums = {k: {n: 0 for n in ("conv.weight", "fc.weight")} for k in ("g", "v", "m")}
    inputs = {}
    seen = {"conv.weight": 0, "fc.weight": 0}
    for x, y in zip(given["x"], given["y"]):
        conv.zero_grad(); fc.zero_grad()
        h = F.relu(conv(x)).mean((2, 3))
        F.cross_entropy(fc(h), y).backward()
        seen["conv.weight"] = seen["conv.weight"] + x.double().square().sum((0, 2, 3))
        seen["fc.weight"] = seen["fc.weight"] + h.detach().double().square().sum(0)
        for n, p in (("conv.weight", conv.weight), ("fc.weight", fc.weight)):
            sums["g"][n] = sums["g"][n] + p.grad.double() / len(given["x"])
            sums["v"][n] = sums["v"][n] + p.grad.double() ** 2 / len(given["x"])
            sums["m"][n] = sums["m"][n] - (p.detach() * p.grad).double()
    out = {}
    for n, p in (("conv.weight", conv.weight), ("fc.weight", fc.weight)):
        w, g, v = p.detach().double(), sums["g"][n], sums["v"][n]
        norms = seen[n].sqrt()
        x = norms.view(2, 1, 1, 1).repeat_interleave(2, 0) if n == "conv.weight" else norms.view(1, -1)
        for name, scores in (
            ("curvature", w.abs() * v ** 0.25), ("obd", w * w * v / 2), ("taylor", (w * g).abs()),
            ("movement", sums["m"][n]), ("wanda", w.abs() * x)):
            scores = scores.expand_as(w).contiguous()
            mask = torch.ones_like(w).flatten()
            mask[scores.flatten().argsort(stable=True)[: w.numel() // 2]] = 0
            out[f"{name}.{n}"] = scores
            out[f"{name}.{n}.mask"] = mask.view_as(w).float()
    save_file(out, sys.argv[2])
    """

  @Test(
    "scores and masks are those of a few lines of Python",
    .enabled(if: Python.finds("torch", "safetensors"), "needs a python3 with torch and safetensors"))
  func scores() throws {
    manualSeed(3)
    let net = Net()
    let x = Tensor.randn([5, 8, 2, 6, 6])
    let y = Tensor.randint(0..<3, [5, 8])
    let criteria: [any Criterion] = [Curvature(), OptimalBrainDamage(), Taylor(), Movement(), Wanda()]
    let collectors = try criteria.map { try EvidenceCollector(net, $0.evidence) }
    for batch in 0..<5 {
      for parameter in net.parameters { parameter.grad = nil }
      crossEntropy(net(x[batch]), y[batch]).backward()
      for collector in collectors { collector.collect() }
    }
    for collector in collectors { collector.stop() }
    let expected = try Python.exchange(Self.script) {
      try net.stateDict.merging(["x": x, "y": y]) { first, _ in first }.save(to: $0)
    } result: {
      try StateDict(contentsOf: $0)
    }
    for (criterion, collector) in zip(criteria, collectors) {
      for (number, weight) in collector.weights.weights.enumerated() where weight.shape.count > 1 {
        let values = WeightValues(
          weight, values: collector.weights.parameter(number).array(of: Double.self),
          evidence: collector.values(number))
        let wanted = try #require(expected["\(criterion.name).\(weight.path)"]).array(of: Double.self)
        let largest = wanted.reduce(0) { max($0, abs($1)) }
        let apart = zip(try criterion.scores(of: values), wanted).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(apart < 1e-6 * largest, "\(criterion.name) \(weight.path): \(apart) of \(largest)")
      }
      let recipe = Recipe(criterion, target: .amount(0.5), distribution: .uniform)
      let pruned = try net.copy(into: Net())
      // The copy has parameters of its own, so that evidence of the first is not its own.
      #expect(throws: RecipeError.self) { try Prune.apply(recipe, to: pruned, evidence: collector) }
      try Prune.apply(recipe, to: net, evidence: collector)
      for (path, layer) in [("conv.weight", net.conv as Module), ("fc.weight", net.fc)] {
        let mask = try #require(expected["\(criterion.name).\(path).mask"])
        #expect(layer["weight_mask"].equal(mask), "\(criterion.name) \(path)")
        try Prune.undo(layer, name: "weight")
      }
    }
  }

  @Test("without evidence nothing is pruned") func nothing() throws {
    let net = Net()
    let error = #expect(throws: RecipeError.self) { try Prune.apply(Recipe(.curvature, target: .amount(0.5)), to: net) }
    #expect(error?.kind == .noEvidence && error?.expected == "squared gradients")
    let empty = try EvidenceCollector(net, .gradients)
    #expect(throws: RecipeError.self) {
      try Prune.apply(Recipe(.taylor, target: .amount(0.5)), to: net, evidence: empty)
    }
    // Evidence of another kind is not taken for it.
    let other = try EvidenceCollector(net, .gradients)
    crossEntropy(net(Tensor.randn([4, 2, 6, 6])), Tensor.randint(0..<3, [4])).backward()
    other.collect()
    let kind = #expect(throws: RecipeError.self) {
      try Prune.apply(Recipe(.curvature, target: .amount(0.5)), to: net, evidence: other)
    }
    #expect(kind?.expected == "squared gradients" && kind?.found == "gradients")
    #expect(!Prune.isPruned(net))
  }

  @Test("exponential means are corrected for their first steps, as Adam's") func decay() throws {
    manualSeed(0)
    let net = Net()
    let optimizer = Adam(net.parameters, learningRate: 0)
    let collector = try EvidenceCollector(net, .squaredGradients, decay: 0.999)
    let recipe = Recipe(.curvature, target: .sparsity(0.5), schedule: .oneShot(at: 0.5))
    let byAdam = try Pruner(net, recipe, steps: 8, optimizer: optimizer)
    for step in 0..<5 {
      optimizer.zeroGrad()
      crossEntropy(net(Tensor.randn([4, 2, 6, 6])), Tensor.randint(0..<3, [4])).backward()
      if step < 4 { collector.collect() }
      try byAdam.step()
      if step == 4 {
        for (path, parameter) in [("conv.weight", net.conv["weight_orig"]), ("fc.weight", net.fc["weight_orig"])] {
          let number = try #require(collector.weights.weights.firstIndex { $0.path == path })
          let square = try #require(optimizer.moments(of: parameter)).square.array(of: Double.self)
          for (found, moment) in zip(collector.values(number), square) {
            #expect(abs(found - moment / (1 - pow(0.999, 4))) <= 1e-5 * found, "\(path)")
          }
        }
      }
      optimizer.step()
    }
    let mask = net.conv["weight_mask"].clone()
    try Prune.undo(net.conv, name: "weight")
    try Prune.undo(net.fc, name: "weight")
    try Prune.apply(Recipe(.curvature, target: .sparsity(0.5)), to: net, evidence: collector)
    #expect(net.conv["weight_mask"].equal(mask))
  }

  @Test("sums of half types do not stop growing", arguments: [Evidence.squaredGradients, .gradients, .movement])
  func halfTypes(_ evidence: Evidence) throws {
    manualSeed(0)
    let (net, wide) = (Linear(3, 2).to(.bfloat16), Linear(3, 2))
    noGrad { _ = wide.weight.copy(from: net.weight.to(.float32)) }
    let collectors = try [net, wide].map { try EvidenceCollector($0, evidence) }
    // 1 + 1 + ... stays at 256 where sums are of 8 bits.
    for _ in 0..<600 {
      for layer in [net, wide] { layer.weight.grad = Tensor.ones([2, 3], dtype: layer.weight.dtype) }
      for collector in collectors { collector.collect() }
    }
    #expect(collectors[0].values(0) == collectors[1].values(0))
    #expect(evidence == .movement || collectors[0].values(0) == Array(repeating: 1, count: 6))
    // Adam keeps moments in the weights' type, so that they are gathered apart.
    let recipe = Recipe(.curvature, target: .sparsity(0.5), schedule: .oneShot(at: 0.5))
    #expect(try Pruner(net, recipe, steps: 4, optimizer: Adam(net.parameters)).collector != nil)
    #expect(try Pruner(wide, recipe, steps: 4, optimizer: Adam(wide.parameters)).collector == nil)
  }

  @Test("the two passes of GraSP have the same dropout") func dropout() throws {
    manualSeed(0)
    let net = PrunerTests.Net()
    let (x, y) = (Tensor.randn([3, 16, 8]), Tensor.randint(0..<3, [3, 16]))
    var seen: [[Double]] = []
    let evidence = try EvidenceCollector(net, .hessianGradients)
    try evidence.collect(
      losses: (0..<3).map { batch in
        {
          let loss = crossEntropy(net(x[batch]), y[batch])
          seen.append([loss.item()])
          return loss
        }
      })
    #expect(seen.count == 6 && Array(seen[..<3]) == Array(seen[3...]))
    // A dropout that has zeroed something: without it the losses are others.
    #expect(net.evaluating { crossEntropy(net(x[0]), y[0]).item() } != seen[0][0])
  }
}
