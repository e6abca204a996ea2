"""Writes small models as .pt2, and beside each its inputs and outputs in eval mode as safetensors: x0, x1, ... and y0, y1, ...

    export_models.py FOLDER [NAME ...]
"""
import os
import sys
import warnings

warnings.filterwarnings("ignore")
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file
from torch.export import Dim

torch.set_num_threads(1)
# Without gradients, TransformerEncoder would take one fused operator that is in no exported graph.
torch.backends.mha.set_fastpath_enabled(False)


class Convolutions(nn.Module):
    """Batch norms, in-place activations, residuals, dropout, pooling."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 8, 3, padding=1, groups=2), nn.BatchNorm2d(8)
        self.down, self.drop, self.fc = nn.Conv2d(8, 16, 1, stride=2), nn.Dropout(0.3), nn.Linear(16, 5)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = F.relu(x + self.bn2(self.conv2(x)))
        x = F.hardswish(self.down(x))
        return self.fc(self.drop(F.adaptive_avg_pool2d(x, 1).flatten(1)))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.view(-1, int(x.nelement() / x.shape[0]))))
        return self.fc3(F.relu(self.fc2(x)))


class Tagger(nn.Module):
    """Token ids to scores, through a recurrent layer."""

    def __init__(self, kind, **options):
        super().__init__()
        self.embedding = nn.Embedding(30, 12)
        self.rnn = kind(12, 10, batch_first=True, **options)
        self.fc = nn.Linear(20 if options.get("bidirectional") else 10, 4)

    def forward(self, ids):
        return self.fc(self.rnn(self.embedding(ids))[0])


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, dropout=0.1)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x):
        return self.encoder(x)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)

    def forward(self, query, key):
        return self.attention(query, key, key)


class RotaryBlock(nn.Module):
    """A block of a language model: RMS norm, rotary embedding, grouped queries, gated feed-forward."""

    def __init__(self, width=32, heads=4, groups=2):
        super().__init__()
        self.heads, self.groups, self.size = heads, groups, width // heads
        self.embed = nn.Embedding(40, width)
        self.norm1, self.norm2 = nn.RMSNorm(width), nn.RMSNorm(width)
        self.q = nn.Linear(width, width, bias=False)
        self.k = nn.Linear(width, groups * self.size, bias=False)
        self.v = nn.Linear(width, groups * self.size, bias=False)
        self.o = nn.Linear(width, width, bias=False)
        self.gate, self.up = nn.Linear(width, 64, bias=False), nn.Linear(width, 64, bias=False)
        self.down = nn.Linear(64, width, bias=False)
        frequencies = 1.0 / 10000 ** (torch.arange(0, self.size, 2).float() / self.size)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def rotate(self, x, cos, sin):
        a, b = x.chunk(2, dim=-1)
        return x * cos + torch.cat((-b, a), dim=-1) * sin

    def forward(self, ids):
        x = self.embed(ids)
        batch, length, width = x.shape
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            angles = torch.outer(torch.arange(length, device=ids.device).float(), self.frequencies)
            angles = torch.cat((angles, angles), dim=-1)
            cos, sin = angles.cos(), angles.sin()
        h = self.norm1(x)
        split = lambda t, n: t.view(batch, length, n, self.size).transpose(1, 2)
        q = self.rotate(split(self.q(h), self.heads), cos, sin)
        k = self.rotate(split(self.k(h), self.groups), cos, sin)
        v = split(self.v(h), self.groups)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.o(y.transpose(1, 2).reshape(batch, length, width))
        h = self.norm2(x)
        x = x + self.down(F.silu(self.gate(h)) * self.up(h))
        return x @ self.embed.weight.t()


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.SiLU())
        self.middle = nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.InstanceNorm2d(16, affine=True), nn.LeakyReLU(0.1))
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.out = nn.Conv2d(16, 2, 1)

    def forward(self, x):
        a = self.down(x)
        b = self.middle(F.max_pool2d(a, 2))
        return self.out(torch.cat((a, self.up(b)), dim=1))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.head = nn.Linear(8, 20, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids):
        return self.head(torch.tanh(self.embedding(ids)))


class Dictionary(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 4), nn.Linear(6, 3)

    def forward(self, image, scale):
        h = image * scale
        return {"logits": self.a(h), "extra": (self.b(h), h.sum(-1))}


class Kinds(nn.Module):
    """Argument kinds that networks lack: several results, devices, infinities, index with gaps, numbers of the batch."""

    def __init__(self):
        super().__init__()
        self.register_buffer("n", torch.zeros((), dtype=torch.int64))
        self.w = nn.Parameter(torch.randn(4, 6).t())

    def forward(self, x):
        b = x.shape[0]
        v, i = x.max(dim=1)
        t, _ = torch.topk(x, 3, dim=-1)
        q = x.to(torch.float64).to(torch.float32)
        a = torch.arange(b, dtype=torch.float32, device=x.device)
        f = torch.full((b, 3), float("-inf"))
        y = x[:, None, :2]
        z = torch.where(x > 0, x, torch.zeros_like(x, dtype=torch.float32))
        g = x[:, torch.tensor([0, 2])]
        c = x.contiguous(memory_format=torch.contiguous_format)
        e = torch.einsum("bi,bj->bij", x, x)
        p = F.interpolate(x[:, None, None, :], size=(2, 8), mode="bilinear")
        u = torch.div(x, 0.5, rounding_mode="floor")
        sp = torch.split(x, 2, dim=1)
        l = x.reshape(b * 2 // 2, -1)
        k = x.cumsum(-1).exp().clamp(min=0.1, max=2.0)
        h = F.linear(k[:, :4], self.w)
        m = x + b
        r = torch.full((b + 1 - 1, 2), 1.5)
        parts = [v[:, None], i[:, None].float(), t, q, a[:, None], f.clamp(min=-9), y[:, 0], z, g, c, e.flatten(1),
                 p.flatten(1), u, *sp, l, k, h, m, r]
        return torch.cat(parts, 1)


class InPlace(nn.Module):
    """Views that are written through."""

    def forward(self, x):
        y = x.clone()
        y[:, 0] = 1
        y[:, 1:].mul_(2)
        row = y.view(-1)
        row.add_(0.5)
        return y, row[:2]


class Precision(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 4)

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = self.fc(x)
        return y.float() + self.fc(x)


def ids(batch, length, count):
    return torch.randint(0, count, (batch, length), generator=torch.Generator().manual_seed(batch))


def draw(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(shape[0]))


BATCH = Dim("batch", min=1, max=64)
LENGTH = Dim("length", min=2, max=64)
MODELS = {
    "convolutions": (Convolutions, lambda b: (draw(b, 3, 8, 8),), ({0: BATCH},)),
    "lenet": (LeNet, lambda b: (draw(b, 1, 28, 28),), ({0: BATCH},)),
    "lstm": (lambda: Tagger(nn.LSTM, num_layers=2), lambda b: (ids(b, 6, 30),), ({0: BATCH},)),
    "gru": (lambda: Tagger(nn.GRU), lambda b: (ids(b, 6, 30),), ({0: BATCH},)),
    "bilstm": (lambda: Tagger(nn.LSTM, bidirectional=True), lambda b: (ids(b, 6, 30),), ({0: BATCH},)),
    "encoder": (Encoder, lambda b: (draw(b, 5, 16),), ({0: BATCH},)),
    "attention": (Attention, lambda b: (draw(b, 5, 16), draw(b, 7, 16)), ({0: BATCH}, {0: BATCH})),
    "rotary": (RotaryBlock, lambda b: (ids(b, 4 + b, 40),), ({0: BATCH, 1: LENGTH},)),
    "conv1d": (
        lambda: nn.Sequential(nn.Conv1d(4, 8, 3), nn.BatchNorm1d(8), nn.ReLU(), nn.AvgPool1d(2), nn.Conv1d(8, 3, 2, dilation=2)),
        lambda b: (draw(b, 4, 20),), ({0: BATCH},)),
    "conv3d": (
        lambda: nn.Sequential(nn.Conv3d(2, 4, 3), nn.ReLU(), nn.MaxPool3d(2), nn.Flatten(), nn.Linear(32, 3)),
        lambda b: (draw(b, 2, 6, 6, 6),), ({0: BATCH},)),
    "unet": (UNet, lambda b: (draw(b, 3, 8, 8),), ({0: BATCH},)),
    "tied": (Tied, lambda b: (ids(b, 5, 20),), ({0: BATCH},)),
    "dictionary": (Dictionary, lambda b: (draw(b, 6), draw(b, 1)), ({0: BATCH}, {0: BATCH})),
    "kinds": (Kinds, lambda b: (draw(b, 4),), ({0: Dim("batch", min=2, max=64)},)),
    "inplace": (InPlace, lambda b: (draw(b, 4),), ({0: BATCH},)),
    "precision": (Precision, lambda b: (draw(b, 6),), ({0: BATCH},)),
}


def build(name):
    torch.manual_seed(len(name))
    net = MODELS[name][0]().eval()
    with torch.no_grad():
        for key, buffer in net.named_buffers():
            if key.endswith("running_mean"):
                buffer.normal_(0, 0.1)
            if key.endswith("running_var"):
                buffer.uniform_(0.5, 1.5)
    return net


def export(name, folder):
    _, inputs, shapes = MODELS[name]
    net = build(name)
    program = torch.export.export(net, inputs(3), dynamic_shapes=shapes)
    torch.export.save(program, os.path.join(folder, name + ".pt2"))
    for batch in (1, 2, 7):
        if name == "kinds" and batch == 1:
            continue
        given = inputs(batch)
        wants = [p for p in net.parameters() if p.requires_grad]
        with torch.no_grad():
            leaves, _ = torch.utils._pytree.tree_flatten(net(*given))
        tensors = {f"x{i}": x.clone() for i, x in enumerate(given)}
        tensors |= {f"y{i}": y.detach().clone().contiguous() for i, y in enumerate(leaves)}
        leaves, _ = torch.utils._pytree.tree_flatten(net(*given))
        if wants and leaves[0].requires_grad:
            sum(y.float().square().mean() for y in leaves if y.requires_grad).backward()
            for key, p in net.named_parameters():
                if p.grad is not None:
                    tensors["g." + key] = p.grad.clone().contiguous()
                    p.grad = None
        save_file(tensors, os.path.join(folder, f"{name}.{batch}.safetensors"))


if __name__ == "__main__":
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name in sys.argv[2:] or MODELS:
        try:
            export(name, folder)
        except Exception as error:
            print(name, type(error).__name__, str(error)[:2000])
            raise
