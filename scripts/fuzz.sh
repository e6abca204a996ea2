#!/usr/bin/env bash
# Feeds libFuzzer's inputs to the readers of Checkpoints and Graphs: safetensors, indices of shards, PyTorch files and pickles,
# NumPy, exported models, ONNX models.
#
# usage: scripts/fuzz.sh [SECONDS] [libFuzzer's own options]     default: 60 seconds
#
# Seeds are the tests' fixtures; what is found besides stays in .build-fuzz/corpus. A crash, a hang of 10 seconds and
# 512 MB of memory are findings: libFuzzer prints the input and keeps it in .build-fuzz/findings.
set -euo pipefail
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}
[ $# -eq 0 ] || shift

build=.build-fuzz
corpus=$build/corpus
mkdir -p "$corpus" "$build/findings" "$build/seeds"
find Tests/CheckpointsTests/Fixtures -type f -size -16k \( -name '*.pt' -o -name '*.pth' -o -name '*.ckpt' \
  -o -name '*.safetensors' -o -name '*.npz' -o -name '*.npy' -o -name '*.onnx' \) \
  -exec cp {} "$build/seeds/" \;
find Tests/GraphsTests/Fixtures -name '*.pt2' -size -32k -exec cp {} "$build/seeds/" \;
python3 - Tests/GraphsTests/Fixtures "$build/seeds" <<'PYTHON'
import pathlib, sys, zipfile
for path in pathlib.Path(sys.argv[1]).glob("*.pt2"):
    with zipfile.ZipFile(path) as archive:
        # Those of old versions have their graph elsewhere, and are refused.
        for name in archive.namelist():
            if name.endswith("models/model.json"):
                pathlib.Path(sys.argv[2], "graph-" + path.stem).write_bytes(b"G" + archive.read(name))
PYTHON
cat >"$build/seeds/index" <<'JSON'
{"metadata":{"total_size":6,"k":"v"},"weight_map":{"a.weight":"a.safetensors","b.weight":"b.safetensors"}}
JSON

# SwiftPM compiles; the link is made here, because libFuzzer brings the program's main. Without its plan of an earlier run,
# which does not know files that are new in the package beside.
rm -f "$build/release.yaml"
flags=(-sanitize=fuzzer,address)
swift build --package-path Fuzzing --scratch-path "$build" -c release --target FuzzCheckpoints \
  -Xswiftc "${flags[0]}" -Xswiftc -parse-as-library
[ "$(uname)" = Darwin ] || flags+=(-use-ld=lld)
# Objects of sources that are gone stay in the folder.
for object in "$build"/release/{FuzzCheckpoints,Graphs,Checkpoints,ONNXFormat,Sparsity}.build/*.swift.o; do
  name=$(basename "$object" .o)
  [ -n "$(find Sources Fuzzing/Sources -name "$name" -print -quit)" ] || rm -f "$object"
done
swiftc "${flags[@]}" -o "$build/fuzz" "$build"/release/{FuzzCheckpoints,Graphs,Checkpoints,ONNXFormat,Sparsity}.build/*.o \
  "$build"/release/CKernels.build/{,*/}*.o \
  "$build"/release/{OrderedCollections,InternalCollectionsUtilities,SwiftProtobuf}.build/*.o -lz
"$build/fuzz" "$corpus" "$build/seeds" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
  -malloc_limit_mb=512 -artifact_prefix="$build/findings/" -print_final_stats=1 "$@"
