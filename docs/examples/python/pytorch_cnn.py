"""A small convolutional network in PyTorch, trained for a Stemma search. Run it with: stemma run pytorch_cnn.toml

The lines that differ from a script without Stemma are marked.
"""

import sys

import stemma  #                                                                                            <- Stemma
import torch
from torch import nn


def images(rows, seed):
    """Bars at random places in noise, 12 x 12 pixels: lying ones and standing ones."""
    draw = torch.Generator().manual_seed(seed)
    x = 0.5 * torch.randn(rows, 1, 12, 12, generator=draw)
    y = torch.randint(0, 2, (rows,), generator=draw)
    at = torch.randint(0, 7, (rows, 2), generator=draw)
    for image, label, (row, column) in zip(x, y, at.tolist()):
        if label == 0:
            image[0, row, column : column + 6] += 1
        else:
            image[0, row : row + 6, column] += 1
    return x, y


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def train(trial, train_set, valid_set, test_set):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(trial.threads)  #                                                                 <- Stemma
    trial.seed()  #                                                                                         <- Stemma
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(trial["dropout"]),
        nn.Linear(144, 2),
    ).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=trial["lr"], momentum=trial["momentum"])
    trial.restore(model=model, optimizer=optimizer)  #                                                      <- Stemma
    x, y = train_set
    for _ in trial:  # was: for epoch in range(epochs)                                                      <- Stemma
        model.train()
        for rows in torch.randperm(len(y)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows].to(device)), y[rows].to(device)).backward()
            optimizer.step()
        trial.report(  #                                                                                    <- Stemma
            valid_accuracy=accuracy(model, *(one.to(device) for one in valid_set)),
            test_accuracy=accuracy(model, *(one.to(device) for one in test_set)),
        )


if __name__ == "__main__":  # not in processes that a data loader may start
    sets = images(1500, 1), images(500, 2), images(500, 3)
    values = {"lr": 0.05, "momentum": 0.9, "dropout": 0.1} if "--try" in sys.argv else None
    for trial in stemma.trials(name="pytorch_cnn", try_with=values, last=3):  #                             <- Stemma
        with trial:  #                                                                                      <- Stemma
            train(trial, *sets)
