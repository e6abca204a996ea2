"""PyTorch's side of bonsai-bench: reads one JSON request a line, writes one JSON reply a line, until its input ends.

Every request has an "op", the name of a method of Side; the rest are its arguments. Times are seconds of the call alone, taken
here. Started by bonsai-bench, which seeds both sides alike and has them run in turns.
"""
import ctypes, gc, json, sys, time

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.prune as prune

METHODS = {
    "global_l1": lambda ls, a: prune.global_unstructured([(l, "weight") for l in ls], prune.L1Unstructured, amount=a),
    "l1_unstructured": lambda ls, a: prune.l1_unstructured(ls[0], "weight", a),
    "random_unstructured": lambda ls, a: prune.random_unstructured(ls[0], "weight", a),
    "ln_structured": lambda ls, a: prune.ln_structured(ls[0], "weight", a, n=2, dim=0),
    "random_structured": lambda ls, a: prune.random_structured(ls[0], "weight", a, dim=0),
}


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def timed(body):
    """Seconds of one call, without the garbage collector, as timeit does it.

    Waits first until the threads of both processes, which spin for a while after their work, are at rest.
    """
    gc.collect()
    gc.disable()
    try:
        rested = time.perf_counter() + 0.02
        while time.perf_counter() < rested:
            pass
        start = time.perf_counter()
        body()
        return time.perf_counter() - start
    finally:
        gc.enable()


