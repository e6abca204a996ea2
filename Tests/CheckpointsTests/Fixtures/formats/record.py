"""Writes the files of this directory, and formats.json with what Python reads out of them.

Run with torch 2.13 and numpy. Files: the three layouts of torch.save in ways that people meet them (deflated, tar,
whole modules, subclasses, lists, TorchScript), NumPy's arrays.
"""

import enum
import functools
import io
import json
import os
import pickle
import struct
import sys
import tarfile
import types
import zipfile

import numpy as np
import torch
from torch import nn

here = os.path.dirname(os.path.abspath(__file__))
expected = {}


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) % (1 << 64)
    return f"{value:016x}"


TYPES = {
    torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL", torch.complex64: "C64",
}


def tensor_bytes(tensor):
    tensor = tensor.detach().contiguous().clone()
    return tensor.view(torch.uint8).numpy().tobytes() if tensor.dim() else tensor.reshape(1).view(torch.uint8).numpy().tobytes()


def note(name, tensors, others=()):
    expected[name] = {
        "tensors": [
            {"name": key, "type": TYPES[value.dtype], "shape": list(value.shape), "fnv": fnv(tensor_bytes(value))}
            for key, value in tensors.items()
        ],
        "others": list(others),
    }


torch.manual_seed(0)
path = lambda name: os.path.join(here, name)  # noqa: E731

# A deflated archive, as zip tools write it again.
state = {"fc.weight": torch.randn(3, 4), "fc.bias": torch.arange(5.0).double(), "view": torch.randn(4, 6).t()}
buffer = io.BytesIO()
torch.save(state, buffer)
with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path("deflated.pt"), "w", zipfile.ZIP_DEFLATED) as target:
    for info in source.infolist():
        target.writestr(zipfile.ZipInfo(info.filename, (1980, 1, 1, 0, 0, 0)), source.read(info), zipfile.ZIP_DEFLATED)
note("deflated.pt", torch.load(path("deflated.pt")))


# Whole modules, with a buffer that is not persistent, a shared module, None parameters, and objects beside them.
project = types.ModuleType("project")
sys.modules["project"] = project


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, bias=False)
        self.norm = nn.BatchNorm2d(2)
        self.register_buffer("kept", torch.arange(3))
        self.register_buffer("gone", torch.arange(4), persistent=False)
        self.blocks = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
        self.plain = torch.ones(7)


class Stage(enum.Enum):
    TRAIN = 1


class Settings(dict):
    pass


class Sub(torch.Tensor):
    pass


for item in [Net, Stage, Settings, Sub]:
    item.__module__ = "project"
    item.__qualname__ = item.__name__
    setattr(project, item.__name__, item)

net = Net().eval()
torch.save(net, path("module.pt"))
note("module.pt", net.state_dict())
torch.save(net, path("module_legacy.pt"), _use_new_zipfile_serialization=False)
note("module_legacy.pt", net.state_dict())
torch.save(nn.DataParallel(net), path("module_parallel.pt"))
note("module_parallel.pt", nn.DataParallel(net).state_dict())


class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.plain = torch.ones(2)  # an attribute, no part of the state dict
        self.register_buffer("kept", torch.ones(1))

    def forward(self, x):
        return self.inner(x) * self.kept + self.plain.sum()


torch.jit.script(Scripted()).save(path("scripted.pt"))
note("scripted.pt", torch.jit.load(path("scripted.pt")).state_dict())

# Everything else that people keep beside their weights.
weight = torch.randn(2, 2)
parameter = nn.Parameter(torch.randn(3))
parameter.note = "attribute"
torch.save(
    {
        "weight": weight, "parameter": parameter, "subclass": torch.randn(2).as_subclass(Sub), 7: torch.randn(2),
        "sparse": torch.eye(3).to_sparse(), "meta": torch.empty(2, device="meta"),
        "quantised": torch.quantize_per_tensor(torch.randn(4), 0.1, 0, torch.qint8),
        "stage": Stage.TRAIN, "partial": functools.partial(torch.add, alpha=2), "stream": io.BytesIO(b"abc"),
        "settings": Settings(lr=0.1), "function": torch.nn.functional.gelu, "set": {1, 2}, "none": None,
        "numpy": np.float64(1.5), "array": np.arange(3), "path": __import__("pathlib").PurePosixPath("/tmp"),
        (1, 2): torch.zeros(1), "slice": slice(1, 2), "dtype": torch.float32, "device": torch.device("cpu"),
    },
    path("beside.pt"),
)
note(
    "beside.pt",
    {"weight": weight, "parameter": parameter, "subclass": torch.load(path("beside.pt"), weights_only=False)["subclass"],
     "7": torch.load(path("beside.pt"), weights_only=False)[7]},
    ["sparse", "meta", "quantised", "stage", "partial", "stream", "settings", "function", "set", "none", "numpy", "array",
     "path", "slice", "dtype", "device", "(a tuple of 2 as its key)"],
)

