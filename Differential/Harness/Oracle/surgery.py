"""What Bonsai decides otherwise than torch.nn.utils.prune, done to torch's modules by hand. Nothing else is."""

from collections import OrderedDict

import torch
from torch.nn.utils import prune


def pruning_hooks(module):
    return {
        key: hook
        for key, hook in module._forward_pre_hooks.items()
        if isinstance(hook, prune.BasePruningMethod)
    }


def refresh(net):
    """The pruned tensors as they are now: in torch they stay stale until the next forward pass."""
    for module in net.modules():
        for hook in pruning_hooks(module).values():
            hook(module, None)


class Saved:
    """Everything of a network, to put back after a call that fails, which in torch may leave it half done."""

    def __init__(self, net):
        self.modules = []
        for module in net.modules():
            plain = {k: v for k, v in module.__dict__.items() if isinstance(v, torch.Tensor)}
            chains = {
                hook: hook._pruning_methods
                for hook in pruning_hooks(module).values()
                if isinstance(hook, prune.PruningContainer)
            }
            self.modules.append(
                (
                    module, dict(module._parameters), dict(module._buffers),
                    OrderedDict(module._forward_pre_hooks), plain, list(module.__dict__.get("_flat_weights", [])),
                    chains,
                )
            )
        held = list(net.parameters()) + list(net.buffers())
        self.tensors = [(t, t.data, t.data.clone(), t.grad.clone() if t.grad is not None else None) for t in held]

    def restore(self):
        for module, parameters, buffers, hooks, plain, flat, chains in self.modules:
            for known, saved in [(module._parameters, parameters), (module._buffers, buffers)]:
                known.clear()
                known.update(saved)
            module._forward_pre_hooks.clear()
            module._forward_pre_hooks.update(hooks)
            for key in [k for k, v in module.__dict__.items() if isinstance(v, torch.Tensor)]:
                del module.__dict__[key]
            module.__dict__.update(plain)
            if flat:
                module._flat_weights = flat
            for hook, methods in chains.items():
                hook._pruning_methods = methods
        for tensor, memory, values, grad in self.tensors:
            tensor.data = memory
            tensor.data.copy_(values)
            tensor.grad = grad


def keep_hook_order(module, before):
    """Pruning a tensor again leaves its hook where it was; torch moves it to the end."""
    now = pruning_hooks(module)
    by_name = {hook._tensor_name: key for key, hook in now.items()}
    for name in [n for n in before if n in by_name] + [n for n in by_name if n not in before]:
        module._forward_pre_hooks.move_to_end(by_name[name])


class Contiguous:
    """Contiguous twins of strided tensors while torch prunes, which refuses strided ones in most methods."""

    def __init__(self, net, places):
        self.net, self.memory = net, []
        for module, name in places:
            parameter = module._parameters.get(name + "_orig", module._parameters.get(name))
            if parameter is None:
                continue
            self.memory.append((parameter, parameter.data))
            parameter.data = parameter.data.contiguous()
            mask = module._buffers.get(name + "_mask")
            if mask is not None:
                module._buffers[name + "_mask"] = mask.contiguous()
        refresh(net)

    def leave(self):
        for parameter, memory in self.memory:
            parameter.data = memory
        refresh(self.net)


def keep_fractions(module, name, previous):
    """Global pruning leaves entries alone that take no part; torch multiplies a mask of other values than 0 and 1 with
    itself, rounded to the dtype of the scores."""
    mask = module._buffers[name + "_mask"]
    if previous is not None:
        mask.copy_(torch.where(previous == 1, mask, previous.to(mask.dtype)))


def is_dense(tensor):
    pairs = sorted((s, n) for s, n in zip(tensor.stride(), tensor.shape) if n > 1)
    expected = 1
    for stride, length in pairs:
        if stride != expected:
            return False
        expected *= length
    return True


def remove(module, name):
    """prune.remove, but that the parameter keeps its layout."""
    parameter = module._parameters.get(name + "_orig")
    before = parameter.data if parameter is not None else None
    prune.remove(module, name)
    if parameter.stride() != before.stride() and is_dense(before):
        relaid = torch.empty_strided(before.shape, before.stride(), dtype=before.dtype)
        parameter.data = relaid.copy_(parameter.data)


def widen_nuclear_norms():
    """torch has no singular values of half types; Bonsai computes every norm of theirs in float32."""
    plain = prune._compute_norm

    def norm(t, n, dim):
        return plain(t.float() if n == "nuc" and t.dtype in (torch.float16, torch.bfloat16) else t, n, dim)

    prune._compute_norm = norm


class Past:
    """The states of a pruned tensor before each call, for undo, which torch does not have."""

    def __init__(self, module, name, orders):
        """`orders` has the names of modules as earlier tensors of the same call have left them."""
        self.name = name
        mask = module._buffers.get(name + "_mask")
        self.mask = mask.clone() if mask is not None else None
        if module not in orders:
            parameters = []
            for key in module._parameters:
                # The pruned tensor itself stands behind its original.
                plain = key[:-5] if key.endswith("_orig") else None
                parameters += [key, plain] if plain in module.__dict__ else [key]
            orders[module] = (parameters, list(module._buffers))
        self.parameters, self.buffers = orders[module]
        if mask is None:
            left = [key for key in self.parameters if key != name]
            orders[module] = (left + [name + "_orig", name], self.buffers + [name + "_mask"])

    def convert(self, dtype):
        if self.mask is not None and self.mask.is_floating_point():
            self.mask = self.mask.to(dtype)

    def bring_back(self, module):
        name = self.name
        key, hook = next((k, h) for k, h in pruning_hooks(module).items() if h._tensor_name == name)
        if self.mask is not None:
            module._buffers[name + "_mask"] = self.mask
            hook._pruning_methods = hook._pruning_methods[:-1]
            return
        parameter = module._parameters[name + "_orig"]
        del module._forward_pre_hooks[key], module._parameters[name + "_orig"], module._buffers[name + "_mask"]
        delattr(module, name)
        setattr(module, name, parameter)
        for known, order in [(module._parameters, self.parameters), (module._buffers, self.buffers)]:
            for key in [k for k in order if k in known] + [k for k in known if k not in order]:
                known[key] = known.pop(key)
