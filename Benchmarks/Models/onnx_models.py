"""torchvision's models as ONNX files beside ONNX Runtime: outputs, and channels removed.

    onnx_models.py compare FOLDER [NAME ...]    outputs of bonsai and of ONNX Runtime: largest difference
    onnx_models.py compact FOLDER [NAME ...]    half of the channels removed: units and parameters beside those of the .pt2, and
                                                masked against compacted in ONNX Runtime
    onnx_models.py faster FOLDER NAME ...       milliseconds in ONNX Runtime before and after, in turns
    onnx_models.py files FOLDER PATH ...        any ONNX files: run, compacted, what stays whole and why

FOLDER keeps the exported models. Needs torch 2.13, torchvision, onnx, onnxscript and onnxruntime, and BONSAI, the path of the
bonsai executable, with bonsai-engine beside it.
"""
import json
import os
import statistics
import subprocess
import sys
import time
import warnings

warnings.filterwarnings("ignore")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy
import onnxruntime

USUAL = """resnet18 mobilenet_v2 mobilenet_v3_small efficientnet_b0 densenet121 googlenet shufflenet_v2_x0_5 squeezenet1_1 vgg11_bn
regnet_y_400mf convnext_tiny vit_b_16 swin_t mnasnet0_5 inception_v3""".split()
BONSAI = os.environ.get("BONSAI", "bonsai")


def exported(name, folder):
    """The paths of a model's ONNX file and .pt2, made where they are missing."""
    paths = [os.path.join(folder, name + ending) for ending in (".onnx", ".pt2")]
    if all(os.path.exists(path) for path in paths):
        return paths
    import torchvision_without_cuda  # noqa: F401  lets torchvision load without its CUDA library
    import torch
    from models import model

    net = model(name)
    side = 299 if "inception" in name else 224
    x = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(2))
    shapes = ({0: torch.export.Dim("batch", min=1, max=64)},)
    torch.export.save(torch.export.export(net, (x,), dynamic_shapes=shapes), paths[1])
    torch.onnx.export(net, (x,), dynamo=True, dynamic_shapes=shapes, opset_version=18, verbose=False).save(paths[0])
    return paths


def bonsai(*arguments):
    done = subprocess.run([BONSAI, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"status {done.returncode}")
    return done.stdout


def session(path, threads=1):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def inputs(run, batch=2, seed=3):
    """Random inputs by the file's shapes; sizes that are not known are the batch."""
    generator, made = numpy.random.default_rng(seed), {}
    types = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64", "tensor(int32)": "int32",
             "tensor(bool)": "bool", "tensor(uint8)": "uint8"}
    for value in run.get_inputs():
        shape = [size if isinstance(size, int) else batch for size in value.shape]
        kind = types[value.type]
        made[value.name] = (generator.standard_normal(shape) if "float" in kind else generator.integers(0, 2, shape)).astype(kind)
    return made


def write(path, tensors):
    from onnx_cases import write
    write(path, tensors)


