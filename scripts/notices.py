"""Prints the licences of what is linked into the command: Swift's libraries and the packages it is built from."""

import os
import pathlib
import shutil
import sys

PACKAGES = ["swift-argument-parser", "swift-asn1", "swift-collections", "swift-crypto", "swift-protobuf", "TOMLKit"]
SWIFT = "Swift's standard library, Foundation and Dispatch (https://swift.org), Apache License 2.0 with Runtime Library Exception"


def texts(folder):
    """Licences and notices in a package, those of code that it holds from elsewhere too."""
    for path in sorted(pathlib.Path(folder).rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and path.name.split(".")[0].upper() in ("LICENSE", "NOTICE") and ".git" not in parts:
            if not {"docs", "Examples", "Tests", "dev"} & set(parts):
                yield "/".join(parts), path.read_text(errors="replace")


def notices(root):
    out = ["The command bonsai holds code of these projects.\n", SWIFT + "\n"]
    toolchain = pathlib.Path(os.path.realpath(shutil.which("swift") or "swift")).parent.parent
    for licence in [toolchain / "share/swift/LICENSE.txt", toolchain / "share/doc/swift/LICENSE.txt"]:
        if licence.is_file():
            out.append(licence.read_text(errors="replace"))
            break
    for package in PACKAGES:
        folder = pathlib.Path(root) / ".build/checkouts" / package
        found = list(texts(folder))
        if not found:
            sys.exit(f"notices: no licence in {folder}; build the command first")
        for name, text in found:
            out.append(f"{'=' * 80}\n{package}, {name}\n{'=' * 80}\n{text}")
    return "\n".join(out)


if __name__ == "__main__":
    print(notices(pathlib.Path(__file__).resolve().parent.parent))
