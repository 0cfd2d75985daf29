"""slurm/stemma.sbatch with stand-ins for Slurm's commands: situations that a real Slurm cannot be put into. tests/slurm
has a real Slurm."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from harness import OK, REQUEUE, ROOT, TIMEOUT_S, wait_until

from record import rows

# Real processes run against a real clock. If a busy machine delayed a test, it is tried once more, and reported.
pytestmark = pytest.mark.flaky(reruns=1)

# Ranks are workers inside one process. `KEPT` names a variable that some site's container does not pass on.
SRUN = """\
#!/bin/bash
while [[ $1 == -* ]]; do shift; done
exec env ${KEPT:+-u "$KEPT"} "$@" -n 2
"""
# A job with options that need a site's accounting and features, as Slurm 22.05 describes it.
JOB_TEXT = """\
JobId=5 JobName=my job
   Priority=4294901752 Nice=7 Account=physics QOS=long
   Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0
   RunTime=00:01:00 TimeLimit=00:02:00 TimeMin=N/A
   Partition=batch AllocNode:Sid=login:6857
   ReqNodeList=(null) ExcNodeList=n[3-4]
   NumNodes=1 NumCPUs=3 NumTasks=3 CPUs/Task=1 ReqB:S:C:T=0:0:*:*
   Socks/Node=* NtasksPerN:B:S:C=3:0:*:* CoreSpec=*
   MinCPUsNode=3 MinMemoryCPU=30M MinTmpDiskNode=0
   Features=fast&big DelayBoot=00:00:00
   Reservation=course
   OverSubscribe=NO Contiguous=0 Licenses=(null) Network=(null)
   Comment=mine, "and" = $yours 
   StdOut=/lustre/my log.txt
   TresPerNode=gres:gpu:a100:1
"""


class Batch:
    """One batch job on one node."""

    def __init__(self, stemma, seconds=120):
        self.folder = stemma.folder
        commands = {
            "squeue": f'#!/bin/sh\ntouch "$FOLDER/asked"\ndate -d "+{seconds} seconds" +%Y-%m-%dT%H:%M:%S\n',
            "scontrol": '#!/bin/sh\ncase "$*" in\n  "show hostnames "*) echo n1 ;;\n'
            '  "show job 5") cat "$FOLDER/job.txt" ;;\n'
            '  *) echo "requeue is disabled" >&2; exit 1 ;;\nesac\n',
            "sbatch": '#!/bin/sh\nfor word in "$@"; do echo "$word"; done >"$FOLDER/submitted"\n',
            "srun": SRUN,
        }
        (self.folder / "bin").mkdir()
        for name, text in commands.items():
            path = self.folder / "bin" / name
            path.write_text(text)
            path.chmod(0o755)
        (self.folder / "job.txt").write_text(JOB_TEXT)
        self.env = stemma.env | {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "FOLDER": str(self.folder),
            "STEMMA": stemma.binary,
            "SLURM_JOB_ID": "5",
            "SLURM_JOB_NODELIST": "n1",
            "SLURM_JOB_NUM_NODES": "1",
            "SLURM_NTASKS_PER_NODE": "3",
        }

    def start(self, *words, **more):
        with (self.folder / "log").open("w") as log:
            return subprocess.Popen(
                ["bash", ROOT / "slurm/stemma.sbatch", *map(str, words)],
                cwd=self.folder,
                env=self.env | more,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def log(self):
        return (self.folder / "log").read_text()


@pytest.fixture
def batch(stemma, job):
    return Batch(stemma)


def catches(pid, number):
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(status.split("SigCgt:")[1].split()[0], 16) >> (number - 1) & 1)


def test_a_warning_before_any_rank_has_started(batch, stemma, job):
    """The warning comes at once if it is as long as the limit."""
    started = batch.start(job, "-o", "toy.h5")
    wait_until(
        lambda: catches(started.pid, signal.SIGUSR1) or started.poll() is not None,
        "bash has read the script's first lines",
    )
    while not (batch.folder / "asked").exists() and started.poll() is None:
        started.send_signal(signal.SIGUSR1)
        time.sleep(0.01)

    assert started.wait(TIMEOUT_S) == OK, batch.log()
    assert len(rows(stemma, "toy.h5", "members")) == 40


@pytest.mark.parametrize("kept", ["STEMMA_EXIT_CODE_FILE", ""])
def test_the_exit_code_of_a_search_that_is_stopped(batch, stemma, job, kept):
    """Also if only srun's own status says so."""
    started = batch.start(
        job, "-o", "toy.h5", "--set", "trainer.cost=20ms", "--set", "run.budget.members=100000", KEPT=kept
    )
    wait_until(lambda: (batch.folder / "toy.h5").exists() and rows(stemma, "toy.h5", "reports"), "there are reports")
    stemma("stop", "toy.h5")
    assert started.wait(TIMEOUT_S) == OK, batch.log()
    assert "ended by `stemma stop`" in batch.log() and "the ranks died" not in batch.log()


