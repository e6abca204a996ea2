"""Records the layers that came later, and schedules of the learning rate, as record.py does: `python3 record_more.py` here.

more_layers.json / more_layers.safetensors: as layers.
schedules.json: for each schedule 200 rates, the first ones from a base of 0.1.
"""
import json
import warnings

import torch
import torch.nn as nn
from torch.optim import lr_scheduler as lr

import recording
from recording import draw

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
torch.backends.mha.set_fastpath_enabled(False)

IMAGE = draw(2, 3, 4, 5, seed=1)
FLAT = draw(3, 4, seed=1)


def encoder_layer(**options):
    return nn.TransformerEncoderLayer(8, 2, 12, **{"dropout": 0.25, "batch_first": True, **options})


CASES = {
    "relu6": (lambda: nn.ReLU6(), [FLAT * 4]),
    "hardtanh": (lambda: nn.Hardtanh(-0.5, 1.5), [FLAT]),
    "hardsigmoid": (lambda: nn.Hardsigmoid(), [FLAT * 3]),
    "hardswish": (lambda: nn.Hardswish(), [FLAT * 3]),
    "mish": (lambda: nn.Mish(), [FLAT]),
    "elu": (lambda: nn.ELU(0.7), [FLAT]),
    "celu": (lambda: nn.CELU(1.3), [FLAT]),
    "selu": (lambda: nn.SELU(), [FLAT]),
    "glu": (lambda: nn.GLU(), [FLAT]),
    "log sigmoid": (lambda: nn.LogSigmoid(), [FLAT]),
    "softplus": (lambda: nn.Softplus(2.0, 1.5), [FLAT]),
    "softsign": (lambda: nn.Softsign(), [FLAT]),
    "hardshrink": (lambda: nn.Hardshrink(), [FLAT]),
    "softshrink": (lambda: nn.Softshrink(0.3), [FLAT]),
    "tanhshrink": (lambda: nn.Tanhshrink(), [FLAT]),
    "threshold": (lambda: nn.Threshold(0.1, 20.0), [FLAT]),
    "rrelu": (lambda: nn.RReLU(), [FLAT]),
    "softmin": (lambda: nn.Softmin(dim=1), [FLAT]),
    "softmax 2d": (lambda: nn.Softmax2d(), [IMAGE]),
    "group norm": (lambda: nn.GroupNorm(2, 6), [draw(2, 6, 3, 2, seed=1)]),
    "group norm plain": (lambda: nn.GroupNorm(3, 6, eps=1e-3, affine=False), [draw(2, 6, 3, seed=1)]),
    "group norm no bias": (lambda: nn.GroupNorm(1, 4, bias=False), [draw(2, 4, seed=1)]),
    "rms norm": (lambda: nn.RMSNorm(6), [draw(3, 6, seed=1)]),
    "rms norm 2d": (lambda: nn.RMSNorm([3, 5], eps=1e-3), [draw(2, 3, 5, seed=1)]),
    "rms norm plain": (lambda: nn.RMSNorm(6, elementwise_affine=False), [draw(3, 6, seed=1)]),
    "instance norm 1d": (lambda: nn.InstanceNorm1d(3, affine=True), [draw(2, 3, 7, seed=1)]),
    "instance norm 2d": (lambda: nn.InstanceNorm2d(3), [IMAGE]),
    "instance norm 2d tracked": (
        lambda: nn.InstanceNorm2d(3, eps=1e-3, momentum=0.3, affine=True, track_running_stats=True), [IMAGE]),
    "instance norm 3d": (lambda: nn.InstanceNorm3d(2, affine=True, bias=False), [draw(2, 2, 3, 2, 2, seed=1)]),
    "instance norm unbatched": (lambda: nn.InstanceNorm1d(3), [draw(3, 7, seed=1)]),
    "zero pad 1d": (lambda: nn.ZeroPad1d(2), [draw(2, 3, 4, seed=1)]),
    "zero pad 2d": (lambda: nn.ZeroPad2d((1, 0, 2, 3)), [IMAGE]),
    "zero pad 3d": (lambda: nn.ZeroPad3d(1), [draw(1, 2, 2, 3, 2, seed=1)]),
    "constant pad 1d": (lambda: nn.ConstantPad1d((1, 2), 0.5), [draw(2, 3, 4, seed=1)]),
    "constant pad 2d": (lambda: nn.ConstantPad2d(1, 3.5), [IMAGE]),
    "constant pad 3d": (lambda: nn.ConstantPad3d((1, 0, 0, 1, 2, 0), -1.0), [draw(1, 2, 2, 3, 2, seed=1)]),
    "reflection pad 1d": (lambda: nn.ReflectionPad1d((2, 1)), [draw(2, 3, 4, seed=1)]),
    "reflection pad 2d": (lambda: nn.ReflectionPad2d(2), [IMAGE]),
    "reflection pad 3d": (lambda: nn.ReflectionPad3d(1), [draw(1, 2, 2, 3, 2, seed=1)]),
    "replication pad 1d": (lambda: nn.ReplicationPad1d(2), [draw(2, 3, 4, seed=1)]),
    "replication pad 2d": (lambda: nn.ReplicationPad2d((1, 2, 0, 3)), [IMAGE]),
    "replication pad 3d": (lambda: nn.ReplicationPad3d(1), [draw(1, 2, 2, 3, 2, seed=1)]),
    "circular pad 1d": (lambda: nn.CircularPad1d(2), [draw(2, 3, 4, seed=1)]),
    "circular pad 2d": (lambda: nn.CircularPad2d((1, 2, 0, 3)), [IMAGE]),
    "circular pad 3d": (lambda: nn.CircularPad3d(1), [draw(1, 2, 2, 3, 2, seed=1)]),
    "conv1d replicate": (lambda: nn.Conv1d(2, 3, 3, padding=2, padding_mode="replicate"), [draw(2, 2, 6, seed=1)]),
    "conv2d circular": (lambda: nn.Conv2d(3, 2, 3, padding=(1, 2), padding_mode="circular"), [IMAGE]),
    "conv3d reflect": (lambda: nn.Conv3d(2, 2, 2, padding=1, padding_mode="reflect"), [draw(1, 2, 2, 3, 2, seed=1)]),
    "pixel shuffle": (lambda: nn.PixelShuffle(2), [draw(2, 8, 2, 3, seed=1)]),
    "pixel unshuffle": (lambda: nn.PixelUnshuffle(2), [draw(2, 2, 4, 6, seed=1)]),
    "upsample": (lambda: nn.Upsample(scale_factor=2), [IMAGE]),
    "upsample 1d": (lambda: nn.Upsample(scale_factor=1.5), [draw(2, 3, 4, seed=1)]),
    "upsample size": (lambda: nn.Upsample(size=(7, 3), mode="nearest-exact"), [IMAGE]),
    "upsample 3d": (lambda: nn.Upsample(size=3), [draw(1, 2, 2, 3, 2, seed=1)]),
    "upsample linear": (lambda: nn.Upsample(scale_factor=2, mode="linear"), [draw(2, 3, 4, seed=1)]),
    "upsample bilinear": (lambda: nn.Upsample(scale_factor=1.5, mode="bilinear"), [IMAGE]),
    "upsample bilinear aligned": (lambda: nn.Upsample(size=6, mode="bilinear", align_corners=True), [IMAGE]),
    "upsample bicubic": (lambda: nn.Upsample(scale_factor=2, mode="bicubic"), [IMAGE]),
    "upsample trilinear": (lambda: nn.Upsample(scale_factor=2, mode="trilinear"), [draw(1, 2, 2, 3, 2, seed=1)]),
    "unflatten": (lambda: nn.Unflatten(1, (2, -1)), [draw(2, 6, seed=1)]),
    "dropout 1d": (lambda: nn.Dropout1d(0.25), [draw(2, 8, 3, seed=1)]),
    "dropout 3d": (lambda: nn.Dropout3d(0.25), [draw(2, 8, 2, 2, 1, seed=1)]),
    "alpha dropout": (lambda: nn.AlphaDropout(0.3), [draw(4, 9, seed=1)]),
    "adaptive avg pool 3d": (lambda: nn.AdaptiveAvgPool3d((2, 1, 3)), [draw(1, 2, 3, 4, 5, seed=1)]),
    "adaptive max pool 3d": (lambda: nn.AdaptiveMaxPool3d(2), [draw(1, 2, 3, 4, 5, seed=1)]),
    "encoder layer": (lambda: encoder_layer(), [draw(2, 3, 8, seed=1)]),
    "encoder layer norm first": (
        lambda: encoder_layer(norm_first=True, activation="gelu", bias=False, layer_norm_eps=1e-3, batch_first=False),
        [draw(3, 2, 8, seed=1)]),
    "encoder layer masks": (lambda: encoder_layer(dropout=0.0), [draw(2, 3, 8, seed=1)]),
    "encoder": (
        lambda: nn.TransformerEncoder(encoder_layer(), 2, norm=nn.LayerNorm(8), enable_nested_tensor=False),
        [draw(2, 3, 8, seed=1)]),
    "weight norm": (lambda: nn.utils.weight_norm(nn.Linear(4, 3)), [FLAT]),
    "weight norm conv": (lambda: nn.utils.weight_norm(nn.Conv2d(3, 2, 3), dim=1), [IMAGE]),
    "weight norm whole": (lambda: nn.utils.weight_norm(nn.Linear(4, 3, bias=False), dim=None), [FLAT]),
}

