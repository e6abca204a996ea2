#!/usr/bin/env bash
# Checks what scripts/setup-libtorch.sh and a build without LibTorch say, with a stand-in for Python: nothing is
# downloaded or installed, and nothing outside a temporary folder is written.
set -euo pipefail
unset CDPATH LIBTORCH PYTHON
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
work=$(cd "$work" && pwd -P)
failures=0 checks=0

# check NAME EXPECTED FOUND: the text found holds the text expected.
check() {
  checks=$((checks + 1))
  case $3 in
    *"$2"*) ;;
    *)
      failures=$((failures + 1))
      printf 'test-setup: FAILED: %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3" >&2
      ;;
  esac
}

# A stand-in for the `torch` folder of a wheel: fake_torch FOLDER [MINOR VERSION].
fake_torch() {
  mkdir -p "$1/include/torch/headeronly" "$1/lib"
  printf '#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR %s\n' "${2:-13}" > "$1/include/torch/headeronly/version.h"
  : > "$1/lib/libtorch_cpu.so"
}

mkdir -p "$work/bin" "$work/seen"
# A stand-in for python3. FAKE_VERSION; FAKE_PIP=no: has no pip; FAKE_CPU=yes: pip sees a CPU build; FAKE_INSTALL=no: pip
# fails, =nothing: it succeeds without torch; FAKE_TORCH: the torch it has already.
cat > "$work/bin/python3" <<'PY'
#!/usr/bin/env bash
case "$*" in
  -) cat > /dev/null; printf '%s' "${FAKE_TORCH:-}" ;;
  "-c "*) echo "${FAKE_VERSION:-3.12}" ;;
  "-m pip --version") [ "${FAKE_PIP:-yes}" = yes ] ;;
  "-m pip download "*) [ "${FAKE_CPU:-no}" = yes ] ;;
  "-m pip install "*)
    echo "$*" >> "$FAKE_SEEN/install"
    [ "${FAKE_INSTALL:-yes}" != no ] || exit 1
    while [ "$1" != --target ]; do shift; done
    mkdir -p "$2"
    [ "${FAKE_INSTALL:-yes}" = nothing ] || cp -R "$FAKE_SEEN/torch" "$2/torch" ;;
  *) echo "unexpected: $*" >&2; exit 2 ;;
esac
PY
printf '#!/usr/bin/env bash\ncase $1 in -s) echo "${FAKE_SYSTEM:-Linux}" ;; *) echo "${FAKE_MACHINE:-x86_64}" ;; esac\n' > "$work/bin/uname"
chmod +x "$work/bin/python3" "$work/bin/uname"
export PATH="$work/bin:$PATH" FAKE_SEEN="$work/seen"
fake_torch "$FAKE_SEEN/torch"

# A checkout with nothing set up: fresh [NAME].
fresh() {
  checkout=$work/${1:-checkout}
  rm -rf "$checkout" "$FAKE_SEEN/install"
  mkdir -p "$checkout/scripts"
  cp "$root/scripts/setup-libtorch.sh" "$checkout/scripts/"
}
# Runs the set-up in it with the variables given, and prints what it says and its status.
setup() { (cd "$work" && env "$@" "$checkout/scripts/setup-libtorch.sh" 2>&1 && echo "status 0") || echo "status $?"; }

fresh
check "LIBTORCH that is not there" "error: LIBTORCH is set to '$work/none', which is not a folder. Set it to a LibTorch 2.13 folder with include/ and lib/, or unset it." "$(setup LIBTORCH="$work/none")"
: > "$work/file"
check "LIBTORCH that is a file" "which is not a folder" "$(setup LIBTORCH="$work/file")"
mkdir -p "$work/empty"
check "LIBTORCH without headers" "error: LIBTORCH=$work/empty holds no include/torch/version.h" "$(setup LIBTORCH="$work/empty")"
fake_torch "$work/old" 12
check "LIBTORCH of another version" "error: LIBTORCH=$work/old is version 2.12; Bonsai needs 2.13. Unset it to have the right one installed." "$(setup LIBTORCH="$work/old")"
fake_torch "$work/headers"; rm "$work/headers/lib/libtorch_cpu.so"
check "LIBTORCH without libraries" "error: $work/headers/lib holds no libtorch_cpu library. Set LIBTORCH to a whole LibTorch 2.13 folder" "$(setup LIBTORCH="$work/headers")"
fake_torch "$work/a space"
check "LIBTORCH with a space" "LibTorch lies in a folder with a space in its name ($work/a space)" "$(setup LIBTORCH="$work/a space")"
check "nothing is written on failure" "none" "$(ls "$checkout/.libtorch" 2>/dev/null || echo none)"

