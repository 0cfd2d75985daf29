"""Memory of the ranks under many real exchanges of weights, with quotas.

    /usr/bin/python3 tests/bench/mpi/exchanges.py [REPORTS]

PBT under mpirun with 3 workers and the toy trainer, with snapshots of 1 MB. Half of the members take over from the
other half. The quota is 12 MB for each worker. Prints the exchanges (snapshots sent from worker to worker) and the
anonymous resident memory of each rank during the run: the memory must not grow.
"""

import sys
import time
from pathlib import Path

import h5py
from command import started

WORKERS = 3
SETTINGS = {
    "scheduler.population": 12,
    "scheduler.interval": 1,
    "scheduler.max": 10**9,
    "scheduler.bottom": 0.5,
    "scheduler.top": 0.5,
    "trainer.cost": 0,
    "trainer.state_bytes": '"1MB"',
    "workers.snapshot_memory": '"12MB"',
    "workers.spill": "false",
    "workers.durable": '"none"',
}


def children(pid):
    return [int(word) for task in Path(f"/proc/{pid}/task").glob("*/children") for word in task.read_text().split()]


def resident(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return 0.0


def main():
    reports = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    samples = []
    with started(WORKERS + 1, "jobs/pbt.toml", SETTINGS | {"run.budget.reports": reports}) as (process, folder):
        while process.poll() is None:
            time.sleep(0.5)
            try:
                samples.append([resident(pid) for pid in children(process.pid)])
            except FileNotFoundError:
                break
        if process.wait() != 0:
            raise SystemExit("the search failed")
        with h5py.File(folder / "bench.h5", "r") as run:
            leases = run["leases"][:]
            exchanges = int((leases["source"] == 2).sum())
            spent = float(run["reports"]["time"][-1])
    samples = [sample for sample in samples if len(sample) == WORKERS + 1 and min(sample) > 0]
    print(f"{len(leases):,} trainings, {exchanges:,} exchanges of 1 MB in {spent:.0f} s")
    print("anonymous resident MB (without the shared memory of MPI): manager, then workers")
    for share in (0.1, 0.25, 0.5, 0.75, 0.95):
        print(
            f"  at {100 * share:>3.0f} %  "
            + "  ".join(f"{value:7.1f}" for value in samples[int(share * (len(samples) - 1))])
        )


if __name__ == "__main__":
    main()
