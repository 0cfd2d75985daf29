"""What is queued again, and what the ranks and the next job are told: job arrays, `sbatch --export`, successor jobs."""

import re

import pytest
from cluster import CUT, HALF_A_MINUTE, LONG, THREE_TASKS, committed, end_soon, incarnations, members

from record import rows

# Heartbeats and kills run against a real clock. If a busy machine delayed a test, it is tried once more, and reported.
pytestmark = pytest.mark.flaky(reruns=1)

# What mpirun needs in the environment when root starts it.
MPIRUN_NEEDS = (
    "OMPI_ALLOW_RUN_AS_ROOT,OMPI_ALLOW_RUN_AS_ROOT_CONFIRM,OMPI_MCA_oob_tcp_if_include,OMPI_MCA_btl_tcp_if_include"
)


def program_in_folder(cluster):
    """Where a batch script looks for the program if the environment names none: the GPU build goes first."""
    for folder, program in (("build-torch-wheel", cluster.stemma.binary), ("build", "/bin/false")):
        (cluster.folder / folder).mkdir()
        (cluster.folder / folder / "stemma").symlink_to(program)


@pytest.mark.long
def test_an_array_task_is_queued_again_alone(cluster, stemma):
    """Of a task whose job has the array's own number. Tasks that were stopped or canceled stay so."""
    options = ("--array=1-3", "--ntasks-per-node=2", *CUT)
    array = cluster.submit("toy.toml", *LONG[:-2], *HALF_A_MINUTE, script="stemma-array.sbatch", options=options)
    tasks = [f"{array}_{task}" for task in (1, 2, 3)]
    files = {task: f"runs/toy-seed{task[-1]}.h5" for task in tasks}
    cluster.wait(lambda: all(cluster.state(task) == "RUNNING" for task in tasks), "all tasks run")
    own = next(task for task in tasks if cluster.facts(task)["JobId"] == str(array))
    stopped, canceled = (task for task in tasks if task != own)
    cluster.wait_for_reports(files[stopped], 5)
    cluster.wait_for_reports(files[own], 5)

    stemma("stop", files[stopped])
    cluster("scancel", canceled)
    cluster.wait_for_state(stopped, "COMPLETED")
    cluster.wait(lambda: cluster.restarts(own) > 0, "the third task has been queued again")
    before = committed(stemma, files[own])
    end_soon(cluster, stemma, before, files[own])
    cluster.wait_for_state(own, "COMPLETED")

    assert cluster.state(stopped) == "COMPLETED" and cluster.restarts(stopped) == 0
    assert cluster.state(canceled) == "CANCELLED" and cluster.restarts(canceled) == 0
    log = (cluster.folder / f"stemma-array-{own}.out").read_text()
    assert "the allocation ends in" in log and "invalid date" not in log
    assert committed(stemma, files[own])[: len(before)] == before


@pytest.mark.parametrize("export", ["NONE", "HOME,PATH", "ALL"])
def test_the_exit_code_gets_through_whatever_is_exported(cluster, stemma, export):
    program_in_folder(cluster)

    job = cluster.submit("toy.toml", "--output", "toy.h5", options=(*THREE_TASKS, f"--export={export}"))
    cluster.wait_for_state(job, "COMPLETED")

    assert incarnations(cluster, job) == 1
    assert "the ranks died" not in cluster.log(job)
    assert members(stemma) == 40


@pytest.mark.long
def test_mpirun_with_a_list_of_exports(pair, stemma):
    """The daemon of mpirun on the other node is started by srun."""
    options = (
        "--nodes=2",
        "--ntasks-per-node=2",
        "--time=5",
        f"--export=STEMMA,STEMMA_LAUNCHER,OMPI_MCA_btl,{MPIRUN_NEEDS}",
    )
    job = pair.submit("toy.toml", "--output", "toy.h5", options=options, STEMMA_LAUNCHER="mpirun")

    pair.wait_for_state(job, "COMPLETED")

    assert "the ranks died" not in pair.log(job)
    assert members(stemma) == 40


@pytest.mark.long
def test_a_time_limit_is_one_without_exports_too(cluster, stemma):
    program_in_folder(cluster)
    job = cluster.submit("toy.toml", *LONG, *HALF_A_MINUTE, options=(*THREE_TASKS, *CUT, "--export=NONE"))

    cluster.wait(lambda: cluster.restarts(job) > 0, "the job has been queued again")
    before = committed(stemma)
    end_soon(cluster, stemma, before)
    cluster.wait_for_state(job, "COMPLETED")

    assert committed(stemma)[: len(before)] == before


@pytest.mark.long
def test_a_heterogeneous_job_is_queued_again_or_followed(pair, stemma):
    """The whole job: its components have an end each, and options of their own."""
    options = ("--export=ALL", *CUT, "--comment=first", ":", *CUT, "--ntasks-per-node=2", "--comment=second")
    for more in ((), ("--no-requeue",)):
        (pair.folder / "toy.h5").unlink(missing_ok=True)
        first = pair.submit("toy.toml", *LONG, *HALF_A_MINUTE, script="stemma-het.sbatch", options=(*more, *options))
        pair.wait(
            lambda first=first: pair.log(first).count("start number") + pair.log(first).count("Submitted") > 1,
            "it goes on",
        )
        before = committed(stemma)
        end_soon(pair, stemma, before)
        pair.wait(lambda: not pair("squeue", "-h"), "all has ended")

        log = pair.log(first)
        assert "invalid date" not in log and log.count("srun started 3 ranks") == 2, log
        assert log.count("the allocation ends in 0:") == 2
        assert committed(stemma)[: len(before)] == before
    following = int(re.search(r"Submitted batch job (\d+)", log)[1])
    shown = pair("scontrol", "show", "job", str(following))
    assert "Comment=first" in shown and "Comment=second" in shown
    assert shown.count("TimeLimit=00:01:00") == 2 and shown.count("Requeue=0") == 2


