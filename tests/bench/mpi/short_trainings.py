"""Reports a second by default settings where a training computes for 0.1 ms, beside other builds and beside Propulate.

    /usr/bin/python3 tests/bench/mpi/short_trainings.py [--builds OLD/stemma,NEW/stemma] [--propulate PYTHON]
        [--workers 1,2,3] [--reports 10000] [--repeats 5] [--cost 0.1ms] [--durable promotable,all,none] [--ahead 64]

Each training is one unit. PYTHON has propulate and mpi4py, for the MPI library of mpirun. Propulate has as many ranks
as Stemma has workers, because each of its ranks trains. Each build writes its run file and the durable snapshots that
its settings want. The time counts until all of them are on the disk. Propulate writes a checkpoint at its end. The
rounds of all rows alternate; medians. A build without trainer.busy sleeps for the cost.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile

import command
import h5py

SETTINGS = {"scheduler.max": 1, "run.budget.members": 10**9}

PROPULATE = """
import logging, random, sys, time
from mpi4py import MPI
from propulate import Propulator
from propulate.utils import get_default_propagator

logging.disable(logging.CRITICAL)
evaluations, seconds = int(sys.argv[1]), float(sys.argv[2])
comm = MPI.COMM_WORLD

def loss(individual):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return individual["x"] ** 2

rng = random.Random(1 + comm.rank)
propagator = get_default_propagator(pop_size=2 * comm.size, limits={"x": (-5.0, 5.0)}, rng=rng)
search = Propulator(loss_fn=loss, propagator=propagator, rng=rng, island_comm=comm,
                    generations=evaluations // comm.size, checkpoint_path=sys.argv[3])
comm.barrier()
begun = time.perf_counter()
search.propulate(logging_interval=10**9, debug=0)
if comm.rank == 0:
    print("rate", evaluations / (time.perf_counter() - begun))
"""


def propulate(python, workers, evaluations, seconds):
    with tempfile.TemporaryDirectory() as folder:
        start = ["mpirun", "-n", str(workers), "--oversubscribe", "--bind-to", "none", python, "-c", PROPULATE]
        done = subprocess.run(
            [*start, str(evaluations), str(seconds), folder],
            env=command.ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout.split("rate")[1])


def stemma(build, workers, reports, cost, durable, ahead):
    command.STEMMA = build
    settings = SETTINGS | {
        "run.budget.reports": reports,
        "trainer.cost": f'"{cost}"',
        "workers.durable": f'"{durable}"',
    }
    if ahead is not None:
        settings["workers.trainings_ahead"] = ahead
    explained = subprocess.run([build, "check", "--explain", "trainer.toy"], capture_output=True, text=True, check=True)
    if "busy" in explained.stdout:
        settings["trainer.busy"] = "true"
    with command.started(workers + 1, "jobs/toy_asha.toml", settings) as (process, folder):
        if process.wait() != 0:
            raise SystemExit(f"{build} failed")
        with h5py.File(folder / "bench.h5", "r") as run:
            # Until the end: the search waits for its durable copies.
            return len(run["reports"]) / float(run["inputs"]["time"][-1] - run["leases"]["time"][0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--builds", default=command.STEMMA)
    parser.add_argument("--propulate")
    parser.add_argument("--workers", default="2")
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cost", default="0.1ms")
    parser.add_argument("--durable", default="promotable")
    parser.add_argument("--ahead", type=int)
    given = parser.parse_args()
    seconds = float(given.cost.removesuffix("ms")) / 1000
    rates = {}
    for _ in range(given.repeats):
        for workers in map(int, given.workers.split(",")):
            for build in given.builds.split(","):
                for durable in given.durable.split(","):
                    found = stemma(build, workers, given.reports, given.cost, durable, given.ahead)
                    rates.setdefault((workers, f"{build}, durable {durable}"), []).append(found)
            if given.propulate:
                found = propulate(given.propulate, workers, given.reports // 5, seconds)
                rates.setdefault((workers, "Propulate"), []).append(found)
    print(f"{'workers':>7} {'reports/s':>10}   lowest .. highest   program", file=sys.stdout)
    for (workers, name), values in rates.items():
        print(f"{workers:>7} {statistics.median(values):>10,.0f}   {min(values):,.0f} .. {max(values):,.0f}   {name}")


if __name__ == "__main__":
    main()
