#!/usr/bin/env bash
# Puts the four files of Fashion-MNIST (about 30 MB) into .data/fashion-mnist of this checkout.
#
# usage: scripts/fetch-fashion-mnist.sh        exit status: 0 the files are there and whole, 1 they are not
#
# It takes them from the first of these that has them:
#   1. the folder itself, when the files there are whole (compressed ones are unpacked);
#   2. the folder that FASHION_MNIST names (no other source is tried then);
#   3. the folder of Debian's and Ubuntu's package dataset-fashion-mnist, when that is installed;
#   4. that package, downloaded and unpacked beside: needs no root and installs nothing;
#   5. the data set's own repository, with git: a Mac, other systems.
# There they may be compressed with gzip, as they are distributed, or not; they are unpacked, and checked by SHA-256.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$here/.data/fashion-mnist
repository=https://github.com/zalandoresearch/fashion-mnist
package=dataset-fashion-mnist
installed=/usr/share/datasets/fashion-mnist

files=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)
sums=(
  c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888
  bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9
  5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b
  0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34
)

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "fetch-fashion-mnist: $*"
  exit 1
}

# The SHA-256 of standard input.
sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1; }

# Prints what the file $2 of the folder $1 holds, unpacked; nothing where it is missing or cannot be unpacked.
contents() { if [[ -f $1/$2 ]]; then cat "$1/$2"; else gzip -dc "$1/$2.gz" 2>/dev/null || true; fi; }

# Prints the first file of the folder $1 that is missing or does not hold what it should; nothing when all are whole.
first_bad() {
  local i
  for i in "${!files[@]}"; do
    if [[ ! -f $1/${files[i]} && ! -f $1/${files[i]}.gz ]]; then
      echo "${files[i]}.gz is missing"
      return
    elif [[ $(contents "$1" "${files[i]}" | sha256) != "${sums[i]}" ]]; then
      echo "${files[i]} is damaged (its contents have another SHA-256)"
      return
    fi
  done
}

# Unpacks the files from the folder $1 if they are whole. They are moved into place when all four are there.
take() {
  local name staging=$work/staging
  [[ -z $(first_bad "$1") ]] || return 1
  mkdir -p "$staging" "$target"
  for name in "${files[@]}"; do contents "$1" "$name" >"$staging/$name"; done
  chmod a+r "$staging"/*
  mv -f "$staging"/* "$target/"
  for name in "${files[@]}"; do rm -f "$target/$name.gz"; done
  say "Fashion-MNIST is in .data/fashion-mnist (from $2)"
  exit 0
}

# Debian's package into $work/package: with the package lists there are, else with lists of its own (about 20 MB).
from_apt() {
  local apt=$work/apt options
  mkdir -p "$apt"/{state/lists,cache/archives}/partial "$work/package"
  options=(-qq -o "Debug::NoLocking=1" -o "APT::Sandbox::User=$(id -un)" -o "Dir::Cache=$apt/cache")
  cd "$apt"
  if ! apt-get "${options[@]}" download "$package"; then
    options+=(-o "Dir::State=$apt/state" -o "Dir::State::status=/var/lib/dpkg/status")
    apt-get "${options[@]}" update || true
    apt-get "${options[@]}" download "$package"
  fi
  dpkg -x "$package"_*.deb "$work/package"
}

# Only the folder data/fashion of the repository.
from_git() {
  local options=(-c "http.lowSpeedLimit=1000" -c "http.lowSpeedTime=30")
  export GIT_TERMINAL_PROMPT=0
  git "${options[@]}" clone --quiet --depth 1 --filter=blob:none --sparse "$repository" "$work/clone" &&
    git "${options[@]}" -C "$work/clone" sparse-checkout set data/fashion
}

is_unpacked() { for name in "${files[@]}"; do [[ -f $target/$name ]] || return 1; done; }
if is_unpacked && [[ -z $(first_bad "$target") ]]; then exit 0; fi

mkdir -p "$here/.data"
work=$(mktemp -d "$here/.data/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

take "$target" ".data/fashion-mnist, compressed" || true

if [[ -n ${FASHION_MNIST:-} ]]; then
  take "$FASHION_MNIST" "$FASHION_MNIST" || fail "FASHION_MNIST=$FASHION_MNIST: $(first_bad "$FASHION_MNIST")"
fi
take "$installed" "the installed package $package" || true

say "Downloading Fashion-MNIST (about 30 MB)"
if command -v apt-get >/dev/null && command -v dpkg >/dev/null; then
  (from_apt) >"$work/apt.log" 2>&1 || true
  take "$work/package$installed" "the package $package" || true
fi
if command -v git >/dev/null; then
  (from_git) >"$work/git.log" 2>&1 || true
  take "$work/clone/data/fashion" "its repository" || true
fi

reason=$(cat "$work"/*.log 2>/dev/null | grep -E '^(E: |fatal: )' | tail -n 1 || true)
fail "Fashion-MNIST could not be downloaded (${reason:-neither apt-get nor git is here}); get the four files" \
  "${files[0]}.gz, ... from the folder data/fashion of its GitHub project zalandoresearch/fashion-mnist and name the" \
  "folder that holds them: FASHION_MNIST=FOLDER $0"
