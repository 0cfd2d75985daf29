"""A job, or its rank 0, that stands still for longer than `lost_after` and goes on: no worker is declared lost, and
nothing is lost."""

import os
import signal
import time

import pytest
from cluster import LONG, THREE_TASKS, committed, end_soon, incarnations, ranks_of
from stalls import hanging_disk

from record import rows

# Heartbeats run against a real clock. If a busy machine delayed a test, it is tried once more, and reported.
pytestmark = [pytest.mark.flaky(reruns=1), pytest.mark.long]

LOST_AFTER_S = 3
STALL_S = 6
PATIENCE = ("--set", f"workers.lost_after={LOST_AFTER_S}s")


def expect_nobody_lost(cluster, stemma, job):
    end_soon(cluster, stemma, committed(stemma))
    cluster.wait_for_state(job, "COMPLETED")

    assert incarnations(cluster, job) == 1
    assert "is lost" not in cluster.log(job)
    assert not [row for row in rows(stemma, "toy.h5", "workers") if row["change"] == "lost"]
    stemma("verify", "toy.h5")


@pytest.mark.parametrize("launcher", ["srun", "mpirun"])
def test_a_suspended_job(cluster, stemma, launcher):
    job = cluster.submit("toy.toml", *LONG, *PATIENCE, options=THREE_TASKS, STEMMA_LAUNCHER=launcher)
    cluster.wait_for_reports("toy.h5", 10)

    cluster("scontrol", "suspend", job)
    time.sleep(STALL_S)
    cluster("scontrol", "resume", job)

    expect_nobody_lost(cluster, stemma, job)


@pytest.mark.parametrize("who", ["rank 0", "all"])
def test_suspended_ranks_of_a_step(cluster, stemma, who):
    job = cluster.submit("toy.toml", *LONG, *PATIENCE, options=THREE_TASKS)
    cluster.wait_for_reports("toy.h5", 10)
    ranks = [process for rank, process in sorted(ranks_of(job).items()) if who == "all" or rank == 0]

    for sent in (signal.SIGSTOP, signal.SIGCONT):
        for process in ranks:
            os.kill(process, sent)
        time.sleep(STALL_S if sent == signal.SIGSTOP else 0)

    expect_nobody_lost(cluster, stemma, job)


def test_the_disk_hangs_under_rank_zero_of_a_step(cluster, stemma):
    environment, stalled = hanging_disk(cluster.folder, STALL_S)
    job = cluster.submit("toy.toml", *LONG, *PATIENCE, options=THREE_TASKS, **environment)

    cluster.wait(stalled.exists, "the disk hangs")
    before = len(committed(stemma))
    cluster.wait_for_reports("toy.h5", before + 5)
    time.sleep(STALL_S)

    expect_nobody_lost(cluster, stemma, job)
