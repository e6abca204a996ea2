"""Loads directories that bonsai has written with transformers: tiny models of BERT's and Llama's shape, made here.

    python3 scripts/check-transformers.py [BONSAI]

Needs torch, safetensors and transformers, for example in a virtual environment (`pip install transformers`). For each model the
directory is pruned and converted, single and in shards, and every parameter of what transformers loads is compared with the file.
"""

import os
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel, LlamaConfig, LlamaForCausalLM


def models():
    torch.manual_seed(0)
    yield "bert", BertModel, BertModel(
        BertConfig(vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64))
    yield "llama", LlamaForCausalLM, LlamaForCausalLM(
        LlamaConfig(vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
                    intermediate_size=64))


def weights(folder):
    tensors = {}
    for name in os.listdir(folder):
        if name.endswith(".safetensors"):
            tensors.update(load_file(os.path.join(folder, name)))
    return tensors


def main():
    bonsai = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".build/release/bonsai")
    with tempfile.TemporaryDirectory() as scratch:
        for name, kind, model in models():
            for size in ["100MB", "20KB"]:
                source = os.path.join(scratch, f"{name}-{size}")
                model.save_pretrained(source, max_shard_size=size)
                for command in [["prune", "--amount", "0.5"], ["convert"]]:
                    target = f"{source}-{command[0]}"
                    subprocess.run([bonsai, command[0], source, "-o", target + "/"] + command[1:], check=True,
                                   stdout=subprocess.DEVNULL)
                    loaded, report = kind.from_pretrained(target, output_loading_info=True)
                    assert not report["missing_keys"] and not report["unexpected_keys"], report
                    state, zeros, count = loaded.state_dict(), 0, 0
                    for key, tensor in weights(target).items():
                        assert torch.equal(state[key], tensor), key
                        zeros, count = zeros + int((tensor == 0).sum()), count + tensor.numel()
                    print(f"{name}, shards of {size}, {command[0]}: loaded, {zeros / count:.1%} zeros")


if __name__ == "__main__":
    main()
