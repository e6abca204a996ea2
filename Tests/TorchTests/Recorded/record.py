"""Records what PyTorch 2.13 prints and computes, for TorchTests. Run with the set-up's Python:

    PYTHONPATH=.libtorch/site-packages python3 Tests/TorchTests/Recorded/record.py

writes printing.json, operators.json, random.json and gradients.json beside this file. Tensors are stored as dtype,
shape and the bytes of their entries in hex.
"""
import json
import os

import torch

HERE = os.path.dirname(os.path.abspath(__file__))


def stored(t):
    """A tensor as JSON: exact, also for NaN, -0.0 and bfloat16."""
    plain = t.detach().cpu().contiguous()
    data = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
    return {"dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape), "hex": data.hex()}


def write(name, cases):
    with open(os.path.join(HERE, name), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")  # a case a line


FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
WHOLE = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]
inf, nan = float("inf"), float("nan")


def printing():
    cases = []
    swift = {"precision": "precision", "threshold": "threshold", "edgeitems": "edgeItems", "linewidth": "lineWidth", "sci_mode": "scientific"}

    def add(t, requires_grad=False, **options):
        t = t.detach().requires_grad_(requires_grad) if requires_grad else t
        with torch._tensor_str.printoptions(**options):
            text = str(t)
        named = {swift[key]: value for key, value in options.items()}
        cases.append({"tensor": stored(t), "requiresGrad": requires_grad, "options": named, "text": text})

    torch.manual_seed(1)
    shapes = [(), (1,), (3,), (7,), (40,), (2, 3), (3, 2, 2), (2, 1, 3, 2), (1, 1, 1), (0,), (0, 3), (2, 0), (1, 0, 4), (2, 2, 2, 2, 2)]
    # Every dtype in every shape.
    for dtype in FLOATS:
        for shape in shapes:
            add((torch.randn(shape) * 3).to(dtype))
    for dtype in WHOLE:
        for shape in shapes:
            add(torch.randint(0 if dtype == torch.uint8 else -90, 120, shape).to(dtype))
    for shape in shapes:
        add(torch.rand(shape) > 0.5)
    # What decides on the form of real numbers.
    values = [
        [0.0], [-0.0], [0.0, -0.0, 0.0], [1.0, 2.0, 3.0], [-1.0, 10.0, 100.0], [1.5, 2.0], [1000.0, 1.0], [1001.0, 1.0],
        [1000.5, 1.0], [1001.5, 1.0], [1e8, 1e6], [1e8, 1e8 + 8], [100000000.0], [100000008.0], [1e-4], [9.9e-5],
        [0.00011, 0.1], [1e-10, 1.0], [12345.678, 20000.1], [99999.99999, 50000.0], [1e9, 2e9], [-1e9, 3.0],
        [nan], [inf], [-inf], [nan, inf, -inf], [nan, 1.0], [inf, 1.0], [-inf, 1.5], [nan, 1e-7, 5.0], [inf, 1e9],
        [0.0, nan, 2.25], [0.1, 0.2, 0.3], [0.5, -0.5], [1e-38, 1e-37], [1e38, 3e38], [3.14159265358979],
        [0.00005, 0.00025, 0.00035], [2.5, 3.5, 0.12345], [0.00015, 0.12355], [1e5, 1e2], [123456.0, 7.0], [0.99995, 0.99994],
        [9.99995, 1.0], [999.99995, 1.5], [-0.00001, 0.01], [1.0, -1.0, 0.0, 0.5], [1e3, 1e0, 0.0], [1e-45, 1.0],
    ]
    for dtype in [torch.float32, torch.float64]:
        for value in values:
            add(torch.tensor(value, dtype=dtype))
    for value in values[::3]:
        add(torch.tensor(value, dtype=torch.float16))
        add(torch.tensor(value, dtype=torch.bfloat16))
    add(torch.tensor([1e300, 1e-300], dtype=torch.float64))
    add(torch.tensor([5e-324, 1.7976931348623157e308], dtype=torch.float64))
    add(torch.tensor([65504.0, 6e-8], dtype=torch.float16))
    for bits in ["0000c07f", "0000c0ff", "010080ff"]:  # NaN of both signs
        add(torch.frombuffer(bytearray.fromhex(bits), dtype=torch.float32))
    # The limits of whole numbers.
    for dtype in WHOLE:
        info = torch.iinfo(dtype)
        add(torch.tensor([info.min, 0, info.max], dtype=dtype))
    add(torch.tensor(True))
    add(torch.tensor([[True, True], [True, True]]))
    # Lines: breaks within a row, at every indent.
    for n in [10, 11, 12, 13, 25, 26, 100]:
        add(torch.arange(n, dtype=torch.float32))
        add(torch.arange(n) * 37 % 101)
        add(torch.rand(n))
        add(torch.rand(2, n) - 0.5)
        add(torch.rand(2, n) > 0.5)
    add(torch.rand(2, 2, 2, 17))
    add(torch.rand(30) * 1e9)
    # The middle left out.
    for shape in [(1000,), (1001,), (7, 143), (143, 7), (6, 167), (167, 6), (2, 3, 200), (200, 3, 2), (10, 10, 11), (1, 1001), (1001, 1), (4, 4, 4, 4, 4), (7, 1, 7, 7, 7)]:
        n = torch.Size(shape).numel()
        add((torch.arange(n) % 101).to(torch.int8).reshape(shape))
    add((torch.arange(1001) % 61).to(torch.float16))
    add((torch.arange(1024) % 3 == 0).reshape(32, 32))
    add((torch.arange(1100) % 37 / 8).to(torch.bfloat16).reshape(11, 100))
    far = torch.zeros(1100, dtype=torch.float16)
    far[500] = 30000  # not shown, so it has no say
    far[1] = 0.5
    add(far)
    # Gradients, and what goes to a line of its own.
    for dtype in FLOATS:
        for shape in [(), (3,), (0,), (2, 0), (2, 3), (11,), (10,), (9,), (2, 7), (2, 8), (2, 9)]:
            add(torch.rand(shape).to(dtype), requires_grad=True)
    for n in range(1, 12):
        add((torch.arange(n, dtype=torch.int32) * 1001))
        add((torch.arange(n, dtype=torch.float64) * 1.25), requires_grad=True)
    # Options.
    x = (torch.rand(8, 8) * 50 - 25).to(torch.float16)
    for options in [
        {"precision": 2}, {"precision": 0}, {"precision": 8}, {"precision": 1, "linewidth": 40}, {"threshold": 10},
        {"threshold": 10, "edgeitems": 1}, {"threshold": 63, "edgeitems": 2}, {"linewidth": 20}, {"linewidth": 5},
        {"sci_mode": True}, {"sci_mode": False}, {"sci_mode": True, "precision": 1, "linewidth": 120},
        {"threshold": 0, "edgeitems": 3}, {"linewidth": 200},
    ]:
        add(x, **options)
        add(x.to(torch.int32), **options)
        add(torch.tensor([1e-6, 1.0, 3e7]), **options)
        add(torch.tensor([1.0, 3.0]), requires_grad=True, **options)
    write("printing.json", cases)
    return len(cases)

def operators():
    """Each case: an id, its inputs, and what PyTorch's function of the same meaning gives. OperatorTable.swift holds
    the Swift function of each id."""
    torch.manual_seed(2)
    F = torch.nn.functional
    a, b = torch.randn(3, 4), torch.randn(3, 4)
    row, column = torch.randn(4), torch.randn(3, 1)
    p, q = torch.rand(3, 4) + 0.1, torch.rand(3, 4) * 0.8 + 0.1
    i, j = torch.randint(-20, 20, (3, 4)), torch.randint(1, 9, (3, 4))
    u, v = torch.tensor([[True, False], [True, True]]), torch.tensor([[True, True], [False, True]])
    mask = torch.tensor([[True, False, True, False], [False, False, True, True], [True, True, False, False]])
    odd = torch.tensor([1.5, nan, -inf, 0.0, inf, -2.0])
    half, brain, wide, byte = a.half(), a.bfloat16(), a.double(), j.to(torch.uint8)
    positions = torch.tensor([2, 0, 2])
    index = torch.tensor([[0, 1, 2, 0], [2, 2, 1, 0]])
    cube = torch.randn(2, 3, 4)
    left, right = torch.randn(2, 3, 4), torch.randn(2, 4, 5)
    image, kernel, bias = torch.randn(2, 4, 7, 6), torch.randn(6, 2, 3, 2), torch.randn(6)
    signal = torch.randn(2, 3, 9)
    volume = torch.randn(1, 2, 4, 5, 3)
    logits, classes = torch.randn(5, 4), torch.tensor([0, 3, 2, 1, 3])
    targets = torch.rand(5, 4)
    counts = torch.tensor([3, 1, 4, 1, 5, 1, 0])
    cases = []

    def case(name, function, *inputs):
        outputs = function(*[t.clone(memory_format=torch.preserve_format) for t in inputs])
        outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
        outputs = [t if isinstance(t, torch.Tensor) else torch.tensor(t) for t in outputs]
        cases.append({"id": name, "inputs": [stored(t) for t in inputs], "outputs": [stored(t) for t in outputs]})

    # Arithmetic, promotion, numbers on either side.
    case("add", lambda x, y: x + y, a, b)
    case("add.broadcast", lambda x, y: x + y, a, column)
    case("add.promote", lambda x, y: x + y, i, b)
    case("add.number", lambda x: (x + 1, 2.5 + x), a)
    case("add.number.int", lambda x: (x + 2, x + 2.5), i)
    case("add.number.half", lambda x: (x + 2, 2.5 + x), half)
    case("add.number.bool", lambda x: (x + 1, x * 2.5, x + True), u)
    case("sub", lambda x, y: (x - y, x - 1, 1 - x), a, b)
    case("sub.int", lambda x, y: (x - y, x - 1, 1 - x), i, j)
    case("mul", lambda x, y: (x * y, x * 2, 0.5 * x), a, b)
    case("mul.mixed", lambda x, y: (x * y, y * x), a, mask)
    case("div", lambda x, y: (x / y, x / 2, 2 / x), a, b)
    case("div.int", lambda x, y: (x / y, x / 2, 2 / y), i, j)
    case("remainder", lambda x, y: (x % y, x % 3), i, j)
    case("remainder.float", lambda x, y: (x % y, x % 0.3), a, p)
    case("floorDivide", lambda x, y: (x // y, x // 3), i, j)
    case("floorDivide.float", lambda x, y: (x // y, x // 0.3), a, p)
    case("fmod", torch.fmod, i, j)
    case("neg", lambda x: -x, a)
    case("pow", lambda x, y: (x**2, x**0.5, x**-1, x**y), p, q)
    case("pow.int", lambda x: x**3, i)
    case("addcmul", lambda x, y, z: (torch.addcmul(x, y, z), torch.addcmul(x, y, z, value=0.5)), a, b, p)
    case("addcdiv", lambda x, y, z: torch.addcdiv(x, y, z, value=-2), a, b, p)
    case("lerp", lambda x, y: torch.lerp(x, y, 0.3), a, b)
    case("bits.bool", lambda x, y: (x & y, x | y, x ^ y, ~x), u, v)
    case("bits.int", lambda x, y: (x & y, x | y, x ^ y, ~x), i, j)
    # Comparison and logic.
    case("compare", lambda x, y: (x == y, x != y, x < y, x <= y, x > y, x >= y), i % 3, j % 3)
    case("compare.number", lambda x: (x == 1, x != 1, x < 1, x <= 1, x > 1, x >= 1), i % 3)
    case("compare.nan", lambda x: (x == x, x != x, x < 0, x >= 0), odd)
    case("logical", lambda x, y: (torch.logical_and(x, y), torch.logical_or(x, y), torch.logical_xor(x, y), torch.logical_not(x)), u, v)
    case("classify", lambda x: (torch.isnan(x), torch.isinf(x), torch.isfinite(x)), odd)
    case("isIn", torch.isin, i, positions)
    case("isClose", lambda x: torch.isclose(x, x + torch.tensor([0, 0, 0, 1e-7, 1e-2, 0.0]), equal_nan=True), odd)
    case("maximum", lambda x, y: (torch.maximum(x, y), torch.minimum(x, y)), a, b)
    case("clamp", lambda x: (x.clamp(-0.5, 0.5), x.clamp(min=0), x.clamp(max=0)), a)
    case("clamp.tensor", lambda x, lo, hi: x.clamp(lo, hi), a, -p, q)
    case("where", lambda m, x, y: (torch.where(m, x, y), torch.where(m, x, 0.0), torch.where(m, 1.0, 0.0), torch.where(m, 1, 0)), mask, a, b)
    case("nanToNum", lambda x: (torch.nan_to_num(x), torch.nan_to_num(x, 1, 2, 3)), odd)
    # Entry by entry.
    for name in ["abs", "sign", "exp", "exp2", "expm1", "square", "floor", "ceil", "round", "trunc", "frac", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "erf"]:
        case(name, getattr(torch, name), a)
    for name in ["log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "lgamma"]:
        case(name, getattr(torch, name), p)
    for name in ["asin", "acos", "erfinv"]:
        case(name, getattr(torch, name), q)
    case("round.half", torch.round, torch.tensor([0.5, 1.5, 2.5, -0.5, -1.5]))
    case("round.decimals", lambda x: torch.round(x, decimals=2), a)
    case("sqrt.int", torch.sqrt, j)
    case("exp.half", torch.exp, half)
    case("exp.bfloat16", torch.exp, brain)
    case("exp.double", torch.exp, wide)
    case("atan2", torch.atan2, a, b)
    case("hypot", torch.hypot, a, b)
    case("copySign", torch.copysign, a, b)
    # In place.
    case("inPlace", lambda x, y: (x.add_(y), x.add_(y, alpha=0.5), x.sub_(y), x.mul_(y), x.div_(y))[-1], a, p)
    case("inPlace.number", lambda x: (x.add_(1.5), x.sub_(0.25), x.mul_(3), x.div_(2))[-1], a)
    case("inPlace.int", lambda x: (x.add_(3), x.sub_(1), x.mul_(2))[-1], i)
    case("inPlace.addcmul", lambda x, y, z: (x.addcmul_(y, z, value=0.5), x.addcdiv_(y, z, value=-1), x.lerp_(y, 0.25), x.clamp_(-1, 1))[-1], a, b, p)
    case("inPlace.fill", lambda x, m: (x.clone().fill_(2.5), x.clone().zero_(), x.masked_fill_(m, -1)), a, mask)
    case("inPlace.copy", lambda x, y: x.copy_(y), a, i)
    # Matrices.
    case("matmul", torch.matmul, a, b.t())
    case("matmul.vector", torch.matmul, a, row)
    case("matmul.batch", torch.matmul, left, right)
    case("bmm", torch.bmm, left, right)
    case("addmm", lambda c, x, y: torch.addmm(c, x, y, beta=0.5, alpha=2), torch.randn(3, 3), a, b.t())
    case("baddbmm", lambda c, x, y: torch.baddbmm(c, x, y, beta=0.5), torch.randn(2, 3, 5), left, right)
    case("dot", torch.dot, row, torch.randn(4))
    case("outer", torch.outer, row, positions.float())
    case("einsum", lambda x, y: (torch.einsum("bij,bjk->bik", x, y), torch.einsum("bij->ji", x)), left, right)
    case("trace", torch.trace, a)
    case("diagonal", lambda x: (torch.diagonal(x, 1), torch.diagonal(x, -1), torch.diag(x)), a)
    case("diag", torch.diag, row)
    case("tril", lambda x: (torch.tril(x), torch.triu(x), torch.tril(x, 1), torch.triu(x, -1)), a)
    spd = torch.eye(3) * 2 + a @ a.t()
    case("inverse", torch.linalg.inv, spd)
    case("cholesky", torch.linalg.cholesky, spd)
    case("vectorNorm", lambda x: tuple(torch.linalg.vector_norm(x, n) for n in [2, 1, 0, 3.5, inf, -inf]), a)
    case("vectorNorm.dims", lambda x: (torch.linalg.vector_norm(x, 2, [0, 2]), torch.linalg.vector_norm(x, 1, 1, keepdim=True)), cube)
    case("vectorNorm.dtype", lambda x: torch.linalg.vector_norm(x, 2, dtype=torch.float32), half)
    case("matrixNorm", lambda x: (torch.linalg.matrix_norm(x), torch.linalg.matrix_norm(x, "nuc")), a)
    # Reductions.
    case("sum", lambda x: (x.sum(), x.sum([0]), x.sum([0, 1], keepdim=True), x.sum(1)), a)
    case("sum.bool", lambda x: (x.sum(), x.sum(0)), mask)
    case("sum.half", torch.sum, half)
    case("prod", lambda x: (x.prod(), x.prod(1)), p)
    case("mean", lambda x: (x.mean(), x.mean([0]), x.mean(1, keepdim=True)), a)
    case("variance", lambda x: (x.var(), x.var(correction=0), x.var([0]), x.var([1], correction=0, keepdim=True)), a)
    case("std", lambda x: (x.std(), x.std([0]), x.std([1], correction=0)), a)
    case("logSumExp", lambda x: torch.logsumexp(x, [1]), a)
    case("all", lambda x: (x.all(), x.all(0), x.any(), x.any(1)), mask)
    case("countNonzero", lambda x: (torch.count_nonzero(x), torch.count_nonzero(x, [0])), mask)
    case("max", lambda x: (x.max(), x.min(), *x.max(0), *x.min(1, keepdim=True)), a)
    case("amax", lambda x: (x.amax(), x.amin([0]), x.amax([0, 2], keepdim=True)), cube)
    case("argmax", lambda x: (x.argmax(), x.argmin(), x.argmax(0), x.argmin(1, keepdim=True)), a)
    case("median", lambda x: (x.median(), *x.median(1)), a)
    case("kthValue", lambda x: tuple(x.kthvalue(2, 1)), a)
    case("quantile", lambda x: (x.quantile(0.3), x.quantile(0.5, 1)), a)
    case("sort", lambda x: (*x.sort(stable=True), *x.sort(0, descending=True), x.argsort(1)), a)
    case("sort.stable", lambda x: tuple(x.sort(stable=True)), counts)
    case("topk", lambda x: (*x.topk(2), *x.topk(2, 0, largest=False)), a)
    case("unique", lambda x: torch.unique(x, return_inverse=True, return_counts=True), counts)
    case("bincount", lambda x: (torch.bincount(x), torch.bincount(x, minlength=8)), counts)
    case("histc", lambda x: torch.histc(x, 4, -2, 2), a)
    case("cumsum", lambda x: (x.cumsum(0), x.cumsum(1)), a)
    case("cumprod", lambda x: x.cumprod(1), p)
    case("nonzero", torch.nonzero, mask)
    # Shapes.
    case("reshape", lambda x: (x.reshape(4, 3), x.reshape(-1), x.view(2, -1), x.flatten(), x.flatten(0, 0)), a)
    case("view.dtype", lambda x: x.view(torch.int32), a)
    case("unflatten", lambda x: x.unflatten(1, [2, -1]), a)
    case("transpose", lambda x: (x.transpose(0, 2), x.permute(2, 0, 1), x.movedim(0, 2)), cube)
    case("t", torch.t, a)
    case("squeeze", lambda x: (x.squeeze(), x.squeeze(1), x.unsqueeze(0), x.unsqueeze(-1)), column)
    case("expand", lambda x, y: (x.expand(3, 4), x.expand_as(y), x.expand(2, -1, -1)), column, a)
    case("repeat", lambda x: (x.repeat(2, 3), x.repeat_interleave(2, 1), x.repeat_interleave(2)), column)
    case("asStrided", lambda x: x.as_strided([2, 3], [1, 4]), a)
    case("flip", lambda x: (x.flip(0), x.flip(0, 1)), a)
    case("roll", lambda x: (x.roll(1, 0), x.roll([1, -2], [0, 1])), a)
    case("pad", lambda x: (F.pad(x, [1, 2]), F.pad(x, [1, 0, 0, 2], value=9)), a)
    case("pad.mode", lambda x: (F.pad(x, [1, 2], mode="reflect"), F.pad(x, [1, 2], mode="replicate"), F.pad(x, [1, 2], mode="circular")), signal)
    case("split", lambda x: (*x.split(2, 1), *x.split([1, 3], 1), *x.chunk(2, 1), *x.unbind(0)), a)
    case("cat", lambda x, y: (torch.cat([x, y]), torch.cat([x, y], 1), torch.stack([x, y]), torch.stack([x, y], 2)), a, b)
    case("channelsLast", lambda x: x.contiguous(memory_format=torch.channels_last) * 2, image)
    case("to", lambda x: tuple(x.to(d) for d in FLOATS + WHOLE + [torch.bool]), torch.tensor([0.0, 1.5, -2.0, 100.0]).abs())
    # Positions and masks.
    case("index", lambda x: (x[0], x[-1], x[1, 2], x[:, 1], x[1:, :2], x[0:2, 1:4:2], x[..., 0], x[None, 0], x[-2:], x[:-1, -2:]), a)
    case("index.tensor", lambda x, k: (x[k], x[:, k], x[k, k], x[0, k], x[k, 1:3]), a, positions)
    case("index.mask", lambda x, m: (x[m], x[m[:, 0]], x[:, m[0]], x[m[:, 0], m[1]]), a, mask)
    case("index.twoMasks", lambda x, m, n: (x[m, n], x[..., m, None][0]), torch.randn(2, 2), torch.tensor([True, True]), torch.tensor([True, False]))
    case("index.cube", lambda x, k: (x[:, :, k], x[1, :, k], x[..., k, :], x[:, None, k], x[:, 1, ..., 0]), cube, positions)

    def sets(x, k, m, y):
        outs = []
        for write in [
            lambda z: z.__setitem__(0, y[1]), lambda z: z.__setitem__((slice(None), 1), 7.0), lambda z: z.__setitem__(m, 0.0),
            lambda z: z.__setitem__(k, y), lambda z: z.__setitem__((slice(0, 2), slice(1, 3)), y[0, :2]),
            lambda z: z.__setitem__(0, y[None, None, 1]), lambda z: z.__setitem__((slice(None), k[:2]), y[:, :2]),
            lambda z: z.__setitem__(m, y.flatten()[:6]), lambda z: z.__setitem__((..., -1), y[:, 0]),
        ]:
            z = x.clone()
            write(z)
            outs.append(z)
        return outs

    case("index.set", sets, a, positions, mask, b)
    case("indexSelect", lambda x, k: (x.index_select(0, k), x.index_select(1, k)), a, positions)
    case("maskedSelect", torch.masked_select, a, mask)
    case("gather", lambda x, k: (x.gather(0, k), x.take(k), x.take_along_dim(k[:, :3].t() , 1)), a, index)
    case("narrow", lambda x: (x.narrow(1, 1, 2), x.select(0, 1)), a)
    case("maskedFill", lambda x, m: (x.masked_fill(m, 0), x.masked_fill(m, -inf)), a, mask)
    case("maskedScatter", torch.masked_scatter, a, mask, b)
    case("scatter", lambda x, k, y: (x.scatter(0, k, y), x.scatter(0, k, 1.5), x.scatter_add(0, k, y)), a, index, b)
    case("indexAdd", lambda x, k, y: x.index_add(0, k, y), a, positions, b)
    case("indexCopy", lambda x, k, y: (x.clone().index_copy_(0, k, y), x.clone().index_fill_(1, k, 9)), a, torch.tensor([2, 0, 1]), b)
    case("oneHot", lambda k: (F.one_hot(k), F.one_hot(k, 5)), classes)
    # Creation.
    case("create", lambda: (torch.zeros(2, 3), torch.ones(2, dtype=torch.int64), torch.full((2,), 1.5), torch.full((2,), True), torch.eye(3), torch.arange(5), torch.arange(1, 10, 3), torch.arange(0.0, 1.0, 0.25), torch.linspace(0, 1, 5)))
    case("like", lambda x: (torch.zeros_like(x), torch.ones_like(x), torch.full_like(x, 3), torch.zeros_like(x, dtype=torch.int64)), half)
    # Activations.
    for name, swift in [("relu", None), ("relu6", None), ("silu", None), ("mish", None), ("selu", None), ("sigmoid", None), ("logsigmoid", "logSigmoid"), ("hardsigmoid", "hardSigmoid"), ("hardswish", "hardSwish")]:
        case(swift or name, getattr(F, name, None) or getattr(torch, name), a * 3)
    case("gelu", lambda x: (F.gelu(x), F.gelu(x, approximate="tanh")), a)
    case("leakyRelu", lambda x: (F.leaky_relu(x), F.elu(x), F.elu(x, 0.5), F.softplus(x, 2, 1), F.hardtanh(x), F.glu(x)), a)
    case("prelu", lambda x, w: F.prelu(x, w), cube, torch.rand(3))
    case("softmax", lambda x: (x.softmax(1), x.log_softmax(0)), a)
    # Layers.
    case("linear", lambda x, w, c: (F.linear(x, w), F.linear(x, w, c)), a, torch.randn(2, 4), torch.randn(2))
    case("conv1d", lambda x, w: F.conv1d(x, w, stride=2, padding=1), signal, torch.randn(4, 3, 3))
    case("conv2d", lambda x, w, c: (F.conv2d(x, w, c, groups=2), F.conv2d(x, w, stride=(2, 1), padding=(1, 0), dilation=2, groups=2)), image, kernel, bias)
    case("conv3d", lambda x, w: F.conv3d(x, w, padding=1), volume, torch.randn(3, 2, 2, 2, 2))
    case("convTranspose1d", lambda x, w: F.conv_transpose1d(x, w, stride=2, output_padding=1), signal, torch.randn(3, 2, 3))
    case("convTranspose2d", lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1), image, torch.randn(4, 3, 3, 3))
    case("unfold", lambda x: F.unfold(x, (3, 2), stride=2), image)
    case("embedding", lambda k, w: F.embedding(k, w), classes, logits)
    case("maxPool", lambda x, y: (F.max_pool1d(x, 2), F.max_pool2d(y, 2), F.max_pool2d(y, 3, 2, 1), F.max_pool2d(y, (2, 3), (1, 2), ceil_mode=True)), signal, image)
    case("avgPool", lambda x, y: (F.avg_pool1d(x, 2), F.avg_pool2d(y, 2), F.avg_pool2d(y, (3, 2), (2, 1), (1, 0), count_include_pad=False)), signal, image)
    case("adaptivePool", lambda x, y: (F.adaptive_avg_pool1d(x, 4), F.adaptive_avg_pool2d(y, (3, 2)), F.adaptive_max_pool2d(y, (3, 2))), signal, image)
    case("upsample", lambda x: F.interpolate(x, size=(14, 12)), image)
    case("layerNorm", lambda x, w: (F.layer_norm(x, [4]), F.layer_norm(x, [4], w, w)), cube, row)
    case("rmsNorm", lambda x, w: F.rms_norm(x, [4], w), cube, row)
    case("groupNorm", lambda x: F.group_norm(x, 2), image)
    case("batchNorm", lambda x, m, s: (F.batch_norm(x, m, s), F.batch_norm(x, m, s, training=True), m, s), image, torch.zeros(4), torch.ones(4))
    case("normalize", lambda x: (F.normalize(x), F.normalize(x, 1, 0)), a)
    # Losses.
    case("crossEntropy", lambda x, y, w: (F.cross_entropy(x, y), F.cross_entropy(x, y, reduction="sum"), F.cross_entropy(x, y, w, reduction="none"), F.cross_entropy(x, y, ignore_index=3, label_smoothing=0.1)), logits, classes, row.abs())
    case("crossEntropy.probabilities", lambda x, y: F.cross_entropy(x, y), logits, targets)
    case("nllLoss", lambda x, y: F.nll_loss(x.log_softmax(1), y), logits, classes)
    for name, swift in [("mse_loss", "mseLoss"), ("l1_loss", "l1Loss"), ("smooth_l1_loss", "smoothL1Loss"), ("huber_loss", "huberLoss")]:
        case(swift, lambda x, y: (getattr(F, name)(x, y), getattr(F, name)(x, y, reduction="sum"), getattr(F, name)(x, y, reduction="none")), logits * 2, targets)
    case("smoothL1Loss.beta", lambda x, y: (F.smooth_l1_loss(x, y, beta=0.5), F.huber_loss(x, y, delta=0.5)), logits, targets)
    case("binaryCrossEntropy", lambda x, y: (F.binary_cross_entropy(x.sigmoid(), y), F.binary_cross_entropy(x.sigmoid(), y, reduction="none")), logits, targets)
    case("binaryCrossEntropyWithLogits", lambda x, y, w: (F.binary_cross_entropy_with_logits(x, y), F.binary_cross_entropy_with_logits(x, y, w, reduction="sum", pos_weight=w + 1)), logits, targets, row.abs())
    case("klDivergence", lambda x, y: (F.kl_div(x.log_softmax(1), y), F.kl_div(x.log_softmax(1), y.log(), reduction="sum", log_target=True)), logits, targets)
    case("cosineSimilarity", F.cosine_similarity, a, b)
    # Sequences.
    case("attention", lambda x, y: (F.scaled_dot_product_attention(x, y, y), F.scaled_dot_product_attention(x, x, x, is_causal=True), F.scaled_dot_product_attention(x, x, x, torch.ones(3, 3, dtype=torch.bool).tril(), scale=0.3)), left, cube)
    x, h = torch.randn(5, 2, 3), torch.randn(1, 2, 4)
    lstm = [torch.randn(16, 3), torch.randn(16, 4), torch.randn(16), torch.randn(16)]
    gru = [torch.randn(12, 3), torch.randn(12, 4), torch.randn(12), torch.randn(12)]
    case("lstm", lambda x, h, c, *w: torch.lstm(x, (h, c), list(w), True, 1, 0.0, False, False, False), x, h, torch.randn(1, 2, 4), *lstm)
    case("gru", lambda x, h, *w: torch.gru(x, h, list(w), True, 1, 0.0, False, False, False), x, h, *gru)
    # Lists of tensors.
    case("foreach", foreach, a, b, p, q)
    case("foreach.adam", fused_adam, a, b, p, q)
    case("foreach.sgd", fused_sgd, a, b, p)
    write("operators.json", cases)
    return len(cases)


def foreach(a, b, p, q):
    x, y = [a, b], [p, q]
    torch._foreach_add_(x, y, alpha=0.5)
    torch._foreach_add_(x, 1.0)
    torch._foreach_mul_(x, 0.9)
    torch._foreach_mul_(x, y)
    torch._foreach_mul_(x, torch.tensor(1.5))
    torch._foreach_div_(x, 2.0)
    torch._foreach_div_(x, y)
    torch._foreach_lerp_(x, y, 0.1)
    torch._foreach_addcmul_(x, y, y, 0.3)
    torch._foreach_addcdiv_(x, y, y, -0.3)
    torch._foreach_addcdiv_(x, y, y, [0.1, 0.2])
    torch._foreach_maximum_(x, y)
    return *x, *torch._foreach_sqrt(y), *torch._foreach_add(x, y, alpha=2), *torch._foreach_mul(x, y), *torch._foreach_norm(x)


def fused_adam(a, b, p, q):
    out = []
    for step in [torch._fused_adam_, torch._fused_adamw_]:
        x, g, m, s, steps = a.clone(), b.clone(), torch.zeros(3, 4), torch.zeros(3, 4), torch.tensor(1.0)
        for _ in range(3):
            step([x], [g], [m], [s], [], [steps], lr=1e-2, beta1=0.9, beta2=0.99, weight_decay=0.1, eps=1e-8, amsgrad=False, maximize=False)
            steps += 1
            g = g * 0.5 + x
        out += [x, m, s]
    x, g, m, s, largest = a.clone(), b.clone(), p.clone(), q.clone(), q.clone()
    torch._fused_adam_([x], [g], [m], [s], [largest], [torch.tensor(4.0)], lr=1e-2, beta1=0.9, beta2=0.99, weight_decay=0.0, eps=1e-8, amsgrad=True, maximize=True)
    return *out, x, m, s, largest


def fused_sgd(a, b, p):
    x, buffer = a.clone(), torch.zeros(3, 4)
    for first in [True, False]:
        torch._fused_sgd_([x], [b.clone()], [buffer], weight_decay=0.1, momentum=0.9, lr=0.05, dampening=0.0, nesterov=True, maximize=False, is_first_step=first)
    plain = p.clone()
    torch._fused_sgd_([plain], [b.clone()], [], weight_decay=0.0, momentum=0.0, lr=0.05, dampening=0.0, nesterov=False, maximize=False, is_first_step=True)
    return x, buffer, plain

def random_numbers():
    """Draws from seed 0, each case from the start; and one after the other, to see that the sequence moves alike."""
    cases = []

    def case(name, function, seed=0):
        torch.manual_seed(seed)
        cases.append({"id": name, "inputs": [], "outputs": [stored(t) for t in function()]})

    case("rand", lambda: [torch.rand(3, 4), torch.rand(100), torch.rand(5, dtype=torch.float64)])
    case("rand.half", lambda: [torch.rand(20, dtype=d) for d in [torch.float16, torch.bfloat16]])
    case("randn", lambda: [torch.randn(3), torch.randn(15), torch.randn(16), torch.randn(100), torch.randn(20, dtype=torch.float64)])
    case("randint", lambda: [torch.randint(0, 10, (20,)), torch.randint(-(2**40), 2**40, (20,)), torch.randint(0, 200, (20,), dtype=torch.uint8)])
    case("randperm", lambda: [torch.randperm(10), torch.randperm(1000), torch.randperm(40000)[:50]])
    case("bernoulli", lambda: [torch.full((50,), 0.3).bernoulli(), torch.empty(50).bernoulli_(0.7)])
    case("multinomial", lambda: [torch.tensor([0.1, 0.2, 0.7]).multinomial(20, True), torch.ones(6).multinomial(6)])
    case("uniform", lambda: [torch.empty(30).uniform_(-2, 3), torch.empty(5, 5, dtype=torch.float64).uniform_(0, 1)])
    case("normal", lambda: [torch.empty(30).normal_(1, 2), torch.empty(7).normal_()])
    case("like", lambda: [torch.rand_like(torch.zeros(4, 4, dtype=torch.float16)), torch.randn_like(torch.zeros(4))])
    case("dropout", lambda: [torch.nn.functional.dropout(torch.ones(40), 0.4)])
    case("seed", lambda: [torch.rand(10)], seed=2**63 + 5)
    case("generator", lambda: (lambda g: [torch.rand(8, generator=g), torch.randn(8, generator=g), torch.randperm(8, generator=g), torch.rand(4)])(torch.Generator().manual_seed(42)))
    write("random.json", cases)
    return len(cases)


def gradients():
    """A small convolutional network, its loss, and the gradient of every parameter."""
    F = torch.nn.functional
    torch.manual_seed(3)
    x, y = torch.randn(4, 1, 8, 8), torch.tensor([0, 2, 1, 2])
    conv, conv_bias = torch.randn(3, 1, 3, 3) * 0.3, torch.randn(3) * 0.1
    gamma, beta = torch.rand(3) + 0.5, torch.randn(3)
    fc, fc_bias = torch.randn(3, 27) * 0.2, torch.randn(3) * 0.1
    inputs = [x, y, conv, conv_bias, gamma, beta, fc, fc_bias]
    leaves = [t.clone().requires_grad_() for t in inputs if t.is_floating_point()]
    h = F.conv2d(leaves[0], leaves[1], leaves[2])
    h = F.batch_norm(h, None, None, leaves[3], leaves[4], training=True)
    h = F.max_pool2d(F.relu(h), 2).flatten(1)
    loss = F.cross_entropy(F.linear(torch.tanh(h), leaves[5], leaves[6]), y)
    loss.backward()
    net = {"id": "network", "inputs": [stored(t) for t in inputs], "outputs": [stored(loss)] + [stored(t.grad) for t in leaves]}
    a = torch.tensor([0.5, -1.5, 2.0], requires_grad=True)
    (first,) = torch.autograd.grad((a**3).sum(), a, create_graph=True)
    (second,) = torch.autograd.grad((first * a).sum(), a)
    twice = {"id": "second", "inputs": [stored(a)], "outputs": [stored(first), stored(second)]}
    write("gradients.json", [net, twice])
    return 2


if __name__ == "__main__":
    for recorder in [printing, operators, random_numbers, gradients]:
        print(recorder.__name__, recorder())
