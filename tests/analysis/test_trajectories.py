"""Hyperparameters that hypergradients move: their courses, and that curves and pages are not misled by their rows."""

import numpy as np
import pytest
import stemma
from run_files import DEFAULT_SPACE, write_run
from stemma import hypergradients
from stemma.report.payload import payload
from test_derived import FAMILY

NAN = np.nan
METRICS = ("valid_loss", "test_loss", "hyper_step", "hyper_lr", "hyper_momentum", "hypergradient_norm")
SPACE = [{**DEFAULT_SPACE[0], "role": "hypergradient"}, *DEFAULT_SPACE[1:]]
# An epoch is ten updates, a point of the trajectory five. Rows of member 0, then of its child 2. The child was born at
# epoch 2, and member 0 went on.
UNITS = {
    "report": [0] * 5 + [1] + [2] * 4 + [3] * 3,
    "member": [0] * 5 + [1] + [2] * 4 + [0] * 3,
    "resource": [1, 1, 1, 2, 2, 1, 3, 3, 4, 4, 3, 3, 4],
    "valid_loss": [NAN, NAN, 0.7, NAN, 0.5, NAN, NAN, 0.3, NAN, 0.2, NAN, 0.4, 0.3],
    "test_loss": [NAN, NAN, 0.7, NAN, 0.6, NAN, NAN, 0.4, NAN, 0.25, NAN, 0.5, 0.35],
    "hyper_step": [5, 10, 10, 15, 20, NAN, 25, 30, 35, 40, 25, 30, 40],
    "hyper_lr": [0.1, 0.2, 0.2, 0.3, 0.4, NAN, 0.5, 0.6, 0.7, 0.8, 9, 9, 9],
    "hyper_momentum": [0.5] * 13,
    "hypergradient_norm": [1.0] * 13,
}


@pytest.fixture
def run(tmp_path):
    write_run(
        tmp_path / "run.h5",
        {**FAMILY, "units": UNITS},
        parameters=SPACE,
        metrics=METRICS,
        held_out=(0, 1, 1, 1, 1, 1),
        seconds=8.0,
    )
    return stemma.open(tmp_path / "run.h5")


def test_a_trajectory_is_that_of_the_lineage(run):
    way = run.trajectory(2)

    assert way["step"].tolist() == [5, 10, 15, 20, 25, 30, 35, 40]
    assert way["resource"].tolist() == [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]
    assert way["lr"].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    assert way["member"].tolist() == [0] * 4 + [2] * 4
    assert way["norm"].tolist() == [1] * 8
    assert run.trajectory().equals(way), "the best member's"


def test_values_follow_the_parameter_of_the_space(run):
    way = run.trajectory(2)
    moved = {parameter.name: hypergradients.values(parameter, way) for parameter in run.parameters}

    assert moved["lr"].tolist() == way["lr"].tolist()
    assert moved["width"] is None and moved["activation"] is None


def test_curves_have_whole_units_only(run):
    curve = run.lineage(2)

    assert curve["resource"].tolist() == [1, 2, 3, 4]
    assert curve["valid_loss"].tolist() == [0.7, 0.5, 0.3, 0.2]
    assert run.schedule(2)["metric"].tolist() == [0.5, 0.2]


def test_parts_of_trajectories_are_no_scores(run):
    assert [metric.name for metric in run.scores] == ["valid_loss", "test_loss"]


def test_the_page_has_the_way(run):
    told, _ = payload([run])

    first = told["schedules"][0]
    assert first["member"] == 2 and list(first["moved"]) == [0]
    assert first["moved"][0][0] == pytest.approx([0.5, 0.1]) and first["moved"][0][-1] == pytest.approx([4, 0.8])
    assert [metric["name"] for metric in told["meta"]["metrics"]] == ["valid_loss", "test_loss"]
    assert told["columns"]["e.value"][2] == 7, "one point a unit; the diverged member's has none"


def test_nothing_was_trained_yet(run):
    assert hypergradients.trajectory(run, []).empty


def test_a_run_without_them(tmp_path):
    write_run(tmp_path / "plain.h5", FAMILY, seconds=8.0)
    run = stemma.open(tmp_path / "plain.h5")

    assert run.trajectory(2).empty and run.scores == run.metrics
    assert payload([run])[0]["schedules"][0]["moved"] == {}