def trim():
    """Gives freed memory back to the system, so that what comes next is seen in the resident size."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except AttributeError:
        pass  # not glibc


def status(field):
    """Bytes of a field of /proc/self/status, or None on other systems."""
    try:
        with open("/proc/self/status") as lines:
            for line in lines:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return None


def peak_beyond(body):
    """The largest resident size while body runs, beyond the size before; None where the system does not tell."""
    trim()
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return None
    before = status("VmRSS")
    body()
    return status("VmHWM") - before


def checksum(tensor):
    """Sum of bits(i) * (2 i + 1) over all entries, modulo 2^64: the same function stands in Checksum.swift."""
    kinds = {2: torch.int16, 4: torch.int32, 8: torch.int64}
    flat = tensor.detach().contiguous().view(-1).view(kinds[tensor.element_size()])
    total, step = 0, 1 << 22
    for start in range(0, flat.numel(), step):
        bits = flat[start : start + step].long()
        places = torch.arange(start, start + bits.numel()) * 2 + 1
        total += int((bits * places).sum())
    return str(total % (1 << 64))


class Side:
    def __init__(self):
        self.layers = []
        self.trained = {}

    def hello(self, threads):
        torch.set_num_threads(threads)
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}

    def model(self, seed, shapes, dtype):
        """Fresh layers [in, out]; the checksums of their weights."""
        self.layers = []
        trim()
        torch.manual_seed(seed)
        self.layers = [nn.Linear(i, o, bias=False).to(getattr(torch, dtype)) for i, o in shapes]
        return {"checksums": [checksum(l.weight) for l in self.layers]}

    def restore(self):
        """Makes the layers what they were before all pruning, without touching the weights."""
        for layer in self.layers:
            if "weight_orig" in layer._parameters:
                original = layer._parameters.pop("weight_orig")
                del layer._buffers["weight_mask"], layer.weight
                layer._forward_pre_hooks.clear()
                layer.register_parameter("weight", original)

    def prepared(self, seed, prior):
        self.restore()
        torch.manual_seed(seed)
        if prior is not None:
            prune.l1_unstructured(self.layers[0], "weight", prior)

    def call(self, method, amount, seed, prior):
        """Seconds of one call on fresh layers, or on layers pruned by l1_unstructured(prior) before."""
        self.prepared(seed, prior)
        return {"seconds": timed(lambda: METHODS[method](self.layers, amount))}

    def peak(self, method, amount, seed, prior):
        self.prepared(seed, prior)
        return {"bytes": peak_beyond(lambda: METHODS[method](self.layers, amount))}

    def result(self, path):
        """Writes the masks of the last call, one byte an entry, and gives the checksums of the products."""
        count = sum(l.weight.numel() for l in self.layers)
        file = torch.from_file(path, shared=True, size=count, dtype=torch.uint8)
        start = 0
        for layer in self.layers:
            mask = layer.weight_mask.view(-1)
            file[start : start + mask.numel()].copy_(mask)
            start += mask.numel()
        return {"checksums": [checksum(l.weight) for l in self.layers]}

    def forget(self):
        self.layers = []
        trim()
        return {}

    # Forward passes of a dense and a pruned layer.

    def forward_model(self, seed, size, amount):
        torch.manual_seed(seed)
        dense, pruned = nn.Linear(size, size), nn.Linear(size, size)
        pruned.load_state_dict(dense.state_dict())
        prune.l1_unstructured(pruned, "weight", amount)
        self.layers = [dense, pruned]
        self.input = torch.randn(1, size)
        return {}

    def forward(self, masked, repeat):
        """Seconds of one forward pass, the mean of a block."""
        layer = self.layers[1 if masked else 0]
        with torch.no_grad():
            def body():
                for _ in range(repeat):
                    layer(self.input)
            return {"seconds": timed(body) / repeat}

    # Memory of a pruned module.

    def memory(self, shapes, amount, dtype):
        """Bytes that dense layers take, and that they take pruned, after a forward pass without gradients."""
        self.forget()
        start = status("VmRSS")
        self.layers = [nn.Linear(i, o, bias=False).to(getattr(torch, dtype)) for i, o in shapes]
        trim()
        dense = status("VmRSS") - start
        for layer in self.layers:
            prune.l1_unstructured(layer, "weight", amount)
        with torch.no_grad():
            for layer in self.layers:
                layer(torch.zeros(1, layer.in_features, dtype=layer.weight.dtype))
        trim()
        pruned = status("VmRSS") - start
        self.forget()
        return {"dense": dense, "pruned": pruned}

    # Training.

    def training_model(self, name, seed, images, labels, count, fused, amount):
        """A LeNet on images and labels that bonsai-bench has written to files."""
        self.images = torch.from_file(images, size=count * 1024, dtype=torch.float32).view(count, 1, 32, 32).clone()
        self.labels = torch.from_file(labels, size=count, dtype=torch.int64).clone()
        torch.manual_seed(seed)
        net = LeNet()
        if amount is not None:
            parts = (net.conv1, net.conv2, net.fc1, net.fc2, net.fc3)
            prune.global_unstructured([(p, "weight") for p in parts], prune.L1Unstructured, amount=amount)
        optimizer = torch.optim.Adam(net.parameters(), 1e-3, fused=fused or None)
        self.trained[name] = (net, optimizer, torch.Generator().manual_seed(seed))
        return {}

    def export_lenet(self, seed, path):
        """Writes the LeNet of a seed as a file of torch.export, for batches of any size."""
        torch.manual_seed(seed)
        batch = torch.export.Dim("batch", min=1, max=4096)
        program = torch.export.export(LeNet(), (torch.zeros(2, 1, 32, 32),), dynamic_shapes=({0: batch},))
        torch.export.save(program, path)
        return {}

    def training(self, batch, name=""):
        """One pass over the images: seconds, steps and the last loss."""
        net, optimizer, generator = self.trained[name]
        steps = 0
        last = None

        def body():
            nonlocal steps, last
            order = torch.randperm(len(self.images), generator=generator)
            for start in range(0, len(self.images), batch):
                picks = order[start : start + batch]
                optimizer.zero_grad()
                last = F.cross_entropy(net(self.images[picks]), self.labels[picks])
                last.backward()
                optimizer.step()
                steps += 1

        seconds = timed(body)
        return {"seconds": seconds, "steps": steps, "loss": last.item()}


def main():
    side = Side()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(side, request.pop("op"))(**request)
        except Exception as error:  # the other side decides what becomes of it
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
