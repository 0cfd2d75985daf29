"""sampler.type = "auto", the default: it says what it takes and why, and keeps it."""

import pytest
from harness import JOB, USER_ERROR

from record import rows

CHOSEN = {"random": 0, "tpe": 1, "gp": 2}


def choices(stemma, file):
    return [row["value"] for row in rows(stemma, file, "events") if row["kind"] in (18, "sampler_chosen")]


def test_check_and_preview_say_what_it_plans(stemma, job):
    for command in ("check", "preview"):
        text = stemma(command, job).stdout
        assert "auto: a Gaussian process (2 numbers, 40 configurations)" in text, command
        assert "unless a proposal takes more than 5 % of a training" in text, command
    text = stemma("preview", job, "--set", "run.budget.members=1000").stdout
    assert "auto: multivariate TPE (2 numbers, 1000 configurations: more than 300)" in text


def test_a_proposal_costs_more_than_a_training_that_takes_no_time(stemma, job):
    done = stemma("run", job, "-n", 2, "--output", "a.h5", "--set", "run.budget.members=400")

    assert "sampler: auto: random draws (" in done.stdout
    assert "a proposal takes" in done.stdout
    assert "sampler: auto: random draws (" in stemma("status", "a.h5").stdout
    assert choices(stemma, "a.h5") == [CHOSEN["random"]]
    assert "every decision is the same" in stemma("verify", "a.h5").stdout


@pytest.fixture
def slow(tmp_path):
    """Trainings of 0.8 s: a proposal may take 40 ms."""
    path = tmp_path / "slow.toml"
    path.write_text(
        JOB.replace('"asha"\nmin = 1\nmax = 27\neta = 3', '"random"\nmax = 1')
        .replace("members = 40", "members = 12")
        .replace('type = "toy"', 'type = "toy"\ncost = "800ms"')
    )
    return path


def test_a_model_is_taken_where_trainings_are_slow_and_a_resumed_run_keeps_it(stemma, slow):
    stemma("run", slow, "-n", 4, "--output", "a.h5")
    (chosen,) = choices(stemma, "a.h5")
    assert chosen in (CHOSEN["gp"], CHOSEN["tpe"])
    said = next(line for line in stemma("status", "a.h5").stdout.splitlines() if line.startswith("sampler: "))
    assert "a proposal takes" in said

    done = stemma("resume", "a.h5", "-n", "4", "--members", "14")

    assert said in done.stdout
    assert choices(stemma, "a.h5") == [chosen]
    assert "every decision is the same" in stemma("verify", "a.h5").stdout


def test_populations_keep_their_samplers(stemma, job):
    job.write_text(job.read_text().replace("min = 1\n", "").replace("eta = 3\n", ""))
    for scheduler, expected in (("pbt", "explore by"), ("gpbt", "multivariate TPE")):
        assert expected in stemma("check", job, "--set", f"scheduler.type={scheduler}").stdout
    done = stemma("check", job, "--set", "scheduler.type=pbt", "--set", "sampler.type=auto", code=USER_ERROR)
    assert "sampler.type" in done.stderr and "name a sampler, or leave it out" in done.stderr
