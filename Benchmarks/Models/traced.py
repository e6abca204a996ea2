"""Networks traced in Swift, beside Python's: `make traced`.

    traced.py MODEL_ZOO FOLDER [NAME ...]

For each network: it is traced and loaded by torch.export.load at batches 1, 3 and 64; where onnx, onnxscript and
onnxruntime are there, exported to ONNX and run; its MACs are compared with those of Python's own export; ResNet-18 and
MobileNet v2 load torchvision's state dict, are evaluated and make one step of SGD. Needs torchvision for those two.
"""
import os
import subprocess
import sys
import warnings

warnings.filterwarnings("ignore")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

zoo, folder = sys.argv[1:3]
NAMES = sys.argv[3:] or ["lenet", "resnet18", "mobilenet_v2", "encoder", "tagger"]
torch.backends.mha.set_fastpath_enabled(False)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 256, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.fc = nn.Linear(64, 4)
        self.positions = nn.Parameter(torch.zeros(64, 64))

    def forward(self, ids):
        return self.fc(self.encoder(self.embedding(ids) + self.positions[:ids.shape[1]]).mean(1))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 32)
        self.lstm = nn.LSTM(32, 32, num_layers=2, batch_first=True, dropout=0.1, bidirectional=True)
        self.fc = nn.Linear(64, 8)

    def forward(self, ids):
        return self.fc(self.lstm(self.embedding(ids))[0])


def network(name):
    if name == "lenet":
        return LeNet()
    if name == "encoder":
        return Encoder()
    if name == "tagger":
        return Tagger()
    import torchvision_without_cuda  # noqa: F401
    import torchvision

    return torchvision.models.get_model(name, weights=None)


def difference(a, b):
    assert a.shape == b.shape, (a.shape, b.shape)
    return float((a.double() - b.double()).abs().max())


def traced(name):
    path = os.path.join(folder, name + ".pt2")
    subprocess.run([zoo, "export", name, "-o", path, "--draw-statistics", *(f"--samples={b}" for b in (1, 3, 64))], check=True)
    program = torch.export.load(path)
    module = program.module()
    for batch in (1, 3, 64):
        recorded = load_file(os.path.join(folder, f"{name}.{batch}.safetensors"))
        with torch.no_grad():
            y = module(recorded["x0"])
        print(f"{name} batch {batch}: largest output {float(y.abs().max()):.3g}, apart {difference(y, recorded['y0']):.3g}", flush=True)
    try:
        import onnxruntime
    except ImportError:
        print(f"{name}: no ONNX Runtime here")
        return
    onnx = os.path.join(folder, name + ".onnx")
    torch.onnx.export(program, f=onnx, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(onnx)
    for batch in (1, 3, 64):
        recorded = load_file(os.path.join(folder, f"{name}.{batch}.safetensors"))
        (y,) = session.run(None, {session.get_inputs()[0].name: recorded["x0"].numpy()})
        print(f"{name} batch {batch} by ONNX Runtime: apart {difference(torch.from_numpy(y), recorded['y0']):.3g}", flush=True)
    own = os.path.join(folder, name + ".swift.onnx")
    made = subprocess.run([zoo, "export", name, "-o", own, "--draw-statistics"], capture_output=True, text=True)
    if made.returncode != 0:
        print(f"{name}: not written as ONNX by Swift: {made.stderr.strip()}", flush=True)
        return
    session = onnxruntime.InferenceSession(own)
    for batch in (1, 3, 64):
        recorded = load_file(os.path.join(folder, f"{name}.{batch}.safetensors"))
        (y,) = session.run(None, {session.get_inputs()[0].name: recorded["x0"].numpy()})
        print(f"{name} batch {batch} written by Swift: apart {difference(torch.from_numpy(y), recorded['y0']):.3g}", flush=True)


def counted(name):
    net = network(name).eval()
    recorded = load_file(os.path.join(folder, f"{name}.3.safetensors"))
    program = torch.export.export(net, (recorded["x0"],), dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=64)},))
    path = os.path.join(folder, name + ".python.pt2")
    torch.export.save(program, path)
    found = subprocess.run([zoo, "count", os.path.join(folder, name + ".pt2"), path], check=True, capture_output=True, text=True)
    numbers = [line.split()[1:] for line in found.stdout.splitlines()]
    print(f"{name}: parameters and MACs {numbers[0]}, Python's export {numbers[1]}, {'equal' if numbers[0] == numbers[1] else 'NOT EQUAL'}", flush=True)


def stepped(name):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    net = network(name).eval()
    for key, buffer in net.named_buffers():
        if key.endswith("running_mean"):
            buffer.normal_(0, 0.1)
        if key.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    x, y = torch.randn(8, 3, 96, 96), torch.randint(1000, (8,))
    weights, data, out = (os.path.join(folder, f"{name}.{part}.safetensors") for part in ("weights", "data", "out"))
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, weights)
    save_file({"x": x, "y": y}, data)
    subprocess.run([zoo, "step", name, "--weights", weights, "--data", data, "-o", out], check=True)
    found = load_file(out)
    with torch.no_grad():
        evaluated = net(x)
    print(f"{name} in evaluation: apart {difference(evaluated, found['output']):.3g} of {float(evaluated.abs().max()):.3g}")
    net.train()
    torch.manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
    state = net.state_dict()
    assert set(state) == {k[6:] for k in found if k.startswith("after.")}, "names differ"
    worst = max((difference(v.double(), found["after." + k].double()), k) for k, v in state.items())
    print(f"{name} after one step: apart {worst[0]:.3g} in {worst[1]}", flush=True)


os.makedirs(folder, exist_ok=True)
for name in NAMES:
    traced(name)
    counted(name)
    if name in ("resnet18", "mobilenet_v2"):
        stepped(name)
