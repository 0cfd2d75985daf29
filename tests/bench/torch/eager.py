"""A LeNet epoch by Stemma and by eager PyTorch, side by side: same data, batch size, optimizer and threads.

    PYTHON tests/bench/torch/eager.py [ROUNDS] [THREADS]      # a Python that has torch, e.g. build-torch/bin/python

Eager PyTorch is the usual loop, with the data as one tensor and batches as index gathers. (A DataLoader would be
slower.) Rounds alternate: one epoch of each, medians and their ratio. bench_torch prints Stemma's figures.
"""

import gzip
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[3]
BENCH = os.environ.get("STEMMA_BENCH", str(ROOT / "build/tests/bench/torch/bench_torch"))
DATA = Path("/usr/share/datasets/fashion-mnist")
BATCHES = (64, 256, 1024)


def images():
    pixels = gzip.decompress((DATA / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((DATA / "train-labels-idx1-ubyte.gz").read_bytes())[8:]
    x = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(-1, 1, 28, 28).float() / 255
    return x, torch.frombuffer(bytearray(labels), dtype=torch.uint8).long()


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.drop, self.fc1, self.fc2 = nn.Dropout2d(0.25), nn.Linear(320, 50), nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.drop(self.conv2(x)), 2))
        x = F.dropout(F.relu(self.fc1(x.flatten(1))), training=self.training)
        return F.log_softmax(self.fc2(x), 1)


def epoch(x, y, batch):
    model = LeNet()
    optimizer = torch.optim.Adam(model.parameters(), amsgrad=True)
    start = time.perf_counter()
    order = torch.randperm(len(x))
    for first in range(0, len(x), batch):
        rows = order[first : first + batch]
        loss = F.nll_loss(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return len(x) / (time.perf_counter() - start)


def ours(threads):
    text = subprocess.run([BENCH, str(threads), "60000", "LeNet"], capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^LeNet\s+(\d+)\s+[\d.]+\s+([\d.,]+)", text, flags=re.M)
    return {int(batch): float(rate.replace(",", "")) for batch, rate in rows}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    torch.set_num_threads(threads)
    x, y = images()
    eager, stemma = {batch: [] for batch in BATCHES}, {batch: [] for batch in BATCHES}
    for _ in range(rounds):
        mine = ours(threads)
        for batch in BATCHES:
            eager[batch].append(epoch(x, y, batch))
            stemma[batch].append(mine[batch])
    print(f"LeNet, {threads} thread(s), samples/s, medians of {rounds} rounds; PyTorch {torch.__version__}")
    print(f"{'batch':>6} {'Stemma':>10} {'eager':>10} {'ratio':>6}")
    for batch in BATCHES:
        a, b = statistics.median(stemma[batch]), statistics.median(eager[batch])
        print(f"{batch:>6} {a:>10,.0f} {b:>10,.0f} {a / b:>6.2f}")


if __name__ == "__main__":
    main()
