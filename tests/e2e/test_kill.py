"""kill -9 of all ranks, at any moment: the file opens, no committed report is lost, the search goes on."""

import os
import random
import signal
import time

import pytest
from harness import JOB, MISMATCH, OK, USER_ERROR, wait_until
from populations import GPBT, PBT, TPE

from record import rows

KILLS = 40 if os.environ.get("STEMMA_TEST_CAMPAIGN") == "all" else 12


def committed(stemma, file="toy.h5"):
    keys = ("lease", "member", "resource", "reached")
    return [tuple(row[key] for key in keys if key in row) for row in rows(stemma, file, "reports")]


@pytest.mark.parametrize("text", [JOB, PBT, GPBT + TPE], ids=["asha", "pbt", "gpbt-tpe"])
def test_the_whole_job_at_random_moments(stemma, mpi, job, text):
    """One search, killed again and again, and resumed each time."""
    job.write_text(text.replace("max = 20", "max = 200000").replace("max = 16", "max = 200000"))
    moments = random.Random(20)
    options = ["--set", "trainer.cost=4ms", "--set", "run.budget.members=100000"]
    before = []
    for kill in range(KILLS if text == JOB else KILLS // 3):
        words = ["run", job, "--output", "toy.h5", "--continue", *options]
        started = stemma.start(2 + kill % 3, *words)
        if kill % 3:  # the other kills may hit it while it starts, even before there is a file
            wait_until(
                lambda: (stemma.folder / "toy.h5").exists() and len(committed(stemma)) > len(before),
                "the search has gone on",
            )
        time.sleep(moments.uniform(0.05, 1.0))
        started.kill()
        if not (stemma.folder / "toy.h5").exists():
            continue
        after = committed(stemma)
        assert after[: len(before)] == before, f"kill {kill}: committed reports were lost or changed"
        before = after
        stemma("verify", "toy.h5")
    assert before, "the search got nowhere between the kills"

    stemma("resume", "toy.h5", "-n", 2, "--reports", len(before) + 20)
    after = committed(stemma)
    assert after[: len(before)] == before and len(after) > len(before)
    assert text == JOB or any(row["parent"] is not None for row in rows(stemma, "toy.h5", "members"))
    stemma("verify", "toy.h5")


def test_one_worker_dies_and_the_others_go_on(stemma, mpi, job):
    started = stemma.start(
        4, "run", job, "--output", "toy.h5", "--set", "trainer.cost=20ms", "--set", "run.budget.members=60"
    )
    wait_until(lambda: (stemma.folder / "toy.h5").exists() and len(started.ranks()) == 4, "four ranks run")
    wait_until(lambda: len(rows(stemma, "toy.h5", "reports")) > 5, "there are reports")

    os.kill(started.ranks()[2], signal.SIGKILL)
    started.communicate_all()

    assert len(rows(stemma, "toy.h5", "members")) == 60
    stemma("verify", "toy.h5")


@pytest.mark.parametrize("size", [0.3, 0.6, 0.9, 0.99])
def test_a_file_that_was_cut_short_is_refused_or_read(stemma, job, size):
    """For example copied while half written: an answer, never a crash."""
    stemma("run", job, "-n", 2, "--output", "whole.h5")
    content = (stemma.folder / "whole.h5").read_bytes()
    (stemma.folder / "cut.h5").write_bytes(content[: int(len(content) * size)])

    stemma("verify", "cut.h5", code=(OK, USER_ERROR, MISMATCH))
