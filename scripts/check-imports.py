#!/usr/bin/env python3
"""Fails where a target imports what stands above it in the house, or links what its own room forbids.

    scripts/check-imports.py          (part of make test)

The order of the rooms is that of ROOMS: a target may import only rooms before its own. `import` statements of the sources
and the dependencies in Package.swift are both held against it.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Bottom up.
ROOMS = [
    "Console", "Pictures", "CKernels", "Sparsity", "Recipes", "SparseKernels", "ONNXFormat", "Checkpoints", "FilePruning",
    "Graphs", "Compaction", "CLibTorch", "CTorch", "Torch", "NN", "Pruning", "Runtime", "Datasets", "EngineMessages",
    "bonsai", "bonsai-engine",
]
# Rooms that must do without the engine, wherever they stand; and what a room may not have though it stands below.
WITHOUT_ENGINE = {"Console", "Pictures", "bonsai"}
ENGINE = {"CLibTorch", "CTorch", "Torch", "NN", "Pruning", "Runtime"}
FORBIDDEN = {"NN": {"Recipes", "FilePruning"}, "Torch": {"Recipes", "Checkpoints", "FilePruning"}}


def main():
    package = json.loads(
        subprocess.run(["swift", "package", "dump-package"], cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    wrong, seen = [], 0
    for target in package["targets"]:
        name = target["name"]
        if name not in ROOMS:
            continue
        allowed = set(ROOMS[: ROOMS.index(name)]) - FORBIDDEN.get(name, set())
        if name in WITHOUT_ENGINE:
            allowed -= ENGINE
        needed = {next(iter(d.values()))[0]: "Package.swift" for d in target["dependencies"] if "byName" in d}
        folder = ROOT / (target.get("path") or f"Sources/{name}")
        for source in sorted(folder.rglob("*.swift")):
            for match in re.finditer(r"^\s*(?:@\w+\s+)?import\s+(?:\w+\s+)?(\w+)", source.read_text(), re.M):
                needed.setdefault(match.group(1), str(source.relative_to(ROOT)))
        for other, place in needed.items():
            if other in ROOMS and other != name:
                seen += 1
                if other not in allowed:
                    wrong.append(f"{place}: {name} imports {other}, which does not stand below it")
    for line in wrong:
        print(f"check-imports: {line}", file=sys.stderr)
    if not seen:
        print("check-imports: found no imports at all: the script does not fit the package", file=sys.stderr)
    sys.exit(1 if wrong or not seen else 0)


if __name__ == "__main__":
    main()
