"""A training program whose children go on correctly, or wrongly in the way that its first argument names."""

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "analysis"))

import stemma

how = sys.argv[1]
for lease in stemma.leases():
    with lease:
        stemma.seed(lease)
        state = {"weight": 1.0, "lr": lease["lr"], "random": None}
        if lease.start:
            try:
                state = json.loads(Path(lease.start).read_text())
            except ValueError as error:
                raise stemma.SnapshotUnavailable(str(error)) from error
            if how != "draws_by_the_childs_seed":
                random.setstate((state["random"][0], tuple(state["random"][1]), state["random"][2]))
            if how == "cannot_change" and lease["lr"] != state["lr"]:
                raise ValueError("shapes differ")
        lr = state["lr"] if how == "keeps_the_parents" else lease["lr"]
        for _ in lease:
            state["weight"] *= 1 - 0.1 * lr * random.random()
            told = state["weight"] + (random.SystemRandom().random() if how == "noise" else 0)
            lease.progress(valid_loss=told, test_loss=told)
        state |= {"lr": lr, "random": random.getstate()}
        Path(lease.save).write_text(json.dumps(state))
        lease.report()
