"""A Slurm with one user: submit, wait, look."""

import re
import subprocess
from pathlib import Path

import pytest
from harness import ROOT, alive, wait_until

from record import rows

SECONDS = 240

THREE_TASKS = ("--nodes=1", "--ntasks-per-node=3", "--time=5")
SLOW = ("--set", "trainer.cost=40ms", "--set", "run.budget.members=150", "--output", "toy.h5")
LONG = ("--set", "trainer.cost=40ms", "--set", "run.budget.members=100000", "--output", "toy.h5")
# A limit of a minute that the search obeys by itself, with half of the minute left. Slurm's own warning would come too
# late.
CUT = ("--time=1", "--signal=B:USR1@1")
HALF_A_MINUTE = ("--grace", "30s")


class Cluster:
    def __init__(self, stemma, conf):
        self.stemma = stemma
        self.folder = stemma.folder
        self.env = stemma.env | {
            "SLURM_CONF": str(conf),
            "STEMMA": stemma.binary,
            "STEMMA_HOME": str(ROOT),
            "OMPI_MCA_oob_tcp_if_include": "lo",
            "OMPI_MCA_rmaps_base_oversubscribe": "1",
        }

    def __call__(self, *words, **more):
        done = subprocess.run(
            list(map(str, words)),
            cwd=self.folder,
            env=self.env | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def submit(self, *words, script="stemma.sbatch", options=(), **more):
        """Number of the job that runs `stemma run WORDS...`. `more` is added to its environment."""
        text = self("sbatch", *options, ROOT / "slurm" / script, *words, **more)
        return int(re.search(r"Submitted batch job (\d+)", text)[1])

    def facts(self, job):
        return dict(re.findall(r"(\w+)=(\S*)", self("scontrol", "show", "job", str(job))))

    def state(self, job):
        return self.facts(job)["JobState"]

    def restarts(self, job):
        return int(self.facts(job)["Restarts"])

    def log(self, job):
        return "".join(file.read_text() for file in sorted(self.folder.glob(f"*-{job}.out")))

    def wait(self, condition, what, seconds=SECONDS):
        wait_until(condition, what, seconds)

    def wait_for_state(self, job, *states):
        def reached():
            state = self.state(job)
            if state not in states and state in (
                "FAILED",
                "CANCELLED",
                "TIMEOUT",
                "NODE_FAIL",
                "BOOT_FAIL",
                "DEADLINE",
            ):
                pytest.fail(f"job {job} is {state}, not {states}\n{self.log(job)}")
            return state in states

        try:
            self.wait(reached, f"job {job} is {' or '.join(states)}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self('squeue')}{self.facts(job)}\n{self.log(job)}") from None

    def wait_for_reports(self, file, count):
        path = self.folder / file

        def enough():
            if not path.exists():
                return False
            return len(rows(self.stemma, file, "reports")) >= count

        self.wait(enough, f"{file} has {count} reports")


def ranks_of(job):
    """{rank: process id} of the ranks of a Slurm job on this machine."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or not alive(int(entry.name)):
            continue
        try:
            if not (entry / "comm").read_text().startswith("stemma"):
                continue
            names = dict(
                item.split("=", 1) for item in (entry / "environ").read_bytes().decode().split("\0") if "=" in item
            )
        except (OSError, UnicodeDecodeError):
            continue
        rank = names.get("OMPI_COMM_WORLD_RANK", names.get("PMIX_RANK"))
        if names.get("SLURM_JOB_ID") == str(job) and rank is not None:
            found[int(rank)] = int(entry.name)
    return found


def members(stemma, file="toy.h5"):
    return len(rows(stemma, file, "members"))


def committed(stemma, file="toy.h5"):
    return [(row["lease"], row["member"]) for row in rows(stemma, file, "reports")]


def incarnations(cluster, job):
    return cluster.log(job).count("start number")


def end_soon(cluster, stemma, before, file="toy.h5"):
    """Waits until the next start has added to the reports `before`. Then sets the search's members budget to its
    present members."""
    cluster.wait_for_reports(file, len(before) + 1)
    stemma("budget", file, "--members", members(stemma, file))
