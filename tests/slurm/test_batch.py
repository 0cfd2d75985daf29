"""The batch scripts under a real Slurm on this machine."""

import os
import signal

import pytest
from cluster import CUT, HALF_A_MINUTE, LONG, SLOW, THREE_TASKS, committed, end_soon, incarnations, members, ranks_of
from harness import wait_until

from record import rows

# Heartbeats, kills and browsers run against a real clock. If a busy machine delayed a test, it is tried once more, and
# reported.
pytestmark = pytest.mark.flaky(reruns=1)


def test_submit_and_finish(cluster, stemma):
    job = cluster.submit("toy.toml", "--output", "toy.h5", options=THREE_TASKS)

    cluster.wait_for_state(job, "COMPLETED")

    log = cluster.log(job)
    assert members(stemma) == 40
    assert f"Slurm job {job}, 1 node; srun started 3 ranks" in log
    assert "the allocation ends in" in log
    stemma("verify", "toy.h5")


def test_a_time_limit_means_queued_again_and_resumed(cluster, stemma):
    job = cluster.submit("toy.toml", *LONG, *HALF_A_MINUTE, options=(*THREE_TASKS, *CUT))

    cluster.wait(lambda: cluster.restarts(job) > 0, "the job has been queued again")
    before = committed(stemma)
    assert before, "nothing was done before the limit"
    end_soon(cluster, stemma, before)
    cluster.wait_for_state(job, "COMPLETED")

    log = cluster.log(job)
    assert "queued again" in log and f"Slurm job {job} (start 2)" in log
    assert committed(stemma)[: len(before)] == before, "committed reports were lost"
    stemma("verify", "toy.h5")


def test_a_mistake_in_the_job_starts_no_rank(cluster):
    job = cluster.submit("toy.toml", "--set", "scheduler.eta=1", options=THREE_TASKS)

    cluster.wait(lambda: cluster.state(job) == "FAILED", "the job has failed")

    assert cluster.facts(job)["ExitCode"] == "2:0"
    assert cluster.log(job).count("must be an integer") == 1


@pytest.mark.long
def test_the_warning_signal_of_the_batch_system(cluster, stemma):
    # Slurm may send the warning up to a minute early, so that between 0 and 100 s of two minutes may be used.
    job = cluster.submit(
        "toy.toml", *LONG, options=(*THREE_TASKS, "--time=2", "--signal=B:USR1@20"), STEMMA_REQUEUES="1"
    )

    cluster.wait(lambda: cluster.state(job) == "FAILED", "it was queued again once and gave up", 600)

    assert incarnations(cluster, job) == 2
    assert "queued again 1 times already" in cluster.log(job)
    stemma("verify", "toy.h5")


@pytest.mark.long
@pytest.mark.parametrize("launcher", ["srun", "mpirun"])
def test_scancel_ends_it_in_order_and_for_good(cluster, stemma, launcher):
    job = cluster.submit("toy.toml", *LONG, options=THREE_TASKS, STEMMA_LAUNCHER=launcher)
    cluster.wait_for_reports("toy.h5", 10)

    cluster("scancel", job)
    cluster.wait(lambda: cluster.state(job) == "CANCELLED" and not ranks_of(job), "it is canceled and gone")

    assert cluster.restarts(job) == 0
    assert incarnations(cluster, job) == 1
    stemma("verify", "toy.h5")
    stemma("resume", "toy.h5", "-n", 2, "--members", members(stemma))


@pytest.mark.long
def test_a_program_that_is_not_there_is_a_mistake_and_not_queued_again(cluster):
    job = cluster.submit(
        "toy.toml", "--set", "trainer.type=process", "--set", 'trainer.command=["/nowhere/train"]', options=THREE_TASKS
    )

    cluster.wait(lambda: cluster.state(job) == "FAILED", "the job has failed")

    assert cluster.facts(job)["ExitCode"] == "2:0"
    assert "/nowhere/train cannot be started" in cluster.log(job)


@pytest.mark.long
def test_a_search_without_a_result_has_failed_and_is_not_queued_again(cluster, stemma):
    job = cluster.submit(
        "toy.toml",
        "--set",
        "trainer.failure_rate=1",
        "--set",
        "run.budget.members=5",
        "--output",
        "toy.h5",
        options=THREE_TASKS,
    )

    cluster.wait(lambda: cluster.state(job) == "FAILED", "the job has failed")

    assert cluster.facts(job)["ExitCode"] == "1:0"
    assert cluster.restarts(job) == 0
    assert "no training gave a finite valid_loss" in cluster.log(job)


@pytest.mark.long
def test_stemma_stop_is_not_queued_again(cluster, stemma):
    job = cluster.submit("toy.toml", *LONG, options=THREE_TASKS)
    cluster.wait_for_reports("toy.h5", 10)

    stemma("stop", "toy.h5")
    cluster.wait_for_state(job, "COMPLETED")

    assert incarnations(cluster, job) == 1
    assert "ended by `stemma stop`" in cluster.log(job)


