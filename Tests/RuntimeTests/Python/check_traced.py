"""Loads models that were traced in Swift and runs them beside what Swift computed.

    check_traced.py FOLDER NAME ...

For each NAME.pt2, files NAME.K.safetensors hold inputs x0, x1, ... and outputs y0, y1, ...; with NAME.onnx as an argument
NAME is also exported to ONNX and run there. Prints a line for each: name, the largest difference, and the number of
Python's own parameters.
"""
import glob
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import torch
from safetensors.torch import load_file

torch.set_num_threads(1)


def tensors(recorded, letter):
    return [recorded[f"{letter}{i}"] for i in range(16) if f"{letter}{i}" in recorded]


def main(folder, names):
    for name in names:
        program = torch.export.load(os.path.join(folder, name + ".pt2"))
        module = program.module()
        worst = 0.0
        for path in sorted(glob.glob(os.path.join(folder, name + ".*.safetensors"))):
            recorded = load_file(path)
            with torch.no_grad():
                found = torch.utils._pytree.tree_leaves(module(*tensors(recorded, "x")))
            wanted = tensors(recorded, "y")
            assert len(found) == len(wanted), (name, len(found), len(wanted))
            for a, b in zip(found, wanted):
                assert a.shape == b.shape and a.dtype == b.dtype, (name, a.shape, b.shape, a.dtype, b.dtype)
                worst = max(worst, float((a.double() - b.double()).abs().max()) if a.numel() else 0.0)
        print(name, worst, sum(p.numel() for p in module.parameters()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
