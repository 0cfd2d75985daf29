"""CPU time of ranks that have nothing to do: rank 0, and workers whose member sleeps.

    /usr/bin/python3 tests/bench/mpi/idle.py [SECONDS] [WORKERS]

Each member sleeps for an hour, so a rank's CPU time is that of its message loop, heartbeats included.
"""

import os
import sys
import time
from pathlib import Path

from command import started

SETTINGS = {"trainer.cost": '"1h"', "run.budget.members": 100, "workers.heartbeat": '"1s"'}


def ranks_of(launcher):
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == launcher:
                environment = dict(
                    item.split(b"=", 1) for item in (entry / "environ").read_bytes().split(b"\0") if b"=" in item
                )
                found[int(environment[b"OMPI_COMM_WORLD_RANK"])] = int(entry.name)
        except (OSError, ValueError, IndexError, KeyError):
            continue
    return found


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with started(workers + 1, "jobs/toy_asha.toml", SETTINGS) as (process, _):
        time.sleep(5)  # the start is not idle time
        ranks = ranks_of(process.pid)
        before = {rank: cpu_seconds(pid) for rank, pid in ranks.items()}
        time.sleep(seconds)
        for rank, pid in sorted(ranks.items()):
            share = 100 * (cpu_seconds(pid) - before[rank]) / seconds
            print(f"rank {rank} {'manager' if rank == 0 else 'worker':<8} {share:.2f} % of a core")


if __name__ == "__main__":
    main()
