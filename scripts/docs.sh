#!/usr/bin/env bash
# Builds one site of documentation for all products into out/docs, with a front page, and fails on warnings.
#
# usage: scripts/docs.sh        then: python3 -m http.server --directory out/docs, and open http://localhost:8000
#
# Package.swift names swift-docc-plugin only where BONSAI_DOCS is set, and the build has a folder of its own, so that
# ordinary builds neither fetch nor plan it.
set -euo pipefail
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export BONSAI_DOCS=1

targets=(Sparsity Recipes SparseKernels Checkpoints FilePruning Graphs Compaction Torch NN Pruning Runtime Datasets)
scratch=.build-docs
output=out/docs
log=$scratch/docs.log
mkdir -p "$scratch" out

arguments=()
for target in "${targets[@]}"; do arguments+=(--target "$target"); done
swift package --scratch-path "$scratch" generate-documentation "${arguments[@]}" \
  --enable-experimental-external-link-support --transform-for-static-hosting 2>&1 | tee "$log" | grep -v '^\[' || true

archives=()
dependencies=()
for target in "${targets[@]}"; do
  archive=$(find "$scratch" -type d -name "$target.doccarchive" | head -n 1)
  [[ -n $archive ]] || { echo "docs: no documentation was made of $target; see $log" >&2; exit 1; }
  archives+=("$archive")
  dependencies+=(--dependency "$archive")
done

# The front page links into all of them.
front=$scratch/Bonsai.doccarchive
rm -rf "$front" "$output"
docc convert docs/Bonsai.docc --output-dir "$front" --fallback-display-name Bonsai --fallback-bundle-identifier Bonsai \
  --enable-experimental-external-link-support --transform-for-static-hosting "${dependencies[@]}" 2>&1 | tee -a "$log"
docc merge "$front" "${archives[@]}" --output-path "$output" --synthesized-landing-page-name Bonsai
printf '<!doctype html><meta http-equiv="refresh" content="0; url=documentation/bonsai/"><title>Bonsai</title>\n' \
  >"$output/index.html"

count=$(grep -c 'warning:' "$log" || true)
echo "documentation in $output: $count warnings"
[[ $count == 0 ]]
