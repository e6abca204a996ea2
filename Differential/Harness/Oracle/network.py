"""Networks and tensors out of their descriptions, drawn with torch's own random numbers."""

import torch
from torch import nn

DTYPES = {
    name: getattr(torch, name)
    for name in ["float64", "float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool"]
}
CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}

LAYERS = {
    "linear": lambda a: nn.Linear(a["inputs"], a["outputs"], bias=a["bias"]),
    "bilinear": lambda a: nn.Bilinear(a["first"], a["second"], a["outputs"], bias=a["bias"]),
    "convolution": lambda a: CONVOLUTIONS[a["rank"]](
        a["inputs"], a["outputs"], a["kernel"], stride=a["stride"], padding=a["padding"], groups=a["groups"],
        bias=a["bias"],
    ),
    "convTranspose2d": lambda a: nn.ConvTranspose2d(
        a["inputs"], a["outputs"], a["kernel"], stride=a["stride"], bias=a["bias"]
    ),
    "batchNorm": lambda a: (nn.BatchNorm1d if a["rank"] == 1 else nn.BatchNorm2d)(a["features"]),
    "layerNorm": lambda a: nn.LayerNorm(a["shape"], bias=a["bias"]),
    "embedding": lambda a: nn.Embedding(a["count"], a["width"], padding_idx=a.get("padding")),
    "prelu": lambda a: nn.PReLU(a["slopes"]),
    "lstm": lambda a: nn.LSTM(
        a["inputs"], a["hidden"], a["layers"], bias=a["bias"], batch_first=a["batchFirst"],
        bidirectional=a["bidirectional"], proj_size=a["projection"],
    ),
    "gru": lambda a: nn.GRU(
        a["inputs"], a["hidden"], a["layers"], bias=a["bias"], batch_first=a["batchFirst"],
        bidirectional=a["bidirectional"],
    ),
    "attention": lambda a: nn.MultiheadAttention(
        a["width"], a["heads"], bias=a["bias"], add_bias_kv=a["biasKV"], add_zero_attn=a["zeroAttention"]
    ),
    "relu": lambda a: nn.ReLU(),
    "tanh": lambda a: nn.Tanh(),
    "gelu": lambda a: nn.GELU(),
    "flatten": lambda a: nn.Flatten(),
    "maxPool2d": lambda a: nn.MaxPool2d(a["size"]),
    "dropout": lambda a: nn.Dropout(a["p"]),
}


def build(layers):
    made = []
    for layer in layers:
        ((kind, arguments),) = layer.items()
        made.append(LAYERS[kind](arguments))
    return nn.Sequential(*made)


def optimizer(spec, net):
    parameters = list(net.parameters())
    if not spec or not parameters:
        return None
    common = dict(
        lr=spec["learningRate"], weight_decay=spec["weightDecay"], maximize=spec["maximize"], foreach=False
    )
    if spec["kind"] == "sgd":
        return torch.optim.SGD(
            parameters, momentum=spec["momentum"], dampening=spec["dampening"], nesterov=spec["nesterov"], **common
        )
    kind = torch.optim.AdamW if spec["kind"] == "adamw" else torch.optim.Adam
    return kind(parameters, eps=spec["epsilon"], amsgrad=spec["amsgrad"], **common)


def draw(recipe, shape, dtype):
    """A tensor by its recipe; the same lines stand in TensorRecipe.swift."""
    shape = recipe.get("shape") or shape
    dtype = DTYPES[recipe["dtype"]] if recipe.get("dtype") else dtype
    torch.manual_seed(recipe["seed"])
    kind = recipe["kind"]
    if kind == "normal":
        tensor = torch.randn(shape)
    elif kind == "uniform":
        tensor = torch.rand(shape)
    elif kind == "quantised":
        tensor = (torch.randn(shape) * 2).round() / 2
    elif kind == "whole":
        tensor = (torch.randn(shape) * 3).round()
    elif kind == "constant":
        tensor = torch.full(shape, 0.5)
    elif kind == "zeros":
        tensor = torch.zeros(shape)
    elif kind == "wide":
        tensor = (torch.randn(shape) * 4).exp2() * torch.randn(shape)
    elif kind == "infinite":
        drawn = torch.randn(shape)
        tensor = torch.where(drawn.abs() > 1, drawn * float("inf"), drawn)
    elif kind == "bits":
        tensor = (torch.rand(shape) > 0.4).to(torch.float32)
    elif kind == "levels":
        tensor = torch.randint(0, 4, shape).to(torch.float32) / 2
    tensor = tensor.to(dtype)
    layout = recipe.get("layout")
    if layout == "reversed":
        order = list(range(tensor.dim()))[::-1]
        tensor = tensor.permute(order).contiguous().permute(order)
    elif layout == "channelsLast" and tensor.dim() > 2:
        tensor = tensor.movedim(1, -1).contiguous().movedim(-1, 1)
    elif layout == "gapped" and tensor.dim() > 0:
        tensor = torch.stack([tensor, tensor], -1)[..., 0]
    return tensor