@pytest.mark.long
def test_preemption_queues_it_again(cluster, stemma):
    job = cluster.submit("toy.toml", *SLOW, options=(*THREE_TASKS, "--exclusive"))
    cluster.wait_for_reports("toy.h5", 10)
    before = committed(stemma)

    urgent = int(cluster("sbatch", "--parsable", "--partition=urgent", "--exclusive", "--wrap=sleep 5").split(";")[0])
    cluster.wait_for_state(urgent, "COMPLETED")
    cluster.wait_for_state(job, "COMPLETED")

    assert cluster.restarts(job) == 1
    assert committed(stemma)[: len(before)] == before
    assert members(stemma) == 150
    stemma("verify", "toy.h5")


@pytest.mark.long
def test_a_rank_dies_under_srun_and_the_step_starts_again(cluster, stemma):
    job = cluster.submit("toy.toml", *SLOW, options=THREE_TASKS)
    cluster.wait_for_reports("toy.h5", 10)

    os.kill(ranks_of(job)[2], signal.SIGKILL)
    cluster.wait_for_state(job, "COMPLETED")

    log = cluster.log(job)
    assert "the ranks died" in log and "starting them again" in log
    assert cluster.restarts(job) == 0, "in the same allocation"
    assert members(stemma) == 150
    stemma("verify", "toy.h5")


@pytest.mark.long
def test_a_rank_dies_under_mpirun_and_the_others_go_on(cluster, stemma):
    job = cluster.submit(
        "toy.toml", *SLOW, options=("--nodes=1", "--ntasks-per-node=4", "--time=5"), STEMMA_LAUNCHER="mpirun"
    )
    cluster.wait_for_reports("toy.h5", 10)

    os.kill(ranks_of(job)[2], signal.SIGKILL)
    cluster.wait_for_state(job, "COMPLETED")

    log = cluster.log(job)
    assert "worker 2 is lost" in log and "the ranks died" not in log
    assert members(stemma) == 150
    stemma("verify", "toy.h5")


@pytest.mark.long
def test_an_array_of_seeds(cluster, stemma):
    array = cluster.submit(
        "toy.toml", script="stemma-array.sbatch", options=("--array=1-2", "--ntasks-per-node=2", "--time=5")
    )

    cluster.wait(lambda: not cluster("squeue", "-h"), "all tasks have ended")

    files = [f"runs/toy-seed{seed}.h5" for seed in (1, 2)]
    logs = "".join(file.read_text() for file in cluster.folder.glob("stemma-array-*.out"))
    assert [members(stemma, file) for file in files] == [40, 40], logs
    rates = [[row["configuration"]["lr"] for row in rows(stemma, file, "members")] for file in files]
    assert rates[0] != rates[1]
    assert f"Slurm job {array}_1" in logs and f"Slurm job {array}_2" in logs


@pytest.mark.long
@pytest.mark.parametrize("launcher", ["srun", "mpirun"])
def test_two_nodes_have_one_manager_and_workers_everywhere(pair, stemma, launcher):
    job = pair.submit(
        "toy.toml", *SLOW, options=("--nodes=2", "--ntasks-per-node=3", "--time=5"), STEMMA_LAUNCHER=launcher
    )

    pair.wait_for_state(job, "COMPLETED")

    assert "started 5 ranks" in pair.log(job), "a manager and two workers on the first node, two on the second"
    assert members(stemma) == 150


@pytest.mark.long
def test_a_heterogeneous_job(pair, stemma):
    job = pair.submit("toy.toml", "--output", "toy.h5", script="stemma-het.sbatch")

    pair.wait_for_state(job, "COMPLETED")

    assert "srun started 5 ranks" in pair.log(job)
    assert members(stemma) == 40


@pytest.mark.long
def test_a_node_goes_down(pair, stemma):
    """Slurm queues the job again. The job goes on when there are enough nodes."""
    job = pair.submit("toy.toml", *SLOW, options=("--nodes=2", "--ntasks-per-node=2", "--time=5"))
    pair.wait_for_reports("toy.h5", 10)
    before = committed(stemma)

    pair("scontrol", "update", "nodename=n2", "state=down", "reason=test")
    pair.wait(lambda: pair.state(job) in ("PENDING", "COMPLETING"), "the job has lost its nodes")
    wait_until(lambda: not ranks_of(job), "its ranks are gone")
    if "DOWN" in pair("scontrol", "show", "node", "n2"):  # its daemon may have announced the node again already
        pair("scontrol", "update", "nodename=n2", "state=resume")
    pair.wait_for_state(job, "COMPLETED")

    assert pair.restarts(job) == 1
    assert committed(stemma)[: len(before)] == before
    assert members(stemma) == 150
    stemma("verify", "toy.h5")
