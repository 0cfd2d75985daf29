"""What is trained, the same for all: LeNet on Fashion-MNIST (Protocol A of docs/studies/populations.md) in PyTorch.

Each epoch is a line in the file $EPOCHS: who trained it, from when to when, and both accuracies. So what a search did
is measured in the same way under all frameworks."""

import gzip
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

FOLDER = Path(os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))
SMALL = os.environ.get("SMALL") == "1"
SPACE = {  # low, high, on a logarithmic scale
    "lr": (1e-5, 1e-1, True),
    "weight_decay": (1e-5, 1e-1, True),
    "dropout": (0.0, 1.0, False),
    "one_minus_beta1": (1e-4, 1e-1, True),
    "one_minus_beta2": (1e-5, 1e-2, True),
}


def _rows(part, skip):
    data = gzip.decompress((FOLDER / f"{part}-ubyte.gz").read_bytes())
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=skip).copy())


class Data:
    """Loaded at most once in a process. Half of the test images choose, the other half is for the table."""

    def __init__(self):
        x, y = _rows("train-images-idx3", 16).view(-1, 1, 28, 28), _rows("train-labels-idx1", 8).long()
        self.x, self.y = (x[:10_000], y[:10_000]) if SMALL else (x, y)
        self.x = self.x.float().div_(255)
        self.held = _rows("t10k-images-idx3", 16).view(-1, 1, 28, 28).float().div_(255)
        self.labels = _rows("t10k-labels-idx1", 8).long()

    loaded = None

    @classmethod
    def get(cls):
        cls.loaded = cls.loaded or cls()
        return cls.loaded


class LeNet(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.linear1, self.linear2 = nn.Linear(320, 50), nn.Linear(50, 10)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x):
        x = nn.functional.relu(nn.functional.max_pool2d(self.conv1(x), 2))
        x = nn.functional.relu(nn.functional.max_pool2d(self.dropout(self.conv2(x)), 2))
        x = nn.functional.dropout(nn.functional.relu(self.linear1(x.flatten(1))), 0.5, self.training)
        return self.linear2(x)


class Training:
    """A network and its optimizer. `values` are the hyperparameters, by the names in SPACE."""

    def __init__(self, values):
        torch.set_num_threads(1)
        self.data = Data.get()
        self.model = LeNet(values["dropout"])
        self.optimizer = torch.optim.Adam(
            self.model.parameters(),
            values["lr"],
            betas=(1 - values["one_minus_beta1"], 1 - values["one_minus_beta2"]),
            weight_decay=values["weight_decay"],
            amsgrad=True,
        )

    def state(self):
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load(self, state):
        """Weights and moments of `state`, with the own hyperparameters."""
        own = [{key: value for key, value in group.items() if key != "params"} for group in self.optimizer.param_groups]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for group, values in zip(self.optimizer.param_groups, own):
            group.update(values)

    def epoch(self):
        """Trains one epoch. Returns the accuracy on the half that chooses."""
        begun = time.time()
        self.model.train()
        for rows in torch.randperm(len(self.data.x)).split(170 if SMALL else 1024):
            self.optimizer.zero_grad()
            nn.functional.cross_entropy(self.model(self.data.x[rows]), self.data.y[rows]).backward()
            self.optimizer.step()
        self.model.eval()
        with torch.no_grad():
            right = torch.cat([self.model(x).argmax(1) for x in self.data.held.split(1000)]) == self.data.labels
        valid, test = (half.float().mean().item() for half in right.view(2, -1))
        line = {"pid": os.getpid(), "begun": begun, "ended": time.time(), "valid": valid, "test": test}
        with open(os.environ["EPOCHS"], "a") as file:
            file.write(json.dumps(line) + "\n")
        return valid
