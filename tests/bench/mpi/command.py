"""Runs the program for a benchmark, alone or under mpirun, and reads its run file."""

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parents[3]
STEMMA = os.environ.get("STEMMA", str(ROOT / "build/stemma"))
ENVIRONMENT = os.environ | {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_btl_tcp_if_include": "lo",
}


def words(ranks, job, settings):
    """The command line of one search. ranks = 0: one worker inside the process, no MPI."""
    start = ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none"] if ranks else []
    command = [*start, STEMMA, "run", str(ROOT / job), "--quiet", "--output", "bench.h5"]
    if not ranks:
        command += ["-n", "1"]
    return command + [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


@contextmanager
def started(ranks, job, settings):
    """Starts the search in a folder of its own. Yields (process, folder)."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(words(ranks, job, settings), cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        try:
            yield process, Path(folder)
        finally:
            process.kill()
            process.wait()


def record(folder):
    """(reports, seconds from the first lease to the last report, seconds of training) of a finished search."""
    with h5py.File(folder / "bench.h5", "r") as run:
        reports = run["reports"][:]
        return len(reports), float(reports["time"][-1] - run["leases"]["time"][0]), float(reports["seconds"].sum())


def search(ranks, job, settings):
    with started(ranks, job, settings) as (process, folder):
        if process.wait() != 0:
            raise SystemExit(f"{' '.join(words(ranks, job, settings))} failed")
        return record(folder)
