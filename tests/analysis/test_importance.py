"""Importance: synthetic runs and trees with known results."""

import numpy as np
import pytest
import stemma
from run_files import population, write_run
from stemma import fanova
from stemma.importance import importance, interactions


def grid_tree(function, cells=16, inputs=2):
    """The leaves of a tree that is `function` on a grid of the unit square."""
    edges = np.arange(cells) / cells
    low = np.stack(np.meshgrid(*[edges] * inputs, indexing="ij"), -1).reshape(-1, inputs)
    return low, low + 1 / cells, function(*(low + 0.5 / cells).T)


def test_additive_effects_share_the_variance():
    shares, pairs = fanova.decompose([grid_tree(lambda x, y: 2 * x + y)], 2)

    assert shares == pytest.approx([0.8, 0.2])
    assert pairs == {(0, 1): pytest.approx(0, abs=1e-12)}


def test_a_pure_interaction_is_nobody_s_alone():
    shares, pairs = fanova.decompose([grid_tree(lambda x, y: (x - 0.5) * (y - 0.5))], 2)

    assert shares == pytest.approx([0, 0], abs=1e-12)
    assert pairs[0, 1] == pytest.approx(1)


def test_trees_are_averaged_and_constant_ones_left_out():
    trees = [grid_tree(lambda x, y: x), grid_tree(lambda x, y: y), grid_tree(lambda x, y: 0 * x)]

    assert fanova.decompose(trees, 2)[0] == pytest.approx([0.5, 0.5])
    assert fanova.decompose(trees[2:], 2) == (pytest.approx([0, 0]), {})


def test_leaves_of_a_fitted_tree_fill_the_cube():
    tree = pytest.importorskip("sklearn.tree").DecisionTreeRegressor(random_state=1)
    random = np.random.default_rng(1)
    inputs = random.random((200, 3))
    tree.fit(inputs, inputs[:, 0] + 0.1 * inputs[:, 1])

    low, high, value = fanova.leaves_of(tree.tree_, 3)

    assert (high - low).prod(axis=1).sum() == pytest.approx(1)
    inside = ((low[None] <= inputs[:, None]) & (inputs[:, None] <= high[None])).all(axis=2)
    assert value[inside.argmax(axis=1)] == pytest.approx(tree.predict(inputs))


@pytest.fixture
def run(tmp_path):
    tables = population(300, 1, births=False)
    tables["reports"]["valid_loss"] = np.abs(np.log10(tables["members"]["lr"]) + 2)[tables["reports"]["member"]]
    write_run(tmp_path / "one.h5", {**tables, "events": {}})
    return stemma.open(tmp_path / "one.h5")


@pytest.mark.parametrize("method", ["permutation", "fanova"])
def test_the_hyperparameter_that_matters_is_found(run, method):
    found = importance(run, method=method)

    assert found["parameter"].iloc[0] == "lr" and found["importance"].iloc[0] > 0.8
    assert method == "fanova" or found["importance"].sum() == pytest.approx(1)


def test_pairs(run):
    found = interactions(run)

    assert {tuple(sorted(pair)) for pair in zip(found["first"], found["second"])} == {
        ("activation", "lr"),
        ("activation", "width"),
        ("lr", "width"),
    }
    assert found["importance"].is_monotonic_decreasing and found["importance"].max() < 0.2


def test_an_unknown_method(run):
    with pytest.raises(ValueError, match="permutation or fanova"):
        importance(run, method="guess")
