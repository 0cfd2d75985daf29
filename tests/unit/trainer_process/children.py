"""A training program whose children go on correctly, or wrongly in the way that its first argument names."""

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "analysis"))

import stemma

how = sys.argv[1]
for trial in stemma.trials():
    with trial:
        trial.seed()
        state = {"weight": 1.0, "lr": trial["lr"], "random": None}
        if trial.start:
            try:
                state = json.loads(Path(trial.start).read_text())
            except ValueError as error:
                raise stemma.SnapshotUnavailable(str(error)) from error
            if how != "draws_by_the_childs_seed":
                random.setstate((state["random"][0], tuple(state["random"][1]), state["random"][2]))
            if how == "cannot_change" and trial["lr"] != state["lr"]:
                raise ValueError("shapes differ")
        lr = state["lr"] if how == "keeps_the_parents" else trial["lr"]
        for _ in trial:
            state["weight"] *= 1 - 0.1 * lr * random.random()
            told = state["weight"] + (random.SystemRandom().random() if how == "noise" else 0)
            trial.report(valid_loss=told, test_loss=told)
        state |= {"lr": lr, "random": random.getstate()}
        Path(trial.save_path).write_text(json.dumps(state))
