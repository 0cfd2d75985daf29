"""Writes net8.pt and net24.pt: python3 make.py, with PyTorch (2.15 when they were made). Older LibTorch reads them,
too."""

import zipfile

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width, dropout):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout))
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        return self.out(self.body(x))


def without_paths(name):
    """Takes out what names the files of the machine that it was made on."""
    with zipfile.ZipFile(name) as archive:
        kept = [
            (one.filename, archive.read(one)) for one in archive.infolist() if not one.filename.endswith(".debug_pkl")
        ]
    with zipfile.ZipFile(name, "w", zipfile.ZIP_STORED) as archive:
        for file, content in kept:
            archive.writestr(zipfile.ZipInfo(file), content)


for width, dropout in ((8, 0.0), (24, 0.1)):
    torch.manual_seed(width)
    torch.jit.script(Net(width, dropout)).save(f"net{width}.pt")
    without_paths(f"net{width}.pt")
