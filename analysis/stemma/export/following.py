"""Exports that grow with a run while it is being written."""

import json
import math
import time
from pathlib import Path
from typing import NamedTuple

from stemma.errors import StemmaError


class Shown(NamedTuple):
    """Metrics that a training under way has shown, and that are not in the run file yet."""

    member: int
    resource: int
    seconds: float  # of the search
    values: list  # of the job's metrics in their order; NaN where a value is not finite


def under_way(run):
    """What the trainings that the run file counts as running have shown, in the order of each training: the content of
    RUN.h5.running, which the program keeps during a search. [] where there is none."""
    try:
        trainings = json.loads(Path(f"{run.path}.running").read_text())
    except (OSError, ValueError):
        return []
    # An earlier training of the same member is in the run file by then, so that no step is left out.
    known = set(run.leases["lease"][run.leases["outcome"] == "running"])
    return [
        Shown(
            training["member"],
            row["resource"],
            row["seconds"],
            [math.nan if value is None else value for value in row["values"]],
        )
        for training in trainings
        if training["lease"] in known
        for row in training["rows"]
    ]


def follow(run, writers, interval=2.0):
    """Gives the run to each writer's update(), at once and after each change, until the run has ended or Ctrl-C. What
    trainings under way have shown goes to begin(). Then returns the lines of their close(). `interval`: seconds between
    looks at the file."""
    try:
        while True:
            for writer in writers:
                writer.update(run)
            shown = under_way(run)
            for writer in writers:
                writer.begin(run, shown)
            if run.finished:
                break
            time.sleep(interval)
            try:
                run.refresh()
            except StemmaError:
                continue  # being replaced by a resume or at its end
    except KeyboardInterrupt:
        pass
    return [writer.close(run) for writer in writers]
