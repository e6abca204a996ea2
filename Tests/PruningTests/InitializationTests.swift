import NN
import Recipes
import TestSupport
import Testing
import Torch

@testable import Pruning

/// Criteria for networks that are not trained yet, and mean activations, against a few lines of Python.
@Suite(.serialized) struct InitializationTests {
  final class Net: Module {
    let conv = Conv2d(2, 4, kernelSize: 3, padding: 1)
    let norm = BatchNorm2d(4)
    let fc = Linear(4, 3)
    override func forward(_ x: Tensor) -> Tensor { fc(relu(norm(conv(x))).mean([2, 3])) }
  }

  static let script = """
    import sys, torch, torch.nn as nn, torch.nn.functional as F
    from safetensors.torch import load_file, save_file
    g = load_file(sys.argv[1])
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.fc = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Linear(4, 3)
        def forward(self, x):
            self.h = F.relu(self.norm(self.conv(x))).mean((2, 3))
            return self.fc(self.h)
    net = Net()
    net.load_state_dict({k: v for k, v in g.items() if k not in ("x", "y")})
    net.eval()
    names = ("conv.weight", "fc.weight")
    params = [dict(net.named_parameters())[n] for n in names]
    w = [p.detach().double() for p in params]
    N = len(g["x"])
    losses = [lambda b=b: F.cross_entropy(net(g["x"][b]), g["y"][b]) for b in range(N)]
    first = [sum(t) / N for t in zip(*[torch.autograd.grad(f(), params) for f in losses])]
    hg = [0, 0]
    for f in losses:
        grads = torch.autograd.grad(f(), params, create_graph=True)
        z = sum((a * b).sum() for a, b in zip(grads, first))
        hg = [h + t / N for h, t in zip(hg, torch.autograd.grad(z, params))]
    means = [0, 0]
    for b in range(N):
        net(g["x"][b])
        means = [means[0] + g["x"][b].double().abs().mean((0, 2, 3)) / N, means[1] + net.h.detach().double().abs().mean(0) / N]
    means = [means[0].view(1, 2, 1, 1).expand_as(w[0]), means[1].view(1, 4).expand_as(w[1])]
    signs = {k: v.clone() for k, v in net.state_dict().items()}
    for v in net.state_dict().values(): v.abs_() if v.is_floating_point() else None
    flow = torch.autograd.grad(net(torch.ones_like(g["x"][0][:1])).sum(), params)
    net.load_state_dict(signs)
    out = {}
    for i, n in enumerate(names):
        for name, s, largest in (
            ("snip", (w[i] * first[i].double()).abs(), False), ("grasp", -w[i] * hg[i].double(), True),
            ("synflow", w[i].abs() * flow[i].double(), False), ("activation-mean", means[i], False)):
            s = s.contiguous()
            mask = torch.ones(s.numel())
            order = (-s if largest else s).flatten().argsort(stable=True)
            mask[order[: s.numel() // 2]] = 0
            out[f"{name}.{n}"], out[f"{name}.{n}.mask"] = s.clone(), mask.view_as(s).clone()
    save_file(out, sys.argv[2])
    """

