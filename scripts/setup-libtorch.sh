#!/usr/bin/env bash
# Finds or installs LibTorch 2.13 and writes .libtorch/pkgconfig/libtorch.pc, through which SwiftPM finds it.
#
# Taken, in this order:
#   1. $LIBTORCH, a folder with include/ and lib/ (an unpacked LibTorch, or the `torch` folder of a wheel);
#   2. the wheel that an earlier run installed into .libtorch/site-packages of this checkout;
#   3. the torch already installed for python3 ($PYTHON names another), where it is version 2.13;
#   4. the wheel torch==2.13.0, installed with pip into .libtorch/site-packages.
#
# Run again at any time: it does nothing when the result is there and right. Written for bash 3.2, which macOS has.
set -euo pipefail
readonly wanted=2.13

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }

# A path given relative to where the user stands, before this script goes elsewhere.
absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s\n' "$PWD/$1" ;; esac; }
libtorch=${LIBTORCH:-}
[ -z "$libtorch" ] || libtorch=$(absolute "$libtorch")
python=${PYTHON:-python3}
case $python in */*) python=$(absolute "$python") ;; esac

unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly home=$PWD/.libtorch

# Prints the version of the LibTorch in folder $1 as 2.13, or nothing.
version_of() {
  local header=$1/include/torch/headeronly/version.h
  [ -f "$header" ] || header=$1/include/torch/version.h
  [ -f "$header" ] || return 0
  awk '/define TORCH_VERSION_MAJOR/ {a=$3} /define TORCH_VERSION_MINOR/ {b=$3} END {if (a != "") print a "." b}' "$header"
}

# Prints the folder of the torch package that $python imports, without importing it; nothing where there is none.
installed_torch() {
  "$python" - <<'PY' 2>/dev/null || true
import importlib.util, pathlib
spec = importlib.util.find_spec("torch")
if spec and spec.origin:
    print(pathlib.Path(spec.origin).parent)
PY
}

# Installs the wheel. A CPU build is preferred where pip can see one: the plain Linux x86-64 wheel is the CUDA build.
install_wheel() {
  local otherwise="or set LIBTORCH to a LibTorch $wanted folder."
  local system version package=torch==$wanted.0 size="about 100 MB"
  system=$(uname -s)-$(uname -m)
  [ "$system" != Darwin-x86_64 ] || fail "there is no wheel of LibTorch $wanted for Macs with an Intel processor. Build LibTorch $wanted from source and set LIBTORCH to its folder."
  command -v "$python" >/dev/null || fail "$python not found. Install Python 3.10 or newer with pip, $otherwise"
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || version=unknown
  case $version in
    2.* | 3.[0-9] | unknown) fail "$python is Python $version; the wheel of LibTorch $wanted needs 3.10 or newer. Set PYTHON to a newer one, $otherwise" ;;
  esac
  "$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip. Install it (Debian, Ubuntu: apt-get install python3-pip), $otherwise"
  # pip's advice on running as root and on its own updates has no place here: nothing outside .libtorch is touched.
  export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
  rm -rf "$home/wheels" "$home/site-packages.new"
  mkdir -p "$home/wheels"
  if [ "$system" = Linux-x86_64 ]; then
    say "looking for a CPU build of torch $wanted ..."
    if "$python" -m pip download --quiet --no-deps --dest "$home/wheels" "torch==$wanted.0+cpu" >/dev/null 2>&1; then
      package=torch==$wanted.0+cpu size="about 190 MB, the CPU build"
    else
      size="the CUDA build with its libraries, about 3 GB; for the small CPU build, stop here, point PIP_EXTRA_INDEX_URL to PyTorch's CPU wheel index and run this again"
    fi
  fi
  say "installing $package with pip into .libtorch/site-packages ($size) ..."
  "$python" -m pip install --quiet --find-links "$home/wheels" --target "$home/site-packages.new" "$package" numpy safetensors \
    || fail "pip could not install $package. Check the network and 'python3 -m pip --version' (Python 3.10 to 3.14 is needed), $otherwise"
  # Moved when whole: a run that was stopped leaves nothing that looks installed.
  rm -rf "$home/site-packages" "$home/wheels"
  mv "$home/site-packages.new" "$home/site-packages"
}

write_pkgconfig() {
  local torch=$1 libraries="-ltorch -ltorch_cpu -lc10"
  mkdir -p "$home/pkgconfig"
  ln -sfn "$torch/lib" "$home/lib"
  cat > "$home/pkgconfig/libtorch.pc.new" <<PC
prefix=$torch
Name: libtorch
Description: LibTorch, the C++ library of PyTorch
Version: $wanted
Cflags: -I\${prefix}/include -I\${prefix}/include/torch/csrc/api/include
Libs: -L\${prefix}/lib $libraries
PC
  # Written only when it differs: SwiftPM rebuilds everything when the file's time changes.
  if cmp -s "$home/pkgconfig/libtorch.pc.new" "$home/pkgconfig/libtorch.pc" 2>/dev/null; then
    rm "$home/pkgconfig/libtorch.pc.new"
  else
    mv "$home/pkgconfig/libtorch.pc.new" "$home/pkgconfig/libtorch.pc"
  fi
}

case $PWD in *' '*) fail "this checkout lies in a folder with a space in its name ($PWD), which pkg-config cannot pass on. Move it." ;; esac

if [ -n "$libtorch" ]; then
  [ -d "$libtorch" ] || fail "LIBTORCH is set to '$LIBTORCH', which is not a folder. Set it to a LibTorch $wanted folder with include/ and lib/, or unset it."
  found=$(version_of "$libtorch")
  [ -n "$found" ] || fail "LIBTORCH=$LIBTORCH holds no include/torch/version.h. Set it to a LibTorch $wanted folder with include/ and lib/, or unset it."
  [ "$found" = "$wanted" ] || fail "LIBTORCH=$LIBTORCH is version $found; Bonsai needs $wanted. Unset it to have the right one installed."
  torch=$(cd "$libtorch" && pwd)
  repair="Set LIBTORCH to a whole LibTorch $wanted folder, or unset it."
elif [ "$(version_of "$home/site-packages/torch")" = "$wanted" ]; then
  torch=$home/site-packages/torch
  repair="Remove .libtorch and run 'make setup' again."
else
  torch=$(installed_torch)
  if [ -n "$torch" ] && [ "$(version_of "$torch")" = "$wanted" ]; then
    say "using the torch $wanted of $python in $torch"
    repair="Install torch $wanted again, or remove it."
  else
    install_wheel
    torch=$home/site-packages/torch
    repair="Remove .libtorch and run 'make setup' again."
    [ "$(version_of "$torch")" = "$wanted" ] || fail "pip installed no LibTorch $wanted in $torch. $repair"
  fi
fi
[ -e "$torch/lib/libtorch_cpu.so" ] || [ -e "$torch/lib/libtorch_cpu.dylib" ] || fail "$torch/lib holds no libtorch_cpu library. $repair"
case $torch in *' '*) fail "LibTorch lies in a folder with a space in its name ($torch), which pkg-config cannot pass on. Move it, or set LIBTORCH to another." ;; esac
write_pkgconfig "$torch"
