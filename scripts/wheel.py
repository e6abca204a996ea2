"""Packs the built command as a Python wheel, with the platform tag that its own symbols ask for.

    python3 scripts/wheel.py [BINARY] [DIRECTORY]

Takes .build/release/bonsai and writes to .build/wheel unless told otherwise. The executable lies in the wheel's
`data/scripts`, so that pip puts it on the PATH; no Python code goes along.
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


def version():
    text = (ROOT / "Sources/EngineMessages/EngineMessages.swift").read_text()
    return re.search(r'bonsaiVersion = "([^"]+)"', text).group(1)


def tag(binary):
    machine = platform.machine()
    if sys.platform == "darwin":
        return f"macosx_14_0_{machine}"
    dynamic = subprocess.run(["readelf", "-W", "-d", binary], check=True, capture_output=True, text=True).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic))
    if needed - ALLOWED:
        sys.exit(f"wheel: the command needs {', '.join(sorted(needed - ALLOWED))}, which not every system has: make bonsai")
    versions = subprocess.run(["readelf", "-W", "-V", binary], check=True, capture_output=True, text=True).stdout
    floor = max((int(a), int(b)) for a, b in re.findall(r"GLIBC_(\d+)\.(\d+)", versions))
    return f"manylinux_{floor[0]}_{floor[1]}_{machine}"


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
        info = f"{name}-{number}.dist-info"
        metadata = (
            f"Metadata-Version: 2.4\nName: bonsai-pruning\nVersion: {number}\n"
            "Summary: Prunes, compares, checks and packs files of neural-network weights\n"
            "License-Expression: Apache-2.0\nLicense-File: LICENSE\nLicense-File: THIRD-PARTY-NOTICES\n"
            "Requires-Python: >=3.8\nDescription-Content-Type: text/markdown\n\n"
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
            mode = 0o755 if path.endswith("/scripts/bonsai") else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, data)
    print(f"{wheel}: {wheel.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
