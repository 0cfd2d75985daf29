"""Trains nothing. Reads its start snapshot and leaves a snapshot of as many bytes as the hyperparameter says.
The last process of member 1 is killed."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "analysis"))

import stemma

state = b""
for trial in stemma.trials():
    if trial.member == 1 and trial.rank == trial.ranks - 1:
        os.kill(os.getpid(), signal.SIGKILL)
    size = trial["bytes"]
    if len(state) != size:
        state = bytes(size)
    if trial.start:
        with open(trial.start, "rb") as file:
            state = file.read()
    if size:
        with open(trial.save_path, "wb", buffering=0) as file:
            file.write(state)
    trial.report(valid_loss=0.5, at=trial.last)
