import Checkpoints
import Foundation
import Recipes
import Sparsity
import TestSupport
import Testing

/// Checkpoints before and after `torch.nn.utils.prune`, made by Python in one go for all tests.
///
/// For each dtype `entries` has weights of distinct magnitudes, so that single entries have one ranking, and `channels`
/// weights whose channels have distinct norms also after rounding. Each case is a state dict with masks, as PyTorch has
/// it after pruning, and one with zeros, as it is after `remove`.
enum PruningOracle {
  static let dtypes = ["float32", "float64", "bfloat16", "float16"]

  static let isThere = Python.finds("torch", "safetensors")

  /// Where Python puts the files; deleted when the tests end.
  private static let directory: String = {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("pruning-oracle-\(getpid())").path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(atPath: PruningOracle.directory) }
    let lines = try? Python.run(script, path)
    #expect(lines == ["done"])
    return path
  }()

  static func path(_ name: String) -> String { "\(directory)/\(name)" }

  private static let script = """
    import sys, torch, torch.nn as nn
    from torch.nn.utils import prune
    from safetensors.torch import save_file
    directory = sys.argv[1]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 5)
            self.norm = nn.BatchNorm2d(8)
            self.fc1 = nn.Linear(60, 40)
            self.fc2 = nn.Linear(40, 10)

    def entries(dtype):
        bits = {2: torch.int16, 4: torch.int32, 8: torch.int64}[dtype.itemsize]
        ends = (1e-30, 1e30) if dtype == torch.bfloat16 else (1e-3, 4.0)
        low, high = (torch.tensor(x, dtype=dtype).view(bits).item() for x in ends)
        step = max(1, (high - low) // 16000)
        model = Net().to(dtype)
        weights = [p for p in model.parameters()]
        count = sum(p.numel() for p in weights)
        assert (high - low) // step >= count
        values = (torch.randperm(count, dtype=bits if bits != torch.int16 else torch.int64) * step + low).to(bits)
        values = values.view(dtype) * (torch.randint(0, 2, (count,)) * 2 - 1)
        for p, v in zip(weights, values.split([p.numel() for p in weights])):
            p.data = v.view(p.shape).clone()
        return model

    def channels(dtype):
        model = Net().to(dtype)
        for layer in (model.conv, model.fc1, model.fc2):
            w = torch.randn(layer.weight.shape)
            for dim in (0, 1):
                shape = [1] * w.dim()
                shape[dim] = w.shape[dim]
                w *= (1.12 ** torch.randperm(w.shape[dim])).view(shape)
            layer.weight.data = w.to(dtype)
        return model

    def layers(model):
        return [(model.conv, "weight"), (model.fc1, "weight"), (model.fc2, "weight")]

    def each(function, model, **options):
        for module, name in layers(model):
            function(module, name=name, **options)

    def whole(model, **options):
        prune.global_unstructured(layers(model), prune.L1Unstructured, **options)

    def bias(model):
        for module in (model.conv, model.fc1, model.fc2):
            for name in ("weight", "bias"):
                prune.l1_unstructured(module, name=name, amount=0.5)

    def custom(model, masks):
        for number, (module, name) in enumerate(layers(model)):
            prune.custom_from_mask(module, name=name, mask=masks[number])

    def save(model, name):
        state = model.state_dict()
        torch.save(state, f"{directory}/{name}.masks.pt")
        for module in model.children():
            for tensor in ("weight", "bias"):
                if hasattr(module, tensor + "_orig"):
                    prune.remove(module, tensor)
        torch.save(model.state_dict(), f"{directory}/{name}.zeros.pt")

    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
        name = str(dtype)[6:]
        torch.manual_seed(5)
        masks = [torch.rand(w.shape) < 0.6 for w in (Net().conv.weight, Net().fc1.weight, Net().fc2.weight)]
        save_file({f"{layer}.weight_mask": mask for layer, mask in zip(("conv", "fc1", "fc2"), masks)},
                  f"{directory}/{name}-given.safetensors")
        cases = {
            "entries": {
                "tensor": [lambda m: each(prune.l1_unstructured, m, amount=0.37)],
                "count": [lambda m: each(prune.l1_unstructured, m, amount=123)],
                "global": [lambda m: whole(m, amount=0.61)],
                "globalcount": [lambda m: whole(m, amount=777)],
                "bias": [bias],
                "given": [lambda m: custom(m, masks)],
                "twice": [lambda m: whole(m, amount=0.3), lambda m: whole(m, amount=0.5)],
                "tensoragain": [lambda m: whole(m, amount=0.3), lambda m: each(prune.l1_unstructured, m, amount=0.25)],
                "givenagain": [lambda m: whole(m, amount=0.3), lambda m: custom(m, masks)],
            },
            "channels": {
                "ln1": [lambda m: each(prune.ln_structured, m, amount=0.4, n=1, dim=0)],
                "ln2": [lambda m: each(prune.ln_structured, m, amount=0.4, n=2, dim=1)],
                "inf": [lambda m: each(prune.ln_structured, m, amount=2, n=float("inf"), dim=0)],
                "again": [lambda m: each(prune.ln_structured, m, amount=0.3, n=2, dim=0),
                          lambda m: each(prune.ln_structured, m, amount=0.5, n=2, dim=0)],
                "across": [lambda m: each(prune.ln_structured, m, amount=0.3, n=2, dim=0),
                           lambda m: each(prune.ln_structured, m, amount=0.3, n=2, dim=1)],
            },
        }
        for kind, make in (("entries", entries), ("channels", channels)):
            for case, steps in cases[kind].items():
                torch.manual_seed(6)
                model = make(dtype)
                if case in ("tensor", "ln1"):
                    torch.save(model.state_dict(), f"{directory}/{name}-{kind}.pt")
                    save_file(model.state_dict(), f"{directory}/{name}-{kind}.safetensors")
                for step in steps[:-1]:
                    step(model)
                    torch.save(model.state_dict(), f"{directory}/{name}-{case}.before.pt")
                steps[-1](model)
                save(model, f"{name}-{case}")
    print("done")
    """
}
