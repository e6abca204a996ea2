#!/usr/bin/env bash
# Copies the built command, its completions and its licence below the prefix $1; DESTDIR is put before it, for packages.
set -euo pipefail
unset CDPATH
prefix=${1:?the prefix, for example /usr/local}
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=${DESTDIR:-}$prefix
release=.build/release

mkdir -p "$root/bin" "$root/share/bash-completion/completions" "$root/share/zsh/site-functions" \
  "$root/share/fish/vendor_completions.d" "$root/share/doc/bonsai"
# Beside the target first: a running command keeps its file, and a failure leaves the earlier one.
for program in bonsai bonsai-engine; do
  [ -x "$release/$program" ] || continue
  cp "$release/$program" "$root/bin/.$program.new"
  if [ "$program" = bonsai ] && command -v strip >/dev/null; then strip "$root/bin/.$program.new"; fi
  mv -f "$root/bin/.$program.new" "$root/bin/$program"
done
cp .build/completions/bonsai.bash "$root/share/bash-completion/completions/bonsai"
cp .build/completions/_bonsai "$root/share/zsh/site-functions/_bonsai"
cp .build/completions/bonsai.fish "$root/share/fish/vendor_completions.d/bonsai.fish"
cp LICENSE "$root/share/doc/bonsai/LICENSE"
python3 scripts/notices.py >"$root/share/doc/bonsai/THIRD-PARTY-NOTICES" 2>/dev/null || rm -f "$root/share/doc/bonsai/THIRD-PARTY-NOTICES"
echo "installed: $root/bin/bonsai"
