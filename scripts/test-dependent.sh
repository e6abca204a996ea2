#!/usr/bin/env bash
# Shows that another package can depend on a tagged version of this one: clones the checkout's commit, tags it,
# and builds and runs a throw-away package that asks for that version. Nothing in the checkout changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly root=$PWD
readonly version=99.0.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git clone --quiet "$root" "$work/bonsai"
git -C "$work/bonsai" tag "$version"
mkdir -p "$work/app/Sources/app"
cat > "$work/app/Package.swift" <<SWIFT
// swift-tools-version: 6.0
import PackageDescription
let package = Package(
  name: "app", platforms: [.macOS(.v14)],
  dependencies: [.package(url: "file://$work/bonsai", exact: "$version")],
  targets: [
    .executableTarget(
      name: "app",
      dependencies: [
        .product(name: "Torch", package: "bonsai"), .product(name: "NN", package: "bonsai"),
        .product(name: "Pruning", package: "bonsai"),
      ])
  ])
SWIFT
cat > "$work/app/Sources/app/main.swift" <<'SWIFT'
import NN
import Pruning
import Torch

manualSeed(0)
let layer = Linear(8, 4)
try Prune.l1Unstructured(layer, name: "weight", amount: 0.5)
print("sparsity \(layer.weight.sparsity), output \(layer(Tensor.ones([1, 8])).shape)")
SWIFT
libdir=$(sed -n 's/^prefix=//p' "$root/.libtorch/pkgconfig/libtorch.pc")/lib
found=$(cd "$work/app" && PKG_CONFIG_PATH=$root/.libtorch/pkgconfig swift run -Xlinker -rpath -Xlinker "$libdir" app 2> "$work/log") \
  || { cat "$work/log" >&2; echo "dependent: the package did not build or run" >&2; exit 1; }
[ "$found" = "sparsity 0.5, output [1, 4]" ] || { echo "dependent: unexpected output: $found" >&2; exit 1; }
echo "dependent: a package that asks for version $version builds and runs: $found"
