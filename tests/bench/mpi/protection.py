"""What heartbeats, durable copies and second copies cost: processor time of all ranks, and its share of training time.

    /usr/bin/python3 tests/bench/mpi/protection.py [REPEATS]

Two workers under mpirun whose trainings sleep, so that every second of processor time is the program's own. There are
40 leases of 0.4 s, and each leaves a snapshot of 16 MiB. Each line switches one feature on. Rounds alternate; medians.
"""

import resource
import statistics
import sys

from command import search

JOB = "tests/bench/mpi/protection.toml"
BASE = {"workers.heartbeat": "5s"}
VARIANTS = {
    "nothing": {},
    "heartbeats every 10 ms": {"workers.heartbeat": "10ms"},
    "durable = all": {"workers.durable": "all"},
    "replicated = all": {"workers.replicated": "all"},
}


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    measured = {name: [] for name in VARIANTS}
    for _ in range(repeats):
        for name, settings in VARIANTS.items():
            before = processor_seconds()
            reports, elapsed, training = search(3, JOB, BASE | settings)
            measured[name].append((processor_seconds() - before, elapsed, training, reports))
    base = statistics.median(processor for processor, *_ in measured["nothing"])
    for name, rounds in measured.items():
        processor, elapsed, training, reports = (statistics.median(column) for column in zip(*rounds))
        print(
            f"{name:24} {processor:6.2f} s of processor time, {elapsed:5.1f} s from first lease to last report; "
            f"beyond nothing: "
            f"{processor - base:+.2f} s = {100 * (processor - base) / training:+.2f} % of training time, "
            f"{1000 * (processor - base) / reports:+.1f} ms a report"
        )


if __name__ == "__main__":
    main()
