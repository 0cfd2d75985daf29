"""`stemma stop` and `stemma budget` while no search runs, and requests whose search is killed before it has obeyed."""

import json
import os
import signal
import subprocess
import time

import pytest
from harness import STOPPED, USER_ERROR, alive, wait_until

from record import rows

# Real processes run against a real clock. If a busy machine delayed a test, it is tried once more, and reported.
pytestmark = pytest.mark.flaky(reruns=1)

# Settings of the job, so that `--continue` finds the same job.
SLOW = ("--set", "trainer.cost=20ms")


def start(stemma, *words):
    with (stemma.folder / "err").open("w") as err:
        return subprocess.Popen(
            [stemma.binary, *map(str, words)],
            cwd=stemma.folder,
            env=stemma.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
        )


def kill(started):
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    wait_until(lambda: not alive(started.pid), "it is gone")


def reports(stemma):
    return (
        [(row["lease"], row["member"]) for row in rows(stemma, "toy.h5", "reports")]
        if (stemma.folder / "toy.h5").exists()
        else []
    )


def go_on(job):
    return ("run", "--continue", job, "-n", 2, "-o", "toy.h5", *SLOW)


@pytest.fixture
def killed(stemma, job):
    """A search of 40 members that was killed after some of its reports."""
    started = start(stemma, *go_on(job))
    wait_until(lambda: len(reports(stemma)) > 5 or started.poll() is not None, "there are reports")
    kill(started)
    assert 5 < len(reports(stemma)) and len(rows(stemma, "toy.h5", "members")) < 40
    return stemma


def test_a_stop_ends_the_next_start_before_it_trains(killed, job):
    before = reports(killed)
    said = killed("stop", "toy.h5").stdout
    assert "no search runs just now" in said and "exit code 4" in said

    ended = killed(*go_on(job), code=STOPPED)

    assert "`stemma stop` of" in ended.stderr and "ends before it trains" in ended.stderr
    assert "it was asked to stop" in ended.stdout
    assert reports(killed) == before

    killed(*go_on(job))  # submitted again: the request has counted
    assert len(rows(killed, "toy.h5", "members")) == 40
    killed("verify", "toy.h5")


def test_resume_names_a_stop_and_goes_on(killed, job):
    killed("stop", "toy.h5")

    done = killed("resume", "toy.h5", "-n", 2, "--members", 20)

    assert "`stemma stop` of" in done.stderr and "goes on" in done.stderr
    assert len(rows(killed, "toy.h5", "members")) == 20
    assert "stop" not in killed("resume", "toy.h5", "-n", 2, "--members", 25).stderr, "it is consumed"
    assert len(rows(killed, "toy.h5", "members")) == 25


@pytest.mark.parametrize("by_hand", [False, True])
def test_budgets_hold_from_the_next_start_on(killed, job, by_hand):
    assert "next start" in killed("budget", "toy.h5", "--members", 30).stdout
    killed("budget", "toy.h5", "--reports", 500)  # the second leaves unchanged what the first changed

    done = killed("resume", "toy.h5", "-n", 2) if by_hand else killed(*go_on(job))

    assert done.stderr.count("`stemma budget` of") == 2
    assert len(rows(killed, "toy.h5", "members")) == 30


def test_what_resume_is_given_comes_after_a_budget_that_waits(killed):
    killed("budget", "toy.h5", "--members", 30)
    killed("resume", "toy.h5", "-n", 2, "--members", 22)
    assert len(rows(killed, "toy.h5", "members")) == 22


def control(stemma):
    return [json.loads(line) for line in (stemma.folder / "toy.h5.control").read_text().splitlines()]


