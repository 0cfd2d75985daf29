"""Trains up to as many members at the same time as the first argument says, and misbehaves in the way that the second
one names. The sum of a member counts its units, and the largest number of members that were there beside it. Standard
library only."""

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "analysis"))

import stemma

at_once, how = int(sys.argv[1]), sys.argv[2]
BAD = 7  # the member that misbehaves, in its second unit


def misbehave(trial, trials):
    if trial.member != BAD or trial.at < 2:
        return
    if how == "infeasible":
        raise stemma.Infeasible("too wide")
    if how == "raises":
        raise ValueError("a row is damaged")
    if how == "device":
        raise RuntimeError("CUDA error: device-side assert triggered")
    if how == "memory" and len(trials) > 1:
        raise MemoryError("16 GiB")
    if how == "memory_alone":
        raise MemoryError("16 GiB")


def misbehave_for_all(trials):
    bad = [trial for trial in trials if trial.member == BAD and trial.at >= 2]
    if not bad or (how == "grows" and kept):
        return
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "grows":
        kept.append(bytearray(b"x" * (1 << 20)) * 100)
    if how == "hangs":
        time.sleep(3600)
    if how == "raises_for_all":
        raise ValueError("the stack is damaged")
    if how == "foreign_lease":
        bad[0]._channel.send(type="report", lease=999, at=2, metrics={})


sums, kept = {}, []
for trials in stemma.trials(**({} if at_once == 0 else {"at_once": at_once})):
    for trial in trials:
        with trial:
            if trial.begins:
                sums[trial] = trial.restore().get("sum", [0, 0])
            misbehave(trial, trials)
    misbehave_for_all(trials)
    time.sleep({"slow": 0.01, "stops_all": 0.1}.get(how, 0))
    if how == "stops_all" and any(trial.stopped for trial in trials):
        for trial in trials:
            trial._stops.last_is = lambda unit: True
    for trial in trials:
        if trial.failed:
            continue
        with trial:
            sums[trial][0] += 1
            sums[trial][1] = max(sums[trial][1], len(trials))
            seen = os.getpid() if how == "grows" else sums[trial][1]
            trial.report(valid_loss=sums[trial][0] * trial["lr"], test_loss=seen)
            if trial.ends:
                trial.save(sum=sums[trial])