PADDING = torch.tensor([[False, False, True], [False, False, False]])
CAUSAL = torch.ones(3, 3, dtype=torch.bool).triu(1)


def outputs(name, m, x):
    if name == "encoder layer masks":
        return [m(x[0], src_mask=CAUSAL, src_key_padding_mask=PADDING)]
    return [m(*x)]


def sequential(optimizer, milestones, *makes):
    return lr.SequentialLR(optimizer, [make(optimizer) for make in makes], milestones)


SCHEDULES = {
    "scaled": lambda o: lr.ConstantLR(o, 0.3, 17),
    "linear": lambda o: lr.LinearLR(o, 0.1, 0.9, 40),
    "warm-up": lambda o: lr.LinearLR(o, 1 / 3, total_iters=5),
    "step": lambda o: lr.StepLR(o, 30, 0.3),
    "multi-step": lambda o: lr.MultiStepLR(o, [20, 50, 50, 150], 0.5),
    "exponential": lambda o: lr.ExponentialLR(o, 0.97),
    "cosine": lambda o: lr.CosineAnnealingLR(o, 200),
    "cosine back": lambda o: lr.CosineAnnealingLR(o, 30, 1e-3),
    "polynomial": lambda o: lr.PolynomialLR(o, 150, 0.9),
    "one cycle": lambda o: lr.OneCycleLR(o, 0.1, 200, cycle_momentum=False),
    "one cycle three": lambda o: lr.OneCycleLR(
        o, 0.2, 200, pct_start=0.25, anneal_strategy="linear", cycle_momentum=False, div_factor=10.0, final_div_factor=100.0, three_phase=True),
    "warm-up then cosine": lambda o: sequential(
        o, [20], lambda o: lr.LinearLR(o, 0.05, total_iters=20), lambda o: lr.CosineAnnealingLR(o, 180, 1e-4)),
    "chain": lambda o: sequential(
        o, [10, 60, 120], lambda o: lr.ConstantLR(o, 0.5, 100), lambda o: lr.StepLR(o, 7, 0.9),
        lambda o: lr.MultiStepLR(o, [5, 40], 0.5), lambda o: lr.ExponentialLR(o, 0.99)),
}

recording.layers(CASES, outputs, "more_layers")
rates = {}
for name, make in SCHEDULES.items():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.1)
    schedule = make(optimizer)
    rates[name] = []
    for _ in range(200):
        rates[name].append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates[name]) < 200:
            schedule.step()
json.dump(rates, open("schedules.json", "w"))
