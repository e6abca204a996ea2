"""torchvision's models beside Python: exported, run by bonsai at batch 1, 2 and 7, and compared; or their speed in turns.

    models.py compare FOLDER [NAME ...]     outputs: largest difference
    models.py languages FOLDER              the same for small BERT, GPT-2 and Llama of transformers, batch and length of any size
    models.py files FOLDER [NAME ...]       the file written again: the same parts; pruned: as torch.nn.utils.prune
    models.py compact FOLDER [NAME ...]     channels removed: units, sizes, differences to the masked model, seconds
    models.py onnx FOLDER [NAME ...]        written as ONNX by bonsai and run by ONNX Runtime: largest difference to Python
    models.py load FOLDER [NAME ...]        half of the channels removed, then loaded by torch.export.load: difference to bonsai run
    models.py faster FOLDER [NAME ...]      half of the MACs removed: milliseconds of both in turns, batch 1 and 8
    models.py accelerated FOLDER [NAME ...] pruned by single entries and blocks, then accelerated: how many times as fast, one thread
    models.py large FOLDER                  seconds and memory of the analysis as models grow: ViT-B and ViT-L, 250 to 1,000 layers
    models.py speed FOLDER [NAME ...]       milliseconds of Python and of bonsai, in turns, batch 1 and 16, 1 and 2 threads

FOLDER keeps the exported models. Needs torch 2.13 and torchvision (pip install --no-deps torchvision pillow), and BONSAI, the
path of the bonsai executable, with bonsai-engine beside it.
"""
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
import zipfile

warnings.filterwarnings("ignore")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import torchvision_without_cuda  # noqa: F401  lets torchvision load without its CUDA library
import torch
import torch.nn.utils.prune as prune
import torchvision
from safetensors.torch import load_file, save_file

USUAL = """resnet18 mobilenet_v2 mobilenet_v3_small efficientnet_b0 densenet121 googlenet shufflenet_v2_x0_5 squeezenet1_1 vgg11_bn
regnet_y_400mf convnext_tiny vit_b_16 swin_t mnasnet0_5 inception_v3""".split()
BONSAI = os.environ.get("BONSAI", "bonsai")
# Without gradients, MultiheadAttention would take one fused operator that is in no exported graph.
torch.backends.mha.set_fastpath_enabled(False)


def model(name, seed=0):
    """An untrained model, its one-dimensional parameters drawn at random so that errors show."""
    torch.manual_seed(seed)
    net = torchvision.models.get_model(name, weights=None).eval()
    g = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for n, p in net.named_parameters():
            if p.ndim <= 1 or "layer_scale" in n or "class_token" in n:
                p.copy_(0.5 + torch.rand(p.shape, generator=g))
            elif float(p.abs().max()) == 0:
                p.copy_(0.05 * torch.randn(p.shape, generator=g))
        for n, b in net.named_buffers():
            if n.endswith("running_mean"):
                b.copy_(0.1 * torch.randn(b.shape, generator=g))
            if n.endswith("running_var"):
                b.copy_(0.5 + torch.rand(b.shape, generator=g))
    return net


def inputs(name, batch):
    side = 299 if "inception" in name else 224
    return torch.randn(batch, 3, side, side, generator=torch.Generator().manual_seed(batch))


def exported(name, folder):
    path = os.path.join(folder, name + ".pt2")
    if not os.path.exists(path):
        batch = torch.export.Dim("batch", min=1, max=64)
        program = torch.export.export(model(name), (inputs(name, 2),), dynamic_shapes=({0: batch},))
        torch.export.save(program, path)
    return path


def bonsai(*arguments):
    return subprocess.run([BONSAI, *arguments], check=True, capture_output=True, text=True).stdout


def compare(folder, names):
    for name in names:
        report(name, exported(name, folder), folder, model(name), lambda batch: inputs(name, batch))


class Named(torch.nn.Module):
    """A model of transformers, called with token ids, that gives one tensor."""

    def __init__(self, net, output):
        super().__init__()
        self.net, self.output = net, output

    def forward(self, ids):
        return getattr(self.net(input_ids=ids, use_cache=False) if self.output == "logits" else self.net(input_ids=ids), self.output)


