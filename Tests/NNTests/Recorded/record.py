"""Records what PyTorch 2.13 does, for NNTests: run `python3 record.py` in this folder with torch and safetensors.

layers.json / layers.safetensors (more_layers by record_more.py): for each case the repr, the state dict's names and shapes, and under "case/":
  init.NAME   initial values for seed 0          in.I, out.I     inputs, outputs while training (seed 2 before the call)
  gin.I       gradients of inputs                grad.NAME       gradients of parameters
  after.NAME  buffers after that call            eval.I          outputs in evaluation
init.safetensors: what each initialiser of INITS draws for seed 0.
networks.json: reprs of nested modules.
optim.json / optim.safetensors: losses of 20 steps and the parameters after them, for each optimiser.
"""
import json
import torch
import torch.nn as nn
from safetensors.torch import save_file

import recording
from recording import draw, ints

torch.set_num_threads(1)
torch.backends.mha.set_fastpath_enabled(False)

CASES = {
    "linear": (lambda: nn.Linear(7, 5), [draw(3, 7, seed=1)]),
    "linear no bias": (lambda: nn.Linear(400, 12, bias=False), [draw(2, 400, seed=1)]),
    "linear float64": (lambda: nn.Linear(7, 5, dtype=torch.float64), [draw(3, 7, seed=1).double()]),
    "bilinear": (lambda: nn.Bilinear(3, 4, 5), [draw(2, 3, seed=1), draw(2, 4, seed=4)]),
    "conv1d": (lambda: nn.Conv1d(2, 4, 3, stride=2, padding=1), [draw(2, 2, 9, seed=1)]),
    "conv1d same circular": (lambda: nn.Conv1d(2, 4, 4, padding="same", padding_mode="circular"), [draw(2, 2, 9, seed=1)]),
    "conv2d": (lambda: nn.Conv2d(1, 6, 5), [draw(2, 1, 9, 8, seed=1)]),
    "conv2d grouped": (
        lambda: nn.Conv2d(4, 6, (3, 5), stride=(1, 2), padding=(1, 2), dilation=(2, 1), groups=2, bias=False),
        [draw(2, 4, 9, 8, seed=1)],
    ),
    "conv2d same": (lambda: nn.Conv2d(2, 3, (2, 3), padding="same"), [draw(2, 2, 5, 6, seed=1)]),
    "conv2d valid": (lambda: nn.Conv2d(2, 3, 2, padding="valid"), [draw(2, 2, 5, 6, seed=1)]),
    "conv2d reflect": (lambda: nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode="reflect"), [draw(2, 2, 5, 6, seed=1)]),
    "conv2d replicate": (lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="replicate"), [draw(2, 2, 5, 6, seed=1)]),
    "conv3d": (lambda: nn.Conv3d(2, 3, 2, padding=1), [draw(2, 2, 3, 4, 5, seed=1)]),
    "conv transpose 1d": (lambda: nn.ConvTranspose1d(2, 4, 3, stride=2), [draw(2, 2, 5, seed=1)]),
    "conv transpose 2d": (
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, dilation=(1, 2)),
        [draw(2, 4, 4, 5, seed=1)],
    ),
    "conv transpose 3d": (lambda: nn.ConvTranspose3d(2, 2, 2, bias=False), [draw(1, 2, 3, 2, 2, seed=1)]),
    "batch norm 1d": (lambda: nn.BatchNorm1d(4), [draw(6, 4, seed=1)]),
    "batch norm 1d sequences": (lambda: nn.BatchNorm1d(4, momentum=None), [draw(6, 4, 3, seed=1)]),
    "batch norm 2d": (lambda: nn.BatchNorm2d(3, eps=1e-3, momentum=0.2), [draw(4, 3, 5, 2, seed=1)]),
    "batch norm 2d plain": (lambda: nn.BatchNorm2d(3, affine=False, track_running_stats=False), [draw(4, 3, 5, 2, seed=1)]),
    "batch norm 2d no bias": (lambda: nn.BatchNorm2d(3, bias=False), [draw(4, 3, 5, 2, seed=1)]),
    "batch norm 3d": (lambda: nn.BatchNorm3d(2), [draw(2, 2, 3, 2, 2, seed=1)]),
    "layer norm": (lambda: nn.LayerNorm(6), [draw(3, 6, seed=1)]),
    "layer norm 2d": (lambda: nn.LayerNorm([3, 5], eps=1e-3, bias=False), [draw(2, 3, 5, seed=1)]),
    "layer norm plain": (lambda: nn.LayerNorm(6, elementwise_affine=False), [draw(3, 6, seed=1)]),
    "embedding": (lambda: nn.Embedding(10, 3), [ints(10, 2, 5, seed=1)]),
    "embedding full": (
        lambda: nn.Embedding(10, 3, padding_idx=-1, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True),
        [ints(10, 4, 5, seed=1)],
    ),
    "dropout": (lambda: nn.Dropout(), [draw(4, 9, seed=1)]),
    "dropout 2d": (lambda: nn.Dropout2d(0.25), [draw(2, 8, 2, 2, seed=1)]),
    "relu": (lambda: nn.ReLU(), [draw(3, 4, seed=1)]),
    "leaky relu": (lambda: nn.LeakyReLU(0.2), [draw(3, 4, seed=1)]),
    "prelu": (lambda: nn.PReLU(), [draw(3, 4, seed=1)]),
    "prelu channels": (lambda: nn.PReLU(4, init=0.5), [draw(3, 4, seed=1)]),
    "gelu": (lambda: nn.GELU(), [draw(3, 4, seed=1)]),
    "gelu tanh": (lambda: nn.GELU(approximate="tanh"), [draw(3, 4, seed=1)]),
    "silu": (lambda: nn.SiLU(), [draw(3, 4, seed=1)]),
    "tanh": (lambda: nn.Tanh(), [draw(3, 4, seed=1)]),
    "sigmoid": (lambda: nn.Sigmoid(), [draw(3, 4, seed=1)]),
    "softmax": (lambda: nn.Softmax(dim=1), [draw(3, 4, seed=1)]),
    "log softmax": (lambda: nn.LogSoftmax(dim=-1), [draw(3, 4, seed=1)]),
    "max pool 1d": (lambda: nn.MaxPool1d(2), [draw(2, 3, 7, seed=1)]),
    "max pool 2d": (lambda: nn.MaxPool2d(2), [draw(2, 3, 7, 6, seed=1)]),
    "max pool 2d full": (
        lambda: nn.MaxPool2d((2, 3), stride=2, padding=1, dilation=(1, 2), ceil_mode=True),
        [draw(2, 3, 7, 6, seed=1)],
    ),
    "max pool 3d": (lambda: nn.MaxPool3d(2, stride=1), [draw(1, 2, 3, 3, 3, seed=1)]),
    "avg pool 1d": (lambda: nn.AvgPool1d(2), [draw(2, 3, 7, seed=1)]),
    "avg pool 2d": (lambda: nn.AvgPool2d(2), [draw(2, 3, 7, 6, seed=1)]),
    "avg pool 2d full": (
        lambda: nn.AvgPool2d((3, 2), stride=(2, 1), padding=1, ceil_mode=True, count_include_pad=False),
        [draw(2, 3, 7, 6, seed=1)],
    ),
    "avg pool 3d": (lambda: nn.AvgPool3d(2), [draw(1, 2, 4, 4, 4, seed=1)]),
    "adaptive avg pool 1d": (lambda: nn.AdaptiveAvgPool1d(3), [draw(2, 3, 7, seed=1)]),
    "adaptive avg pool 2d": (lambda: nn.AdaptiveAvgPool2d((2, 3)), [draw(2, 3, 7, 6, seed=1)]),
    "adaptive avg pool 2d open": (lambda: nn.AdaptiveAvgPool2d((None, 2)), [draw(2, 3, 7, 6, seed=1)]),
    "adaptive max pool 1d": (lambda: nn.AdaptiveMaxPool1d(3), [draw(2, 3, 7, seed=1)]),
    "adaptive max pool 2d": (lambda: nn.AdaptiveMaxPool2d(2), [draw(2, 3, 7, 6, seed=1)]),
    "flatten": (lambda: nn.Flatten(), [draw(2, 3, 4, seed=1)]),
    "flatten from": (lambda: nn.Flatten(0, 1), [draw(2, 3, 4, seed=1)]),
    "identity": (lambda: nn.Identity(), [draw(2, 3, seed=1)]),
    "lstm": (lambda: nn.LSTM(3, 4), [draw(5, 2, 3, seed=1)]),
    "lstm state": (lambda: nn.LSTM(3, 4), [draw(5, 2, 3, seed=1), draw(1, 2, 4, seed=4), draw(1, 2, 4, seed=5)]),
    "lstm deep": (
        lambda: nn.LSTM(3, 4, num_layers=2, batch_first=True, dropout=0.5, bidirectional=True, proj_size=2),
        [draw(2, 5, 3, seed=1)],
    ),
    "lstm no bias": (lambda: nn.LSTM(3, 4, bias=False), [draw(5, 3, seed=1)]),
    "gru": (lambda: nn.GRU(3, 4), [draw(5, 2, 3, seed=1)]),
    "gru state": (
        lambda: nn.GRU(3, 4, num_layers=2, batch_first=True, bidirectional=True, bias=False),
        [draw(2, 5, 3, seed=1), draw(4, 2, 4, seed=4)],
    ),
    "gru unbatched": (lambda: nn.GRU(3, 4, dropout=0.5, num_layers=2), [draw(5, 3, seed=1)]),
    "attention": (lambda: nn.MultiheadAttention(8, 2), [draw(3, 2, 8, seed=1)]),
    "attention heads": (lambda: nn.MultiheadAttention(8, 4, batch_first=True, bias=False), [draw(2, 3, 8, seed=1)]),
    "attention without weights": (lambda: nn.MultiheadAttention(8, 2, batch_first=True), [draw(2, 3, 8, seed=1)]),
    "attention memory": (lambda: nn.MultiheadAttention(8, 2), [draw(3, 2, 8, seed=1), draw(4, 2, 8, seed=4)]),
    "attention three": (
        lambda: nn.MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True),
        [draw(3, 2, 8, seed=1), draw(4, 2, 8, seed=4), draw(4, 2, 8, seed=5)],
    ),
    "attention widths": (
        lambda: nn.MultiheadAttention(8, 2, kdim=5, vdim=6, dropout=0.5),
        [draw(3, 2, 8, seed=1), draw(4, 2, 5, seed=4), draw(4, 2, 6, seed=5)],
    ),
    "attention masks": (
        lambda: nn.MultiheadAttention(8, 2, batch_first=True, add_bias_kv=True),
        [draw(2, 3, 8, seed=1)],
    ),
    "attention causal": (lambda: nn.MultiheadAttention(8, 2, batch_first=True), [draw(2, 3, 8, seed=1)]),
    "attention unbatched": (lambda: nn.MultiheadAttention(8, 2, add_zero_attn=True), [draw(3, 8, seed=1)]),
    "sequential": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3)),
        [draw(2, 1, 6, 6, seed=1)],
    ),
}

