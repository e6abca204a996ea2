"""Records what PyTorch 2.13 prints and computes, for TorchTests. Run with the set-up's Python:

    PYTHONPATH=.libtorch/site-packages python3 Tests/TorchTests/Recorded/record.py

writes printing.json beside this file. Tensors are stored as dtype, shape and the bytes of their entries in hex.
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


if __name__ == "__main__":
    print("printing:", printing())
