"""How long many ranks take to start, and their memory, beside an MPI program that only initializes and gathers.

    /usr/bin/python3 tests/bench/mpi/start.py [RANKS] [TIMES] [JOB]

Alternates both, TIMES times, and prints medians. Stemma counts as started when rank 0 has the last worker's hello.
Memory is the proportional share (Pss) of a rank. Stemma's figure is of workers alone.
"""

import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from command import ENVIRONMENT, ROOT, STEMMA
from idle import ranks_of

BARE = Path(STEMMA).resolve().parent / "tests/bench/mpi/bench_bare_start"
HELLO = re.compile(r"^\[?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)\]?.* worker (\d+) on .*\(process \d+\)", re.MULTILINE)


def mpirun(ranks, command, folder, **options):
    words = ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none", *command]
    return subprocess.Popen(words, cwd=folder, env=ENVIRONMENT, **options)


def memory(launcher):
    """(Pss of rank 0, median Pss of the others) in MiB."""
    kib = {}
    for rank, pid in ranks_of(launcher).items():
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kib[rank] = int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE).group(1))
    first = kib.pop(0)
    return first / 1024, statistics.median(kib.values()) / 1024


def bare(ranks, folder):
    begun = time.monotonic()
    process = mpirun(ranks, [str(BARE)], folder, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process, time.monotonic() - begun


def stemma(ranks, job, folder):
    """The last hello's time stands in the log, which is flushed every five seconds."""
    begun = time.time()
    settings = ["--set", f"run.budget.members={10 * ranks}", "--set", 'workers.start_timeout="1h"']
    if 'type = "toy"' in job.read_text():
        settings += ["--set", 'trainer.cost="1h"']
    process = mpirun(
        ranks, [STEMMA, "run", str(job), "--quiet", "-o", "start.h5", *settings], folder, stdout=subprocess.DEVNULL
    )
    while process.poll() is None:
        time.sleep(0.5)
        hellos = [match for log in folder.glob("start.h5*/**/*rank-0*.log") for match in HELLO.findall(log.read_text())]
        if len({worker for _, worker in hellos}) == ranks - 1:
            return process, max(datetime.fromisoformat(when).timestamp() for when, _ in hellos) - begun
    raise SystemExit("the search ended before all workers were there")


def measured(start):
    folder = Path(tempfile.mkdtemp())
    process, seconds = start(folder)
    time.sleep(1)
    result = (seconds, *memory(process.pid))
    for pid in ranks_of(process.pid).values():
        os.kill(pid, signal.SIGKILL)
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    return result


def main():
    ranks = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    job = ROOT / (sys.argv[3] if len(sys.argv) > 3 else "jobs/toy_asha.toml")
    results = {"bare MPI": [], "stemma": []}
    for _ in range(times):
        results["bare MPI"].append(measured(lambda folder: bare(ranks, folder)))
        results["stemma"].append(measured(lambda folder: stemma(ranks, job, folder)))
    print(f"{ranks} ranks, medians of {times}: started after s, Pss of rank 0 in MiB, of another rank")
    for name, rows in results.items():
        print(f"{name:<10}" + "".join(f"{statistics.median(column):9.1f}" for column in zip(*rows)))
    print(
        f"time: {statistics.median(s[0] / b[0] for s, b in zip(results['stemma'], results['bare MPI'])):.2f} "
        f"times as long"
    )


if __name__ == "__main__":
    main()
