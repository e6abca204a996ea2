"""Small models that compaction must take apart, written with torch.export: export_small.py FOLDER [NAME ...]."""
import os
import sys
import warnings
import logging

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
torch.backends.mha.set_fastpath_enabled(False)
Conv, Lin = nn.Conv2d, nn.Linear
IMAGE, TOKENS, IDS = torch.randn(2, 3, 16, 16), torch.randn(2, 5, 32), torch.randint(0, 50, (2, 7))


class Net(nn.Module):
    """Modules, parameters and buffers by name, and a function of them and the input."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            if isinstance(part, (nn.Module, nn.Parameter)):
                setattr(self, name, part)
            else:
                self.register_buffer(name, part, persistent=not name.startswith("_"))

    def forward(self, x):
        return self.function(self, x)


def heads(x, n):
    return x.unflatten(-1, (n, -1)).transpose(1, 2)


def joined(x):
    return x.transpose(1, 2).flatten(2)


def grouped_attention(m, x, how):
    q, k, v = heads(m.q(x), 8), heads(m.k(x), 2), heads(m.v(x), 2)
    if how == "native":
        y = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    else:
        if how == "expand":
            b, n, s, d = k.shape
            k = k[:, :, None].expand(b, n, 4, s, d).reshape(b, 8, s, d)
            v = v[:, :, None].expand(b, n, 4, s, d).reshape(b, 8, s, d)
        else:
            k, v = k.repeat_interleave(4, 1), v.repeat_interleave(4, 1)
        y = (q @ k.transpose(-1, -2) / 2).softmax(-1) @ v
    return m.o(joined(y))


def one_key_head(m, x):
    q, k, v = heads(m.q(x), 4), m.k(x)[:, None], m.v(x)[:, None]
    return m.o(joined((q @ k.transpose(-1, -2) / 3).softmax(-1) @ v))


def fused_attention(m, x):
    q, k, v = m.qkv(x).unflatten(-1, (3, 4, 8)).permute(2, 0, 3, 1, 4).unbind(0)
    return m.o(joined(F.scaled_dot_product_attention(q, k, v)))


def chunked_attention(m, x):
    q, k, v = (heads(part, 4) for part in m.qkv(x).chunk(3, -1))
    return m.o(joined(F.scaled_dot_product_attention(q, k, v)))


def rotary(m, x):
    q, k, v = (heads(layer(x), 4) for layer in (m.q, m.k, m.v))

    def turned(t):
        return t * m._cos + torch.cat([-t[..., 4:], t[..., :4]], -1) * m._sin

    return m.o(joined(F.scaled_dot_product_attention(turned(q), turned(k), v, is_causal=True)))


def shuffled(m, x):
    x = m.a(x)
    b, c, h, w = x.shape
    return m.b(x.view(b, 4, c // 4, h, w).transpose(1, 2).reshape(b, c, h, w))


def tied():
    embedding, head = nn.Embedding(50, 16), Lin(16, 50, bias=False)
    head.weight = embedding.weight
    return Net(lambda m, x: m.l(m.m(m.e(x))), e=embedding, l=head, m=nn.Sequential(Lin(16, 32), nn.GELU(), Lin(32, 16)))


def squeeze_excite(m, x):
    x = m.a(x)
    return m.b(x * torch.sigmoid(m.f2(F.relu(m.f1(F.adaptive_avg_pool2d(x, 1))))))


def unet(m, x):
    y = m.a(x)
    return m.c(torch.cat([F.interpolate(m.b(F.max_pool2d(y, 2)), scale_factor=2), y], 1))


def slices(m, x):
    y = m.a(x)
    return m.o(y[:, 2:10]) + m.p(y[:, 8:]) + y[:, 5:6].mean()


def both(function, split):
    return lambda m, x: (lambda parts: function(m, *parts))(split(m, x))


def patches(m, x):
    y = m.a(x).permute(0, 2, 3, 1)
    return m.l(torch.cat([y[:, i::2, j::2] for j in (0, 1) for i in (0, 1)], -1))


def padded_shortcut(m, x):
    y = m.a(x)
    return m.c(m.b(y) + F.pad(y, (0, 0, 0, 0, 4, 4)))


def hand_norm(m, x):
    y = m.a(x)
    return m.o(y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6) * m.w)


def residual_norm(m, x):
    x = m.i(x)
    for norm, up, down in ((m.n1, m.u1, m.d1), (m.n2, m.u2, m.d2)):
        x = x + down(F.gelu(up(norm(x))))
    return m.o(m.n3(x))


def lenet(m, x):
    x = F.max_pool2d(F.relu(m.c1(x)), 2)
    x = F.max_pool2d(F.relu(m.c2(x)), 2).flatten(1)
    return m.f3(F.relu(m.f2(F.relu(m.f1(x)))))


def skipped(m, x):
    x = F.relu(m.f1(x))
    return m.f3(x + F.relu(m.f2(x)))


def nested_concat(m, x):
    a = m.a(x)
    b = torch.cat([a, m.b(a)], 1)
    c = torch.cat([b, m.c(b), a], 1)
    return m.d(torch.cat([c, m.e(c)], 1))


NETS = {
    "conv_flatten_linear": (Net(lambda m, x: m.l(F.relu(m.a(x)).flatten(1)), a=Conv(3, 8, 3), l=Lin(8 * 14 * 14, 10)), IMAGE),
    "residual_concat": (Net(lambda m, x: m.d(torch.cat([m.a(x) + m.b(x), m.c(x)], 1)), a=Conv(3, 8, 1), b=Conv(3, 8, 1), c=Conv(3, 6, 1), d=Conv(14, 5, 1)), IMAGE),
    "grouped4": (Net(lambda m, x: m.c(m.b(m.a(x)).relu()), a=Conv(3, 32, 1), b=Conv(32, 64, 3, groups=4), c=Conv(64, 5, 1)), IMAGE),
    "grouped16": (Net(lambda m, x: m.c(m.b(m.a(x)).relu()), a=Conv(3, 32, 1), b=Conv(32, 64, 3, groups=16), c=Conv(64, 5, 1)), IMAGE),
    "depthwise": (Net(lambda m, x: m.c(m.b(m.a(x)).relu()), a=Conv(3, 16, 1), b=Conv(16, 32, 3, groups=16, padding=1), c=Conv(32, 5, 1)), IMAGE),
    "mixed_groups": (Net(lambda m, x: m.d(m.b(m.a(x)) + m.c(m.a(x))), a=Conv(3, 16, 1), b=Conv(16, 16, 1, groups=2), c=Conv(16, 16, 1, groups=8), d=Conv(16, 5, 1)), IMAGE),
    "shuffle": (Net(shuffled, a=Conv(3, 16, 1), b=Conv(16, 5, 1)), IMAGE),
    "channel_shuffle": (Net(lambda m, x: m.b(F.channel_shuffle(m.a(x), 2).relu()), a=Conv(3, 16, 1), b=Conv(16, 5, 1)), IMAGE),
    "split3": (Net(both(lambda m, q, k, v: m.o(q * k + v), lambda m, x: m.a(x).chunk(3, 1)), a=Conv(3, 24, 1), o=Conv(8, 5, 1)), IMAGE),
    "split_uneven": (Net(both(lambda m, q, k, v: m.o(q) + m.p(k) + m.q(v), lambda m, x: m.a(x).split([4, 8, 12], 1)), a=Conv(3, 24, 1), o=Conv(4, 5, 1), p=Conv(8, 5, 1), q=Conv(12, 5, 1)), IMAGE),
    "slices": (Net(slices, a=Conv(3, 16, 1), o=Conv(8, 5, 1), p=Conv(8, 5, 1)), IMAGE),
    "cat_itself": (Net(lambda m, x: (lambda y: m.o(torch.cat([y, y], 1)))(m.a(x)), a=Conv(3, 8, 1), o=Conv(16, 5, 1)), IMAGE),
    "nested_concat": (Net(nested_concat, a=Conv(3, 8, 1), b=Conv(8, 6, 1), c=Conv(14, 4, 1), e=Conv(26, 5, 1), d=Conv(31, 5, 1)), IMAGE),
    "used_twice": (Net(lambda m, x: m.o(m.b(m.b(m.a(x)).relu())), a=Conv(3, 8, 1), b=Conv(8, 8, 1), o=Conv(8, 5, 1)), IMAGE),
    "transposed": (Net(lambda m, x: m.c(m.b(m.a(x)).relu()), a=Conv(3, 16, 3), b=nn.ConvTranspose2d(16, 12, 2, 2), c=Conv(12, 5, 1)), IMAGE),
    "transposed_grouped": (Net(lambda m, x: m.c(m.b(m.a(x)).relu()), a=Conv(3, 16, 3), b=nn.ConvTranspose2d(16, 32, 2, 2, groups=16), c=Conv(32, 5, 1)), IMAGE),
    "transposed_groups2": (Net(lambda m, x: m.c(m.b(m.a(x)).relu()), a=Conv(3, 16, 3), b=nn.ConvTranspose2d(16, 32, 2, 2, groups=2), c=Conv(32, 5, 1)), IMAGE),
    "linear_view_transposed": (Net(lambda m, x: m.b(m.a(x.flatten(1)).view(-1, 16, 4, 4)), a=Lin(768, 256), b=nn.ConvTranspose2d(16, 3, 2, 2)), IMAGE),
    "lstm_both": (Net(lambda m, x: m.o(m.r(m.i(x))[0]), i=Lin(32, 12), r=nn.LSTM(12, 16, 2, batch_first=True, bidirectional=True), o=Lin(32, 4)), TOKENS),
    "gru": (Net(lambda m, x: m.o(m.r(m.i(x))[0][:, -1]), i=Lin(32, 12), r=nn.GRU(12, 16, batch_first=True), o=Lin(16, 4)), TOKENS),
    "lstm_state": (Net(lambda m, x: m.o(m.r(x)[1][0][-1]), r=nn.LSTM(32, 16, 2, batch_first=True), o=Lin(16, 4)), TOKENS),
    "lstm_norm": (Net(lambda m, x: m.o(m.n(m.r(x)[0])), r=nn.LSTM(32, 16, 2, batch_first=True), n=nn.LayerNorm(16), o=Lin(16, 4)), TOKENS),
    "mha": (Net(lambda m, x: m.m(x, x, x, need_weights=False)[0], m=nn.MultiheadAttention(32, 4, batch_first=True)), TOKENS),
    "mha_weights": (Net(lambda m, x: m.m(x, x, x)[0], m=nn.MultiheadAttention(32, 4, batch_first=True)), TOKENS),
    "encoder_layer": (nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), TOKENS),
    "gqa_expand": (Net(lambda m, x: grouped_attention(m, x, "expand"), q=Lin(32, 32), k=Lin(32, 8), v=Lin(32, 8), o=Lin(32, 32)), TOKENS),
    "gqa_repeat": (Net(lambda m, x: grouped_attention(m, x, "repeat"), q=Lin(32, 32), k=Lin(32, 8), v=Lin(32, 8), o=Lin(32, 32)), TOKENS),
    "gqa_native": (Net(lambda m, x: grouped_attention(m, x, "native"), q=Lin(32, 32), k=Lin(32, 8), v=Lin(32, 8), o=Lin(32, 32)), TOKENS),
    "one_key_head": (Net(one_key_head, q=Lin(32, 32), k=Lin(32, 8), v=Lin(32, 8), o=Lin(32, 32)), TOKENS),
    "fused": (Net(fused_attention, qkv=Lin(32, 96), o=Lin(32, 32)), TOKENS),
    "chunked": (Net(chunked_attention, qkv=Lin(32, 96), o=Lin(32, 32)), TOKENS),
    "rotary": (Net(rotary, q=Lin(32, 32), k=Lin(32, 32), v=Lin(32, 32), o=Lin(32, 32), _cos=torch.randn(5, 8), _sin=torch.randn(5, 8)), TOKENS),
    "swiglu": (Net(lambda m, x: m.o(F.silu(m.g(x)) * m.u(x)), g=Lin(32, 64), u=Lin(32, 64), o=Lin(64, 32)), TOKENS),
    "glu_chunk": (Net(both(lambda m, a, b: m.o(F.silu(a) * b), lambda m, x: m.g(x).chunk(2, -1)), g=Lin(32, 64), o=Lin(32, 32)), TOKENS),
    "glu": (Net(lambda m, x: m.o(F.glu(m.g(x))), g=Lin(32, 64), o=Lin(32, 32)), TOKENS),
    "squeeze_excite": (Net(squeeze_excite, a=Conv(3, 16, 3), f1=Conv(16, 4, 1), f2=Conv(4, 16, 1), b=Conv(16, 10, 3)), IMAGE),
    "tied": (tied(), IDS),
    "conv1d": (Net(lambda m, x: m.c(m.n(m.a(x)).relu()), a=nn.Conv1d(5, 16, 3), n=nn.BatchNorm1d(16), c=nn.Conv1d(16, 4, 1)), TOKENS),
    "conv3d": (Net(lambda m, x: m.c(m.n(m.a(x)).relu()), a=nn.Conv3d(3, 16, 3), n=nn.BatchNorm3d(16), c=nn.Conv3d(16, 4, 1)), torch.randn(2, 3, 6, 6, 6)),
    "groupnorm": (Net(lambda m, x: m.c(m.n(m.a(x)).relu()), a=Conv(3, 16, 1), n=nn.GroupNorm(4, 16), c=Conv(16, 5, 1)), IMAGE),
    "instancenorm": (Net(lambda m, x: m.c(m.n(m.a(x)).relu()), a=Conv(3, 16, 1), n=nn.InstanceNorm2d(16, affine=True), c=Conv(16, 5, 1)), IMAGE),
    "rmsnorm": (Net(lambda m, x: m.c(m.n(m.a(x))), a=Lin(32, 16), n=nn.RMSNorm(16, eps=1e-5), c=Lin(16, 5)), TOKENS),
    "pixelshuffle": (Net(lambda m, x: m.c(F.pixel_shuffle(m.a(x), 2)), a=Conv(3, 32, 1), c=Conv(8, 5, 1)), IMAGE),
    "index_select": (Net(lambda m, x: m.c(m.a(x).index_select(1, m.ix)), a=Conv(3, 8, 1), c=Conv(10, 5, 1), ix=torch.tensor([7, 3, 1, 0, 2, 6, 4, 5, 1, 3])), IMAGE),
    "index_shared": (Net(lambda m, x: m.c(m.a(x)[:, m._ix]) + m.d(m.b(x)[:, m._ix]), a=Conv(3, 8, 1), b=Conv(3, 8, 1), c=Conv(6, 5, 1), d=Conv(6, 5, 1), _ix=torch.tensor([7, 3, 1, 0, 2, 6])), IMAGE),
    "gate_matmul": (Net(lambda m, x: torch.sigmoid(m.a(x)) @ torch.sigmoid(m.b(x)).transpose(1, 2), a=Lin(32, 16), b=Lin(32, 16)), TOKENS),
    "channel_mean": (Net(lambda m, x: (lambda y: m.c(y * torch.sigmoid(y.mean(1, keepdim=True))))(m.a(x)), a=Conv(3, 16, 1), c=Conv(16, 5, 1)), IMAGE),
    "normalised": (Net(lambda m, x: m.c(F.normalize(m.a(x), dim=1)), a=Conv(3, 16, 1), c=Conv(16, 5, 1)), IMAGE),
    "weight_norm": (Net(lambda m, x: m.c(m.a(x).relu()), a=nn.utils.parametrizations.weight_norm(Conv(3, 16, 1)), c=Conv(16, 5, 1)), IMAGE),
    "einsum": (Net(lambda m, x: m.o(torch.einsum("bsd,hd->bsh", x, m.w.weight).relu()), w=Lin(32, 16), o=Lin(16, 4)), TOKENS),
    "unet": (Net(unet, a=Conv(3, 8, 1), b=Conv(8, 12, 1), c=Conv(20, 5, 1)), IMAGE),
    "prelu": (Net(lambda m, x: m.c(m.p(m.a(x))), a=Conv(3, 16, 1), p=nn.PReLU(16), c=Conv(16, 5, 1)), IMAGE),
    "layernorm2d": (Net(lambda m, x: m.c(m.n(m.a(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)), a=Conv(3, 16, 1), n=nn.LayerNorm(16), c=Conv(16, 5, 1)), IMAGE),
    "residual_norm": (Net(residual_norm, i=Lin(32, 16), n1=nn.LayerNorm(16), u1=Lin(16, 24), d1=Lin(24, 16), n2=nn.LayerNorm(16), u2=Lin(16, 24), d2=Lin(24, 16), n3=nn.LayerNorm(16), o=Lin(16, 4)), TOKENS),
    "linear_on_space": (Net(lambda m, x: m.l(m.a(x).flatten(2)).relu().mean(2) @ m.w, a=Conv(3, 16, 1), l=Lin(256, 20), w=nn.Parameter(torch.randn(16, 4))), IMAGE),
    "broadcast_channel": (Net(lambda m, x: m.c(m.a(x) * torch.sigmoid(m.g(x))), a=Conv(3, 16, 1), g=Conv(3, 1, 1), c=Conv(16, 5, 1)), IMAGE),
    "view_inferred": (Net(lambda m, x: (lambda y: m.l(y.view(y.shape[0], -1)))(m.a(x)), a=Conv(3, 8, 3), l=Lin(8 * 14 * 14, 10)), IMAGE),
    "dense_image": (Net(lambda m, x: m.c(torch.cat([x, m.a(x)], 1)), a=Conv(3, 8, 1), c=Conv(11, 5, 1)), IMAGE),
    "padded_shortcut": (Net(padded_shortcut, a=Conv(3, 8, 1), b=Conv(8, 16, 1), c=Conv(16, 5, 1)), IMAGE),
    "plus_one": (Net(lambda m, x: (m.a(x) + 1) @ (m.b(x) + 1).transpose(1, 2), a=Lin(32, 16), b=Lin(32, 16)), TOKENS),
    "rmsnorm_by_hand": (Net(hand_norm, a=Lin(32, 16), o=Lin(16, 8), w=nn.Parameter(torch.ones(16))), TOKENS),
    "softmax_channels": (Net(lambda m, x: m.c(m.a(x).softmax(1)), a=Conv(3, 16, 1), c=Conv(16, 5, 1)), IMAGE),
    "maxout": (Net(lambda m, x: m.c((lambda y: y.view(y.shape[0], 8, 2, 16, 16).amax(2))(m.a(x))), a=Conv(3, 16, 1), c=Conv(8, 5, 1)), IMAGE),
    "patches": (Net(patches, a=Conv(3, 8, 1), l=Lin(32, 5)), IMAGE),
    "unused_chunk": (Net(lambda m, x: m.c(m.a(x).chunk(2, 1)[0]), a=Conv(3, 16, 1), c=Conv(8, 5, 1)), IMAGE),
    "stacked": (Net(lambda m, x: m.c(torch.stack([m.a(x), m.b(x)], 1).sum(1)), a=Conv(3, 8, 1), b=Conv(3, 8, 1), c=Conv(8, 5, 1)), IMAGE),
    "written_in_place": (Net(lambda m, x: (lambda y: m.b(y.sigmoid_() + y))(m.a(x)), a=Conv(3, 8, 1), b=Conv(8, 5, 1)), IMAGE),
    "in_place": (Net(lambda m, x: (lambda y: m.c(m.b(F.relu(y, inplace=True)).add_(y)))(m.a(x)), a=Conv(3, 8, 1), b=Conv(8, 8, 1), c=Conv(8, 5, 1)), IMAGE),
    "lenet": (Net(lenet, c1=Conv(1, 6, 5), c2=Conv(6, 16, 5), f1=Lin(256, 120), f2=Lin(120, 84), f3=Lin(84, 10)), torch.randn(2, 1, 28, 28)),
    "skip": (Net(skipped, f1=Lin(128, 256), f2=Lin(256, 256), f3=Lin(256, 10)), torch.randn(2, 128)),
    "chain": (Net(lambda m, x: m.c(F.relu(m.b(F.relu(m.n(m.a(x)))))), a=Conv(3, 16, 3), n=nn.BatchNorm2d(16), b=Conv(16, 64, 3), c=Conv(64, 1, 3)), IMAGE),
    "split_thirds": (Net(both(lambda m, p, q, r: m.x(p) + m.y(q) + m.z(r), lambda m, x: m.a(x).split(64, 1)), a=Conv(3, 192, 1), x=Conv(64, 4, 1), y=Conv(64, 4, 1), z=Conv(64, 4, 1)), torch.randn(2, 3, 7, 7)),
    "unused": (Net(lambda m, x: m.b(m.a(x)), a=Conv(3, 8, 1), b=Conv(8, 5, 1), never=Lin(4, 4)), IMAGE),
}


def export(name, folder):
    net, x = NETS[name]
    net.eval()
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.dim() < 2:
                parameter.add_(0.3 * torch.randn_like(parameter))
        for key, buffer in net.named_buffers():
            if "running" in key:
                buffer.add_(0.3 * torch.rand_like(buffer))
    try:
        program = torch.export.export(net, (x,), dynamic_shapes=({0: torch.export.Dim("b", min=1, max=64)},))
    except Exception:
        program = torch.export.export(net, (x,))
    torch.export.save(program, os.path.join(folder, name + ".pt2"))


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    for name in sys.argv[2:] or NETS:
        export(name, sys.argv[1])
