"""Records half.safetensors, steps of PyTorch 2.13's optimisers on half types: `python3 record_half.py` in this folder.

Under "OPTIMIZER/DTYPE/": `start` (64 values), `grad.I` (the gradient of step I) and `after.I` (the parameter after it).
No network is in between, so that the operations of the steps alone are compared, bit for bit.
"""
import torch
from safetensors.torch import save_file

torch.set_num_threads(1)
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.9, dampening=0.1, weight_decay=0.1),
    "adam": lambda p: torch.optim.Adam(p, lr=0.03, weight_decay=0.1, eps=1e-3),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.03, weight_decay=0.1, eps=1e-3, amsgrad=True),
}
T = {}
for name, make in OPTIMIZERS.items():
    for dtype in (torch.float16, torch.bfloat16):
        key = f"{name}/{str(dtype)[6:]}"
        draws = torch.randn(4, 64, generator=torch.Generator().manual_seed(5)).to(dtype)
        parameter = draws[0].clone().requires_grad_()
        optimizer = make([parameter])
        T[f"{key}/start"] = draws[0].clone()
        for i in range(3):
            parameter.grad = draws[i + 1].clone()
            T[f"{key}/grad.{i}"] = draws[i + 1].clone()
            optimizer.step()
            T[f"{key}/after.{i}"] = parameter.detach().clone()
save_file(T, "half.safetensors")
