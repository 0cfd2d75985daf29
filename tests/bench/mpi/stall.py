"""How long training stands still because members take over each other's weights, as a share of training time.

    /usr/bin/python3 tests/bench/mpi/stall.py [lenet | ballast]

PBT with 2 workers under mpirun, 4 members, the worse half takes over from the better half. lenet: Fashion-MNIST, an
interval of one epoch. ballast: the toy trainer with snapshots of 400 MB and intervals of 20 s. A worker stands still
from its last report to the beginning of its next training. Counted are trainings that begin with another member's
weights (births from a parent), or with weights that had to move.
"""

import sys

import h5py
import numpy as np
from command import started, words

COMMON = {
    "scheduler.type": '"pbt"',
    "scheduler.population": 4,
    "scheduler.interval": 1,
    "scheduler.bottom": 0.5,
    "scheduler.top": 0.5,
    "workers.durable": '"none"',
}
CASES = {
    "lenet": ("tests/bench/mpi/lenet.toml", COMMON | {"scheduler.max": 12}),
    "ballast": (
        "jobs/pbt.toml",
        COMMON
        | {
            "scheduler.max": 6,
            "trainer.cost": '"20s"',
            "trainer.state_bytes": '"400MB"',
            "workers.snapshot_memory": '"4GB"',
        },
    ),
}
SOURCES = {0: "from scratch", 1: "own memory", 2: "another worker", 3: "disk"}


def stalls(run):
    """One row for each training except each worker's first: (stood still, source, born of a parent). Also seconds of
    training."""
    leases = {int(row["lease"]): row for row in run["leases"][:]}
    heirs = {int(row["member"]) for row in run["members"][:] if row["cause"] >= 3}
    begun, last, rows, seconds = set(), {}, [], 0.0
    for report in run["reports"][:]:
        lease = leases[int(report["lease"])]
        worker, member = int(report["worker"]), int(report["member"])
        seconds += float(report["seconds"])
        if worker in last:
            gap = float(report["time"] - report["seconds"]) - last[worker]
            rows.append((max(0.0, gap), int(lease["source"]), member in heirs and member not in begun))
        begun.add(member)
        last[worker] = float(report["time"])
    return rows, seconds


def measure(case):
    job, settings = CASES[case]
    with started(3, job, settings) as (process, folder):
        if process.wait() != 0:
            raise SystemExit(f"{' '.join(words(3, job, settings))} failed")
        with h5py.File(folder / "bench.h5", "r") as run:
            rows, seconds = stalls(run)
    exchanged = [gap for gap, source, born in rows if born or source in (2, 3)]
    print(
        f"{case}: {seconds:.1f} s of training in {len(rows)} trainings, {len(exchanged)} of them begin with "
        f"weights of others "
        f"or moved: training stands still for {100 * sum(exchanged) / seconds:.3f} % of that"
    )
    for source in sorted({source for _, source, _ in rows}):
        gaps = [gap for gap, other, _ in rows if other == source]
        print(
            f"  {SOURCES[source]:<15} {len(gaps):>5} trainings, stood still {1e3 * np.median(gaps):.1f} ms "
            f"(median), {1e3 * max(gaps):.1f} ms at most"
        )


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        measure(name)
