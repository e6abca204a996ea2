#!/bin/bash
# The C kernels by themselves against plain loops, under the sanitizers for addresses and undefined behaviour; and those for
# ARM by an emulator, where there are one and a C library for it.
#
#     scripts/check-kernels.sh [cases]        (make sanitize)
#
# Debian: apt-get install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
set -euo pipefail
cd "$(dirname "$0")/.."
cases=${1:-5000}
out=.build/check-kernels
mkdir -p "$out"
sources=(Tests/CKernels/check.c Sources/CKernels/*.c Sources/CKernels/*/*.c)
flags=(-std=gnu17 -Wall -Wextra -Werror -ISources/CKernels/include -ISources/CKernels)

clang "${flags[@]}" -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fuse-ld=lld "${sources[@]}" -lm -o "$out/sanitized"
"$out/sanitized" "$cases"

if command -v qemu-aarch64 >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null; then
  for source in "${sources[@]}"; do
    clang --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include "${flags[@]}" -O2 -c "$source" \
      -o "$out/$(echo "$source" | tr / _).o"
  done
  aarch64-linux-gnu-gcc -static "$out"/*.o -lm -o "$out/arm"
  qemu-aarch64 "$out/arm" "$cases"
else
  echo "No qemu-aarch64 or aarch64-linux-gnu-gcc: the kernels for ARM were not run."
fi
