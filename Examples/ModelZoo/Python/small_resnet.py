"""The small ResNet of Examples/Models in Python, with the same numbers: model-zoo train.

    small_resnet.py FOLDER [EPOCHS [SEED [THREADS]]]      before each epoch it waits for a line on standard input
"""
import os
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

folder = sys.argv[1]
epochs, seed, threads = ([int(a) for a in sys.argv[2:]] + [3, 0, 0][len(sys.argv) - 2:])[:3]
if threads:
    torch.set_num_threads(threads)


def idx(name, skip):
    return torch.from_numpy(np.fromfile(os.path.join(folder, name), np.uint8, offset=skip))


def part(name):
    images = idx(f"{name}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28).float() / 255
    return (images - 0.2860) / 0.3530, idx(f"{name}-labels-idx1-ubyte", 8).long()


class Block(nn.Module):
    def __init__(self, channels, out, stride=1):
        super().__init__()
        self.downsample = None
        if stride > 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.conv1, self.bn1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class SmallResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.bn = nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.blocks = nn.ModuleList([Block(16, 16), Block(16, 32, 2), Block(32, 64, 2)])
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.bn(self.stem(x)), 2))
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean((2, 3)))


(x, y), (xt, yt) = part("train"), part("t10k")
torch.manual_seed(seed)
model = SmallResNet()
optimizer = torch.optim.Adam(model.parameters(), 2e-3)
batch = 128
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * ((len(x) + batch - 1) // batch))
generator = torch.Generator().manual_seed(seed)
for epoch in range(1, epochs + 1):
    sys.stdin.readline()
    model.train()
    start, work = time.perf_counter(), time.process_time()
    order = torch.randperm(len(x), generator=generator)
    for i in range(0, len(x), batch):
        picks = order[i:i + batch]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[picks]), y[picks])
        loss.backward()
        optimizer.step()
        schedule.step()
        if i % (100 * batch) == 0:
            total = loss.item()
    seconds, work = time.perf_counter() - start, time.process_time() - work
    model.eval()
    with torch.no_grad():
        hits = sum((model(xt[i:i + 500]).argmax(1) == yt[i:i + 500]).sum().item() for i in range(0, len(xt), 500))
    print(f"epoch {epoch} accuracy {hits / len(xt)} seconds {seconds} cpu {work} loss {total}", flush=True)
