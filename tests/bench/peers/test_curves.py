"""Simulated learning curves and what a search knows of them."""

import curves
import numpy as np
import pytest


class SmallTable:
    """Two values of one parameter."""

    space = {"a": 2}
    _values = {"0": 1.0, "1": 3.0}

    def key(self, configuration):
        return str(configuration["a"])

    def __call__(self, configuration):
        return self._values[self.key(configuration)]

    def values(self):
        return np.array([1.0, 3.0])

    def repeats(self, configuration):
        value = self(configuration)
        return [value - 0.1, value + 0.1]

    def costs(self):
        return [100.0, 300.0]

    def cost(self, configuration):
        return 100.0 if configuration["a"] == 0 else 300.0

    def figure(self, value):
        return 0.0 if value <= 1 else 50.0


@pytest.fixture
def task():
    return curves.CurveTable(SmallTable(), epochs=20)


def test_a_curve_falls_to_a_recorded_value(task):
    losses = task.losses({"a": 0}, 0, 20, seed=1)
    assert len(losses) == 20
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(0.9) or losses[-1] == pytest.approx(1.1)


def test_a_training_in_parts_has_the_curve_and_the_time_of_the_whole(task):
    parts = task.losses({"a": 0}, 0, 7, seed=3) + task.losses({"a": 0}, 7, 20, seed=3)
    assert parts == task.losses({"a": 0}, 0, 20, seed=3)
    assert task.seconds({"a": 1}, 0, 7) + task.seconds({"a": 1}, 7, 20) == pytest.approx(300)


def test_seeds_draw_among_the_repeats(task):
    ends = {round(task.losses({"a": 0}, 19, 20, seed)[0], 6) for seed in range(20)}
    assert ends == {0.9, 1.1}


def test_the_worst_configuration_stays_where_it_is(task):
    losses = task.losses({"a": 1}, 0, 20, seed=1)
    assert max(losses) - min(losses) < 0.4


def test_the_longest_trained_counts_before_the_lowest_loss(task):
    outcome = curves.Outcome(task, horizon=10)
    assert outcome.figure() == 100
    outcome.ended(1, {"a": 1}, 20, 5.0)
    outcome.ended(2, {"a": 0}, 10, 1.0)
    assert outcome.figure() == 50
    outcome.ended(6, {"a": 0}, 20, 1.0)
    assert outcome.figure() == 0


def test_marks_are_what_was_known_at_each_tenth(task):
    outcome = curves.Outcome(task, horizon=10)
    outcome.ended(1.5, {"a": 1}, 20, 5.0)
    outcome.ended(9.5, {"a": 0}, 20, 1.0)
    assert outcome.curve() == [100] + [50] * 8 + [0]