def read(path):
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header, data = json.loads(file.read(size)), file.read()
    kinds = {"F32": "float32", "F64": "float64", "I64": "int64", "I32": "int32", "BOOL": "bool", "U8": "uint8", "F16": "float16"}
    return {
        name: numpy.frombuffer(data[slice(*entry["data_offsets"])], kinds[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items() if name != "__metadata__"
    }


def difference(wanted, found):
    """The largest difference, and the largest magnitude."""
    wanted, found = (numpy.asarray(x, dtype="float64") for x in (wanted, found))
    if wanted.shape != found.shape:
        return float("inf"), 0
    return float(numpy.max(numpy.abs(wanted - found), initial=0)), float(numpy.max(numpy.abs(wanted), initial=0))


def compared(path, folder, given=None):
    run = session(path)
    given = given or inputs(run)
    source, target = os.path.join(folder, "in.safetensors"), os.path.join(folder, "out.safetensors")
    write(source, given)
    bonsai("run", path, "--inputs", source, "-o", target, "--force", "--threads", "1")
    found = read(target)
    wanted = dict(zip([value.name for value in run.get_outputs()], run.run(None, given)))
    return max(difference(wanted[name], found[name]) for name in wanted)


def compare(folder, names):
    for name in names:
        try:
            largest, scale = compared(exported(name, folder)[0], folder)
            print(f"{name:22} largest difference {largest:.3g}, largest output {scale:.3g}, relative {largest / scale:.2g}", flush=True)
        except Exception as error:
            print(f"{name:22} {error}", flush=True)


def compact(folder, names):
    for name in names:
        try:
            onnx, pt2 = exported(name, folder)
            reports = []
            for path, ending in ((onnx, "onnx"), (pt2, "pt2")):
                more = ["--reference", os.path.join(folder, name + ".masked.onnx")] if ending == "onnx" else []
                text = bonsai("compact", path, "-o", os.path.join(folder, f"{name}.small.{ending}"), "--amount", "0.5", "--force",
                              "--json", "--runs", "1", "--threads", "1", *more)
                reports.append(json.loads(text))
            units = [sum(group["units_after"] for group in report["groups"]) for report in reports]
            before = [sum(group["units_before"] for group in report["groups"]) for report in reports]
            parameters = [report["totals"]["parameters"] for report in reports]
            small, masked = (session(os.path.join(folder, name + kind + ".onnx")) for kind in (".small", ".masked"))
            given = inputs(small)
            largest, scale = max(difference(a, b) for a, b in zip(masked.run(None, given), small.run(None, given)))
            print(f"{name:22} units {units[0]} of {before[0]}, .pt2 {units[1]} of {before[1]}; parameters "
                  f"{parameters[0]['before']} to {parameters[0]['after']}, .pt2 {parameters[1]['before']} to {parameters[1]['after']}; "
                  f"proof {reports[0]['proof']['float64']['relative']:.2g}; in ONNX Runtime {largest / scale:.2g} of the largest output",
                  flush=True)
        except Exception as error:
            print(f"{name:22} {error}", flush=True)


def faster(folder, names):
    for name in names:
        before, after = session(os.path.join(folder, name + ".onnx")), session(os.path.join(folder, name + ".small.onnx"))
        for batch in (1, 8):
            given, times = inputs(before, batch), ([], [])
            for run in (before, after):
                run.run(None, given)
            for _ in range(15):
                for run, list in zip((before, after), times):
                    start = time.perf_counter()
                    run.run(None, given)
                    list.append((time.perf_counter() - start) * 1000)
            a, b = (statistics.median(list) for list in times)
            print(f"{name:22} batch {batch}: {a:.2f} ms, {b:.2f} ms, {a / b:.2f} times as fast", flush=True)


def files(folder, paths):
    for path in paths:
        name = os.path.basename(path)
        try:
            largest, scale = compared(path, folder)
            print(f"{name}: run, largest difference {largest:.3g} of {scale:.3g}", flush=True)
        except Exception as error:
            print(f"{name}: not run: {error}", flush=True)
        target = os.path.join(folder, name + ".small.onnx")
        try:
            report = json.loads(bonsai("compact", path, "-o", target, "--amount", "0.3", "--force", "--json", "--runs", "1"))
            parameters = report["totals"]["parameters"]
            print(f"  compacted: parameters {parameters['before']} to {parameters['after']}, proof "
                  + (f"{report['proof']['float64']['relative']:.2g}" if report["proof"] else "none"), flush=True)
            session(target)
            for whole in report["left_whole"]:
                print(f"  whole: {whole['name']}: {whole['reason']}")
            for step in report["unknown"]:
                print(f"  not followed: {step}")
        except Exception as error:
            print(f"  not compacted: {error}", flush=True)


if __name__ == "__main__":
    task, folder, *names = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    {"compare": compare, "compact": compact, "faster": faster, "files": files}[task](folder, names or USUAL)
