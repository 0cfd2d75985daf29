"""One search, and the CSV file of finished ones. It is continued, and several programs may write to it."""

import csv
import fcntl
import os

FIELDS = [
    "contender",
    "version",
    "task",
    "out",
    "seed",
    "evaluations",
    "value",  # the best found
    "figure",  # of it, see tasks.py
    "curve",  # the figure after each tenth evaluation
    "distinct",  # points evaluated
    "cpu_s",  # of all proposals
]


def search(contender, task, seed, out):
    """The row of a search with `out` proposals under way at a time. The oldest of them is told first."""
    values, under_way, seen, asked = [], [], set(), 0
    contender.start(task, seed, out)
    try:
        before = contender.cpu()
        while len(values) < task.evaluations:
            while asked < task.evaluations and len(under_way) < out:
                handle, configuration = contender.ask()
                asked += 1
                seen.add(tuple(configuration[name] for name in task.space))
                under_way.append((handle, configuration))
            handle, configuration = under_way.pop(0)
            values.append(float(task(configuration)))
            if len(values) == task.evaluations:
                spent = contender.cpu() - before
            contender.tell(handle, values[-1])
    finally:
        contender.close()
    return {
        "task": task.name,
        "version": contender.version,
        "out": out,
        "seed": seed,
        "evaluations": len(values),
        "value": f"{min(values):.9g}",
        "figure": f"{task.figure(min(values)):.6g}",
        "curve": ";".join(f"{task.figure(min(values[:end])):.5g}" for end in range(10, len(values) + 1, 10)),
        "distinct": len(seen),
        "cpu_s": f"{spent:.3f}",
    }


def identity(row):
    return row["contender"], row["task"], int(row["out"]), int(row["seed"])


def read(path):
    """The rows of finished searches, each once."""
    if not os.path.exists(path):
        return []
    with open(path, newline="") as file:
        return list({identity(row): row for row in csv.DictReader(file)}.values())


def append(path, row):
    with open(path, "a", newline="") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if file.seek(0, os.SEEK_END) == 0:
            writer.writeheader()
        writer.writerow(row)
