"""Processes that stand still for longer than `lost_after` and then go on (Ctrl-Z, `scontrol suspend`, a disk that
hangs): no worker is declared lost, and nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import OK, ROOT, TIMEOUT_S, alive, wait_until
from stalls import hanging_disk

from record import rows

# Heartbeats run against a real clock. If a busy machine delayed a test, it is tried once more, and reported.
pytestmark = pytest.mark.flaky(reruns=1)

LOST_AFTER_S = 3
SUSPENDED_S = LOST_AFTER_S + 2
OPTIONS = ("--set", f"workers.lost_after={LOST_AFTER_S}s", "--set", "workers.heartbeat=200ms", "--output", "toy.h5")
SLOW = ("--set", "trainer.cost=50ms", "--set", "run.budget.members=60", *OPTIONS)

PROGRAM = """\
import time
import stemma

if __name__ == "__main__":
    for trial in stemma.trials():
        with trial:
            for unit in trial:
                time.sleep(0.05)
                trial.report(valid_loss=trial["lr"])
            open(trial.save_path, "wb").write(b"state")
"""


def reports(stemma):
    return len(rows(stemma, "toy.h5", "reports")) if (stemma.folder / "toy.h5").exists() else 0


def family(pid):
    """A process and all its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]), []).append(
                    int(entry.name)
                )
            except OSError:
                continue
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def suspend(processes):
    for one in processes:
        os.kill(one, signal.SIGSTOP)
    time.sleep(SUSPENDED_S)
    for one in processes:
        os.kill(one, signal.SIGCONT)


def expect_nothing_lost(stemma, stderr, members):
    assert "is lost" not in stderr
    assert not [row for row in rows(stemma, "toy.h5", "workers") if row["change"] == "lost"]
    assert not rows(stemma, "toy.h5", "failures")
    assert len(rows(stemma, "toy.h5", "members")) == members
    stemma("verify", "toy.h5")


@pytest.mark.parametrize("trainer", ["toy", "process"])
def test_one_process_is_suspended(stemma, job, trainer):
    """The whole job, as a batch system does it: also the training programs, whose silence has a limit of its own."""
    options = SLOW
    if trainer == "process":
        (stemma.folder / "program.py").write_text(PROGRAM)
        stemma.env["PYTHONPATH"] = str(ROOT / "analysis")
        options = (
            "--set",
            "trainer.type=process",
            "--set",
            f'trainer.command=["{sys.executable}", "program.py"]',
            "--set",
            "trainer.silence_timeout=3s",
            "--set",
            "run.budget.members=60",
            *OPTIONS,
        )
    with (stemma.folder / "err").open("w") as err:
        started = subprocess.Popen(
            [stemma.binary, "run", str(job), "-n", "2", *options],
            cwd=stemma.folder,
            env=stemma.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
    wait_until(lambda: reports(stemma) > 5 or started.poll() is not None, "there are reports")
    everybody = family(started.pid)
    suspend(everybody)
    assert started.wait(TIMEOUT_S) == OK
    expect_nothing_lost(stemma, (stemma.folder / "err").read_text(), 60)
    wait_until(lambda: not any(alive(one) for one in everybody), "nothing is left running")


@pytest.mark.parametrize("who", ["rank 0", "all"])
def test_ranks_are_suspended(stemma, mpi, job, who):
    started = stemma.start(4, "run", job, "-q", *SLOW)
    wait_until(lambda: reports(stemma) > 5 or started.process.poll() is not None, "there are reports")
    ranks = started.ranks()
    suspend(ranks if who == "all" else ranks[:1])
    started.communicate_all()
    assert started.returncode == OK, started.stderr
    expect_nothing_lost(stemma, started.stderr, 60)


def test_the_disk_hangs_under_rank_zero(stemma, mpi, job):
    environment, stalled = hanging_disk(stemma.folder, SUSPENDED_S)
    stemma.env |= environment
    started = stemma.start(4, "run", job, "-q", *SLOW)
    del stemma.env["LD_PRELOAD"]
    wait_until(stalled.exists, "the disk hangs")
    before = reports(stemma)
    wait_until(
        lambda: reports(stemma) > before + 5 or started.process.poll() is not None, "the search goes on meanwhile"
    )
    started.communicate_all()
    assert started.returncode == OK, started.stderr
    expect_nothing_lost(stemma, started.stderr, 60)
