"""`bonsai prune` on a generated checkpoint, beside `cp` of the same files and beside Python.

    make build
    PYTHONPATH=.libtorch/site-packages python3 Benchmarks/prune_checkpoint.py --gigabytes 4 --shards 5
    PYTHONPATH=.libtorch/site-packages python3 Benchmarks/prune_checkpoint.py --gigabytes 0.5 --shards 1 --python

The files lie in a directory of their own under --directory and are deleted at the end. `cp`, `bonsai` and Python take
turns in one run, --repeats times; the least time of each counts, the largest memory (the system's maximum resident set
size of the process). `cp` leaves writing to the disk to the system, `bonsai` waits for it, so that `cp` followed by
`sync` of its copies is shown too. `--no-digest` leaves out the SHA-256 of the input.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time

PYTHON = """
import sys, torch
import torch.nn as nn
import torch.nn.utils.prune as prune
from safetensors.torch import load_file, save_file
state = load_file(sys.argv[1])
modules = []
for name in [n for n in state if state[n].dim() >= 2]:
    module = nn.Module()
    module.register_parameter("weight", nn.Parameter(state[name], requires_grad=False))
    modules.append((name, module))
prune.global_unstructured([(m, "weight") for _, m in modules], prune.L1Unstructured, amount=0.5)
for name, module in modules:
    prune.remove(module, "weight")
    state[name] = module.weight.data
save_file(state, sys.argv[2])
"""


def generate(directory, dtype, gigabytes, shards):
    """A transformer's shapes: matrices of 4096 columns, norms beside them; an index where there are several files."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    dtype = getattr(torch, dtype)
    os.makedirs(directory)
    each = int(gigabytes * 2**30 / shards)
    weight_map = {}
    for shard in range(shards):
        tensors, left, layer = {}, each, 0
        while left > 0:
            rows = min(14336, max(1, left // (4096 * dtype.itemsize)))
            name = f"layers.{shard}.{layer}"
            tensors[f"{name}.weight"] = (torch.randn(rows, 4096) * 0.02).to(dtype)
            tensors[f"{name}.norm.weight"] = torch.ones(4096, dtype=dtype)
            left -= rows * 4096 * dtype.itemsize
            layer += 1
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors" if shards > 1 else "model.safetensors"
        save_file(tensors, f"{directory}/{file}", metadata={"format": "pt"})
        weight_map.update({name: file for name in tensors})
    if shards > 1:
        with open(f"{directory}/model.safetensors.index.json", "w") as index:
            json.dump({"metadata": {}, "weight_map": weight_map}, index)


def run(command):
    """Seconds and the largest resident set in bytes."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} failed with status {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def measure(options, dtype, root):
    source = f"{root}/source"
    # In a process of its own: the memory of this one would count for those that it starts.
    generator = multiprocessing.get_context("spawn").Process(
        target=generate, args=(source, dtype, options.gigabytes, options.shards))
    generator.start()
    generator.join()
    if generator.exitcode:
        sys.exit("the checkpoint could not be generated")
    subprocess.run(["sync"])
    files = [f"{source}/{name}" for name in sorted(os.listdir(source))]
    size = sum(os.path.getsize(file) for file in files)
    input_path = source if options.shards > 1 else files[0]
    results = {}

    def note(name, seconds, memory):
        least, most = results.get(name, (float("inf"), 0))
        results[name] = (min(least, seconds), max(most, memory))

    def free(path):
        shutil.rmtree(path, ignore_errors=True)

    for _ in range(options.repeats):
        os.mkdir(f"{root}/copy")
        seconds, memory = run(["cp", *files, f"{root}/copy"])
        note("cp", seconds, memory)
        synced, _ = run(["sync", *[f"{root}/copy/{os.path.basename(file)}" for file in files]])
        note("cp and sync", seconds + synced, memory)
        free(f"{root}/copy")

        target = f"{root}/pruned/" if options.shards > 1 else f"{root}/pruned/model.safetensors"
        command = [options.bonsai, "prune", input_path, "-o", target, "--amount", "0.5", *options.options]
        for name, more in [("bonsai", []), ("--no-digest", ["--no-digest"])]:
            os.mkdir(f"{root}/pruned")
            note(name, *run(command + more))
            free(f"{root}/pruned")

        if options.python:
            os.mkdir(f"{root}/python")
            note("python", *run([sys.executable, "-c", PYTHON, files[0], f"{root}/python/model.safetensors"]))
            free(f"{root}/python")
    free(source)

    print(f"{dtype}, {size / 1e9:.2f} GB in {options.shards} file{'s' if options.shards > 1 else ''}, global 50 %")
    for name, (seconds, memory) in results.items():
        ratio = seconds / results["cp"][0]
        print(f"  {name:12} {seconds:8.2f} s {size / seconds / 1e9:8.2f} GB/s {ratio:6.2f} x cp {memory / 2**20:10.1f} MiB")
    if options.python:
        (time_python, memory_python), (time_bonsai, memory_bonsai) = results["python"], results["bonsai"]
        print(f"  python / bonsai: {time_python / time_bonsai:.1f} x the time, {memory_python / memory_bonsai:.1f} x the memory")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=4, help="size of the checkpoint in GiB")
    parser.add_argument("--shards", type=int, default=5)
    parser.add_argument("--dtype", action="append", choices=["float32", "bfloat16", "float16", "float64"])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--python", action="store_true", help="beside PyTorch too, which needs many times the memory")
    parser.add_argument("--bonsai", default=".build/release/bonsai")
    parser.add_argument("--directory", default=None, help="where the files are made for the time being")
    parser.add_argument("options", nargs="*", help="more options for bonsai prune, after --")
    options = parser.parse_args()
    if options.python and options.shards > 1:
        parser.error("--python needs --shards 1: PyTorch's script reads one file")
    for dtype in options.dtype or ["bfloat16", "float32"]:
        root = tempfile.mkdtemp(prefix="bonsai-bench-", dir=options.directory)
        try:
            measure(options, dtype, root)
        finally:
            shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
