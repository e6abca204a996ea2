import NN
import Pruning
import Recipes
import TestSupport
import Testing
import Torch

/// SparseGPT against the algorithm of its paper in Python.
@Suite(.serialized) struct SparseGPTTests {
  final class Net: Module {
    let conv = Conv2d(2, 8, kernelSize: 3, stride: 2, padding: 1)
    let grouped = Conv2d(8, 4, kernelSize: 2, groups: 2)
    let fc = Linear(36, 12)
    override func forward(_ x: Tensor) -> Tensor {
      let h = relu(grouped(relu(conv(x)))).flatten(1)
      // Some inputs are always 0.
      return fc(h * dead)
    }
    let dead: Tensor = {
      let ones = Tensor.ones([36])
      _ = ones.narrow(0, start: 3, length: 2).fill(0)
      return ones
    }()
  }

  static let script = """
    import sys, torch, torch.nn.functional as F
    from safetensors.torch import load_file, save_file
    g = load_file(sys.argv[1])
    damp = 0.01
    def surgeon(W, H, total):
        W, H = W.clone(), H.clone()
        dead = H.diagonal() == 0
        H[dead, dead] = 1
        W[:, dead] = 0
        H += torch.eye(len(H)).double() * damp * H.diagonal().mean()
        U = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(H)), upper=True)
        M = torch.ones_like(W).bool()
        C = W.shape[1]
        size = B if m == 0 else (B + m - 1) // m * m
        for a in range(0, C, size):
            b = min(a + size, C)
            W1, E = W[:, a:b].clone(), torch.zeros_like(W[:, a:b])
            U1 = U[a:b, a:b]
            if m == 0:
                k = round(total * b / C) - round(total * a / C)
                s = (W1 / U1.diagonal()) ** 2
                keep = torch.ones(s.numel()).bool()
                keep[s.flatten().argsort(stable=True)[:k]] = False
                M[:, a:b] = keep.view_as(s)
            for i in range(b - a):
                if m and i % m == 0:
                    s = (W1[:, i:i + m] / U1.diagonal()[i:i + m]) ** 2
                    keep = torch.ones_like(s).bool()
                    keep.scatter_(1, s.argsort(dim=1, stable=True)[:, :m - n], False)
                    M[:, a + i:a + i + m] = keep
                q = W1[:, i] * M[:, a + i]
                e = (W1[:, i] - q) / U1[i, i]
                W1[:, i:] -= e.outer(U1[i, i:])
                W1[:, i], E[:, i] = q, e
            W[:, a:b] = W1
            W[:, b:] -= E @ U[a:b, b:]
        return W, M
    out = {}
    def layer(name, W, X, groups):
        Ws, Ms = [], []
        perm = None
        if m and W.dim() == 4:
            w = W.movedim(1, -1)
            perm = torch.arange(W[0].numel()).view(W.shape[1], -1).t().flatten()
        else: w = W
        flat = w.reshape(len(W), -1).double()
        total = round(sparsity * W.numel())
        for i, (part, x) in enumerate(zip(flat.chunk(groups), X)):
            x = x if perm is None else x[:, perm]
            t = total * (i + 1) // groups - total * i // groups
            a, b = surgeon(part, x.t() @ x, t)
            Ws.append(a); Ms.append(b)
        Wn, Mn = torch.cat(Ws), torch.cat(Ms)
        if perm is not None:
            shape = (len(W), *W.shape[2:], W.shape[1])
            Wn, Mn = Wn.view(shape).movedim(-1, 1), Mn.view(shape).movedim(-1, 1)
        out[f"{case}.{name}"], out[f"{case}.{name}.mask"] = Wn.reshape(W.shape).float(), Mn.reshape(W.shape).float()
    def columns(x, kernel, groups, **o):
        u = F.unfold(x.double(), kernel, **o)
        return [c.transpose(1, 2).reshape(-1, c.shape[1]) for c in u.chunk(groups, 1)]
    x = g["x"]
    h = F.relu(F.conv2d(x, g["conv.weight"], g["conv.bias"], 2, 1))
    k = F.relu(F.conv2d(h, g["grouped.weight"], g["grouped.bias"], groups=2)).flatten(1) * g["dead"]
    for case, (B, n, m, sparsity) in enumerate(g["cases"].tolist()):
        B, n, m = int(B), int(n), int(m)
        layer("conv", g["conv.weight"], columns(x, 3, 1, padding=1, stride=2), 1)
        layer("grouped", g["grouped.weight"], columns(h, 2, 2), 2)
        layer("fc", g["fc.weight"], [k.double()], 1)
    save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[2])
    """

