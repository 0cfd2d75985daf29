"""The four networks in eager PyTorch, as a user would train them: steps of SGD with momentum on a device.

    PYTHON tests/gpu/eager_models.py MODEL DEVICE BATCH WIDTH SEQUENCE FROM TO ROUNDS

Prints samples a second. The data lies on the device as one tensor, and a batch is a gather of its rows. Inputs are
random numbers: only their shapes matter. As in gpu_probe, a step's time is the difference of two trainings, each the
fastest of its rounds.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

WORDS = 2000


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.drop, self.fc1, self.fc2 = nn.Dropout2d(0.25), nn.Linear(320, 50), nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.drop(self.conv2(x)), 2))
        return self.fc2(F.dropout(F.relu(self.fc1(x.flatten(1))), training=self.training))


def mlp(width):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)
    )


class Block(nn.Module):
    def __init__(self, entering, leaving, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(entering, leaving, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(leaving, leaving, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(leaving), nn.BatchNorm2d(leaving)
        self.down = None
        if stride != 1 or entering != leaving:
            self.down = nn.Sequential(nn.Conv2d(entering, leaving, 1, stride, bias=False), nn.BatchNorm2d(leaving))

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (x if self.down is None else self.down(x)))


def resnet18(width):
    layers = [nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    maps = width
    for stage in range(4):
        out = width << stage
        layers += [Block(maps, out, 1 if stage == 0 else 2), Block(out, out, 1)]
        maps = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(maps, 10))


class Lstm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.embedding, self.decoder = nn.Embedding(WORDS, width), nn.Linear(width, WORDS)
        self.lstm = nn.LSTM(width, width, 2)

    def forward(self, x, state):
        y, state = self.lstm(self.embedding(x), state)
        return self.decoder(y.flatten(0, 1)), tuple(part.detach() for part in state)


class Images:
    """A network on images: the loss of one batch after the other."""

    def __init__(self, model, device, batch, width, batches):
        self.network = {"lenet": LeNet, "mlp": lambda: mlp(width), "resnet18": lambda: resnet18(width)}[model]()
        self.network.to(device)
        self.batch, rows = batch, batch * batches
        shape = (3, 32, 32) if model == "resnet18" else (1, 28, 28)
        self.x = torch.rand(rows, *shape).to(device)
        self.y = torch.randint(10, (rows,)).to(device)
        self.order = torch.randperm(rows).to(device)
        self.samples = batch

    def loss(self, step):
        rows = self.order[step * self.batch : (step + 1) * self.batch]
        return F.cross_entropy(self.network(self.x[rows]), self.y[rows])


class Text:
    def __init__(self, device, streams, width, sequence, batches):
        self.network = Lstm(width).to(device)
        self.words = torch.randint(WORDS, (batches * sequence + 1, streams)).to(device)
        self.sequence, self.state = sequence, None
        self.samples = streams * sequence

    def loss(self, step):
        first = step * self.sequence
        self.state = self.state if step else None
        output, self.state = self.network(self.words[first : first + self.sequence], self.state)
        return F.cross_entropy(output, self.words[first + 1 : first + 1 + self.sequence].flatten())


def seconds(task, clip, optimizer, steps, wait):
    wait()
    start = time.perf_counter()
    for step in range(steps):
        optimizer.zero_grad()
        task.loss(step).backward()
        if clip:
            nn.utils.clip_grad_norm_(task.network.parameters(), 0.25)
        optimizer.step()
    wait()
    return time.perf_counter() - start


def main():
    model, device = sys.argv[1:3]
    batch, width, sequence, shorter, longer, rounds = map(int, sys.argv[3:])
    torch.set_num_threads(1)
    text = model == "lstm"
    task = Text(device, batch, width, sequence, longer) if text else Images(model, device, batch, width, longer)
    optimizer = torch.optim.SGD(task.network.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)

    def wait():
        if device.startswith("cuda"):
            torch.cuda.synchronize()

    seconds(task, text, optimizer, shorter, wait)
    times = [[seconds(task, text, optimizer, steps, wait) for _ in range(rounds)] for steps in (longer, shorter)]
    print(f"{(longer - shorter) * task.samples / (min(times[0]) - min(times[1])):.6g}")


if __name__ == "__main__":
    main()