@pytest.mark.long
def test_where_requeue_is_not_allowed_a_job_like_it_goes_on(cluster, stemma):
    wishes = (
        "--mem=300M",
        "--output=my log-%j.txt",
        "--comment=mine, and = yours",
        "--nice=7",
        "--licenses=matlab:1",
        "--exclusive=user",
        "--tmp=3",
        "--mail-user=a@b",
        "--mail-type=FAIL",
    )
    first = cluster.submit(
        "toy.toml", *LONG, *HALF_A_MINUTE, options=(*THREE_TASKS, *CUT, "--no-requeue", "-J", "my job", *wishes)
    )

    cluster.wait_for_state(first, "COMPLETED")
    before = committed(stemma)
    end_soon(cluster, stemma, before)
    cluster.wait_for_state(first + 1, "COMPLETED")

    log = (cluster.folder / f"my log-{first}.txt").read_text()
    assert "a new job goes on" in log and "--signal" in log, log
    assert log.count("the allocation ends in 0:") == 2, "each its own end, in one log"
    kept = (
        "JobName",
        "Requeue",
        "Nice",
        "TimeLimit",
        "Comment",
        "MinMemoryNode",
        "MinTmpDiskNode",
        "OverSubscribe",
        "Licenses",
        "StdOut",
        "StdErr",
        "MailUser",
        "MailType",
        "NtasksPerN:B:S:C",
        "NumTasks",
        "WorkDir",
    )
    shown = [cluster("scontrol", "show", "job", str(one)) for one in (first, first + 1)]
    for key in kept:
        values = [re.search(rf"{key}=(.*)", text)[1] for text in shown]
        assert values[0] == values[1], key
    assert committed(stemma)[: len(before)] == before
    stemma("verify", "toy.h5")


@pytest.mark.long
def test_a_stop_of_a_job_that_waits_in_the_queue(cluster, stemma):
    job = cluster.submit("toy.toml", *LONG, *HALF_A_MINUTE, options=(*THREE_TASKS, *CUT))
    cluster.wait(
        lambda: cluster.restarts(job) > 0 and cluster.state(job) == "PENDING", "the job waits after its requeue"
    )
    before = committed(stemma)

    stemma("stop", "toy.h5")
    cluster.wait_for_state(job, "COMPLETED")

    assert cluster.restarts(job) == 1 and incarnations(cluster, job) == 2
    assert "ends before it trains" in cluster.log(job) and "ended by `stemma stop`" in cluster.log(job)
    assert committed(stemma) == before


@pytest.mark.long
def test_a_warning_as_long_as_the_job(cluster, stemma):
    """Slurm sends the warning at the start of a job of two minutes. Most of the two minutes are used for training all
    the same."""
    job = cluster.submit("toy.toml", *LONG, options=(*THREE_TASKS[:2], "--time=2"), STEMMA_REQUEUES="0")

    cluster.wait(lambda: cluster.state(job) == "FAILED", "it has ended and may not be queued again")

    log = cluster.log(job)
    minutes, seconds = re.search(r"ended after (\d+):(\d+)", log).groups()
    assert 60 * int(minutes) + int(seconds) >= 60, log
    assert "is early: the search goes on" in log
    stemma("verify", "toy.h5")


def test_one_task_of_a_step(cluster, stemma):
    """As in a shell on a compute node (`srun --pty bash`)."""
    cluster("srun", "--ntasks=1", "--time=2", stemma.binary, "run", "toy.toml", "-n", "2", "-o", "toy.h5")

    assert members(stemma) == 40
    assert len(rows(stemma, "toy.h5", "workers")) >= 2


@pytest.mark.long
def test_array_tasks_that_may_not_be_queued_again_are_followed_each(cluster, stemma):
    """By a job that waits for that task alone."""
    options = ("--array=1-2", "--no-requeue", "--ntasks-per-node=2", *CUT)
    array = cluster.submit("toy.toml", *LONG[:-2], *HALF_A_MINUTE, script="stemma-array.sbatch", options=options)
    tasks = [f"{array}_{task}" for task in (1, 2)]
    logs = [cluster.folder / f"stemma-array-{task}.out" for task in tasks]
    cluster.wait(
        lambda: all(log.exists() and "Submitted batch job" in log.read_text() for log in logs), "both are followed"
    )

    for task in (1, 2):
        file = f"runs/toy-seed{task}.h5"
        end_soon(cluster, stemma, committed(stemma, file), file)
    cluster.wait(lambda: not cluster("squeue", "-h"), "all has ended")

    for task, log in zip((1, 2), logs):
        text = log.read_text()
        following = int(re.search(r"Submitted batch job (\d+)", text)[1])
        assert f"Slurm job {following}_{task}," in text, text
        assert cluster.facts(f"{following}_{task}")["JobState"] == "COMPLETED"
