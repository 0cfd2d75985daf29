"""Configurations that are trained from several seeds: the program and the package use their means."""

import re

import numpy as np
import pytest
import stemma

JOB = """
[run]
seed = 2
budget = { members = 8 }
[metric]
name = "valid_loss"
direction = "minimize"
[space.x]
type = "real"
low = 0.0
high = 0.3
[scheduler]
type = "asha"
min = 1
max = 3
eta = 3
repeats = 4
[trainer]
type = "toy"
noise = 1.0
"""


@pytest.fixture(scope="module")
def repeated(program):
    job = program.folder / "repeats.toml"
    job.write_text(JOB)
    path = program.folder / "repeats.h5"
    text = program("run", job, "-n", 2, "-o", path).stdout
    return stemma.open(path), text


def means(run):
    """{(first member, resource): values of its four seeds}, by hand."""
    first = {row.Index: row.Index if row.cause != "repeat" else row.parent for row in run.members.itertuples()}
    values = {}
    for row in run.reports.itertuples():
        values.setdefault((first[row.member], row.resource), []).append(row.valid_loss)
    return {key: seeds for key, seeds in values.items() if len(seeds) == 4}


def test_the_best_is_of_the_best_mean(repeated):
    run, text = repeated
    wanted = means(run)
    first, resource = min(wanted, key=lambda key: np.mean(wanted[key]))
    seeds = wanted[first, resource]
    best = run.best()
    assert best["best"].iloc[0] == pytest.approx(np.mean(seeds))
    assert best["spread"].iloc[0] == pytest.approx(np.std(seeds, ddof=1))
    assert best["at"].iloc[0] == resource
    member = run.best_member()
    assert best.index[0] == member
    assert first <= member < first + 4
    luckiest = run.summary["best"].idxmin()
    assert run.summary["best"].min() < np.mean(seeds), f"the test needs a lucky seed: member {luckiest}"
    assert re.search(rf"best member: {member} after {resource} ", text), text
    told = re.search(r"valid_loss +(\S+) \+- (\S+)  \(optimi[sz]ed\)", text)
    assert float(told[1]) == pytest.approx(np.mean(seeds), rel=1e-3)
    assert float(told[2]) == pytest.approx(np.std(seeds, ddof=1), rel=1e-3)
    assert run.progress["best"].iloc[-1] == pytest.approx(np.mean(seeds))
    assert run.progress["best_member"].iloc[-1] == member


def test_configurations_are_ranked_by_their_means(repeated):
    run, _ = repeated
    table = run.best(100)
    assert (np.diff(table["best"]) >= 0).all()
    assert len(table) == len({first for first, _ in means(run)}), "one row a configuration"
