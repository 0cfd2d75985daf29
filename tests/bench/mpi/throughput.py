"""Reports a second through the whole program: toy trainer, real MPI ranks, every input and decision in HDF5.

    /usr/bin/python3 tests/bench/mpi/throughput.py [REPORTS] [REPEATS]

ASHA with 5 rungs, as the peers were measured. Members take no time, so this is the limit of rank 0. `ahead` leases wait
at each worker beside the lease in training (workers.trainings_ahead). Without a waiting lease each report costs a round
trip. The rounds of all rows alternate; medians.
"""

import statistics
import sys

from command import search

SETTINGS = {
    "scheduler.max": 81,
    "scheduler.eta": 3,
    "run.budget.members": 10**9,
    "trainer.cost": 0,
    "workers.durable": '"none"',
}


def main():
    reports = int(sys.argv[1]) if len(sys.argv) > 1 else 400_000
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rows = [(workers, ahead) for workers in (2, 3, 4) for ahead in (0, 64)]
    rates = {row: [] for row in rows}
    for _ in range(repeats):
        for workers, ahead in rows:
            count = reports if ahead else reports // 100
            done, seconds, _ = search(
                workers + 1,
                "jobs/toy_asha.toml",
                SETTINGS | {"run.budget.reports": count, "workers.trainings_ahead": ahead},
            )
            rates[workers, ahead].append(done / seconds)
    print(f"{'workers':>7} {'ahead':>6} {'reports/s':>10}   (median of {repeats}; lowest .. highest)")
    for (workers, ahead), values in rates.items():
        print(f"{workers:>7} {ahead:>6} {statistics.median(values):>10,.0f}   {min(values):,.0f} .. {max(values):,.0f}")


if __name__ == "__main__":
    main()
