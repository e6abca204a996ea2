"""Packs the built command as a Python wheel, with the platform tag that its own symbols ask for.

    python3 scripts/wheel.py [BINARY] [DIRECTORY]

Takes .build/release/bonsai and writes to .build/wheel unless told otherwise. The executable lies in the wheel's
`data/scripts`, so that pip puts it on the PATH.

Where `make engine` has built bonsai-engine, it goes along, for the extra `bonsai-pruning[engine]`: it takes LibTorch from the torch
of the same environment, and a launcher of a few lines puts it on the PATH.
"""

import base64
import hashlib
import pathlib
import platform
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile

from notices import notices

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What a system of the manylinux kind has; anything else would have to go along.
ALLOWED = {
    "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libgcc_s.so.1",
    "libstdc++.so.6", "libz.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
}
# What comes with torch.
LIBTORCH = {"libtorch.so", "libtorch_cpu.so", "libc10.so"}
TORCH = "2.13.0"
# Where the engine lies beside torch, and what starts it.
ENGINE = "bonsai_engine/bonsai-engine"
LAUNCHER = """#!python
import importlib.util
import os
import sys

folder = importlib.util.find_spec("bonsai_engine").submodule_search_locations[0]
if importlib.util.find_spec("torch") is None:
    sys.exit("bonsai-engine: there is no torch here; pip install 'bonsai-pruning[engine]'")
program = os.path.join(folder, "bonsai-engine")
os.execv(program, [program, *sys.argv[1:]])
"""


def version():
    text = (ROOT / "Sources/EngineMessages/EngineMessages.swift").read_text()
    return re.search(r'bonsaiVersion = "([^"]+)"', text).group(1)


def tag(binary, provided=frozenset()):
    machine = platform.machine()
    if sys.platform == "darwin":
        return f"macosx_14_0_{machine}"
    dynamic = subprocess.run(["readelf", "-W", "-d", binary], check=True, capture_output=True, text=True).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic))
    if needed - ALLOWED - provided:
        sys.exit(f"wheel: {binary.name} needs {', '.join(sorted(needed - ALLOWED - provided))}, which not every system has: make bonsai")
    versions = subprocess.run(["readelf", "-W", "-V", binary], check=True, capture_output=True, text=True).stdout
    least = max((int(a), int(b)) for a, b in re.findall(r"GLIBC_(\d+)\.(\d+)", versions))
    return f"manylinux_{least[0]}_{least[1]}_{machine}"


def floor(platform_tag):
    """The version of glibc in a tag; macOS's tags are all alike."""
    return [int(part) for part in re.findall(r"_(\d+)", platform_tag)[:2]]


def main():
    binary = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/release/bonsai")
    target = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / ".build/wheel")
    name, number = "bonsai_pruning", version()
    with tempfile.TemporaryDirectory() as folder:
        stripped = pathlib.Path(folder) / "bonsai"
        shutil.copy(binary, stripped)
        if shutil.which("strip"):
            subprocess.run(["strip", stripped], check=True)
        platform_tag = tag(stripped)
        engine = pathlib.Path(folder) / "bonsai-engine"
        if (binary.parent / engine.name).exists():
            shutil.copy(binary.parent / engine.name, engine)
            if shutil.which("strip"):
                subprocess.run(["strip", engine], check=True)
            platform_tag = max(platform_tag, tag(engine, LIBTORCH), key=floor)
        extra = f"Provides-Extra: engine\nRequires-Dist: torch=={TORCH}; extra == 'engine'\n" if engine.exists() else ""
        info = f"{name}-{number}.dist-info"
        metadata = (
            f"Metadata-Version: 2.4\nName: bonsai-pruning\nVersion: {number}\n"
            "Summary: Prunes, compares, checks and packs files of neural-network weights\n"
            "License-Expression: Apache-2.0\nLicense-File: LICENSE\nLicense-File: THIRD-PARTY-NOTICES\n"
            f"Requires-Python: >=3.8\n{extra}Description-Content-Type: text/markdown\n\n"
            + (ROOT / "README.md").read_text()
        )
        files = {
            f"{name}-{number}.data/scripts/bonsai": stripped.read_bytes(),
            f"{info}/METADATA": metadata.encode(),
            f"{info}/WHEEL": (
                f"Wheel-Version: 1.0\nGenerator: bonsai\nRoot-Is-Purelib: false\nTag: py3-none-{platform_tag}\n"
            ).encode(),
            f"{info}/licenses/LICENSE": (ROOT / "LICENSE").read_bytes(),
            f"{info}/licenses/THIRD-PARTY-NOTICES": notices(ROOT).encode(),
        }
        if engine.exists():
            files[ENGINE] = engine.read_bytes()
            files["bonsai_engine/__init__.py"] = b""
            files[f"{name}-{number}.data/scripts/bonsai-engine"] = LAUNCHER.encode()
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in files.items()
    )
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    target.mkdir(parents=True, exist_ok=True)
    wheel = target / f"{name}-{number}-py3-none-{platform_tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = 0o755 if "/scripts/" in path or path == ENGINE else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, data)
    print(f"{wheel}: {wheel.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