def languages(folder):
    """Small BERT, GPT-2 and Llama of transformers, untrained, with batch and length of any size."""
    import transformers as hf

    sizes = dict(vocab_size=120, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
    nets = {
        "bert": lambda: Named(hf.BertModel(hf.BertConfig(**sizes)), "last_hidden_state"),
        "gpt2": lambda: Named(hf.GPT2LMHeadModel(hf.GPT2Config(vocab_size=120, n_embd=32, n_layer=2, n_head=4)), "logits"),
        "llama": lambda: Named(hf.LlamaForCausalLM(hf.LlamaConfig(num_key_value_heads=2, **sizes)), "logits"),
    }
    batch, length = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("length", min=2, max=64)
    for name, make in nets.items():
        torch.manual_seed(0)
        net = make().eval()
        ids = lambda b: torch.randint(0, 120, (b, 5 + b), generator=torch.Generator().manual_seed(b))
        path = os.path.join(folder, name + ".pt2")
        try:
            program = torch.export.export(net, (ids(3),), dynamic_shapes=({0: batch, 1: length},))
        except Exception as error:
            print(f"{name:20} not exported: {str(error).splitlines()[0]}")
            continue
        torch.export.save(program, path)
        report(name, path, folder, net, ids)


def report(name, path, folder, net, inputs):
    differences = []
    for batch in (1, 2, 7):
        x = inputs(batch)
        given, taken = os.path.join(folder, "x.safetensors"), os.path.join(folder, "y.safetensors")
        save_file({"x": x}, given)
        bonsai("run", path, "--inputs", given, "-o", taken, "--force", "--threads", str(torch.get_num_threads()))
        with torch.no_grad():
            y = net(x)
        y = y[0] if isinstance(y, tuple) else y
        differences.append(float((load_file(taken)["output"] - y).abs().max()))
    print(f"{name:20} {differences}", flush=True)


def parts(path):
    """The members of an archive without the name of its folder, which is that of the file."""
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def files(folder, names):
    """Each model written again without change, and pruned; both opened by torch.export.load."""
    for name in names:
        path, net, x = exported(name, folder), model(name), inputs(name, 2)
        again, pruned = os.path.join(folder, "again.pt2"), os.path.join(folder, "pruned.pt2")
        bonsai("convert", path, "-o", again, "--force")
        here, there = parts(path), parts(again)
        differing = [part for part in here | there if here.get(part) != there.get(part)]
        weights = [k for k, p in net.named_parameters() if k.endswith("weight") and p.ndim > 1]
        only = [option for weight in weights for option in ("--only", "^" + weight.replace(".", "[.]") + "$")]
        bonsai("prune", path, "-o", pruned, "--amount", "0.5", "--force", *only)
        with torch.no_grad():
            same = torch.equal(torch.export.load(again).module()(x), torch.export.load(path).module()(x))
        owners = [(net.get_submodule(k.rpartition(".")[0]), k.rpartition(".")[2]) for k in weights]
        before = {k: value.clone() for k, value in net.state_dict().items()}
        prune.global_unstructured(owners, prune.L1Unstructured, amount=0.5)
        for owner, part in owners:
            prune.remove(owner, part)
        written = torch.export.load(pruned)
        # Of equal magnitudes at the cut torch.topk takes any, bonsai the first.
        pairs = {k: (value, written.state_dict[k]) for k, value in net.state_dict().items()}
        ties = {float(m) for k, (a, b) in pairs.items() for m in before[k][a != b].abs().unique()}
        count = sum(int((a != b).sum()) for a, b in pairs.values())
        with torch.no_grad():
            difference = float((written.module()(x) - net(x)).abs().max())
        print(
            f"{name:20} {len(here)} parts, differing {differing or 0}, same outputs {same}; {len(weights)} weights pruned, "
            f"entries unlike PyTorch's {count} of {len(ties)} magnitudes, outputs {difference}", flush=True)


def compacted(name, folder, *options):
    """A smaller model, and the report of how it came about."""
    small = os.path.join(folder, f"{name}.small.pt2")
    report = bonsai("compact", exported(name, folder), "-o", small, "--force", "--runs", "1", "--json", *options)
    return small, json.loads(report)


def compact(folder, names):
    """Parameters and MACs in millions at 0, 30 and 50 %; 'kept' where norms keep what they normalise whole."""
    print("model              norms  units groups |  parameters M at 0, 30, 50 % |  MACs M at 0, 30, 50 % | f64, f32 | analysis s, in all s")
    for name in names:
        has_layer_norm = any(part in name for part in ("vit", "swin", "convnext"))
        for norms in ("keep", "pad") if has_layer_norm else ("pad",):
            sizes, macs, differences, analysis = [], [], [0.0, 0.0], 0.0
            start = time.perf_counter()
            for amount in ("0.3", "0.5"):
                small, report = compacted(name, folder, "--amount", amount, "--norms", norms)
                os.remove(small)
                for values, key in ((sizes, "parameters"), (macs, "macs")):
                    total = report["totals"][key]
                    values += [total["after"]] if values else [total["before"], total["after"]]
                for place, key in enumerate(("float64", "float32")):
                    differences[place] = max(differences[place], report["proof"][key]["relative"])
                analysis = max(analysis, report["seconds"])
            whole = time.perf_counter() - start
            units = sum(group["units_before"] for group in report["groups"])
            print(
                f"{name:18} {norms:5} {units:6} {len(report['groups']):6} |"
                + " ".join(f"{value / 1e6:8.2f}" for value in sizes) + "   |"
                + " ".join(f"{value / 1e6:8.1f}" for value in macs)
                + f" | {differences[0]:.1e} {differences[1]:.1e} | {analysis:.2f} {whole:.1f}", flush=True)
            for step in sorted(set(report["unknown"])):
                print(f"    not followed: {step}")


def load(folder, names):
    for name in names:
        small, report = compacted(name, folder, "--amount", "0.5")
        net = torch.export.load(small).module()
        report_on = {}
        for batch in (1, 3):
            x = inputs(name, batch)
            given, taken = os.path.join(folder, "x.safetensors"), os.path.join(folder, "y.safetensors")
            save_file({"x": x}, given)
            bonsai("run", small, "--inputs", given, "-o", taken, "--force")
            with torch.no_grad():
                y = net(x)
            report_on[batch] = float((load_file(taken)["output"] - y).abs().max() / y.abs().max())
        line = f"{name:20} torch.export.load, batch 1 and 3: {report_on[1]:.1e} {report_on[3]:.1e}"
        try:
            import onnxruntime

            path = os.path.join(folder, "small.onnx")
            torch.onnx.export(torch.export.load(small), (inputs(name, 2),), path, verbose=False)
            session = onnxruntime.InferenceSession(path)
            x = inputs(name, 3)
            found = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
            with torch.no_grad():
                y = net(x)
            line += f"; ONNX Runtime, batch 3: {float((torch.from_numpy(found) - y).abs().max() / y.abs().max()):.1e}"
        except ImportError:
            pass
        print(line, flush=True)
        os.remove(small)


def onnx(folder, names):
    import onnxruntime

    for name in names:
        path, target = exported(name, folder), os.path.join(folder, name + ".bonsai.onnx")
        bonsai("convert", path, "-o", target, "--force")
        session, net, differences = onnxruntime.InferenceSession(target), model(name), []
        for batch in (1, 2, 7):
            x = inputs(name, batch)
            with torch.no_grad():
                y = net(x)
            y = y if isinstance(y, torch.Tensor) else y[0]
            found = torch.from_numpy(session.run(None, {session.get_inputs()[0].name: x.numpy()})[0])
            differences.append(f"batch {batch}: {float((found - y).abs().max() / y.abs().max()):.1e}")
        print(f"{name:20} of the largest output, apart at {', '.join(differences)}", flush=True)


def faster(folder, names):
    for name in names:
        small, report = compacted(name, folder, "--macs", "0.5", "--round-to", "8")
        share = report["totals"]["macs"]["after"] / report["totals"]["macs"]["before"]
        for batch in (1, 8):
            result = json.loads(
                bonsai("compare", exported(name, folder), small, "--batch", str(batch), "--runs", "15", "--json"))["result"]
            print(
                f"{name:14} batch {batch}  {result['models'][0]['milliseconds']:8.1f} ms to {result['models'][1]['milliseconds']:8.1f} ms,"
                f" {result['speedup']:.2f} times as fast with {1 / share:.2f} times fewer MACs: {result['speedup'] * share:.2f} of that",
                flush=True)
        os.remove(small)


def accelerated(folder, names):
    """Beside LibTorch alone in its faster memory format when the plan was made, and in the model's own in runs of their own."""
    pruned, plan = os.path.join(folder, "accelerated.pt2"), os.path.join(folder, "accelerated.json")
    least = []
    for name in names:
        for pattern, share in [("1x1", 0.0)] + [(pattern, share) for pattern in ("1x1", "4x1") for share in (0.5, 0.7, 0.9)]:
            shape = [] if pattern == "1x1" else ["--pattern", pattern]
            bonsai("prune", exported(name, folder), "-o", pruned, *shape, "--sparsity", str(share), "--force")
            made = json.loads(bonsai("accelerate", pruned, "-o", plan, "--force", "--threads", "1", "--json"))["result"]
            compared = json.loads(
                bonsai("compare", pruned, pruned, "--plan", plan, "--threads", "1", "--runs", "15", "--json"))["result"]
            least.append((compared["speedup"], name, pattern, share))
            print(
                f"{name:18} {pattern} {share * 100:2.0f} %  {made['dense_milliseconds']:7.2f} ms to {made['planned_milliseconds']:7.2f} ms,"
                f" {made['dense_milliseconds'] / made['planned_milliseconds']:.2f} times as fast; in runs of their own {compared['speedup']:.2f}",
                flush=True)
    print("the least in runs of their own: %.2f of %s %s at %.1f" % min(least))


def large(folder, names):
    """The analysis alone, and the largest memory of the whole command, which ranks the channels too."""

    def layers(count):
        return torch.nn.Sequential(*[m for _ in range(count) for m in (torch.nn.Linear(64, 64), torch.nn.ReLU())])

    nets = {f"{count} layers": (lambda count=count: layers(count), torch.randn(2, 64)) for count in (250, 500, 1000)}
    for name in ("vit_b_16", "vit_l_16"):
        nets[name] = (lambda name=name: model(name), inputs(name, 2))
    for name, (make, x) in nets.items():
        path = os.path.join(folder, name.replace(" ", "_") + ".pt2")
        if not os.path.exists(path):
            batch = torch.export.Dim("batch", min=1, max=64)
            torch.export.save(torch.export.export(make().eval(), (x,), dynamic_shapes=({0: batch},)), path)
        # The child alone, since the largest of all children is what the system tells.
        script = (
            "import json, resource, subprocess, sys;"
            "r = json.loads(subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True).stdout);"
            "print(r['seconds'], sum(g['units_before'] for g in r['groups']), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        command = [BONSAI, "compact", path, "--amount", "0.5", "--dry-run", "--json"]
        start = time.perf_counter()
        out = subprocess.run([sys.executable, "-c", script, *command], check=True, capture_output=True, text=True).stdout.split()
        print(
            f"{name:12} analysis {float(out[0]):.3f} s, {int(out[1])} units, {int(out[2]) / 1024:.0f} MiB at most,"
            f" {time.perf_counter() - start:.1f} s with reading and ranking, file {os.path.getsize(path) / 1e6:.0f} MB", flush=True)


def seconds(net, x, runs):
    times = []
    with torch.no_grad():
        net(x)
        for _ in range(runs):
            start = time.perf_counter()
            net(x)
            times.append(time.perf_counter() - start)
    return times


def speed(folder, names):
    rounds = int(os.environ.get("ROUNDS", "3"))
    for name in names:
        path, net = exported(name, folder), model(name)
        for threads in (1, 2):
            torch.set_num_threads(threads)
            for batch in (1, 16):
                x, runs = inputs(name, batch), 10 if batch == 1 else 3
                here, there = [], []
                for _ in range(rounds):
                    there += [statistics.median(seconds(net, x, runs)) * 1000]
                    report = bonsai(
                        "profile", path, "--batch", str(batch), "--threads", str(threads), "--runs", str(runs), "--json")
                    here += [json.loads(report)["result"]["milliseconds"]]
                ratio = statistics.median(a / b for a, b in zip(there, here))
                print(
                    f"{name:14} threads {threads} batch {batch:2}  Python {statistics.median(there):8.1f} ms"
                    f"  bonsai {statistics.median(here):8.1f} ms  ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    task, folder = sys.argv[1:3]
    os.makedirs(folder, exist_ok=True)
    if task == "languages":
        languages(folder)
    elif task in ("compare", "files", "compact", "load", "large", "onnx"):
        tasks = {"compare": compare, "files": files, "compact": compact, "load": load, "large": large, "onnx": onnx}
        tasks[task](folder, sys.argv[3:] or USUAL)
    elif task == "accelerated":
        accelerated(folder, sys.argv[3:] or ["resnet18", "mobilenet_v2", "squeezenet1_1", "shufflenet_v2_x0_5", "vit_b_16"])
    elif task == "faster":
        faster(folder, sys.argv[3:] or ["resnet18", "mobilenet_v2", "vit_b_16"])
    else:
        speed(folder, sys.argv[3:] or ["resnet18", "mobilenet_v2", "vit_b_16"])