  @Test(
    "masks and weights are those of the algorithm in Python, for shares and N:M, in blocks, groups and with dead inputs",
    .enabled(if: Python.finds("torch", "safetensors"), "needs a python3 with torch and safetensors"))
  func againstPython() throws {
    let cases: [(pattern: Pattern, block: Int, sparsity: Double)] = [
      (.unstructured, 128, 0.5), (.unstructured, 5, 0.7), (.nOfM(1, 2), 3, 0),
    ]
    manualSeed(7)
    let first = Net()
    let x = Tensor.randn([40, 2, 7, 7])
    var state = first.stateDict
    state["x"] = x
    state["dead"] = first.dead
    let numbers = cases.flatMap { pattern, block, sparsity -> [Double] in
      if case .nOfM(let n, let m, _) = pattern { return [Double(block), Double(n), Double(m), 0] }
      return [Double(block), 0, 0, sparsity]
    }
    state["cases"] = Tensor(numbers, shape: [cases.count, 4])
    let expected = try Python.exchange(Self.script) {
      try state.save(to: $0)
    } result: {
      try StateDict(contentsOf: $0)
    }
    for (index, (pattern, block, sparsity)) in cases.enumerated() {
      let net = try first.copy(into: Net())
      let criterion = SparseGPT(blockSize: block)
      let collector = try EvidenceCollector(net, criterion.evidence)
      for batch in x.split(15) { _ = net(batch) }
      collector.stop()
      let recipe = Recipe(
        criterion, target: pattern == .unstructured ? .sparsity(sparsity) : nil, pattern: pattern,
        distribution: .uniform)
      let preview = try Prune.preview(recipe, of: net, evidence: collector)
      #expect(!Prune.isPruned(net))
      let report = try Prune.apply(recipe, to: net, evidence: collector)
      #expect(report == preview)
      for (name, layer) in [("conv", net.conv as Module), ("grouped", net.grouped), ("fc", net.fc)] {
        #expect(layer["weight_mask"].equal(try #require(expected["\(index).\(name).mask"])), "\(index) \(name)")
        let apart = (layer["weight"].detach() - (try #require(expected["\(index).\(name)"]))).abs().max().item()
        #expect(apart < 1e-5, "\(index) \(name): \(apart)")
      }
    }
  }

  @Test("the update mends the outputs, what is pruned already stays pruned, and misfits are said") func properties()
    throws
  {
    manualSeed(0)
    let layer = Linear(24, 16)
    let mixing = Tensor.randn([24, 24])
    let x = Tensor.randn([200, 24]).matmul(mixing)
    let wanted = layer(x).detach()
    try Prune.l1Unstructured(layer, name: "weight", amount: 20)
    let before = layer["weight_mask"].clone()
    let collector = try EvidenceCollector(layer, .inputProducts)
    _ = layer(x)
    collector.stop()
    let twin = try layer.copy(into: Linear(24, 16))
    let recipe = Recipe(.sparseGPT, target: .sparsity(0.5), distribution: .uniform)
    try Prune.apply(recipe, to: layer, evidence: collector)
    try Prune.apply(Recipe(.magnitude, target: .sparsity(0.5)), to: twin)
    #expect((layer["weight_mask"] .> before).sum().intItem() == 0)
    #expect(layer["weight_mask"].countNonzero() == 192)
    #expect(layer["weight_orig"].detach().countNonzero() == 192)
    func error(_ layer: Module) -> Double { mseLoss(layer(x), wanted).item() }
    #expect(error(layer) < 0.75 * error(twin))
    #expect(throws: RecipeError.self) {
      try Prune.apply(Recipe(.sparseGPT, target: .sparsity(0.6)), to: layer, evidence: collector)
    }
    #expect(throws: RecipeError.self) { try Prune.apply(recipe, to: layer) }
    #expect(throws: RecipeError.self) {
      try Recipe(.sparseGPT, target: .sparsity(0.5), pattern: .structured(dim: 0)).validate()
    }
    let cyclic = #expect(throws: RecipeError.self) {
      try Recipe(.sparseGPT, target: .sparsity(0.5), distribution: .uniform, schedule: .cyclic(2)).validate()
    }
    #expect(cyclic?.found == "a cyclic one")
  }
}
