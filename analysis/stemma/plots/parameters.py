"""Hyperparameters against the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stemma.importance import importance as _importance
from stemma.plots.style import ACCENT, WIN, axes_of, colors, empty, metric_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stemma.run import Run

_POINTS_MAX = 20_000


def _known(run, most=_POINTS_MAX):
    best = run.summary["best"].to_numpy()
    order = np.argsort(np.nan_to_num(best * (-1 if run.maximize else 1), nan=np.inf), kind="stable")[
        : np.isfinite(best).sum()
    ]
    return order[:: max(1, -(-len(order) // most))][::-1]  # the best are drawn last, on top


def importance(run: Run, ax: Axes | None = None, method: str = "permutation") -> Axes:
    """Bars of stemma.importance.importance(run, method=method): "permutation" or "fanova"."""
    ax = axes_of(ax, (7, 3))
    table = _importance(run, method=method).iloc[::-1]
    if table.empty:
        return empty(ax, "too few members have reported (10 are needed)")
    ax.barh(table["parameter"], table["importance"], color=ACCENT)
    ax.set(xlabel=f"importance for {run.metric} ({table['method'].iloc[0]})")
    return ax


def slices(run: Run, axes=None) -> np.ndarray:
    """The metric against each hyperparameter, an axes for each. Returns an array of axes."""
    if axes is None:
        from matplotlib import pyplot

        columns = min(4, max(1, len(run.parameters)))
        rows = max(1, -(-len(run.parameters) // columns))
        axes = pyplot.subplots(
            rows, columns, figsize=(3.4 * columns, 2.6 * rows), squeeze=False, sharey=True, constrained_layout=True
        )[1]
    axes = np.asarray(axes).ravel()
    chosen, best = _known(run), run.summary["best"].to_numpy()
    mapped, births, own = colors(run), run.file.table("members"), run.best_member()
    for ax, parameter in zip(axes, run.parameters):
        x = births[parameter.column].astype(float)
        if parameter.choices:
            x = x + (np.arange(len(x)) * 0.618 % 1 - 0.5) * 0.5  # spread, so that equal choices can be seen
            ax.set_xticks(range(len(parameter.choices)), list(parameter.choices))
        ax.scatter(x[chosen], best[chosen], c=mapped.to_rgba(best[chosen]), s=10 if len(chosen) < 2000 else 3, lw=0)
        if own is not None:
            ax.scatter(x[[own]], best[[own]], color=WIN, s=45, edgecolor="white", zorder=3)
        if parameter.scale == "log" and not parameter.choices:
            ax.set_xscale("log")
        ax.set_xlabel(parameter.name)
        ax.set_ylim(metric_range(run, best))
    for ax in axes[len(run.parameters) :]:
        ax.set_axis_off()
    if len(axes):
        axes[0].set_ylabel(run.metric)
    return axes


def contour(run: Run, first: str, second: str, ax: Axes | None = None) -> Axes:
    """The metric over two numeric hyperparameters: members as points over a triangulated surface of them."""
    ax = axes_of(ax, (6, 5))
    by = {parameter.name: parameter for parameter in run.parameters}
    for name in (first, second):
        if name not in by or by[name].choices:
            raise ValueError(
                f"{name!r} is no numeric hyperparameter; those are "
                f"{', '.join(name for name, parameter in by.items() if parameter.numeric)}"
            )
    chosen, births, best = _known(run, 3000), run.file.table("members"), run.summary["best"].to_numpy()
    x, y = (births[by[name].column][chosen] for name in (first, second))
    seen = np.isfinite(x) & np.isfinite(y)
    x, y, value = x[seen], y[seen], np.clip(best[chosen][seen], *metric_range(run, best))
    mapped = colors(run)
    if len(np.unique(np.column_stack([_axis(by[first], x), _axis(by[second], y)]), axis=0)) >= 4:
        from matplotlib.tri import Triangulation

        shape = Triangulation(_axis(by[first], x), _axis(by[second], y))
        ax.tricontourf(
            Triangulation(x, y, shape.triangles), value, levels=12, cmap=mapped.get_cmap(), norm=mapped.norm, alpha=0.85
        )
    ax.scatter(x, y, c=mapped.to_rgba(value), s=12, edgecolor="white", lw=0.4)
    for name, set_scale in ((first, ax.set_xscale), (second, ax.set_yscale)):
        set_scale(by[name].scale if by[name].scale == "log" else "linear")
    ax.set(xlabel=first, ylabel=second)
    ax.figure.colorbar(mapped, ax=ax, label=run.metric)
    return ax


def _axis(parameter, column):
    return np.log(column) if parameter.scale == "log" else column


def parallel(run: Run, ax: Axes | None = None) -> Axes:
    """Parallel coordinates: a line for each member over all hyperparameters and the metric; the best member on top."""
    ax = axes_of(ax, (10, 4.5))
    from matplotlib.collections import LineCollection

    chosen, births, best = _known(run, 4000), run.file.table("members"), run.summary["best"].to_numpy()
    if len(chosen) == 0:
        return empty(ax, f"no finite {run.metric} yet")
    columns = [_unit(parameter, births[parameter.column]) for parameter in run.parameters]
    low, high = metric_range(run, best)
    columns.append(
        np.clip((best - low) / (high - low), 0, 1) if run.maximize else 1 - np.clip((best - low) / (high - low), 0, 1)
    )
    values = np.column_stack(columns)
    x = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    ax.add_collection(
        LineCollection(
            np.stack([x, values], axis=2)[chosen],
            colors=colors(run).to_rgba(best[chosen]),
            lw=0.8,
            alpha=min(0.8, 9 / np.sqrt(len(chosen) + 1)),
        )
    )
    own = run.best_member()
    if own is not None:
        ax.plot(x[own], values[own], color=WIN, lw=2.5)
    ax.set(xlim=(0, values.shape[1] - 1), ylim=(-0.02, 1.02), yticks=[])
    ax.set_xticks(range(values.shape[1]), [*(parameter.name for parameter in run.parameters), run.metric])
    ax.grid(axis="x", color="#888", lw=0.8)
    return ax


def _unit(parameter, column):
    """0 .. 1 along the parameter's range."""
    if parameter.choices:
        return (column + 0.5) / len(parameter.choices)
    low, high, to = parameter.low, parameter.high, np.log if parameter.scale == "log" else np.asarray
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.clip((to(column) - to(low)) / (to(high) - to(low)), 0, 1)
