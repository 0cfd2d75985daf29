"""Inside a batch job: one task of a step, variables that are nonsense, clocks that jump, warnings that come early. The
tests set Slurm's variables themselves; tests/slurm has a real Slurm."""

import os
import re
import signal
import subprocess
import time

import pytest
from harness import OK, REQUEUE, TIMEOUT_S, USER_ERROR, wait_until

from record import rows

# Real processes run against a real clock. If a busy machine delayed a test, it is tried once more, and reported.
pytestmark = pytest.mark.flaky(reruns=1)

ONE_TASK = {
    "SLURM_JOB_ID": "5",
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "0",
    "SLURM_NTASKS": "8",
    "SLURM_STEP_NUM_TASKS": "1",
    "SLURM_STEP_TASKS_PER_NODE": "1",
    "SLURM_LOCALID": "0",
}
ENDLESS = ("--set", "trainer.cost=20ms", "--set", "run.budget.members=100000", "-o", "toy.h5")

# The wall clock of the process jumps once the file $JUMPED exists.
JUMP = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long jump(void) { return access(getenv("JUMPED"), F_OK) == 0 ? atol(getenv("JUMP_S")) : 0; }
int clock_gettime(clockid_t clock, struct timespec* now) {
    int (*real)(clockid_t, struct timespec*) = dlsym(RTLD_NEXT, "clock_gettime");
    const int result = real(clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += jump();
    return result;
}
time_t time(time_t* to) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (to != NULL) *to = now.tv_sec;
    return now.tv_sec;
}
int gettimeofday(struct timeval* now, void* zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
"""


class Search:
    """A search in one process, in an allocation that ends in `seconds`."""

    def __init__(self, stemma, job, seconds, *words, **more):
        self.stemma = stemma
        self.err = stemma.folder / "err"
        env = stemma.env | {"SLURM_JOB_ID": "5", "SLURM_JOB_END_TIME": str(int(time.time()) + seconds)} | more
        with self.err.open("w") as err:
            self.process = subprocess.Popen(
                [stemma.binary, "run", str(job), "-n", "2", *ENDLESS, *words],
                cwd=stemma.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=err,
            )
        self.wait_for_reports(5)

    def reports(self):
        return len(rows(self.stemma, "toy.h5", "reports")) if (self.stemma.folder / "toy.h5").exists() else 0

    def wait_for_reports(self, count):
        wait_until(lambda: self.process.poll() is not None or self.reports() >= count, f"{count} reports")
        assert self.process.poll() is None, self.err.read_text()

    def goes_on(self):
        self.wait_for_reports(self.reports() + 50)

    def ends(self):
        assert self.process.wait(TIMEOUT_S) == REQUEUE
        self.stemma("verify", "toy.h5")


@pytest.mark.parametrize("words", [("-n", "3"), ()])
def test_one_task_of_a_step_trains_with_workers_inside_it(stemma, job, words):
    stemma.env |= ONE_TASK
    done = stemma("run", job, *words, "-o", "toy.h5")
    said = re.findall(r"Slurm started one task only: (\d+) workers? inside it", done.stderr)
    assert said == (["3"] if words else [str(len(os.sched_getaffinity(0)))])
    assert len({row["worker"] for row in rows(stemma, "toy.h5", "workers")}) == int(said[0])
    stemma("resume", "toy.h5", "-n", 2, "--members", 45)
    assert "ranks" not in stemma("selfcheck").stdout.splitlines()[0]


def test_mpirun_of_one_rank_too(stemma, mpi, job):
    done = mpi(1, "run", job, "-n", 2, "-o", "toy.h5")
    assert done.stderr.count("Open MPI started one task only: 2 workers inside it") == 1
    assert "`mpirun -n 3`" in mpi(1, "resume", "toy.h5", "--members", 45).stderr, "how to start a manager and workers"


@pytest.mark.parametrize(
    "variable", ["SLURM_CPUS_PER_TASK", "SLURM_JOB_NUM_NODES", "SLURM_JOB_END_TIME", "OMPI_COMM_WORLD_SIZE"]
)
def test_variables_that_are_nonsense(stemma, job, variable):
    stemma.env |= {variable: "a"}
    for words in (
        ("run", job, "-o", "toy.h5"),
        ("check", job),
        ("status", "toy.h5"),
        ("report", "toy.h5"),
        ("selfcheck",),
    ):
        said = stemma(*words, code=USER_ERROR).stderr
        assert said.count("\n") == 1 and f'environment variable {variable} is "a"' in said
    assert not (stemma.folder / "toy.h5").exists()
    for words in (("--version",), ("--help",), ("run", "--help")):
        assert stemma(*words).stdout


@pytest.mark.parametrize("hours", [2, -2])
def test_the_wall_clock_jumps(stemma, job, hours):
    """The search ends neither early nor hours late."""
    (stemma.folder / "jump.c").write_text(JUMP)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "jump.so", "jump.c", "-ldl"], cwd=stemma.folder, check=True)
    jumped = stemma.folder / "jumped"
    more = {"LD_PRELOAD": str(stemma.folder / "jump.so"), "JUMPED": str(jumped), "JUMP_S": str(hours * 3600)}
    search = Search(stemma, job, 3600 if hours > 0 else 20, "--grace", "10s", **more)

    jumped.touch()
    if hours > 0:
        search.goes_on()
        search.process.send_signal(signal.SIGTERM)
    search.ends()


def test_a_warning_that_would_cost_most_of_the_time_is_early(stemma, job):
    search = Search(stemma, job, 20, "--grace", "5s")

    search.process.send_signal(signal.SIGUSR1)
    search.goes_on()
    search.ends()

    assert "a warning (SIGUSR1) with" in search.err.read_text()


def test_a_termination_after_an_early_warning_is_the_first_order(stemma, job):
    search = Search(stemma, job, 120)
    search.process.send_signal(signal.SIGUSR1)
    search.goes_on()
    search.process.send_signal(signal.SIGTERM)
    search.ends()


@pytest.mark.parametrize(("number", "seconds"), [(signal.SIGUSR1, 36000), (signal.SIGUSR2, 120), (signal.SIGTERM, 120)])
def test_other_signals_are_obeyed_at_once(stemma, job, number, seconds):
    """A warning with hours left announces a preemption. The batch script sends USR2 when Slurm ends the job."""
    search = Search(stemma, job, seconds)
    search.process.send_signal(number)
    search.ends()
    assert "early" not in search.err.read_text()


def test_a_job_from_a_pipe_has_a_name(stemma, job):
    text = job.read_text().replace('name = "toy"\n', "")
    done = subprocess.run(
        [stemma.binary, "run", "/dev/stdin", "-n", "1"],
        cwd=stemma.folder,
        env=stemma.env,
        input=text,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == OK, done.stderr
    assert (stemma.folder / "runs/job.h5").exists()


def test_a_pipe_that_ranks_do_not_have(stemma):
    assert "no such file; mpirun and srun do not hand pipes on" in stemma("check", "/dev/fd/63", code=USER_ERROR).stderr
    done = subprocess.run(
        [stemma.binary, "check", "/dev/stdin"],
        cwd=stemma.folder,
        env=stemma.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == USER_ERROR and "is empty; mpirun and srun" in done.stderr
