#!/usr/bin/env bash
# Writes bonsai's completions for bash, zsh and fish to .build/completions, and says where everything lies.
set -euo pipefail
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."
release=.build/release
completions=.build/completions
mkdir -p "$completions"

"$release/bonsai" --generate-completion-script bash >"$completions/bonsai.bash"
"$release/bonsai" --generate-completion-script zsh >"$completions/_bonsai"
"$release/bonsai" --generate-completion-script fish >"$completions/bonsai.fish"

cat <<TEXT
The command: $PWD/$release/bonsai
  make install PREFIX=~/.local   puts it and its completions there
  make engine                    builds bonsai-engine, which runs models and draws random numbers; it needs LibTorch
Completions: $PWD/$completions
  bash  source bonsai.bash, for example in ~/.bashrc
  zsh   copy _bonsai to a directory of \$fpath
  fish  copy bonsai.fish to ~/.config/fish/completions
TEXT
