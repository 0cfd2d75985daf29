"""A part of the space cannot be trained: a model learns where, the report counts causes, resume and verify hold."""

import pytest

from record import rows

KINDS = ["out_of_memory", "infeasible", "nonfinite"]
MODELS = {
    "tpe": ["sampler.type=tpe"],
    "multivariate": ["sampler.type=tpe", "sampler.multivariate=true"],
    "gp": ["sampler.type=gp"],
}


def options(kind, model):
    """75.5 % of all configurations fail. With one worker a search is repeatable."""
    words = ["trainer.feasible_up_to=0.7", f"trainer.fails_as={kind}", "workers.failures_in_a_row=0", *MODELS[model]]
    return [part for word in words for part in ("--set", word)]


def failed(stemma, file):
    return {row["member"] for row in rows(stemma, file, "failures")}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", KINDS)
def test_fewer_than_half_of_the_later_members_fail(stemma, job, kind, model):
    stemma("run", job, "-n", 1, "-q", "-o", "run.h5", *options(kind, model), "--set", "run.budget.members=70")

    later = [member for member in failed(stemma, "run.h5") if member >= 20]
    assert len(rows(stemma, "run.h5", "members")) == 70
    assert len(later) < 25, "of 50"
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_a_resumed_search_knows_what_failed_before(stemma, job):
    words = ["-n", 1, "-q", *options("infeasible", "tpe")]
    stemma("run", job, "-o", "run.h5", *words, "--set", "run.budget.members=30")
    stemma("resume", "run.h5", "-n", 1, "-q", "--members", 60)

    assert len([member for member in failed(stemma, "run.h5") if member >= 30]) < 15, "of 30"
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_the_final_report_counts_causes(stemma, job):
    done = stemma("run", job, "-n", 1, "-o", "run.h5", *options("out_of_memory", "tpe"))

    count = len(failed(stemma, "run.h5"))
    assert f"{count} members failed: {count} out of memory\n" in done.stdout