PADDING = torch.tensor([[False, False, True], [False, False, False]])
CAUSAL = torch.ones(3, 3, dtype=torch.bool).triu(1)


def outputs(name, m, x):
    if name in ("lstm state", "gru state"):
        y = m(x[0], (x[1], x[2]) if name == "lstm state" else x[1])
    elif name == "attention heads":
        y = m(x[0], x[0], x[0], average_attn_weights=False)
    elif name == "attention without weights":
        y = m(x[0], x[0], x[0], need_weights=False)
    elif name == "attention memory":
        y = m(x[0], x[1], x[1])
    elif name == "attention masks":
        y = m(x[0], x[0], x[0], key_padding_mask=PADDING, attn_mask=CAUSAL)
    elif name == "attention causal":
        y = m(x[0], x[0], x[0], need_weights=False, attn_mask=CAUSAL, is_causal=True)
    elif isinstance(m, nn.MultiheadAttention) and len(x) == 1:
        y = m(x[0], x[0], x[0])
    else:
        y = m(*x)
    flat = []
    for part in y if isinstance(y, tuple) else (y,):
        flat += part if isinstance(part, tuple) else (part,)
    return [part for part in flat if part is not None]


recording.layers(CASES, outputs, "layers")


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = nn.functional.max_pool2d(self.conv2(x).relu(), 2)
        return self.fc3(self.fc2(self.fc1(x.flatten(1)).relu()).relu())


