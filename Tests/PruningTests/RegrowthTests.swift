import NN
import Pruning
import Recipes
import TestSupport
import Testing
import Torch

/// Masks that move during training.
@Suite(.serialized) struct RegrowthTests {
  /// A step of RigL in Python: dense gradients of masked weights, the smallest magnitudes dropped, the largest gradients
  /// grown.
  static let script = """
    import sys, torch, torch.nn.functional as F
    from safetensors.torch import load_file, save_file
    g = load_file(sys.argv[1])
    names = ("first.weight", "last.weight")
    w = {n: (g[n + "_orig"] * g[n + "_mask"]).requires_grad_() for n in names}
    h = F.relu(F.linear(g["x"], w["first.weight"], g["first.bias"]))
    F.cross_entropy(F.linear(h, w["last.weight"], g["last.bias"]), g["y"]).backward()
    out = {}
    for n in names:
        mask, grad = g[n + "_mask"].bool().flatten(), w[n].grad.flatten()
        k = round(float(g["share"]) * int(mask.sum()))
        size = g[n + "_orig"].flatten().abs().masked_fill(~mask, float("inf"))
        kept = mask.clone()
        kept[size.argsort(stable=True)[:k]] = False
        grow = grad.abs().masked_fill(kept, -1).sort(descending=True, stable=True).indices[:k]
        new = kept.clone()
        new[grow] = True
        out[n + ".mask"] = new.view_as(w[n]).float()
        out[n + ".orig"] = g[n + "_orig"].flatten().masked_fill(new & ~mask, 0).view_as(w[n])
        out[n + ".grad"] = (grad * new).view_as(w[n])
        out[n + ".grown"] = (new & ~mask).view_as(w[n]).float()
    save_file(out, sys.argv[2])
    """

  @Test(
    "a step of RigL is that of a few lines of Python, and the optimiser begins anew for what grows",
    .enabled(if: Python.finds("torch", "safetensors"), "needs a python3 with torch and safetensors"))
  func rigL() throws {
    manualSeed(1)
    let net = PrunerTests.Net()
    net.dropout.eval()
    let optimizer = Adam(net.parameters, learningRate: 0.01)
    let recipe = Recipe(
      .random(seed: 4), target: .sparsity(0.6), distribution: .erk,
      regrowth: Regrowth(.gradient, share: 0.3, decay: .cosine, from: 0.5, to: 1, updates: 2))
    let pruner = try Pruner(net, recipe, steps: 8, optimizer: optimizer)
    let (x, y) = (Tensor.randn([16, 8]), Tensor.randint(0..<3, [16]))
    for _ in 0..<6 {
      optimizer.zeroGrad()
      crossEntropy(net(x), y).backward()
      try pruner.step()
      optimizer.step()
    }
    #expect(pruner.updates.count == 1 && pruner.updates[0].step == 0)
    // The first move comes after half of the way and of what is left: t = 1/2, so that the share is halved.
    let share = try #require(recipe.regrowth?.share(at: 6, of: 8))
    #expect(abs(share - 0.15) < 1e-12)
    let before = net.stateDict.mapValues { $0.clone() }
    let expected = try Python.exchange(Self.script) {
      try before.merging(["x": x, "y": y, "share": Tensor(share)]) { first, _ in first }.save(to: $0)
    } result: {
      try StateDict(contentsOf: $0)
    }
    optimizer.zeroGrad()
    crossEntropy(net(x), y).backward()
    try pruner.step()
    for (name, layer) in [("first.weight", net.first), ("last.weight", net.last)] {
      let original = layer["weight_orig"]
      #expect(layer["weight_mask"].equal(try #require(expected[name + ".mask"])), "\(name)")
      #expect(original.detach().equal(try #require(expected[name + ".orig"])), "\(name)")
      let gradient = try #require(expected[name + ".grad"])
      #expect((try #require(original.grad) - gradient).abs().max().item() < 1e-6, "\(name)")
      let grown = try #require(expected[name + ".grown"]) .!= 0
      #expect(grown.sum().intItem() > 0)
      let moments = try #require(optimizer.moments(of: original))
      #expect(moments.mean.abs().maskedFill(grown.logicalNot(), 0).sum().item() == 0)
      let wanted = gradient * gradient * (1 - 0.999 * 0.999 * 0.999 * 0.999 * 0.999 * 0.999)
      #expect((moments.square - wanted).abs().maskedFill(grown.logicalNot(), 0).max().item() < 1e-9)
    }
    #expect(pruner.updates.last?.grown ?? 0 > 0 && pruner.updates[0].sparsity == pruner.updates[1].sparsity)
    // The next step is an ordinary one: no gradient reaches what is pruned.
    optimizer.step()
    optimizer.zeroGrad()
    crossEntropy(net(x), y).backward()
    let pruned = net.first["weight_mask"] .== 0
    #expect((try #require(net.first["weight_orig"].grad)).abs().maskedFill(pruned.logicalNot(), 0).sum().item() == 0)
  }

  @Test("SET grows at random, as many as it drops, and momentum begins anew") func set() throws {
    manualSeed(2)
    let net = PrunerTests.Net()
    let optimizer = SGD(net.parameters, learningRate: 0.1, momentum: 0.9)
    let recipe = Recipe.set(0.5, seed: 3, updates: 4)
    let pruner = try Pruner(net, recipe, steps: 20, optimizer: optimizer)
    var masks: [Tensor] = []
    for _ in 0..<20 {
      _ = try PrunerTests.train(net, optimizer, pruner, 0..<1)
      masks.append(net.first["weight_mask"].clone())
    }
    let counts = Set(masks.map { $0.countNonzero() })
    #expect(counts.count == 1)
    let moves = zip(masks, masks.dropFirst()).count { !$0.equal($1) }
    #expect(moves == 4 && pruner.updates.count == 5)
    // What has grown may still be 0.
    #expect(try abs(pruner.finish().sparsity - 0.5) < 0.01 && PrunerTests.sparsity(net) >= 0.49)
  }

  @Test("gradients that are NaN move nothing") func notANumber() throws {
    let net = PrunerTests.Net()
    let recipe = Recipe(
      .magnitude, target: .sparsity(0.5), regrowth: Regrowth(.gradient, from: 0, to: 1, updates: 2))
    let pruner = try Pruner(net, recipe, steps: 2)
    crossEntropy(net(Tensor.randn([4, 8])), Tensor.randint(0..<3, [4])).backward()
    try pruner.step()
    let before = net.first["weight_mask"].clone()
    crossEntropy(net(Tensor.full([4, 8], Double.nan)), Tensor.randint(0..<3, [4])).backward()
    let error = #expect(throws: RecipeError.self) { try pruner.step() }
    #expect(error?.kind == .notANumber && error?.found.contains("gradient of entry") == true)
    #expect(net.first["weight_mask"].equal(before) && pruner.stepsMade == 1)
  }

  @Test("blocks and cycles do not grow back") func refusals() {
    #expect(throws: RecipeError.self) {
      try Recipe(.magnitude, pattern: .nOfM(2, 4), regrowth: .rigL()).validate()
    }
    #expect(throws: RecipeError.self) {
      try Recipe(.magnitude, target: .sparsity(0.5), schedule: .cyclic(2), regrowth: .rigL()).validate()
    }
  }
}
