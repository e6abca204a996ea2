"""How layers are recorded; see record.py."""
import json

import torch
from safetensors.torch import save_file


def draw(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def ints(high, *shape, seed):
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(seed))


def into(tensors):
    """A function that puts a copy of a tensor there, by name."""
    return lambda name, tensor: tensors.__setitem__(name, tensor.detach().clone().contiguous())


def layers(cases, outputs, stem):
    """Records cases, (how to build, inputs) by name, and what `outputs(name, module, inputs)` gives, into two files."""
    tensors, texts = {}, []
    put = into(tensors)
    for name, (build, inputs) in cases.items():
        torch.manual_seed(0)
        m = build()
        texts.append({
            "name": name, "text": repr(m), "state": [[n, list(t.shape)] for n, t in m.state_dict().items()],
            "parameters": [n for n, _ in m.named_parameters()],
        })
        for n, t in m.state_dict().items():
            put(f"{name}/init.{n}", t)
        x = [t.clone().requires_grad_(t.is_floating_point()) for t in inputs]
        torch.manual_seed(2)
        y = outputs(name, m, x)
        torch.autograd.backward(y[0], draw(*y[0].shape, seed=3).to(y[0].dtype))
        for i, t in enumerate(x):
            put(f"{name}/in.{i}", t)
            if t.grad is not None:
                put(f"{name}/gin.{i}", t.grad)
        for i, t in enumerate(y):
            put(f"{name}/out.{i}", t)
        put(f"{name}/gout", draw(*y[0].shape, seed=3).to(y[0].dtype))
        for n, p in m.named_parameters():
            if p.grad is not None:
                put(f"{name}/grad.{n}", p.grad)
        for n, t in m.named_buffers():
            put(f"{name}/after.{n}", t)
        m.eval()
        for i, t in enumerate(outputs(name, m, x)):
            put(f"{name}/eval.{i}", t)
    save_file(tensors, stem + ".safetensors")
    json.dump(texts, open(stem + ".json", "w"), indent=1)
