"""Runs side by side."""

import numpy as np
import pytest
import stemma
from run_files import write_run
from test_derived import FAMILY


def made(folder, name, factor, **more):
    tables = {
        **FAMILY,
        "reports": {**FAMILY["reports"], "valid_loss": np.array(FAMILY["reports"]["valid_loss"]) * factor},
        "events": {},
    }
    write_run(folder / f"{name}.h5", tables, name=name, **more)
    return folder / f"{name}.h5"


@pytest.fixture
def compared(tmp_path):
    return stemma.compare(
        [made(tmp_path, "a", 1), made(tmp_path, "b", 2), made(tmp_path, "c", 4)], labels=["x", "y", "y"]
    )


def test_table_and_intervals(compared):
    assert compared.table["best"].tolist() == [0.2, 0.4, 0.8]
    intervals = compared.intervals().set_index("label")
    assert intervals["mean"].tolist() == pytest.approx([0.2, 0.6])
    assert np.isnan(intervals["low"]["x"]) and intervals["low"]["y"] == 0.4 and intervals["high"]["y"] == 0.8
    assert compared.intervals().equals(compared.intervals())  # the same draws each time


def test_curves_step_at_equal_training(compared):
    curves = compared.curves("spent", points=9)  # 0, 1, ..., 8
    own = curves[curves["label"] == "x"].set_index("x")["median"]
    assert own.index.min() == 2  # nothing was reported before
    assert own[2] == own[5] == 0.5 and own[6] == own[8] == 0.2
    other = curves[curves["label"] == "y"].set_index("x")
    assert other["median"][6] == pytest.approx(0.6) and other["runs"][6] == 2


def test_time_to_target(compared):
    assert compared.time_to(0.45)["x"].tolist()[:2] == [6, 6] and np.isnan(compared.time_to(0.45)["x"][2])


def test_ranks_and_their_critical_difference(tmp_path):
    # y is best with both seeds, x and z change ranks.
    factors = {"x": (2, 4), "y": (1, 1), "z": (4, 2)}
    files = [
        made(tmp_path, f"{label}{seed}", factor, seed=seed)
        for label, pair in factors.items()
        for seed, factor in enumerate(pair)
    ]
    ranks = stemma.compare(files, [label for label in factors for _ in range(2)]).ranks()

    assert ranks.mean.to_dict() == {"y": 1, "x": 2.5, "z": 2.5} and ranks.blocks == 2
    assert ranks.friedman == pytest.approx(12 * 2 / 12 * (1 + 2 * 2.5**2 - 12))
    assert ranks.critical_difference == pytest.approx(2.343 * np.sqrt(3 * 4 / 12))
    assert ranks.alike() == [("y", "x", "z")]


def test_ranks_of_what_shares_no_seed(tmp_path):
    compared = stemma.compare([made(tmp_path, "a", 1, seed=1), made(tmp_path, "b", 2, seed=2)], ["a", "b"])
    with pytest.raises(stemma.StemmaError, match="a seed that all of them"):
        compared.ranks()


def test_what_cannot_be_compared_is_refused(tmp_path):
    with pytest.raises(stemma.StemmaError, match="different things"):
        stemma.compare([made(tmp_path, "a", 1), made(tmp_path, "b", 1, maximize=True)])
    with pytest.raises(stemma.StemmaError, match="no runs"):
        stemma.compare([])
    with pytest.raises(stemma.StemmaError, match="1 runs but 2 labels"):
        stemma.compare([made(tmp_path, "c", 1)], ["x", "y"])