def test_a_termination_ends_it_in_order(batch, stemma, job):
    started = batch.start(job, "-o", "toy.h5", "--set", "trainer.cost=20ms", "--set", "run.budget.members=100000")
    wait_until(lambda: (batch.folder / "toy.h5").exists() and rows(stemma, "toy.h5", "reports"), "there are reports")
    started.send_signal(signal.SIGTERM)
    assert started.wait(TIMEOUT_S) == REQUEUE, batch.log()
    assert not (batch.folder / "submitted").exists(), "Slurm says itself whether it is queued again"
    stemma("verify", "toy.h5")


def test_the_job_that_follows_is_submitted_with_everything_that_slurm_tells_of(batch, job):
    words = (job, "-o", "toy.h5", "--set", "trainer.cost=20ms", "--set", "run.budget.members=100000", "--grace", "118s")
    started = batch.start(*words, SLURM_RESTART_COUNT="2")

    assert started.wait(TIMEOUT_S) == OK, batch.log()
    submitted = (batch.folder / "submitted").read_text().splitlines()
    assert {
        "--export=ALL",
        "--dependency=afterany:5",
        "--job-name=my job",
        "--account=physics",
        "--qos=long",
        "--nice=7",
        "--no-requeue",
        "--time=00:02:00",
        "--partition=batch",
        "--exclude=n[3-4]",
        "--nodes=1",
        "--ntasks-per-node=3",
        "--cpus-per-task=1",
        "--mem-per-cpu=30M",
        "--constraint=fast&big",
        "--reservation=course",
        "--exclusive",
        '--comment=mine, "and" = $yours',
        "--output=/lustre/my log.txt",
        "--open-mode=append",
        "--gres=gpu:a100:1",
    } == set(submitted[: -len(words) - 1])
    assert submitted[-len(words) :] == [str(word) for word in words]
    assert "requeue is disabled" in batch.log() and "--signal, --hint" in batch.log()


CONTROL = """\
#!/bin/sh
if [ "$1" = -d ]; then
    [ -z "$NO_DAEMON" ] || exit 1
    touch "$CUDA_MPS_PIPE_DIRECTORY/control"
    echo started >>"$FOLDER/mps.txt"
else
    read word
    echo "$word" >>"$FOLDER/mps.txt"
fi
"""


@pytest.mark.parametrize("daemon", [True, False])
def test_a_node_has_an_mps_daemon_while_its_ranks_train(batch, job, daemon):
    tool = batch.folder / "bin/nvidia-cuda-mps-control"
    tool.write_text(CONTROL)
    tool.chmod(0o755)
    words = {"STEMMA_MPS": "1", "TMPDIR": str(batch.folder), **({} if daemon else {"NO_DAEMON": "1"})}

    run = batch.start(job, "-q", "-o", "toy.h5", **words)

    assert run.wait(TIMEOUT_S) == OK, batch.log()
    said = batch.folder / "mps.txt"
    wait_until(lambda: said.exists() and "quit" in said.read_text(), "the daemon was told to quit")
    assert said.read_text().split() == (["started"] if daemon else []) + ["quit"]
    assert ("nvidia-cuda-mps-control does not start" in batch.log()) != daemon
    wait_until(lambda: not (batch.folder / "stemma-mps-5").exists(), "its folder is gone")


def test_without_the_wish_no_mps_daemon_is_started(batch, job):
    tool = batch.folder / "bin/nvidia-cuda-mps-control"
    tool.write_text(CONTROL)
    tool.chmod(0o755)

    assert batch.start(job, "-q", "-o", "toy.h5").wait(TIMEOUT_S) == OK, batch.log()

    assert not (batch.folder / "mps.txt").exists()
