"""Plots return axes with the run's content on them."""

import numpy as np
import pytest
import stemma

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from stemma import plots  # noqa: E402
from stemma.plots.genealogy import layout  # noqa: E402


@pytest.fixture(params=["asha", "gpbt"])
def run(request, run_of):
    yield stemma.open(run_of(request.param))
    pyplot.close("all")


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in plots.__all__
        if name not in ("comparison", "critical_difference", "intervals", "time_to_target", "contour")
    ],
)
def test_each_plot_draws_and_is_saved(name, run, tmp_path):
    axes = np.ravel(getattr(plots, name)(run))
    assert all(ax.has_data() or not ax.axison or ax.texts for ax in axes)
    axes[0].figure.savefig(tmp_path / "plot.png", dpi=40)
    assert (tmp_path / "plot.png").stat().st_size > 1000


def test_axes_given_are_used(run):
    ax = pyplot.subplots()[1]
    assert plots.best_so_far(run, ax=ax, along="spent") is ax
    x, y = ax.lines[0].get_data()
    assert y[-1] == run.best(1)["best"].iloc[0] and x[-1] == run.progress["spent"].iloc[-1]


def test_lineages_begin_at_scratch(run):
    ax = plots.lineages(run, [run.best_member()])
    assert ax.lines[0].get_xdata()[0] == 1


def test_contour_over_two_numbers(run):
    assert plots.contour(run, "lr", "width").has_data()
    with pytest.raises(ValueError, match="activation"):
        plots.contour(run, "lr", "activation")


def test_tree_of_an_unknown_hyperparameter(run):
    with pytest.raises(ValueError, match="there are lr"):
        plots.tree(run, color="nothing")
    assert plots.tree(run, color="lr").has_data()


def test_tree_rows_never_meet_and_parents_lie_between_their_children():
    parents = np.array([-1, 0, 0, 1, 1, -1, 5])
    y = layout(parents, np.ones(7, bool))
    leaves = y[[3, 4, 2, 6]]
    assert sorted(leaves) == [0, 1, 2, 3]
    assert y[1] == (y[3] + y[4]) / 2 and y[0] == (y[1] + y[2]) / 2 and y[5] == y[6]
    assert np.isnan(layout(parents, np.array([True] * 6 + [False]))[6])
    beside = layout(
        parents, np.ones(7, bool), np.array([True, True] + [False] * 5)
    )  # 0 and 1 were trained on after births
    assert len(set(beside[:5])) == 5 and beside[0] < beside[1] < beside[3]


def test_comparisons(run_of):
    compared = stemma.compare([run_of("asha"), run_of("random"), run_of("random")])
    assert len(plots.comparison(compared).lines) == 2
    assert [text.get_text() for text in plots.intervals(compared).get_yticklabels()] == ["asha", "random"]
    assert [text.get_text().split()[0] for text in plots.critical_difference(compared).texts[:2]] == list(
        compared.ranks().mean.index
    )
    reached = plots.time_to_target(compared, compared.table["best"].min(), along="spent").lines
    assert [line.get_markerfacecolor() == "none" for line in reached] == [
        best > compared.table["best"].min() for best in compared.table["best"]
    ]
