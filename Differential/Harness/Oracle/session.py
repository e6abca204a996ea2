"""One program in torch: a network, its optimiser, and the steps done to it."""

import torch
from safetensors.torch import load_file, save_file
from torch.nn.utils import prune

import network
from methods import KINDS, apply
from additions import Held, translate
from surgery import Contiguous, Past, Saved, keep_fractions, keep_hook_order, pruning_hooks, refresh, remove


class Session:
    def __init__(self, spec):
        torch.manual_seed(spec["seed"])
        self.net = network.build(spec["layers"]).to(network.DTYPES[spec["dtype"]])
        self.optimizer_spec = spec.get("optimizer")
        self.folder = spec["folder"]
        self.methods = {}  # (module's path, name): the methods applied, by their true names
        self.past = {}
        self.outputs = []
        self.new_optimizer()

    def new_optimizer(self):
        self.held = []
        self.optimizer = network.optimizer(self.optimizer_spec, self.net)

    def perform(self, request):
        """Does a step; returns torch's refusal, empty where there is none, and what else the step gives."""
        ((kind, arguments),) = request["step"].items()
        self.outputs = []
        saved = Saved(self.net)
        past = {key: list(stack) for key, stack in self.past.items()}
        methods = {key: list(names) for key, names in self.methods.items()}
        refresh(self.net)
        try:
            extra = getattr(self, kind)(request=request, **arguments) or {}
            return "", extra
        except Exception as error:
            saved.restore()
            self.past, self.methods, self.outputs = past, methods, []
            refresh(self.net)
            return f"{type(error).__name__}: {error}".splitlines()[0], {}

    # What a request's targets stand for.

    def place(self, target):
        return self.net.get_submodule(target["module"]), target["name"]

    def parameter(self, target):
        module, name = self.place(target)
        found = module._parameters.get(name + "_orig", module._parameters.get(name))
        if found is None:
            raise AttributeError(name)
        return found

    # Pruning.

    def pruning(self, targets, names, call, scores=()):
        """Calls `call`, on contiguous twins where torch refuses strides, and notes what it did."""
        places = [self.place(target) for target in targets]
        orders = {}
        before = [
            (Past(*place, orders), [h._tensor_name for h in pruning_hooks(place[0]).values()]) for place in places
        ]
        saved = Saved(self.net)
        try:
            call(list(scores))
        except RuntimeError as error:
            if "view size is not compatible" not in str(error):
                raise
            saved.restore()
            twins = Contiguous(self.net, places)
            call([s.contiguous() if s is not None else None for s in scores])
            twins.leave()
        for target, (module, name), (past, order) in zip(targets, places, before):
            key = (target["module"], name)
            self.past.setdefault(key, []).append(past)
            self.methods.setdefault(key, []).append(names)
            keep_hook_order(module, order)

    def refuse_originals(self, targets):
        for target in targets:
            if target["name"].endswith("_orig"):
                raise ValueError("by decision: torch prunes the original of a pruned tensor apart from it")

    def prune(self, request, target, method, seed, scores=None):
        module, name = self.place(target)
        self.refuse_originals([target])
        ((kind, arguments),) = method.items()
        given = network.draw(scores, self.parameter(target).shape, self.parameter(target).dtype) if scores else None

        structured = kind in ("ln", "randomStructured") or arguments.get("type") == "structured"
        if structured and self.parameter(target).dim() < 2 and name + "_mask" in module._buffers:
            raise ValueError("by decision: torch refuses channels of a vector in a first call only")

        def call(scores):
            torch.manual_seed(seed)
            apply(kind, arguments, module, name, scores[0])

        self.pruning([target], KINDS[kind].__name__, call, [given])

    def globally(self, request, targets, method, seed, scores):
        places = [self.place(target) for target in targets]
        self.refuse_originals(targets)
        ((kind, arguments),) = method.items()
        given = []
        for target, recipe in zip(targets, scores):
            own = self.parameter(target)
            given.append(network.draw(recipe, own.shape, own.dtype) if recipe else None)
            if recipe and given[-1].shape != own.shape:
                raise ValueError("by decision: scores of another shape, whose total size torch alone checks")
        if kind == "random" and all(s is not None and not s.is_floating_point() for s in given):
            given = [s.float() for s in given]  # by decision: draws need no scores

        def call(scores):
            torch.manual_seed(seed)
            named = {place: s for place, s in zip(places, scores) if s is not None}
            apply(kind, arguments, None, None, named, places)

        before = [module._buffers.get(name + "_mask") for module, name in places]
        before = [mask.clone() if mask is not None else None for mask in before]
        self.pruning(targets, KINDS[kind].__name__, call, given)
        for (module, name), mask in zip(places, before):
            keep_fractions(module, name, mask)

    def remove(self, request, target):
        module, name = self.place(target)
        mask = module._buffers.get(name + "_mask")
        remove(module, name)
        for held in self.held:
            held.removed(module, name, mask)
        key = (target["module"], target["name"])
        self.past.pop(key), self.methods.pop(key)

    def undo(self, request, target):
        key = (target["module"], target["name"])
        if not self.past.get(key):
            raise ValueError("nothing to undo")
        module, name = self.place(target)
        self.past[key].pop().bring_back(module)
        self.methods[key].pop()
        if not self.methods[key]:
            del self.past[key], self.methods[key]
            self.held = [held for held in self.held if not held.follows(module, name)]

    def probe(self, request, target, method, seed, removing):
        """Done and undone in Bonsai alone."""

    # Values.

    def fill(self, request, target, recipe):
        parameter = self.parameter(target)
        parameter.data = network.draw(recipe, parameter.shape, parameter.dtype)

    def add(self, request, target, recipe):
        parameter = self.parameter(target)
        parameter.data.add_(network.draw(recipe, parameter.shape, parameter.dtype))

    def convert(self, request, module, dtype):
        dtype = network.DTYPES[dtype]
        self.net.get_submodule(module).to(dtype)
        for (path, _), stack in self.past.items():
            for past in stack if (path + ".").startswith(module + ".") or not module else []:
                past.convert(dtype)
        self.new_optimizer()

    def copy(self, request):
        """Bonsai goes on with a copy; its optimiser starts anew. A copy's parameters have no gaps, as after deepcopy."""
        for parameter in self.net.parameters():
            parameter.data = parameter.data.clone()
        self.new_optimizer()

    def train(self, request, on):
        self.net.train(on)

    def freeze(self, request, on):
        self.net.requires_grad_(not on)

    # Passes.

    def run(self, request, seed):
        dtype = next((p.dtype for p in self.net.parameters()), torch.float32)
        inputs = []
        for i, spec in enumerate(request["inputs"]):
            torch.manual_seed(seed + i)
            if spec.get("indices"):
                inputs.append(torch.randint(0, spec["indices"], spec["shape"]))
            else:
                inputs.append(torch.randn(spec["shape"]).to(dtype).requires_grad_())
        torch.manual_seed(seed)
        layers = list(self.net)
        if len(layers) == 1 and isinstance(layers[0], torch.nn.MultiheadAttention) and len(inputs) == 3:
            output, weights = layers[0](*inputs)
            return inputs, [output, weights]
        if len(layers) == 1 and isinstance(layers[0], torch.nn.Bilinear):
            return inputs, [layers[0](*inputs)]
        if len(layers) == 1 and isinstance(layers[0], torch.nn.LSTM):
            output, (hidden, cell) = layers[0](inputs[0])
            return inputs, [output, hidden, cell]
        if len(layers) == 1 and isinstance(layers[0], torch.nn.GRU):
            return inputs, list(layers[0](inputs[0]))
        x = inputs[0]
        for layer in layers:
            if isinstance(layer, torch.nn.MultiheadAttention):
                x = layer(x, x, x, need_weights=False)[0]
            elif isinstance(layer, torch.nn.RNNBase):
                x = layer(x)[0]
            else:
                x = layer(x)
        return inputs, [x]

    def forward(self, request, seed, batch, gradients):
        with torch.set_grad_enabled(gradients):
            _, outputs = self.run(request, seed)
        self.outputs = [(f"output.{i}", y) for i, y in enumerate(outputs)]

    def backward(self, request, seed, batch, accumulating):
        if not accumulating:
            self.net.zero_grad()
        inputs, outputs = self.run(request, seed)
        torch.manual_seed(seed)
        (outputs[0] * torch.randn(outputs[0].shape).to(outputs[0].dtype)).sum().backward()
        self.outputs = [(f"output.{i}", y) for i, y in enumerate(outputs)]
        self.outputs += [(f"input.{i}.grad", x.grad) for i, x in enumerate(inputs) if x.grad is not None]

    def optimize(self, request):
        if self.optimizer is None:
            raise ValueError("no optimiser")
        before = [held.parameter.data.clone() for held in self.held]
        self.optimizer.step()
        for held, values in zip(self.held, before):
            held.restore(values)

    def hold(self, request, target):
        self.refuse_originals([target])
        module, name = self.place(target)
        held = Held(module, name, self.parameter(target))
        if self.optimizer is None:
            raise ValueError("no optimiser")
        self.held = [other for other in self.held if other.parameter is not held.parameter] + [held]

    # Files.

    def save(self, request, slot):
        state = {name: tensor.contiguous() for name, tensor in self.net.state_dict().items()}
        save_file(state, f"{self.folder}/torch-{slot}.safetensors", metadata={"format": "pt"})

    def load(self, request, slot, how):
        state = load_file(f"{self.folder}/bonsai-{slot}.safetensors")
        if how == "translated":
            translate(state, self.net)
        result = self.net.load_state_dict(state, strict=how != "loose")
        return {"missing": list(result.missing_keys), "unexpected": list(result.unexpected_keys)}

    # What is compared.

    def names(self):
        modules = []
        for path, module in self.net.named_modules():
            hooks = []
            for hook in pruning_hooks(module).values():
                chain = [type(m).__name__ for m in hook] if isinstance(hook, prune.PruningContainer) else [
                    type(hook).__name__
                ]
                true = self.methods[path, hook._tensor_name]
                # Global pruning records its method and not torch's CustomFromMask.
                assert len(chain) == len(true) and all(a in (b, "CustomFromMask") for a, b in zip(chain, true))
                hooks.append({"tensor": hook._tensor_name, "methods": true})
            modules.append(
                {
                    "path": path,
                    "parameters": [name for name, p in module._parameters.items() if p is not None],
                    "buffers": [name for name, b in module._buffers.items() if b is not None],
                    "hooks": hooks,
                    "isTraining": module.training,
                }
            )
        return {
            "modules": modules,
            "stateDict": list(self.net.state_dict()),
            "parameters": [name for name, _ in self.net.named_parameters()],
            "isPruned": prune.is_pruned(self.net),
        }

    def tensors(self):
        refresh(self.net)
        found = []
        for path, module in self.net.named_modules():
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    found.append((f"{path}.{name}", parameter))
                    if parameter.grad is not None:
                        found.append((f"{path}.{name}.grad", parameter.grad))
            found += [(f"{path}.{name}", b) for name, b in module._buffers.items() if b is not None]
            for hook in pruning_hooks(module).values():
                found.append((f"{path}.{hook._tensor_name}", getattr(module, hook._tensor_name)))
        if self.optimizer:
            for i, p in enumerate(self.optimizer.param_groups[0]["params"]):
                for name, value in self.optimizer.state.get(p, {}).items():
                    if value is not None:
                        found.append((f"optimizer.state.{i}.{name}", value))
        return found + self.outputs
