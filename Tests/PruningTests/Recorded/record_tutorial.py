"""Records what PyTorch's pruning tutorial gives, step by step, for TutorialTests.swift.

usage: record_tutorial.py      writes tutorial.json and tutorial.safetensors beside itself; torch 2.13, CPU
"""
import json
import os

import torch
import torch.nn.functional as F
import torch.nn.utils.prune as prune
from safetensors.torch import save_file
from torch import nn

here = os.path.dirname(os.path.abspath(__file__))
steps, tensors = {}, {}


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, int(x.nelement() / x.shape[0]))
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def record(step, module):
    """Names in order, every tensor, the hooks with their histories."""
    def history(hook):
        return [type(h).__name__ for h in hook] if isinstance(hook, prune.PruningContainer) else [type(hook).__name__]

    steps[step] = {
        "parameters": [n for n, _ in module.named_parameters()],
        "buffers": [n for n, _ in module.named_buffers()],
        "hooks": [[h._tensor_name, type(h).__name__, history(h)] for h in getattr(module, "_forward_pre_hooks").values()],
        "state_dict": list(module.state_dict().keys()),
        "text": str(module),
    }
    for name, value in module.state_dict().items():
        tensors[f"{step}/{name}"] = value.detach().clone()
    for name, value in module.__dict__.items():
        if isinstance(value, torch.Tensor):
            tensors[f"{step}/{name}"] = value.detach().clone()


torch.manual_seed(0)
model = LeNet()
record("model", model)
x = torch.randn(2, 1, 32, 32)
tensors["x"] = x
tensors["y"] = model(x).detach()
module = model.conv1
record("inspect", module)
prune.random_unstructured(module, name="weight", amount=0.3)
record("random", module)
prune.l1_unstructured(module, name="bias", amount=3)
record("bias", module)
prune.ln_structured(module, name="weight", amount=0.5, n=2, dim=0)
record("structured", module)
record("serialised", model)
tensors["y_pruned"] = model(x).detach()
prune.remove(module, "weight")
record("removed", module)

torch.manual_seed(1)
new_model = LeNet()
for name, module in new_model.named_modules():
    if isinstance(module, nn.Conv2d):
        prune.l1_unstructured(module, name="weight", amount=0.2)
    elif isinstance(module, nn.Linear):
        prune.l1_unstructured(module, name="weight", amount=0.4)
record("by_type", new_model)

torch.manual_seed(2)
model = LeNet()
parameters = [(m, "weight") for m in (model.conv1, model.conv2, model.fc1, model.fc2, model.fc3)]
prune.global_unstructured(parameters, pruning_method=prune.L1Unstructured, amount=0.2)
record("global", model)
steps["global"]["sparsity"] = [
    "{:.2f}%".format(100.0 * float(torch.sum(m.weight == 0)) / float(m.weight.nelement())) for m, _ in parameters
]


class FooBarPruningMethod(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        mask.view(-1)[::2] = 0
        return mask


torch.manual_seed(3)
model = LeNet()
FooBarPruningMethod.apply(model.fc3, "bias")
record("custom", model.fc3)
FooBarPruningMethod.apply(model.fc3, "bias")
record("custom_twice", model.fc3)

save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(here, "tutorial.safetensors"))
with open(os.path.join(here, "tutorial.json"), "w") as f:
    json.dump({"torch": torch.__version__, "steps": steps}, f, indent=1)
