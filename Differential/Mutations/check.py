"""Plants the bugs of mutations.json in a copy of the package, one at a time, and says which ones random programs find.

    python3 Differential/Mutations/check.py [--count N] [--seed S] [--only WORDS]   (make mutations)

Bugs with "by": "pairs" are shown to pairs of a model and a recipe, carried out in memory and on files, in place of programs.
A bug is caught where `differential` ends with 1 (the sides differ) or is killed by a signal (a trap). The exit code is 0
where all bugs are caught, 1 where one survives, 2 where the copy does not build or fails without a bug.
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / ".build-mutations" / "tree"
FOLDERS = ["Package.swift", "Sources", "Differential", "Examples", "Benchmarks"]


def run(command, **more):
    return subprocess.run(command, cwd=COPY, capture_output=True, text=True, errors="replace", **more)


def build(link):
    return run(["swift", "build", "-c", "release", "--product", "differential", *link])


def programs(seed, count, pairs=False):
    """The exit code, and the number of the program or pair that shows the bug."""
    how = ["--pairs"] if pairs else ["--no-shrink"]
    done = run([".build/release/differential", "--seed", str(seed), "--count", str(count), "--failures", "1", *how])
    found = re.search(r"(?:program|pair) (\d+) of seed", done.stdout + done.stderr)
    return done.returncode, int(found.group(1)) if found else None


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=1000, help="programs before a bug counts as missed")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--only", default="", help="bugs whose text has these words")
    options = options.parse_args()
    mutations = json.loads((ROOT / "Differential/Mutations/mutations.json").read_text())
    mutations = [m for m in mutations if options.only in m["bug"]]

    library = re.search(r"^prefix=(.*)$", (ROOT / ".libtorch/pkgconfig/libtorch.pc").read_text(), re.M).group(1) + "/lib"
    link = ["-Xlinker", "-rpath", "-Xlinker", library]
    COPY.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS:
        # Times of unchanged files stay, so that a second run builds little.
        subprocess.run(["rm", "-rf", COPY / name], check=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, COPY / name)
    (COPY / "Package.swift").write_text(re.sub(r"(?s)    \.testTarget\(.*?\n  \],\n  cxx", "  ],\n  cxx", (COPY / "Package.swift").read_text()))

    built = build(link)
    if built.returncode:
        sys.exit(f"mutations: the copy does not build:\n{built.stdout[-3000:]}{built.stderr[-3000:]}")
    code, number = programs(options.seed, min(options.count, 100))
    code = code or programs(options.seed, min(options.count, 100), pairs=True)[0]
    if code:
        sys.exit(f"mutations: the sides differ without any bug (program {number}): mend that first")

    caught = 0
    for mutation in mutations:
        path = COPY / mutation["file"]
        whole = path.read_text()
        if whole.count(mutation["from"]) != 1:
            sys.exit(f"mutations: {mutation['file']} has {whole.count(mutation['from'])} places like: {mutation['from']}")
        path.write_text(whole.replace(mutation["from"], mutation["to"]))
        start = time.time()
        try:
            built = build(link)
            if built.returncode:
                errors = [line for line in (built.stdout + built.stderr).splitlines() if "error:" in line]
                sys.exit(f"mutations: does not compile: {mutation['bug']}: {errors[:3]}")
            pairs = mutation.get("by") == "pairs"
            code, number = programs(options.seed, options.count, pairs)
        finally:
            path.write_text(whole)
        if code == 2:
            sys.exit(f"mutations: Python failed: {mutation['bug']}")
        caught += code != 0
        how = "missed" if code == 0 else f"caught by {'pair' if pairs else 'program'} {number}" + ("" if code == 1 else " (a trap)")
        print(f"{how}: {mutation['bug']} [{time.time() - start:.0f} s]", flush=True)
    print(f"{caught} of {len(mutations)} bugs caught, at most {options.count} programs each, seed {options.seed}")
    sys.exit(0 if caught == len(mutations) else 1)


if __name__ == "__main__":
    main()