# Dictionaries, lists and objects within each other.
nested = {
    "model": {"enc": {"w": torch.randn(2)}, "blocks": [{"w": torch.randn(1)}, {"w": torch.randn(1)}]},
    "ema": Settings(w=torch.randn(2)),
    "optimizer": {"state": {0: {"exp_avg": torch.randn(2)}}, "param_groups": [{"lr": 0.1}]},
    "epoch": 3,
}
torch.save(nested, path("nested.pt"))
note(
    "nested.pt",
    {"model.enc.w": nested["model"]["enc"]["w"], "model.blocks.0.w": nested["model"]["blocks"][0]["w"],
     "model.blocks.1.w": nested["model"]["blocks"][1]["w"], "ema.w": nested["ema"]["w"]},
    ["optimizer", "epoch"],
)

# The layout before 0.1.10, written as torch.serialization.legacy_load reads it.
first, second = torch.randn(3, 2), torch.arange(4)


def old_tensor(key, storage, kind, tensor):
    head = pickle.dumps((key, storage, kind), 2)
    numbers = list(tensor.shape) + list(tensor.stride()) + [tensor.storage_offset()]
    return head + struct.pack("<ii", tensor.dim(), 0) + struct.pack(f"<{len(numbers)}q", *numbers)


def old_storage(key, kind, tensor):
    return pickle.dumps((key, "cpu", kind), 2) + struct.pack("<q", tensor.numel()) + tensor_bytes(tensor)


class Named(pickle.Pickler):
    def persistent_id(self, value):
        return value.key if isinstance(value, Key) else None


class Key:
    def __init__(self, key):
        self.key = key


members = {"sys_info": pickle.dumps({"little_endian": True, "protocol_version": 1000}, 2)}
members["storages"] = (
    pickle.dumps(2, 2) + old_storage(11, torch.FloatStorage, first) + old_storage(12, torch.LongStorage, second)
    + pickle.dumps([(13, 12, 1, 3)], 2)
)
members["tensors"] = (
    pickle.dumps(3, 2) + old_tensor(21, 11, torch.FloatTensor, first) + old_tensor(22, 11, torch.FloatTensor, first.t())
    + old_tensor(23, 13, torch.LongTensor, torch.arange(3))
)
out = io.BytesIO()
Named(out, 2).dump({"w": Key(21), "w_t": Key(22), "tail": Key(23), "epoch": 3})
members["pickle"] = out.getvalue()
with tarfile.open(path("old.tar.pt"), "w", format=tarfile.PAX_FORMAT) as tar:
    for name, data in members.items():
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
loaded = torch.load(path("old.tar.pt"), weights_only=False)
note("old.tar.pt", {key: value for key, value in loaded.items() if key != "epoch"}, ["epoch"])

# NumPy.
arrays = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3), "f": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "h": np.arange(3, dtype=np.float16), "b": np.array([True, False]), "i": np.array(7, dtype=np.int64),
    "empty": np.zeros((0, 2), np.uint8), "c": np.array([1 + 2j], np.complex64),
}
odd = {"text": np.array(["a"]), "big": np.arange(2, dtype=">f4"), "record": np.zeros(1, [("x", "<i4")])}
np.savez(path("arrays.npz"), **arrays, **odd)
np.savez_compressed(path("compressed.npz"), **arrays, **odd, object=np.array([{}], dtype=object))
np.save(path("fortran.npy"), arrays["f"])
as_tensors = {key: torch.from_numpy(np.ascontiguousarray(value)).reshape(value.shape) for key, value in arrays.items()}
note("arrays.npz", as_tensors, list(odd))
note("compressed.npz", as_tensors, list(odd) + ["object"])
note("fortran.npy", {"tensor": as_tensors["f"]})

with open(path("formats.json"), "w") as file:
    json.dump(expected, file, indent=1)
