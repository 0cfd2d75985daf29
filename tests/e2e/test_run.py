"""A whole search, then every command that reads its run file."""

import json
import re

import pytest
from harness import REQUEUE, ROOT, STOPPED, USER_ERROR, wait_until

from record import rows


@pytest.fixture
def finished(stemma, job):
    stemma("run", job, "-n", 2, "--output", "toy.h5")
    return "toy.h5"


def test_in_process_workers_need_no_mpi(stemma, job):
    done = stemma("run", job, "-n", 2, "--output", "toy.h5")

    for expected in ("loss", "lr", "utilization", "toy.h5", "stemma "):
        assert expected in done.stdout


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_under_mpirun(stemma, mpi, job, ranks):
    done = mpi(ranks, "run", job, "--output", "toy.h5")

    assert "toy.h5" in done.stdout
    assert "every decision is the same" in stemma("verify", "toy.h5").stdout
    assert len(rows(stemma, "toy.h5", "members")) == 40


def test_one_rank_trains_by_itself_and_says_so(stemma, mpi, job):
    done = mpi(1, "run", job, "-n", 2, "--output", "toy.h5")

    assert "one task only: 2 workers inside it" in done.stderr


def test_output_is_quiet_where_nobody_watches(stemma, mpi, job):
    done = mpi(3, "run", job, "--output", "toy.h5")

    for text in (done.stdout, done.stderr):
        assert "\r" not in text and "\033" not in text


def test_run_refuses_to_overwrite(stemma, job, finished):
    before = (stemma.folder / finished).read_bytes()

    done = stemma("run", job, "--output", finished, code=USER_ERROR)

    assert "--continue" in done.stderr and "resume" in done.stderr
    assert (stemma.folder / finished).read_bytes() == before


def test_continue_starts_and_goes_on(stemma, job):
    stemma("run", job, "-n", 2, "--output", "toy.h5", "--continue")
    stemma("run", job, "-n", 2, "--output", "toy.h5", "--continue")

    assert len(rows(stemma, "toy.h5", "members")) == 40


def test_continue_refuses_another_job(stemma, job, finished):
    done = stemma("run", job, "--output", finished, "--continue", "--set", "run.seed=8", code=USER_ERROR)

    assert "another job" in done.stderr


def test_resume_with_more_budget(stemma, finished):
    stemma("resume", finished, "-n", 3, "--members", 60)

    assert len(rows(stemma, finished, "members")) == 60
    stemma("verify", finished)


def test_limits_are_checked_as_the_jobs_are(stemma, finished):
    for words in (
        ["--target", "inf"],
        ["--target", "nan"],
        ["--members", "-1"],
        ["--members", "0"],
        ["--reports", "99999999999999999999"],
        ["--wall-time", "soon"],
    ):
        for command in ("resume", "budget"):
            assert f"{words[0]} must be " in stemma(command, "toy.h5", *words, code=USER_ERROR).stderr
    assert "give --steps or --resource" in stemma("resume", "toy.h5", "--epochs", 100, code=USER_ERROR).stderr
    for max_ in (27, 3):
        assert (
            "trained to 27 steps already, and max can only be raised"
            in stemma("resume", "toy.h5", "--max", max_, code=USER_ERROR).stderr
        )
    stemma("resume", "toy.h5", "-q", "--max", 81)
    assert "trained to 81 steps already" in stemma("resume", "toy.h5", "--max", 54, code=USER_ERROR).stderr


def test_a_search_that_was_never_resumed_does_not_say_so(stemma, finished):
    assert "since it was resumed" not in stemma("status", "toy.h5").stdout
    stemma("resume", "toy.h5", "-q", "--members", 45)
    assert "since it was resumed" in stemma("status", "toy.h5").stdout


def test_results_of_members_at_max_alone_are_missed_with_their_reason(stemma, job):
    done = stemma(
        "run",
        job,
        "-q",
        "-n",
        1,
        "-o",
        "short.h5",
        "--set",
        "scheduler.final=max",
        "--set",
        "run.budget.members=2",
        "--set",
        "scheduler.max=81",
    )
    assert "no member has been trained to max yet" in done.stdout
    assert "no member has been trained to max yet" in stemma("status", "short.h5").stdout


def test_a_resume_beyond_the_cosine_says_what_it_does(stemma):
    if "no LibTorch" in stemma("--version").stdout:
        pytest.skip("built without LibTorch")
    text = (ROOT / "jobs/energy_asha.toml").read_text().replace("../tests/data", str(ROOT / "tests/data"))
    (stemma.folder / "job.toml").write_text(
        text.replace('[trainer]\ntype = "torch"', '[trainer]\ntype = "torch"\nschedule = "cosine"')
    )
    stemma(
        "run", "job.toml", "-n", 1, "-q", "-o", "run.h5", "--set", "run.budget.members=3", "--set", "scheduler.max=9"
    )

    assert "warning" not in stemma("resume", "run.h5", "-n", 1, "-q", "--members", 4).stderr
    assert (
        'schedule = "cosine" has come down to 0 at 9 epochs'
        in stemma("resume", "run.h5", "-n", 1, "-q", "--max", 27, "--members", 5).stderr
    )


