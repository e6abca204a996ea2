"""What Bonsai has and torch has not: zeros held through an optimiser's steps, state dicts that load either way."""

import torch

from surgery import pruning_hooks


class Held:
    """A parameter whose masked entries an optimiser's step must not move."""

    def __init__(self, module, name, parameter):
        self.module, self.name, self.parameter = module, name, parameter
        self.pruned = name + "_mask" in module._buffers
        self.open = None if self.pruned else parameter.data != 0

    def follows(self, module, name):
        """Whether this holds what masks of the tensor say, as long as it is pruned."""
        return self.pruned and self.module is module and self.name == name

    def removed(self, module, name, mask):
        if self.follows(module, name):
            self.pruned, self.open = False, mask != 0

    def restore(self, before):
        if self.pruned:
            mask = self.module._buffers[self.name + "_mask"]
            self.parameter.data.copy_(torch.where(mask != 0, self.parameter.data, before))
        else:
            self.parameter.data.copy_(torch.where(self.open, self.parameter.data, 0))


def translate(state, net):
    """A state dict in the names of a network that is pruned in other places."""
    for path, module in net.named_modules():
        prefix = path + "." if path else ""
        pruned = {hook._tensor_name for hook in pruning_hooks(module).values()}
        for name in pruned:
            full = prefix + name
            if full in state and full + "_orig" not in state and full + "_mask" not in state:
                state[full + "_orig"] = state.pop(full)
                state[full + "_mask"] = module._buffers[name + "_mask"]
        for name, parameter in module._parameters.items():
            full = prefix + name
            if name in pruned or parameter is None or full + "_orig" not in state or full + "_mask" not in state:
                continue
            original, mask = state.pop(full + "_orig"), state.pop(full + "_mask")
            state[full] = mask.to(original.dtype) * original
