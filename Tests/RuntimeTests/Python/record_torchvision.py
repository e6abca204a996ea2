"""Records torchvision's ResNet-18 and MobileNet v2 for ModelTests: `python3 record_torchvision.py > torchvision.json`.

For each: the names and shapes of the state dict, and of each tensor the sum of its initial values for seed 0. Needs torchvision.
"""
import json
import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../Benchmarks/Models"))
import torch
import torchvision_without_cuda  # noqa: F401
import torchvision

torch.set_num_threads(1)
found = {}
for name in ("resnet18", "mobilenet_v2"):
    torch.manual_seed(0)
    state = torchvision.models.get_model(name, weights=None).state_dict()
    found[name] = [
        {"name": key, "shape": list(t.shape), "sum": math.fsum(t.double().flatten().tolist())} for key, t in state.items()
    ]
json.dump(found, sys.stdout, separators=(",", ":"))
