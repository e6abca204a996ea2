#!/bin/sh
# Makes Sources/ONNXFormat/onnx.pb.swift out of onnx.proto beside it.
#
#   scripts/generate-onnx.sh         with protoc (Debian: protobuf-compiler); builds protoc-gen-swift of swift-protobuf
#
# The result is committed, so that a build needs neither.
set -eu
cd "$(dirname "$0")/.."
command -v protoc >/dev/null || { echo "generate-onnx: protoc is needed (Debian: protobuf-compiler)" >&2; exit 1; }
swift package resolve >/dev/null
plugin=${PROTOC_GEN_SWIFT:-}
if [ -z "$plugin" ]; then
  build="$(pwd)/.build/protoc-gen-swift"
  swift build --package-path .build/checkouts/swift-protobuf --scratch-path "$build" --product protoc-gen-swift
  plugin="$build/debug/protoc-gen-swift"
fi
protoc --plugin="protoc-gen-swift=$plugin" --swift_out=Sources/ONNXFormat --swift_opt=Visibility=Package \
  --proto_path=Sources/ONNXFormat onnx.proto