def kill_after_stop(stemma, job):
    """A search whose leases end in 30 s is killed once it has read a stop. Returns the name of the request."""
    hanging = ("run", "--continue", job, "-n", 2, "-o", "toy.h5", "--set", "trainer.cost=30s")
    started = start(stemma, *hanging)
    wait_until(lambda: (stemma.folder / "toy.h5").exists() and rows(stemma, "toy.h5", "leases"), "leases are out")
    stemma("stop", "toy.h5")
    wait_until(lambda: any("taken" in line for line in control(stemma)), "the wish is read")
    time.sleep(0.3)  # then it is committed, too; before the commit it would still wait
    kill(started)
    return hanging


def test_a_stop_that_was_read_and_not_obeyed_before_a_kill(stemma, job):
    """Rank 0 has it in its record, and waits for leases that end at their next unit, in 30 s."""
    hanging = kill_after_stop(stemma, job)

    ended = stemma(*hanging, code=STOPPED)

    assert "`stemma stop`" in ended.stderr
    assert not reports(stemma)


def test_resume_after_a_stop_that_a_kill_cut_short(stemma, job):
    kill_after_stop(stemma, job)

    resumed = start(stemma, "resume", "toy.h5", "-n", 2)
    wait_until(lambda: len(rows(stemma, "toy.h5", "leases")) > 2 or resumed.poll() is not None, "it trains again")
    kill(resumed)

    assert "so the search goes on" in (stemma.folder / "err").read_text()


def test_how_a_search_ended_is_known_before_the_process_has_ended(stemma, job):
    """The search hangs as it prints its report, and is killed: a batch script must not take that for ranks that
    died."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    code = stemma.folder / "code"
    started = subprocess.Popen(
        [stemma.binary, "run", job, "-n", "2", "-o", "toy.h5"],
        cwd=stemma.folder,
        stdin=subprocess.DEVNULL,
        env=stemma.env | {"STEMMA_EXIT_CODE_FILE": str(code)},
        stdout=writer,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: code.exists() and code.read_text(), "the exit code is there")

    assert started.poll() is None
    kill(started)
    assert code.read_text() == "0\n"
    os.close(reader)
    os.close(writer)


def test_a_run_file_of_the_same_name_knows_nothing_of_the_old_ones_wishes(killed, job):
    killed("stop", "toy.h5")
    (killed.folder / "toy.h5").unlink()
    killed(*go_on(job))
    assert len(rows(killed, "toy.h5", "members")) == 40


def test_a_search_that_has_ended_takes_no_wishes(stemma, job):
    stemma("run", job, "-n", 2, "-o", "toy.h5")
    for words in (("stop", "toy.h5"), ("budget", "toy.h5", "--members", 50)):
        assert "`stemma resume toy.h5` goes on" in stemma(*words, code=USER_ERROR).stderr
    assert not (stemma.folder / "toy.h5.control").exists()


def test_one_that_is_running_is_told_as_before(stemma, job):
    started = start(stemma, *go_on(job), "--set", "run.budget.members=100000")
    wait_until(lambda: len(reports(stemma)) > 5 or started.poll() is not None, "there are reports")
    said = stemma("stop", "toy.h5").stdout
    assert said.startswith("asked: running leases end"), said
    assert started.wait(60) == STOPPED


def test_an_edited_job_that_means_the_same_goes_on(killed, job):
    text = job.read_text()
    job.write_text(
        "# a comment\n\n" + text.replace('heartbeat = "200ms"\nlost_after = "2s"', "lost_after = 2\nheartbeat = 0.2")
    )
    killed(*go_on(job)[:-2], "--set", "trainer.cost=0.02")
    assert len(rows(killed, "toy.h5", "members")) == 40


def test_an_edited_job_that_means_something_else_is_refused(killed, job):
    job.write_text(job.read_text().replace("eta = 3", "eta = 4").replace("members = 40", "members = 50"))
    said = killed(*go_on(job), code=USER_ERROR).stderr
    assert (
        f"run.budget.members is 40 in the run file and 50 in {job}; scheduler.eta is 3 in the run file and 4 in {job}"
        in said
    )