def test_a_run_file_is_reproducible_with_one_worker(stemma, job):
    for name in ("a.h5", "b.h5"):
        stemma("run", job, "-n", 1, "--output", name)

    assert rows(stemma, "a.h5", "members") == rows(stemma, "b.h5", "members")


def test_status_and_show(stemma, finished):
    assert "loss" in stemma("status", finished).stdout
    shown = stemma("show", finished, 0).stdout
    assert "member 0" in shown and "lr" in shown
    assert "members are 0 .. 39" in stemma("show", finished, 4000, code=USER_ERROR).stderr


def test_export(stemma, finished):
    h5py = pytest.importorskip("h5py")
    stemma("export", finished, "--csv", "tables", "--json", "run.json", "--weights", "best.h5")

    assert any((stemma.folder / "tables").glob("*.csv"))
    assert json.loads((stemma.folder / "run.json").read_text())
    with h5py.File(stemma.folder / "best.h5") as weights:
        assert len(weights) > 0
    assert "members are 0 .. 39" in stemma("export", finished, 4000, "--weights", "x.h5", code=USER_ERROR).stderr
    assert (
        "nowhere/x.h5: cannot be written"
        in stemma("export", finished, "--weights", "nowhere/x.h5", code=USER_ERROR).stderr
    )


def test_each_rank_leaves_a_log(stemma, mpi, job):
    mpi(3, "run", job, "--output", "toy.h5")

    logs = stemma.folder / "toy.h5.logs"
    manager = (logs / "rank-0.log").read_text()
    for expected in ("ASHA", "worker 1 on ", "worker 2 on ", "new best", "ended after"):
        assert expected in manager
    trained = sum((logs / f"rank-{rank}.log").read_text().count(" from 0 to 1 ") for rank in (1, 2))
    assert trained == 40


def test_export_of_nothing(stemma, finished):
    assert "--csv" in stemma("export", finished, code=USER_ERROR).stderr


@pytest.mark.parametrize("command", ["status", "verify", "resume", "stop"])
def test_a_file_that_is_no_run(stemma, command):
    (stemma.folder / "text.h5").write_text("not HDF5")

    assert "text.h5" in stemma(command, "text.h5", code=USER_ERROR).stderr
    assert "missing.h5" in stemma(command, "missing.h5", code=USER_ERROR).stderr


SLOW = ["--set", "trainer.cost=10ms", "--set", "run.budget.members=100000"]


def reports(stemma, file):
    return len(rows(stemma, file, "reports")) if (stemma.folder / file).exists() else 0


@pytest.fixture
def running(stemma, mpi, job):
    """A long search at three ranks that has some reports."""
    started = stemma.start(3, "run", job, "--output", "toy.h5", *SLOW)
    wait_until(lambda: (stemma.folder / "toy.h5").exists() or started.process.poll() is not None, "there is a run file")
    assert started.process.poll() is None, started.stderr
    wait_until(lambda: reports(stemma, "toy.h5") > 5, "there are reports")
    yield started
    if started.process.poll() is None:
        started.kill()


def test_stop_from_another_terminal(stemma, running):
    assert re.search(r"^toy: running, \d+ trainings? out$", stemma("status", "toy.h5").stdout, re.MULTILINE)
    stemma("stop", "toy.h5")

    assert running.communicate_all().returncode == STOPPED, "nobody wants it queued again"
    stemma("verify", "toy.h5")
    members = len(rows(stemma, "toy.h5", "members"))
    stemma("resume", "toy.h5", "-n", 2, "--members", members)
    stemma("verify", "toy.h5")


def test_budget_from_another_terminal(stemma, running):
    members = len(rows(stemma, "toy.h5", "members"))
    stemma("budget", "toy.h5", "--members", members + 200)  # the search goes on meanwhile

    assert running.communicate_all().returncode == 0
    assert len(rows(stemma, "toy.h5", "members")) == members + 200
    stemma("verify", "toy.h5")


def test_stop_of_a_run_that_has_ended(stemma, finished):
    assert "has ended" in stemma("stop", finished, code=USER_ERROR).stderr


def test_usr1_means_requeue_me(stemma, running):
    running.process.send_signal(10)  # mpirun forwards SIGUSR1 to its ranks

    assert running.communicate_all().returncode == REQUEUE
    stemma("verify", "toy.h5")


def test_sigterm_means_requeue_me(stemma, running):
    running.process.terminate()  # mpirun sends its ranks SIGTERM, and SIGKILL after its time

    running.communicate_all()
    stemma("verify", "toy.h5")
    stemma("resume", "toy.h5", "-n", 2, "--members", len(rows(stemma, "toy.h5", "members")))