def groups(m):
    return [{"params": list(m.conv1.parameters()) + list(m.conv2.parameters()), "lr": 1e-2, "weight_decay": 0.1},
            {"params": list(m.fc1.parameters()) + list(m.fc2.parameters()) + list(m.fc3.parameters()), "betas": (0.5, 0.9)}]


OPTIMIZERS = {
    "sgd": lambda m: torch.optim.SGD(m.parameters(), lr=0.1),
    "sgd momentum": lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9, dampening=0.1, weight_decay=1e-2),
    "sgd nesterov": lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-2, nesterov=True),
    "sgd maximize": lambda m: torch.optim.SGD(m.parameters(), lr=0.01, momentum=0.5, maximize=True),
    "adam": lambda m: torch.optim.Adam(m.parameters(), lr=1e-3),
    "adam decay": lambda m: torch.optim.Adam(m.parameters(), lr=1e-3, weight_decay=0.1, eps=1e-6),
    "adam amsgrad": lambda m: torch.optim.Adam(m.parameters(), lr=1e-3, betas=(0.8, 0.7), amsgrad=True, maximize=True),
    "adamw": lambda m: torch.optim.AdamW(m.parameters(), lr=1e-2),
    "adamw amsgrad": lambda m: torch.optim.AdamW(m.parameters(), lr=1e-2, weight_decay=0.3, amsgrad=True),
    "adam groups": lambda m: torch.optim.Adam(groups(m), lr=1e-3),
}

