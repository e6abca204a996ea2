"""The methods by their names in programs, torch's and one of our own of each pruning type."""

import torch
from torch.nn.utils import prune

import network


def amount_of(arguments):
    ((kind, value),) = arguments["amount"].items()
    return int(value["_0"]) if kind == "count" else float(value["_0"])


def norm_of(arguments, rank):
    n = arguments["n"]
    if n == "fro" and rank > 3:
        return 2.0  # by decision: the root of the sum of squares over any number of dimensions
    return n if n in ("fro", "nuc") else float(n)


class EveryOther(prune.BasePruningMethod):
    """Prunes every other entry it is shown."""

    def __init__(self, type, dim):
        self.PRUNING_TYPE, self.dim = type, dim

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone(memory_format=torch.contiguous_format)
        mask.view(-1)[::2] = 0
        return mask


KINDS = {
    "l1": prune.L1Unstructured,
    "random": prune.RandomUnstructured,
    "ln": prune.LnStructured,
    "randomStructured": prune.RandomStructured,
    "identity": prune.Identity,
    "custom": prune.CustomFromMask,
    "everyOther": EveryOther,
}


def settings(kind, arguments, shape_and_dtype):
    if kind in ("l1", "random"):
        return {"amount": amount_of(arguments)}
    if kind == "ln":
        return {"amount": amount_of(arguments), "n": norm_of(arguments, len(shape_and_dtype[0])), "dim": arguments["dim"]}
    if kind == "randomStructured":
        return {"amount": amount_of(arguments), "dim": arguments["dim"]}
    if kind == "custom":
        return {"mask": network.draw(arguments["mask"], *shape_and_dtype)}
    if kind == "everyOther":
        return {"type": arguments["type"], "dim": arguments["dim"]}
    return {}


def apply(kind, arguments, module, name, scores, places=None):
    """Prunes one tensor, or with `places` several together, by the method of that kind."""
    method = KINDS[kind]
    if places is not None:
        given = settings(kind, arguments, ([4], torch.float32))
        prune.global_unstructured(places, method, importance_scores=scores, **given)
        return
    own = getattr(module, name)
    given = settings(kind, arguments, (own.shape, own.dtype))
    if scores is not None:
        given["importance_scores"] = scores
    method.apply(module, name, **given)