  @Test(
    "scores and masks are those of a few lines of Python",
    .enabled(if: Python.finds("torch", "safetensors"), "needs a python3 with torch and safetensors"))
  func scores() throws {
    manualSeed(11)
    let net = Net()
    let (x, y) = (Tensor.randn([3, 8, 2, 6, 6]), Tensor.randint(0..<3, [3, 8]))
    // Statistics that are not those of the beginning, some negative.
    for batch in 0..<3 { _ = net(x[batch] - 1) }
    net.eval()
    let before = net.stateDict.mapValues { $0.clone() }
    let expected = try Python.exchange(Self.script) {
      try before.merging(["x": x, "y": y]) { first, _ in first }.save(to: $0)
    } result: {
      try StateDict(contentsOf: $0)
    }
    let criteria: [any Criterion] = [SNIP(), GraSP(), SynFlow(), ActivationMean()]
    for criterion in criteria {
      let collector = try EvidenceCollector(net, criterion.evidence)
      switch collector.evidence {
      case .gradients:
        for batch in 0..<3 {
          net.zeroGrad()
          crossEntropy(net(x[batch]), y[batch]).backward()
          collector.collect()
        }
      case .hessianGradients:
        try collector.collect(losses: (0..<3).map { batch in { crossEntropy(net(x[batch]), y[batch]) } })
      case .synapticFlow: try collector.collect(flowThrough: net, example: x[0])
      default: for batch in 0..<3 { _ = net(x[batch]) }
      }
      collector.stop()
      for (name, tensor) in net.stateDict { #expect(sameBits(tensor, try #require(before[name])), "\(name)") }
      let weights = collector.weights
      for (path, layer) in [("conv.weight", net.conv as Module), ("fc.weight", net.fc)] {
        let number = try #require(weights.weights.firstIndex { $0.path == path })
        let values = WeightValues(
          weights.weights[number], values: weights.parameter(number).array(of: Double.self),
          evidence: collector.values(number))
        let wanted = try #require(expected["\(criterion.name).\(path)"]).array(of: Double.self)
        let largest = wanted.reduce(0) { max($0, abs($1)) }
        let apart = zip(try criterion.scores(of: values), wanted).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(apart < 2e-6 * largest, "\(criterion.name) \(path): \(apart) of \(largest)")
        // Scores of one input are equal, so that their masks hang on the last bit of sums.
        guard !(criterion is ActivationMean) else { continue }
        try Prune.apply(Recipe(criterion, target: .amount(0.5), distribution: .uniform), to: net, evidence: collector)
        let mask = try #require(expected["\(criterion.name).\(path).mask"])
        #expect(layer["weight_mask"].equal(mask), "\(criterion.name) \(path)")
        for layer in [net.conv as Module, net.fc] { try Prune.undo(layer, name: "weight") }
      }
      if criterion is ActivationMean {
        // The columns of the two inputs that are least active.
        try Prune.apply(
          Recipe(criterion, target: .amount(0.5), pattern: .structured(dim: 1)), to: net, evidence: collector)
        let means = try #require(expected["activation-mean.fc.weight"])[0]
        let order = means.argsort()
        for (rank, input) in order.array(of: Int64.self).enumerated() {
          let column = net.fc["weight_mask"].select(1, Int(input))
          #expect(column.sum().item() == (rank < 2 ? 0 : 3))
        }
        for layer in [net.conv as Module, net.fc] { try Prune.undo(layer, name: "weight") }
      }
    }
  }

  @Test("SynFlow in rounds empties no layer, and overflow is said") func synFlow() throws {
    manualSeed(0)
    let net = Sequential(Linear(20, 30), ReLU(), Linear(30, 30), ReLU(), Linear(30, 4))
    let x = Tensor.randn([5, 20])
    let recipe = Recipe(.synFlow, target: .sparsity(0.95), schedule: .exponential(updates: 30))
    let report = try Prune.beforeTraining(net, recipe) { try $0.collect(flowThrough: net, example: x) }
    #expect(report.emptied.isEmpty && abs(report.sparsity - 0.95) < 1e-3)
    let kept = [net[0], net[2], net[4]].map { $0["weight_mask"].countNonzero() }
    #expect(kept.allSatisfy { $0 > 0 } && report.tensors.map { $0.entries - $0.pruned } == kept)
    #expect(report.newlyPruned == report.pruned && report.tensors.allSatisfy { $0.prunedBefore == 0 })
    // What empties a layer in the first of several rounds is told at the end.
    let emptying = Sequential(Linear(4, 4), Linear(4, 4))
    noGrad { _ = emptying[0]["weight"].multiplyInPlace(1e-3) }
    let gradual = Recipe(.magnitude, target: .sparsity(0.8), schedule: .linear(updates: 4))
    #expect(try Prune.beforeTraining(emptying, gradual) { _ in }.emptied == ["0.weight"])
    // There are no steps before training, at each of which a schedule could go on.
    let endless = Recipe(.synFlow, target: .sparsity(0.5), schedule: .exponential())
    let rounds = #expect(throws: RecipeError.self) { try Prune.beforeTraining(Linear(2, 2), endless) { _ in } }
    #expect(rounds?.kind == .contradiction)
    let large = Sequential(Linear(2, 2), Linear(2, 2))
    noGrad { for parameter in large.parameters { _ = parameter.fill(1e30) } }
    let state = large.stateDict.mapValues { $0.clone() }
    let error = #expect(throws: RecipeError.self) {
      try Prune.beforeTraining(large, recipe) { try $0.collect(flowThrough: large, example: Tensor.ones([1, 2])) }
    }
    #expect(error?.kind == .notANumber && !Prune.isPruned(large))
    for (name, tensor) in large.stateDict { #expect(sameBits(tensor, try #require(state[name])), "\(name)") }
  }
}