fake_torch "$work/right"
check "LIBTORCH that is right" "status 0" "$(setup LIBTORCH="$work/right")"
pc=$checkout/.libtorch/pkgconfig/libtorch.pc
check "libtorch.pc" "prefix=$work/right" "$(cat "$pc")"
check "the library folder" "libtorch_cpu.so" "$(ls "$checkout/.libtorch/lib/")"
touch -t 200001010000 "$pc"
check "a second run" "status 0" "$(setup LIBTORCH=right)"
check "leaves libtorch.pc alone" "kept" "$([ "$pc" -nt "$work/old" ] && echo rewritten || echo kept)"

fresh
check "no Python" "error: no-such-python not found. Install Python 3.10 or newer with pip, or set LIBTORCH to a LibTorch 2.13 folder." "$(setup PYTHON=no-such-python)"
check "an old Python" "error: python3 is Python 3.9; the wheel of LibTorch 2.13 needs 3.10 or newer" "$(setup FAKE_VERSION=3.9)"
check "no pip" "error: python3 has no pip. Install it" "$(setup FAKE_PIP=no)"
check "pip that fails" "error: pip could not install torch==2.13.0. Check the network" "$(setup FAKE_INSTALL=no)"
check "pip that installs nothing" "error: pip installed no LibTorch 2.13 in $checkout/.libtorch/site-packages/torch" "$(setup FAKE_INSTALL=nothing)"
check "an Intel Mac" "error: there is no wheel of LibTorch 2.13 for Macs with an Intel processor" "$(setup FAKE_SYSTEM=Darwin)"

fresh
check "the CUDA build is announced" "the CUDA build with its libraries, about 3 GB" "$(setup FAKE_CPU=no)"
check "and is installed" "prefix=$checkout/.libtorch/site-packages/torch" "$(cat "$checkout/.libtorch/pkgconfig/libtorch.pc")"
check "a second run asks nobody" "status 0" "$(setup PYTHON=no-such-python)"
check "one installation" "1" "$(grep -c . "$FAKE_SEEN/install")"
fresh
check "the CPU build is preferred" "installing torch==2.13.0+cpu with pip into .libtorch/site-packages (about 190 MB" "$(setup FAKE_CPU=yes)"
check "and asked for" "torch==2.13.0+cpu numpy safetensors" "$(cat "$FAKE_SEEN/install")"
fresh
check "elsewhere the plain wheel is small" "installing torch==2.13.0 with pip into .libtorch/site-packages (about 100 MB)" "$(setup FAKE_SYSTEM=Darwin FAKE_MACHINE=arm64)"
fresh
check "the torch that Python has" "using the torch 2.13 of python3 in $work/right" "$(setup FAKE_TORCH="$work/right")"
check "is taken" "prefix=$work/right" "$(cat "$checkout/.libtorch/pkgconfig/libtorch.pc")"
fresh
check "another version that Python has is not" "installing torch==2.13.0" "$(setup FAKE_TORCH="$work/old")"
fresh "a checkout"
check "a checkout with a space" "error: this checkout lies in a folder with a space in its name" "$(setup FAKE_CPU=yes)"

# What the compiler says, in one error.
compiler=$(command -v clang++ || command -v c++ || true)
if [ -n "$compiler" ]; then
  compile() { "$compiler" -fsyntax-only -std=c++20 -I "$root/Sources/CTorch/include" "$@" "$root"/Sources/CTorch/*.cpp 2>&1 || true; }
  said=$(compile)
  check "a build without LibTorch" "LibTorch 2.13 was not found. In Bonsai's checkout: 'make setup', then build with 'make build'." "$said"
  check "says so once" "1" "$(printf '%s\n' "$said" | grep -c 'error:')"
  mkdir -p "$work/old/include/ATen/core"
  : > "$work/old/include/ATen/core/Tensor.h"
  said=$(compile -I "$work/old/include")
  check "a build with another LibTorch" "Bonsai needs LibTorch 2.13; pkg-config found another version." "$said"
  check "says so once" "1" "$(printf '%s\n' "$said" | grep -c 'error:')"
else
  echo "test-setup: no C++ compiler on PATH: what a build without LibTorch says was not checked" >&2
fi

[ "$failures" = 0 ] || { echo "test-setup: $failures of $checks checks failed" >&2; exit 1; }
echo "test-setup: $checks checks passed"
