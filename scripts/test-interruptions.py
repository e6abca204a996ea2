#!/usr/bin/env python3
"""Kills `bonsai prune` at random moments, fills its disk and forbids it to write, and looks at what is left.

    make build
    scripts/test-interruptions.py --count 500

For each kill (SIGKILL, and SIGINT, SIGTERM by turns) of a run that writes one safetensors file, a PyTorch file or
shards, with and without an earlier output: the input is bit for bit what it was, and the output is absent, the earlier
one or the complete new one. A complete run at the end of each round of kills leaves nothing else in the directory. As
root, full and read-only disks are small tmpfs mounts; otherwise that part is left out and said so. Status 0 where all
holds.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time


def generate(path, megabytes, seed):
    """A safetensors file of random bfloat16 matrices without infinities and NaN."""
    rng = random.Random(seed)
    header, data, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for layer in range(8):
        count = megabytes * 2**20 // 16 // 256 * 256
        high = bytes(rng.choice((0x3C, 0x3D, 0xBC, 0xBD, 0x3B)) for _ in range(4096))
        body = bytearray(rng.randbytes(count * 2))
        body[1::2] = (high * (count // 4096 + 1))[:count]
        header[f"layers.{layer}.weight"] = {
            "dtype": "BF16", "shape": [count // 256, 256], "data_offsets": [offset, offset + count * 2]}
        offset += count * 2
        data.append(body)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for body in data:
            file.write(body)


def digest(path):
    """Of a file, or of the tensors that an index and its shards hold, whatever the shards are called."""
    if not os.path.lexists(path):
        return None
    if os.path.isdir(path):
        index = f"{path}/model.safetensors.index.json"
        if not os.path.exists(index):
            return None
        with open(index) as file:
            shards = sorted(set(json.load(file)["weight_map"].values()))
        return hashlib.sha256("".join(digest(f"{path}/{shard}") or "missing" for shard in shards).encode()).hexdigest()
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def expect(condition, text):
    if not condition:
        sys.exit(f"FAILED: {text}")


def listing(root):
    return sorted(os.path.relpath(os.path.join(d, f), root) for d, _, files in os.walk(root) for f in files)


def hidden(root):
    return {name for name in listing(root) if os.path.basename(name).startswith(".")}


class Case:
    """One kind of output, with the seconds that a run takes and what it writes."""

    def __init__(self, bonsai, root, source, name, options):
        self.root, self.source, self.options = root, source, options
        self.output = f"{root}/{name}"
        self.command = [bonsai, "prune", source, "-o", self.output + ("/" if "." not in name else "")]
        start = time.perf_counter()
        self.run(0.5)
        self.seconds = time.perf_counter() - start
        self.new = digest(self.output)
        self.remove()
        self.run(0.25)
        self.old = digest(self.output)
        self.remove()
        expect(self.new and self.old and self.new != self.old, "two outputs to be told apart")

    def remove(self):
        shutil.rmtree(self.output, ignore_errors=True)
        if os.path.lexists(self.output):
            os.unlink(self.output)

    def arguments(self, amount):
        # The record of the command would differ from run to run with the amount only.
        return [*self.command, "--amount", str(amount), "--force", *self.options]

    def run(self, amount):
        subprocess.run(self.arguments(amount), check=True, stdout=subprocess.DEVNULL)

    def interrupt(self, delay, number):
        process = subprocess.Popen(self.arguments(0.5), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(number)
        return process.wait()


def kills(options, root, rng):
    source = f"{root}/in.safetensors"
    generate(source, options.megabytes, 1)
    before = digest(source)
    cases = [
        Case(options.bonsai, root, source, "out.safetensors", []),
        Case(options.bonsai, root, source, "out.pt", ["--masks"]),
        Case(options.bonsai, root, source, "shards", []),
        Case(options.bonsai, root, source, "tensor.safetensors", ["--distribution", "uniform"]),
    ]
    tally, number, landed = {}, -1, 0
    while landed < options.count:
        number += 1
        case = cases[number % len(cases)]
        earlier = number // len(cases) % 2 == 1
        if earlier and digest(case.output) is None:
            case.run(0.25)
        elif not earlier:
            case.remove()
        held = digest(case.output)
        strays = hidden(root)
        chosen = rng.choices((signal.SIGKILL, signal.SIGINT, signal.SIGTERM), (4, 1, 1))[0]
        status = case.interrupt(rng.uniform(0, case.seconds), chosen)
        expect(status in (0, -chosen), f"run {number}: status {status} after {chosen.name}")
        expect(digest(source) == before, f"run {number}: the input has changed")
        left = digest(case.output)
        expect(left in (held, case.new), f"run {number}: the output is neither what it was nor the new one")
        if chosen != signal.SIGKILL and status:
            # What an earlier kill has left may still be there, but nothing new.
            expect(hidden(root) <= strays, f"run {number}: strays {hidden(root) - strays}")
        kind = "finished before" if status == 0 else "absent" if left is None else "new" if left == case.new else "earlier"
        tally[kind] = tally.get(kind, 0) + 1
        # A run that was over before its signal came counts for nothing.
        landed += status != 0
        if number % 40 == 39 or landed == options.count:
            for each in cases:
                each.run(0.5)
                expect(digest(each.output) == each.new, f"run {number}: a complete run after kills differs")
            shards = [n for n in listing(root) if n.startswith("shards/")]
            expected = ["in.safetensors", "out.pt", "out.safetensors", "tensor.safetensors"]
            expect([n for n in listing(root) if n not in shards] == expected, f"strays: {listing(root)}")
            expect(not [n for n in shards if "/." in n] and len(shards) == 2, f"strays: {shards}")
            for each in cases:
                each.remove()
    print(f"{landed} interruptions, input whole each time; output: {tally}")


def used(disk):
    status = os.statvfs(disk)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def tmpfs(directory, size):
    os.mkdir(directory)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory], check=True)


def disks(options, root):
    if os.geteuid() != 0:
        print("full and read-only disks: left out, since mounting needs root")
        return
    disk = f"{root}/disk"
    source = f"{root}/source.safetensors"
    generate(source, options.megabytes, 2)
    size = os.path.getsize(source)
    before = digest(source)
    for name in ("out.safetensors", "out.pt", "shards/"):
        # Too small from the start; then filled by another while the output is being written.
        for late in (False, True):
            tmpfs(disk, size * 3 // 2 if late else size // 2)
            try:
                command = [options.bonsai, "prune", source, "-o", f"{disk}/{name}", "--amount", "0.5"]
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                if late:
                    while process.poll() is None and used(disk) < size // 8:
                        time.sleep(0.0005)
                    try:
                        with open(f"{disk}/filler", "wb", buffering=0) as filler:
                            while filler.write(bytes(1 << 16)):
                                pass
                    except OSError:
                        pass
                error = process.communicate()[1]
                expect(process.returncode == 2, f"full disk: status {process.returncode}: {error}")
                expect("cannot" not in error and error.count("\n") == 1, f"full disk: {error!r}")
                left = [n for n in listing(disk) if n != "filler"]
                expect(not left, f"full disk: left {left}")
                print(f"full disk, {'filled meanwhile' if late else 'too small'}: {error.strip().replace(disk, 'DISK')}")
            finally:
                subprocess.run(["umount", disk], check=True)
                os.rmdir(disk)
    tmpfs(disk, "1m")
    try:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        result = subprocess.run(
            [options.bonsai, "prune", source, "-o", f"{disk}/out.safetensors", "--amount", "0.5"],
            capture_output=True, text=True)
        expect(result.returncode == 2 and result.stderr.count("\n") == 1, f"read-only: {result.stderr!r}")
        print(f"read-only: {result.stderr.strip().replace(disk, 'DISK')}")
    finally:
        subprocess.run(["umount", disk], check=True)
        os.rmdir(disk)
    expect(digest(source) == before, "full and read-only disks: the input has changed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--megabytes", type=int, default=32, help="size of the checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bonsai", default=".build/release/bonsai")
    options = parser.parse_args()
    root = tempfile.mkdtemp(prefix="bonsai-interruptions-")
    try:
        for part in ("kills", "disks"):
            os.mkdir(f"{root}/{part}")
        kills(options, f"{root}/kills", random.Random(options.seed))
        disks(options, f"{root}/disks")
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
