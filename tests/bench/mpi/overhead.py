"""What MPI and the manager cost a training: two members under mpirun against the same two as plain processes.

    /usr/bin/python3 tests/bench/mpi/overhead.py [EPOCHS] [REPEATS]

LeNet on Fashion-MNIST, one thread each. Plain: two programs at the same time, each with one worker inside and no MPI.
The rounds alternate. The ratio is of medians of the training seconds of a member.
"""

import statistics
import sys

from command import record, search, started

JOB = "tests/bench/mpi/lenet.toml"


def plain(settings):
    with started(0, JOB, settings) as (one, first), started(0, JOB, settings) as (two, second):
        if one.wait() != 0 or two.wait() != 0:
            raise SystemExit("a plain search failed")
        return statistics.mean(record(folder)[2] for folder in (first, second))


def main():
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    settings = {"scheduler.max": epochs}
    with_mpi, without = [], []
    for _ in range(repeats):
        with_mpi.append(search(3, JOB, settings | {"run.budget.members": 2})[2] / 2)
        without.append(plain(settings | {"run.budget.members": 1}))
    mpi, alone = statistics.median(with_mpi), statistics.median(without)
    print(
        f"{epochs} epochs: {mpi:.2f} s under mpirun, {alone:.2f} s as plain processes: {100 * alone / mpi:.1f} % "
        f"of their speed (medians of {repeats})"
    )


if __name__ == "__main__":
    main()
