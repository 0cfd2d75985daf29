"""One search at a time writes a run file, also against a process of the same batch job, of another container, or of
another host."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness import FAILED, OK, PROGRAM_JOB, ROOT, TIMEOUT_S, USER_ERROR, alive, wait_until

from record import rows

ENDLESS = ("--set", "trainer.cost=10ms", "--set", "run.budget.members=100000")


class Search:
    """`stemma WORDS...` with workers inside the process, in the background. `before` holds the words that move it into
    namespaces."""

    def __init__(self, stemma, *words, before=(), **variables):
        self.process = subprocess.Popen(
            [*before, stemma.binary, *map(str, words)],
            cwd=stemma.folder,
            env=stemma.env | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self):
        """Its exit code and its output."""
        _, told = self.process.communicate(timeout=TIMEOUT_S)
        return self.process.returncode, told

    def kill(self):
        self.process.kill()
        self.process.wait(TIMEOUT_S)  # its children may keep its pipes open


def begin(stemma, job, *words, **where):
    search = Search(stemma, "run", job, "-n", 2, "-q", "-o", "toy.h5", *words, **where)
    wait_until(lambda: (stemma.folder / "toy.h5").exists() or search.process.poll() is not None, "there is a run file")
    return search


def finish(stemma, search):
    """Ends it in order. All its reports are in the file."""
    stemma("stop", "toy.h5")
    code, told = search.end()
    assert code == 4, told
    stemma("verify", "toy.h5")


def elsewhere(*words):
    """Words that start a program in namespaces of its own. Skips where that is not permitted."""
    if subprocess.run(["unshare", *words, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip(f"unshare {' '.join(words)} is not permitted here")
    return ["unshare", *words]


def other_host():
    return [*elsewhere("--uts"), "sh", "-c", 'hostname elsewhere && exec "$@"', "-"]


def test_two_runs_of_one_batch_job_on_one_host(stemma, job):
    first = begin(stemma, job, *ENDLESS, SLURM_JOB_ID="77")
    for words in (["run", job, "--continue", "-o", "toy.h5", *ENDLESS], ["resume", "toy.h5"]):
        code, told = Search(stemma, *words, "-n", 2, "-q", SLURM_JOB_ID="77").end()
        assert code == USER_ERROR and f"process {first.process.pid} on host" in told and "batch job 77" in told
    finish(stemma, first)


def test_two_steps_of_one_batch_job_on_two_hosts(stemma, job):
    first = begin(stemma, job, *ENDLESS, SLURM_JOB_ID="77", SLURM_RESTART_COUNT="1", before=other_host())
    code, told = Search(stemma, "resume", "toy.h5", "-n", 2, "-q", SLURM_JOB_ID="77", SLURM_RESTART_COUNT="1").end()
    assert code == USER_ERROR and "on host elsewhere, batch job 77" in told
    finish(stemma, first)


def test_a_job_that_was_queued_again_goes_on_wherever_it_ran_before(stemma, job):
    begin(stemma, job, *ENDLESS, SLURM_JOB_ID="77", before=other_host()).kill()
    reports = rows(stemma, "toy.h5", "reports")
    members = len(rows(stemma, "toy.h5", "members"))
    words = ("resume", "toy.h5", "-n", 2, "-q", "--members", members + 5)
    code, told = Search(stemma, *words, SLURM_JOB_ID="77").end()
    assert code == USER_ERROR and "elsewhere" in told
    code, told = Search(stemma, *words, SLURM_JOB_ID="77", SLURM_RESTART_COUNT="1").end()
    assert code == OK and "an earlier start of the same batch job" in told
    assert rows(stemma, "toy.h5", "reports")[: len(reports)] == reports


@pytest.mark.parametrize("inside", ["the second", "the first"])
def test_another_container_with_the_hosts_name(stemma, job, inside):
    container = elsewhere("--pid", "--fork", "--mount-proc", "--kill-child")
    first = begin(stemma, job, *ENDLESS, before=container if inside == "the first" else ())
    code, told = Search(
        stemma, "resume", "toy.h5", "-n", 2, "-q", before=container if inside == "the second" else ()
    ).end()
    assert code == USER_ERROR and "writes to the run file" in told and "as its container counts" in told
    finish(stemma, first)


def test_a_container_that_was_killed_leaves_nothing_in_the_way(stemma, job):
    begin(stemma, job, *ENDLESS, before=elsewhere("--pid", "--fork", "--mount-proc", "--kill-child")).kill()
    members = len(rows(stemma, "toy.h5", "members"))
    wait_until(
        lambda: Search(stemma, "resume", "toy.h5", "-n", 2, "-q", "--members", members + 5).end()[0] == OK,
        "the kernel has ended the container",
    )


def test_a_killed_search_never_stands_in_its_own_way(stemma, job):
    begin(stemma, job, *ENDLESS).kill()
    for _ in range(8):
        search = Search(stemma, "resume", "toy.h5", "-n", 2, "-q")
        owner = f" {search.process.pid} "
        wait_until(
            lambda: owner in lock_text(stemma) or search.process.poll() is not None, "it has taken the lock over"
        )
        assert search.process.poll() is None, search.end()
        search.kill()
    stemma("verify", "toy.h5")


def lock_text(stemma):
    try:
        return (stemma.folder / "toy.h5.lock").read_text()
    except OSError:
        return ""


def test_of_five_resumes_at_once_one_wins(stemma, job):
    begin(stemma, job, *ENDLESS).kill()
    searches = [Search(stemma, "resume", "toy.h5", "-n", 1, "-q") for _ in range(5)]
    wait_until(lambda: sum(search.process.poll() is None for search in searches) <= 1, "the others are refused")
    (winner,) = [search for search in searches if search.process.poll() is None]
    for search in searches:
        if search is not winner:
            code, told = search.end()
            assert code == USER_ERROR and "run file" in told
    finish(stemma, winner)


def test_what_starts_programs_does_not_keep_the_lock(stemma, tmp_path):
    """That helper is a fork of the search. Frozen, the helper outlives the search."""
    (tmp_path / "job.toml").write_text(PROGRAM_JOB.replace("PYTHON", sys.executable))
    (tmp_path / "program.py").write_text(
        "import stemma, time\nfor trial in stemma.trials():\n    open('trains', 'w')\n    time.sleep(1000)\n"
    )
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")
    search = Search(stemma, "run", "job.toml", "-n", 1, "-q", "-o", "toy.h5")
    wait_until(
        lambda: (tmp_path / "trains").exists() and (tmp_path / "toy.h5").exists() or search.process.poll() is not None,
        "the program runs",
    )
    (helper,) = children(search.process.pid)
    os.kill(helper, signal.SIGSTOP)
    try:
        search.kill()
        assert alive(helper)
        (tmp_path / "program.py").write_text("raise SystemExit(1)\n")
        told = stemma("resume", "toy.h5", "-n", 1, "-q", code=(FAILED, USER_ERROR)).stderr
        assert "which no longer runs" in told
    finally:
        os.kill(helper, signal.SIGCONT)


def children(pid):
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
