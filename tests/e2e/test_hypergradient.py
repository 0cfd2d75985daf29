"""Hyperparameters that move during training: from the job file to the run file, schedule, verify and a population."""

import math

import pytest
from harness import ROOT, USER_ERROR

from record import rows

JOB = (ROOT / "jobs/energy_hypergradient.toml").read_text().replace("../tests/data", str(ROOT / "tests/data"))
ROLE = 'role = "hypergradient"'


@pytest.fixture
def job(stemma, tmp_path):
    if "no LibTorch" in stemma("--version").stdout:
        pytest.skip("built without LibTorch")
    path = tmp_path / "moving.toml"
    path.write_text(
        JOB.replace("min = 250", "min = 20").replace("max = 4000", "max = 80").replace("members = 40", "members = 4")
    )
    return path


def test_trajectories_are_in_the_run_file_and_in_the_schedule(stemma, job):
    stemma("run", job, "-n", 1, "-q", "--set", 'run.output="moving.h5"')
    epochs = [row for row in rows(stemma, "moving.h5", "units") if row["member"] == 0]
    moved = [row for row in epochs if row["hyper_steps"]]

    assert {row["hyper_step"] for row in moved} >= {10, 20}
    assert len({row["hyper_lr"] for row in moved}) > 1
    assert all(row["hypergradient_norm"] > 0 for row in moved)
    text = stemma("schedule", "moving.h5", 0, "--width", 120).stdout
    assert "moved during training" in text and "|hypergradient|" in text
    assert "hyper" not in stemma("status", "moving.h5").stdout
    stemma("verify", "moving.h5")


def test_promotions_go_on_with_what_moved(stemma, job):
    stemma("run", job, "-n", 1, "-q", "--set", 'run.output="moving.h5"', "--set", "run.budget.members=12")
    points = {}
    for row in rows(stemma, "moving.h5", "units"):
        if row["hyper_steps"]:
            points.setdefault(row["member"], {})[row["hyper_step"]] = row["hyper_raw_lr"]
    promoted = [steps for steps in points.values() if max(steps) > 20]

    assert promoted
    for steps in promoted:
        assert sorted(steps) == list(range(10, int(max(steps)) + 1, 10))
        assert abs(steps[30] - steps[20]) < 0.2, "a hyper-step, not a new start"


def test_children_of_gpbt_start_from_what_moved_shifted_by_the_proposal(stemma, job):
    gpbt = 'type = "gpbt"\nchildren = 4\ninterval = 20\nmax = 80'
    text = (
        job.read_text()
        .replace('type = "asha"\nmin = 20\nmax = 80\neta = 4', gpbt)
        .replace("members = 4", "members = 28")
    )
    job.write_text(text.replace(ROLE, 'role = "mutable_hypergradient"'))
    stemma("run", job, "-n", 1, "-q", "--set", 'run.output="moving.h5"')
    members = rows(stemma, "moving.h5", "members")
    epochs = [row for row in rows(stemma, "moving.h5", "units") if row["hyper_steps"]]
    children = [one for one in members if one["cause"] == "adoption"]

    assert len(children) >= 12
    for child in children:
        parent = members[child["parent"]]
        first = min((row for row in epochs if row["member"] == child["member"]), key=lambda row: row["hyper_step"])
        before = max((row for row in epochs if row["member"] == parent["member"]), key=lambda row: row["hyper_step"])
        shift = math.log10(child["configuration"]["lr"] / parent["configuration"]["lr"])
        assert abs(first["hyper_raw_lr"] - min(0, before["hyper_raw_lr"] + shift)) < 0.2
    stemma("verify", "moving.h5")


def bred(stemma, job, change):
    """Runs the job as PBT, with text changed by change(). Returns (child, parent, raw lr after the child's first
    hyper-step, before it)."""
    population = job.read_text().replace(
        'type = "asha"\nmin = 20\nmax = 80\neta = 4', 'type = "pbt"\npopulation = 4\ninterval = 20\nmax = 80'
    )
    job.write_text(change(population.replace("members = 4", "members = 20")))
    stemma("run", job, "-n", 1, "-q", "--set", 'run.output="moving.h5"')
    members = rows(stemma, "moving.h5", "members")
    epochs = rows(stemma, "moving.h5", "units")
    found = []
    for child in (row for row in members if row["cause"] == "exploit"):
        parent = members[child["parent"]]
        first = min((row for row in epochs if row["member"] == child["member"]), key=lambda row: row["hyper_step"])
        before = [
            row for row in epochs if row["member"] == parent["member"] and row["hyper_step"] <= first["hyper_step"] - 10
        ]
        found.append(
            (child["configuration"], parent["configuration"], first["hyper_raw_lr"], before[-1]["hyper_raw_lr"])
        )
    assert found
    return found


def test_children_of_a_population_inherit_what_moved(stemma, job):
    dropout = '[space.dropout]\ntype = "real"\nlow = 0.0\nhigh = 0.2\n[space.lr]'
    for child, parent, first, before in bred(stemma, job, lambda text: text.replace("[space.lr]", dropout)):
        assert child["lr"] == parent["lr"]  # the start value; the moved value is in the weights' snapshot
        assert abs(first - before) < 0.2


def test_what_moves_may_be_perturbed_at_birth(stemma, job):
    for child, parent, first, before in bred(
        stemma, job, lambda text: text.replace(ROLE, 'role = "mutable_hypergradient"')
    ):
        factor = child["lr"] / parent["lr"]
        assert min(abs(factor - 0.8), abs(factor - 1.2)) < 1e-9 or child["lr"] in (1e-6, 1e-1)
        assert (
            abs(first - before - math.log10(factor)) < 0.1
        )  # the parent's moved value, times the factor, after one hyper-step
    stemma("verify", "moving.h5")


def test_the_log_says_when_a_robustness_setting_acts(stemma, job, tmp_path):
    stemma("run", job, "-n", 1, "-q", "--set", 'run.output="plain.h5"')
    stemma(
        "run", job, "-n", 1, "-q", "--set", 'run.output="clipped.h5"', "--set", "trainer.hypergradient.clip_norm=1e-6"
    )
    plain, clipped = ((tmp_path / f"{name}.h5.logs/rank-1.log").read_text() for name in ("plain", "clipped"))
    assert "hypergradients:" not in plain
    assert "member 0 from 0 to 20: hypergradients: 2 clipped to clip_norm" in clipped


def test_a_role_that_cannot_move_is_a_mistake_of_the_user(stemma, job):
    job.write_text(
        job.read_text().replace(
            "[space.lr]", f'[space.dropout]\ntype = "real"\nlow = 0.0\nhigh = 0.2\n{ROLE}\n[space.lr]'
        )
    )
    result = stemma("check", job, code=USER_ERROR)
    assert "only hyperparameters of the weight update can move" in result.stderr + result.stdout
