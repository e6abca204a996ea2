#!/usr/bin/env bash
# Runs the command in a bare Debian root, with and without /proc: it must need nothing that such a root lacks.
#
# usage: sudo scripts/check-bare-root.sh [BINARY] [ROOT]     default: .build/release/bonsai, a root made by debootstrap
set -euo pipefail
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."
binary=${1:-.build/release/bonsai}
root=${2:-.build/root}
[ -d "$root/usr" ] || debootstrap --variant=minbase bookworm "$root"

cp "$binary" "$root/usr/local/bin/bonsai"
strip "$root/usr/local/bin/bonsai"
cp Tests/CheckpointsTests/Fixtures/lenet.safetensors "$root/root/"
check() {
  rm -f "$root/root/half.safetensors"
  chroot "$root" bonsai prune /root/lenet.safetensors -o /root/half.safetensors --amount 0.5 >/dev/null
  chroot "$root" bonsai inspect /root/half.safetensors | grep -q 'command: bonsai prune /root/lenet.safetensors -o'
  [ "$(chroot "$root" bonsai diff /root/half.safetensors /root/lenet.safetensors | tail -1 | cut -d' ' -f1-5)" = "5 of 10 tensors differ;" ]
  echo "works $1"
}
check "without /proc"
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
check "with /proc"
