#!/usr/bin/env python3
"""A search under real MPI in which something is killed every few seconds, for as long as you like.

/usr/bin/python3 tests/soak/soak.py --minutes 30            # needs build/stemma (STEMMA names another), mpirun, h5py

After each blow the run file is read as a user's script would: no committed report may be lost or changed. Killed jobs
are resumed with another number of workers. At the end `stemma verify` recomputes every decision. Ends with a table in
Markdown; exit code 1 if anything was lost.
"""

import argparse
import os
import random
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import JOB, Stemma, alive

BLOWS = [
    "worker",
    "worker",
    "two workers",
    "all workers but one",
    "frozen worker",
    "rank 0",
    "whole job",
    "warning signal",
]


def committed(file):
    """Rows of the committed reports, as bytes: what must never change."""
    for _ in range(50):
        try:
            with h5py.File(file, "r", swmr=True) as run:
                commits, reports = run["commits"], run["reports"]
                if len(commits) == 0:
                    return []
                last = commits[len(commits) - 1]
                rows = reports[: int(last["reports"])]
                return [row.tobytes() for row in rows]
        except (OSError, KeyError, RuntimeError):  # between two writes, or being replaced by a resume
            time.sleep(0.1)
    raise SystemExit(f"{file} cannot be read")


def memory(pid):
    """Resident MiB of a process, 0 if it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


class Soak:
    def __init__(self, options, folder):
        self.options = options
        self.random = random.Random(options.seed)
        self.stemma = Stemma(folder)
        self.job = folder / "soak.toml"
        self.job.write_text(JOB.replace('name = "toy"', 'name = "soak"'))
        self.file = folder / "soak.h5"
        self.started = None
        self.starts = 0
        self.blows = dict.fromkeys(BLOWS, 0)
        self.lost = 0
        self.before = []
        self.samples = []  # (minutes, MiB of rank 0, MiB of the largest worker, reports)
        self.begun = time.monotonic()

    def minutes(self):
        return (time.monotonic() - self.begun) / 60

    def say(self, text):
        print(f"[{self.minutes():6.2f} min] {text}", flush=True)

    def start(self):
        self.starts += 1
        workers = self.random.randint(2, self.options.workers)
        words = [
            "run",
            self.job,
            "--output",
            self.file,
            "--continue",
            "-q",
            "--set",
            f"trainer.cost={self.options.cost}",
            "--set",
            "run.budget.members=100000000",
            "--set",
            f"trainer.state_bytes={self.options.state_bytes}",
            # Full within seconds of a start: memory that grows beyond it is a leak. Spilled snapshots would fill
            # the disk.
            "--set",
            f"workers.snapshot_memory={self.options.snapshot_memory}",
            "--set",
            "workers.spill=false",
            "--set",
            "workers.replicated=promotable",
        ]
        self.started = self.stemma.start(workers + 1, *words)
        end = time.monotonic() + 120
        while len(self.started.ranks()) < workers + 1 or not self.file.exists():
            if self.started.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the job does not start:\n{self.started.stdout}\n{self.started.stderr}")
            time.sleep(0.05)
        self.say(f"start {self.starts}: {workers} workers")

    def rank_zero(self):
        ranks = self.started.ranks()
        return ranks[0] if ranks else None

    def sample(self):
        ranks = self.started.ranks()
        if len(ranks) > 1:
            self.samples.append(
                (self.minutes(), memory(ranks[0]), max(memory(pid) for pid in ranks[1:]), len(self.before))
            )

    def strike(self):
        ranks = self.started.ranks()
        workers = ranks[1:]
        blow = self.random.choice(BLOWS)
        if len(workers) < 2 and "worker" in blow:
            blow = "whole job"  # else no process would be left to go on
        self.blows[blow] += 1
        self.say(blow)
        if blow == "worker":
            self.kill(self.random.sample(workers, 1))
        elif blow == "two workers":
            self.kill(self.random.sample(workers, min(2, len(workers) - 1)))
        elif blow == "all workers but one":
            self.kill(self.random.sample(workers, len(workers) - 1))
        elif blow == "frozen worker":
            victim = self.random.choice(workers)
            os.kill(victim, signal.SIGSTOP)
            time.sleep(self.random.uniform(1, 5))  # lost_after is 2 s: the worker may or may not count as lost
            os.kill(victim, signal.SIGCONT)
        elif blow == "warning signal":
            self.started.process.send_signal(signal.SIGUSR1)
        elif blow == "rank 0":
            self.kill(ranks[:1])
            time.sleep(0.5)
            self.started.kill()  # as the batch system does with a step whose rank 0 died
        else:
            self.started.kill()

    @staticmethod
    def kill(victims):
        for pid in victims:
            os.kill(pid, signal.SIGKILL)

    def check(self):
        after = committed(self.file)
        if after[: len(self.before)] != self.before:
            self.lost += 1
            self.say(f"LOST: {len(self.before)} reports before, {len(after)} after, and they differ")
        self.before = after

    def wait(self, seconds):
        """For `seconds`, or until the job has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            rank_zero = self.rank_zero()
            if self.started.process.poll() is not None or rank_zero is None or not alive(rank_zero):
                return
            time.sleep(0.2)

    def finish_if_over(self):
        """True if the job is over. Its remains are then cleared away."""
        rank_zero = self.rank_zero()
        if self.started.process.poll() is None and rank_zero is not None and alive(rank_zero):
            return False
        self.started.kill()
        return True

    def run(self):
        self.start()
        while self.minutes() < self.options.minutes:
            self.wait(self.random.uniform(0.5, 1.5) * self.options.every)
            self.sample()
            if not self.finish_if_over():
                self.before = committed(self.file)
                self.strike()
                self.wait(self.random.uniform(0, 3))
                self.check()
            if self.finish_if_over():
                self.check()
                self.start()
        if self.started.process.poll() is None:
            self.started.process.send_signal(signal.SIGUSR1)
            self.started.communicate_all()
        self.check()
        self.say("verifying")
        self.stemma("verify", self.file)

    def report(self):
        reports, minutes = len(self.before), self.minutes()
        rows = [("minutes", f"{minutes:.1f}"), ("starts of the job", self.starts), ("blows", sum(self.blows.values()))]
        rows += [(f"of these: {blow}", count) for blow, count in self.blows.items()]
        rows += [
            ("committed reports at the end", reports),
            ("blows after which a committed report was lost or changed", self.lost),
            ("`stemma verify`", "passed"),
            ("run file, MiB", f"{self.file.stat().st_size / 2**20:.1f}"),
            ("processor seconds of the ranks", f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:.0f}"),
        ]
        if len(self.samples) >= 4:
            quarter = len(self.samples) // 4
            for name, column in (("rank 0", 1), ("largest worker", 2)):
                first = np.median([sample[column] for sample in self.samples[:quarter]])
                last = np.median([sample[column] for sample in self.samples[-quarter:]])
                rows.append((f"resident MiB of {name}: first, last quarter", f"{first:.1f}, {last:.1f}"))
            grown = (self.samples[-1][1] - self.samples[0][1]) * 2**20
            rows.append(
                ("growth of rank 0, bytes a report", f"{grown / max(1, self.samples[-1][3] - self.samples[0][3]):.0f}")
            )
        print("\n| | |\n| --- | --- |\n" + "\n".join(f"| {name} | {value} |" for name, value in rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=20, help="seconds between two blows, on average")
    parser.add_argument("--workers", type=int, default=5, help="at most; each start draws from 2 to this")
    parser.add_argument("--cost", default="20ms", help="of a step of training")
    parser.add_argument("--state-bytes", default="1MiB", help="of a snapshot")
    parser.add_argument("--snapshot-memory", default="64MiB", help="of each worker")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stemma-soak-") as folder:
        soak = Soak(options, Path(folder))
        try:
            soak.run()
        finally:
            if soak.started is not None and soak.started.process.poll() is None:
                soak.started.kill()
        soak.report()
    return 1 if soak.lost else 0


if __name__ == "__main__":
    sys.exit(main())
