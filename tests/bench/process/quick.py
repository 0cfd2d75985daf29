"""Trains nothing. Reads its start snapshot and leaves a snapshot of as many bytes as the hyperparameter says."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "analysis"))

import stemma

state = b""
for lease in stemma.leases():
    size = lease["bytes"]
    if len(state) != size:
        state = bytes(size)
    if lease.start:
        with open(lease.start, "rb") as file:
            state = file.read()
    if size:
        with open(lease.save, "wb", buffering=0) as file:
            file.write(state)
    lease.report(valid_loss=0.5, snapshot=size > 0, at=lease.last)
