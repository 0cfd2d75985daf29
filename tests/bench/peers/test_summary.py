"""Statistics of the comparison of samplers: small cases that can be counted by hand, and known distributions."""

import numpy as np
import pytest
import summary
import tasks
from report import ranking, report
from search import append, read


def rows_of(figures, out=1):
    """Rows as search.py writes them. `figures`: {task: {contender: figures of the seeds 1, 2, ...}}."""
    return [
        {
            "contender": name,
            "task": task,
            "out": str(out),
            "seed": str(seed),
            "evaluations": "100",
            "figure": str(value),
            "distinct": "90",
            "cpu_s": "0.5",
        }
        for task, by_name in figures.items()
        for name, values in by_name.items()
        for seed, value in enumerate(values, 1)
    ]


def test_ranks_of_one_seed_are_the_places():
    assert summary.expected_ranks(np.array([[3.0], [1.0], [2.0]])).tolist() == [3, 1, 2]


def test_ties_share_their_places():
    assert summary.expected_ranks(np.array([[1.0], [1.0], [5.0]])).tolist() == [1.5, 1.5, 3]
    assert summary.expected_ranks(np.zeros((4, 3))).tolist() == [2.5] * 4


def test_ranks_are_the_expectation_over_all_pairs_of_seeds():
    samples = np.random.default_rng(3).integers(5, size=(4, 6)).astype(float)
    by_pairs = [
        1 + sum(summary.chance_of_worse(mine, other) for at, other in enumerate(samples) if at != place)
        for place, mine in enumerate(samples)
    ]
    assert summary.expected_ranks(samples) == pytest.approx(by_pairs)


def test_ranks_of_a_task_always_have_the_same_sum():
    samples = np.random.default_rng(4).normal(size=(10, 5, 7))
    assert summary.expected_ranks(samples).sum(axis=-1) == pytest.approx(15)


def test_only_seeds_that_all_have_count():
    figures = {"a": {"one": [1.0, 2.0, 9.0], "two": [3.0, 4.0]}}
    assert summary.sample(figures, "a", ["one", "two"]).tolist() == [[1, 2], [3, 4]]


def test_only_tasks_that_all_have_count():
    figures = {"a": {"one": [1.0], "two": [3.0]}, "b": {"one": [1.0]}}
    assert summary.common_tasks(figures, ["one", "two"]) == ["a"]


def test_the_table_is_ordered_by_seed_and_of_one_width():
    rows = rows_of({"a": {"one": [5.0, 6.0]}}) + rows_of({"a": {"one": [7.0]}}, out=8)
    assert summary.table_of(rows[::-1], lambda row: float(row["figure"]), 1) == {"a": {"one": [5.0, 6.0]}}


def test_an_interval_around_a_sure_difference_excludes_zero():
    random = np.random.default_rng(5)
    figures = {
        f"t{at}": {"good": random.normal(0, 1, 10).tolist(), "bad": random.normal(2, 1, 10).tolist()}
        for at in range(12)
    }
    names, chosen = ["bad", "good"], sorted(figures)
    ranks = summary.mean_ranks(figures, names, chosen)
    draws = summary.bootstrap_ranks(figures, names, chosen, draws=300)
    difference, low, high = summary.rank_difference(ranks, draws, names, "good", "bad")
    assert low < difference < high < 0


def test_an_interval_without_a_difference_covers_zero_in_about_95_percent():
    covered = 0
    for repeat in range(60):
        random = np.random.default_rng(100 + repeat)
        figures = {
            f"t{at}": {"a": random.normal(size=10).tolist(), "b": random.normal(size=10).tolist()} for at in range(15)
        }
        draws = summary.bootstrap_ranks(figures, ["a", "b"], sorted(figures), draws=200, seed=repeat)
        _, low, high = summary.rank_difference(draws.mean(axis=0), draws, ["a", "b"], "a", "b")
        covered += low <= 0 <= high
    assert covered >= 52


def test_bootstrap_of_one_task_and_one_seed_is_the_rank_itself():
    draws = summary.bootstrap_ranks({"a": {"x": [1.0], "y": [2.0]}}, ["x", "y"], ["a"], draws=5)
    assert draws.tolist() == [[1, 2]] * 5


def test_the_chance_of_worse():
    assert summary.chance_of_worse([1, 1], [1, 1]) == 0.5
    assert summary.chance_of_worse([2, 3], [1, 1]) == 1
    assert summary.chance_of_worse([1], [1, 2, 3, 4]) == 0.125


def test_significantly_worse_names_the_task_and_only_it():
    low, high = [float(value) for value in range(10)], [float(value) + 20 for value in range(10)]
    figures = {
        "worse": {"a": high, "sobol": low},
        "better": {"a": low, "sobol": high},
        "equal": {"a": low, "sobol": low},
    }
    ((task, p),) = summary.significantly_worse(figures, "a", "sobol", sorted(figures))
    assert task == "worse"
    assert p < 1e-3


def test_equal_figures_are_not_worse():
    assert summary.p_worse([0.0, 0.0], [0.0, 0.0]) == 1


def test_each_task_belongs_to_one_half():
    assert tasks.half("bbob-f06-d5") == "choose"
    assert tasks.half("bbob-f23-d10") == "check"
    assert tasks.half("bbob-f06-d5-i2") == "check"
    assert tasks.half("hpolib-protein_structure") == "choose"
    assert tasks.half("hpolib-slice_localization") == "check"


def test_families_are_tables_by_collection_and_functions_by_dimension():
    assert tasks.family("bbob-f06-d5-i3") == "bbob-d5"
    assert tasks.family("bbob-f24-d10") == "bbob-d10"
    assert tasks.family("hpolib-protein_structure") == "hpolib"


def test_the_report_orders_by_mean_rank_and_names_losses_to_sobol():
    low, high = [float(value) for value in range(10)], [float(value) + 20 for value in range(10)]
    figures = {
        task: {"stemma-gp": low, "optuna-tpe": high, "stemma-sobol": high}
        for task in ("hpolib-protein_structure", "bbob-f01-d2")
    }
    figures["bbob-f03-d2"] = {"stemma-gp": high, "optuna-tpe": low, "stemma-sobol": low}
    rows = rows_of(figures)
    names = ["optuna-tpe", "stemma-gp", "stemma-sobol"]
    table = ranking(rows, names, ["bbob-f01-d2", "hpolib-protein_structure"], out=1, draws=50).splitlines()
    assert table[2].startswith("| stemma-gp | 1.00 (1.00 .. 1.00) | -1.50 (")
    text = report(rows, names, details=True, draws=50)
    assert "| stemma-gp | 1 | bbob-f03-d2 (p = " in text
    assert "half to check (1 tasks)" not in text.split("### BBOB")[0]


def test_a_search_that_was_recorded_twice_counts_once(tmp_path):
    row = {"contender": "a", "task": "t", "out": 1, "seed": 1, "figure": "2"}
    append(tmp_path / "x.csv", row)
    append(tmp_path / "x.csv", {**row, "figure": "3"})
    append(tmp_path / "x.csv", {**row, "seed": 2})
    assert [found["seed"] for found in read(tmp_path / "x.csv")] == ["1", "2"]
    assert read(tmp_path / "none.csv") == []
