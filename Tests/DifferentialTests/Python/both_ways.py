"""Reads what Bonsai wrote for a network in torch itself, goes on with it, and writes it back: BothWaysTests.

    both_ways.py FOLDER

FOLDER holds, for each dtype, `DTYPE-plain`, `DTYPE-pruned` and `DTYPE-removed` as .safetensors, Bonsai's state dicts of
one network, and `DTYPE-x` with the input `x` and the outputs `plain`, `pruned` and `removed` that Bonsai got with them.
Written for each dtype: `torch-DTYPE-pruned.safetensors` and `.pt`, the pruned network pruned further and trained by a step;
`torch-DTYPE-removed.safetensors`, its masks made permanent; `torch-DTYPE-y`, the outputs `pruned` and `removed`.
Prints a line for each thing that was checked; a line that does not begin with "ok" is a failure.
"""
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.utils import prune

torch.set_num_threads(1)
folder = sys.argv[1]


def net(dtype):
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 3)
    ).to(dtype)


def check(what, ok):
    print("ok" if ok else "DIFFERS", what)


def same(a, b):
    """Equal bits, but that any NaN is as good as another."""
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.nan_to_num(7e4), b.nan_to_num(7e4))


for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
    name = str(dtype)[6:]
    io = load_file(f"{folder}/{name}-x.safetensors")
    x = io["x"]

    plain = net(dtype)
    plain.load_state_dict(load_file(f"{folder}/{name}-plain.safetensors"))
    check(f"{name} plain output", same(plain(x), io["plain"]))

    state = load_file(f"{folder}/{name}-pruned.safetensors")
    pruned = net(dtype)
    for key in [key for key in state if key.endswith("_mask")]:
        path, parameter = key[:-5].rsplit(".", 1)
        prune.identity(pruned.get_submodule(path), parameter)
    pruned.load_state_dict(state)
    check(f"{name} names", set(pruned.state_dict()) == set(state))
    check(f"{name} masks' dtypes", all(pruned.state_dict()[k].dtype == v.dtype for k, v in state.items()))
    check(f"{name} pruned output", same(pruned(x), io["pruned"]))
    check(f"{name} zeros", int((pruned[0].weight == 0).sum()) == 18 and int((pruned[3].weight == 0).all(1).sum()) == 2)

    removed = net(dtype)
    removed.load_state_dict(load_file(f"{folder}/{name}-removed.safetensors"))
    check(f"{name} removed output", same(removed(x), io["removed"]))

    # On with it, as PyTorch's user would.
    prune.global_unstructured(
        [(pruned[0], "weight"), (pruned[3], "weight"), (pruned[5], "weight")], prune.L1Unstructured, amount=100)
    prune.ln_structured(pruned[5], "weight", amount=1, n=1, dim=1)
    optimizer = torch.optim.SGD(pruned.parameters(), lr=0.25)
    pruned(x).sum().backward()
    optimizer.step()
    out = {"pruned": pruned(x).detach().clone()}
    save_file(pruned.state_dict(), f"{folder}/torch-{name}-pruned.safetensors", metadata={"format": "pt"})
    torch.save(pruned.state_dict(), f"{folder}/torch-{name}-pruned.pt")
    for layer in (0, 3, 5):
        prune.remove(pruned[layer], "weight")
    out["removed"] = pruned(x).detach().clone()
    save_file(pruned.state_dict(), f"{folder}/torch-{name}-removed.safetensors")
    save_file(out, f"{folder}/torch-{name}-y.safetensors")
    print("done", name)