batch = 16
x = torch.rand(20, batch, 1, 32, 32, generator=torch.Generator().manual_seed(1))
y = torch.randint(10, (20, batch), generator=torch.Generator().manual_seed(2))
T = {}
runs = {}
put = recording.into(T)
for name, make in OPTIMIZERS.items():
    torch.manual_seed(0)
    m = LeNet()
    optimizer = make(m)
    losses = []
    for i in range(20):
        if i == 10:
            for group in optimizer.param_groups:
                group["lr"] *= 0.5
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(m(x[i]), y[i])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    runs[name] = {"losses": losses, "norms": {n: p.double().norm().item() for n, p in m.named_parameters()}}
    for n in ("conv1.weight", "conv2.bias", "fc3.weight", "fc3.bias"):
        put(f"{name}/{n}", m.get_parameter(n))
    for key, value in optimizer.state_dict()["state"].get(9, {}).items():
        if value is not None:
            put(f"{name}/state.9.{key}", value)

save_file(T, "optim.safetensors")
json.dump(runs, open("optim.json", "w"), indent=1)


INITS = {
    "uniform": lambda: nn.init.uniform_(torch.empty(3, 5), -2, 3),
    "normal": lambda: nn.init.normal_(torch.empty(4, 8), 1, 2),
    "truncNormal": lambda: nn.init.trunc_normal_(torch.empty(6, 8), 0.5, 2, -1, 2),
    "truncNormal far": lambda: nn.init.trunc_normal_(torch.empty(6, 8), 0, 1, 1.5, 2),
    "constant": lambda: nn.init.constant_(torch.empty(2), 0.3),
    "eye": lambda: nn.init.eye_(torch.empty(3, 4)),
    "dirac": lambda: nn.init.dirac_(torch.empty(4, 3, 3, 2), 2),
    "xavierUniform": lambda: nn.init.xavier_uniform_(torch.empty(3, 4, 2), gain=nn.init.calculate_gain("tanh")),
    "xavierNormal": lambda: nn.init.xavier_normal_(torch.empty(4, 8)),
    "kaimingUniform": lambda: nn.init.kaiming_uniform_(torch.empty(3, 4, 2), mode="fan_out", nonlinearity="relu"),
    "kaimingNormal": lambda: nn.init.kaiming_normal_(torch.empty(4, 8), a=0.2),
    "kaimingNormal selu": lambda: nn.init.kaiming_normal_(torch.empty(4, 8), nonlinearity="selu"),
    "orthogonal": lambda: nn.init.orthogonal_(torch.empty(4, 3, 2), gain=2),
    "orthogonal tall": lambda: nn.init.orthogonal_(torch.empty(6, 3)),
    "sparse": lambda: nn.init.sparse_(torch.empty(7, 5), 0.5, std=0.1),
}
T = {}
put = recording.into(T)
for name, make in INITS.items():
    torch.manual_seed(0)
    put(name, make())
save_file(T, "init.safetensors")


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.list = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(), nn.ReLU()])

    def extra_repr(self):
        return "extra=1"


networks = {
    "LeNet": LeNet(),
    "Inner": Inner(),
    "list": nn.ModuleList([nn.Sequential(nn.ReLU(), nn.ReLU())] * 2),
    "empty": nn.ModuleList(),
    "dict": nn.ModuleDict({"b": nn.Sequential(nn.Conv2d(1, 1, 1)), "a": nn.Identity()}),
    "attention": nn.Sequential(nn.MultiheadAttention(4, 2)),
}
json.dump({name: repr(m) for name, m in networks.items()}, open("networks.json", "w"), indent=1)
