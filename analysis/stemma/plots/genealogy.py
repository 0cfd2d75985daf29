"""The genealogy: parents and children, their hyperparameters, and the share of each founder's descendants over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stemma import derive, hypergradients
from stemma.plots.style import HUES, SOFT, WIN, axes_of, colors, empty

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stemma.run import Run

_ROWS_MAX = 2500


def tree(run: Run, ax: Axes | None = None, color: str | None = None, smallest: int | None = None) -> Axes:
    """All members as a tree, training to the right. Line width grows with the number of descendants; the winner's
    lineage is on top. color: None for the metric, or a hyperparameter's name. smallest: families of fewer members are
    left out. Default: none is left out, or as many as it takes to keep 2500 members."""
    ax = axes_of(ax, (10, 6))
    if len(run) == 0:
        return empty(ax, "no member was born yet")
    told = run.summary
    weight = told["descendants"].to_numpy()
    smallest = smallest or next(
        least for least in (2**k for k in range(64)) if (weight >= least).sum() <= _ROWS_MAX or least > len(run)
    )
    best = run.best_member()
    path = [] if best is None else run.path_to(best)
    keep = weight >= smallest
    keep[path] = True
    parents, start, reached = run.file.table("members")["parent"], told["start"].to_numpy(), told["reached"].to_numpy()
    own = np.zeros(len(run), bool)
    born = np.flatnonzero(parents >= 0)
    own[parents[born][reached[parents[born]] > start[born]]] = True
    y = layout(parents, keep, own)
    members = np.flatnonzero(keep)
    values, log = _values(run, color)
    mapped = colors(run, values if color else None, log)
    rgba = mapped.to_rgba((values if color else told["best"].to_numpy())[members])
    _branches(run, ax, members, y, rgba, 0.6 + 0.7 * np.log2(weight[members]))
    if path:
        ends = np.array([end for _, _, end in derive.spans(run, path)])  # of ancestors up to the birth only
        _branches(run, ax, np.array(path), y, WIN, 2.2 + 0.5 * np.log2(weight[path]), ends)
        ax.annotate(
            f"member {best}",
            (told["reached"][best], y[best]),
            xytext=(5, 0),
            textcoords="offset points",
            color=WIN,
            va="center",
        )
    ax.set(xlabel=f"training [{run.unit}s]", yticks=[])
    ax.figure.colorbar(mapped, ax=ax, label=color or run.metric, pad=0.08)
    ax.autoscale_view()
    return ax


def layout(parents, keep, own=None):
    """Rows of a tree: leaves one below the other in order of families, parents in the middle of their children. NaN for
    members that are not kept. A kept member's parents must be kept. Members in `own` have a row above their children:
    they were trained on after a birth, so that both go on side by side."""
    count = len(parents)
    children = [[] for _ in range(count)]
    roots = []
    for member in np.flatnonzero(keep).tolist():
        (children[parents[member]] if parents[member] >= 0 else roots).append(member)
    y, rows = np.full(count, np.nan), 0
    own = np.zeros(count, bool) if own is None else own
    stack = [(member, False) for member in reversed(roots)]
    while stack:
        member, done = stack.pop()
        if done:
            y[member] = (y[children[member][0]] + y[children[member][-1]]) / 2
        elif children[member]:
            if own[member]:
                y[member] = rows
                rows += 1
            else:
                stack.append((member, True))
            stack += [(child, False) for child in reversed(children[member])]
        else:
            y[member] = rows
            rows += 1
    return y


def _branches(run, ax, members, y, color, width, ends=None):
    from matplotlib.collections import LineCollection

    start, reached = (
        run.summary["start"].to_numpy()[members],
        run.summary["reached"].to_numpy()[members] if ends is None else ends,
    )
    parent = run.file.table("members")["parent"][members]
    from_y = np.where(parent >= 0, y[parent], y[members])
    points = np.stack(
        [
            np.column_stack([start, from_y]),
            np.column_stack([start, y[members]]),
            np.column_stack([np.maximum(reached, start + 0.2), y[members]]),
        ],
        axis=1,
    )
    ax.add_collection(LineCollection(points, colors=color, lw=width))


def _values(run, color):
    if color is None:
        return None, False
    parameter = next((parameter for parameter in run.parameters if parameter.name == color), None)
    if parameter is None:
        raise ValueError(
            f"no hyperparameter {color!r}; there are {', '.join(parameter.name for parameter in run.parameters)}"
        )
    return run.file.table("members")[parameter.column], parameter.scale == "log"


def schedules(run: Run, members: list[int] | None = None, axes=None) -> np.ndarray:
    """Hyperparameters along the lineages of members (default: the five best, up to their best reports), an axes for
    each. Drawn in steps, or as hypergradients moved them. Returns an array of axes."""
    ends = derive.best_ends(run, 5) if members is None else dict.fromkeys(members)
    if axes is None:
        from matplotlib import pyplot

        columns = min(3, max(1, len(run.parameters)))
        rows = max(1, -(-len(run.parameters) // columns))
        axes = pyplot.subplots(
            rows, columns, figsize=(4 * columns, 2.2 * rows), squeeze=False, sharex=True, constrained_layout=True
        )[1]
    axes = np.asarray(axes).ravel()
    births = run.file.table("members")
    tables = [run.schedule(member, end) for member, end in ends.items()]
    moves = [run.trajectory(member, end) for member, end in ends.items()]
    for ax, parameter in zip(axes, run.parameters):
        for place, stages in reversed(list(enumerate(tables))):
            x = np.column_stack([stages["start"], stages["to"]]).ravel()
            value = np.repeat(births[parameter.column][stages["member"].to_numpy()], 2)
            if (moved := hypergradients.values(parameter, moves[place])) is not None:
                x, value = moves[place]["resource"], moved
            ax.plot(
                x,
                value,
                color=WIN if place == 0 else SOFT,
                lw=2.2 if place == 0 else 0.9,
                alpha=1 if place == 0 else 0.6,
            )
        if parameter.scale == "log" and not parameter.choices:
            ax.set_yscale("log")
        if parameter.choices:
            ax.set_yticks(range(len(parameter.choices)), list(parameter.choices))
        ax.set_title(parameter.name, loc="left", fontsize="medium")
    for ax in axes[len(run.parameters) :]:
        ax.set_axis_off()
    for ax in axes[-3:]:
        ax.set_xlabel(f"training [{run.unit}s]")
    return axes


def muller(run: Run, ax: Axes | None = None, founders: int = 6, spans: int = 120) -> Axes:
    """Share of the reports over time [s] by founder: the `founders` with most reports, and all others together."""
    ax = axes_of(ax)
    reports = run.file.table("reports")
    if len(reports) == 0:
        return empty(ax, "nothing was reported yet")
    who = run.summary["founder"].to_numpy()[reports["member"]]
    kinds, counts = np.unique(who, return_counts=True)
    top = np.sort(kinds[np.argsort(-counts, kind="stable")[:founders]])
    edges = np.linspace(0, max(run.seconds, 1e-9), spans + 1)
    hist = np.array(
        [np.histogram(reports["time"][who == founder], edges)[0] for founder in top]
        + [np.histogram(reports["time"][~np.isin(who, top)], edges)[0]]
    )
    window = np.convolve(np.ones(spans), np.ones(9), "same")
    smooth = np.array([np.convolve(row, np.ones(9), "same") / window for row in hist])
    total = smooth.sum(axis=0)
    share = smooth / np.where(total > 0, total, 1)
    ax.stackplot(
        (edges[1:] + edges[:-1]) / 2,
        share,
        colors=[*HUES[: len(top)], "#dfe3e8"],
        labels=[*(f"member {founder}" for founder in top), "others"],
    )
    ax.set(xlabel="time of the search [s]", ylabel="share of reports", ylim=(0, 1), xlim=(0, max(run.seconds, 1e-9)))
    ax.legend(fontsize="small", ncol=4, loc="upper center", bbox_to_anchor=(0.5, -0.16))
    return ax
