"""Several runs side by side; they take what stemma.compare() returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stemma.plots.style import HUES, along_label, axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stemma.comparison import Comparison


def comparison(compared: Comparison, ax: Axes | None = None, along: str = "spent") -> Axes:
    """Best so far of each label: median over its runs, band from quartile to quartile. along: "spent", "time", "busy"
    or "gpu"."""
    ax = axes_of(ax)
    for (label, curve), color in zip(compared.curves(along).groupby("label", sort=False), HUES * 99):
        ax.plot(curve["x"], curve["median"], color=color, lw=2, label=f"{label} ({curve['runs'].max()})")
        ax.fill_between(curve["x"], curve["low"], curve["high"], color=color, alpha=0.2, lw=0)
    ax.set(xlabel=along_label(along, compared.unit), ylabel=f"best {compared.metric}")
    ax.legend()
    return ax


def time_to_target(compared: Comparison, target: float, ax: Axes | None = None, along: str = "busy") -> Axes:
    """The cost for each run to be as good as `target`: training of all workers ("busy" [h]) or of all their GPUs ("gpu"
    [h]), "time" of the search [h], or "spent" [unit]. Runs that never were as good are hollow, at their total cost."""
    ax = axes_of(ax, (7, 3))
    found = compared.time_to(target, along)
    total = compared.table[along].to_numpy(float)
    unit = 1.0 if along == "spent" else 3600.0
    labels = list(dict.fromkeys(compared.labels))
    for row, whole in zip(found.itertuples(), total):
        place = labels.index(row.label)
        color, reached = HUES[place % len(HUES)], np.isfinite(row.x)
        ax.plot((row.x if reached else whole) / unit, place, "o", ms=8, color=color, mfc=color if reached else "none")
    ax.set_yticks(range(len(labels)), labels)
    ax.set(
        xlabel=f"{along_label(along, compared.unit, 'h')} to {compared.metric} {target:g}",
        ylim=(-0.6, len(labels) - 0.4),
        xlim=(0, None),
    )
    return ax


def intervals(compared: Comparison, ax: Axes | None = None) -> Axes:
    """Mean best of each label with its bootstrap interval (95 %), and the runs as points."""
    ax = axes_of(ax, (7, 3))
    table = compared.intervals()
    for place, (row, color) in enumerate(zip(table.itertuples(), HUES * 99)):
        values = compared.table["best"][compared.table["label"] == row.label]
        ax.plot(values, np.full(len(values), place), ".", color=color, alpha=0.6)
        ax.errorbar(
            row.mean,
            place,
            xerr=None if np.isnan(row.low) else [[row.mean - row.low], [row.high - row.mean]],
            fmt="D",
            color=color,
            capsize=4,
        )
    ax.set_yticks(range(len(table)), table["label"])
    ax.set(xlabel=f"best {compared.metric}", ylim=(-0.6, len(table) - 0.4))
    return ax


def critical_difference(compared: Comparison, ax: Axes | None = None) -> Axes:
    """Mean ranks of the labels over common seeds, best to the left. Bars join labels that cannot be told apart at 5
    %."""
    ranks = compared.ranks()
    names, k = list(ranks.mean.index), len(ranks.mean)
    ax = axes_of(ax, (7, 1.2 + 0.35 * k))
    for place, (name, rank) in enumerate(ranks.mean.items()):
        ax.plot([rank, rank], [0, -1 - place], color=HUES[place % len(HUES)], lw=1.5)
        ax.annotate(f"{name}  {rank:.2f}", (rank, -1 - place), xytext=(5, 0), textcoords="offset points", va="center")
    for height, group in enumerate(ranks.alike()):
        ax.plot(
            [ranks.mean[group[0]], ranks.mean[group[-1]]],
            [-0.2 - 0.22 * height] * 2,
            color="black",
            lw=4,
            solid_capstyle="round",
        )
    ax.plot([1, min(k, 1 + ranks.critical_difference)], [0.6, 0.6], color="black", lw=1.5, marker="|")
    ax.annotate(
        f"critical difference {ranks.critical_difference:.2f} ({ranks.blocks} seeds)",
        (1, 0.6),
        xytext=(0, 5),
        textcoords="offset points",
    )
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set(
        xlim=(1 - 0.05 * k, k + 0.3 * k),
        ylim=(-1.6 - len(names), 1.4),
        xticks=range(1, k + 1),
        yticks=[],
        xlabel=f"mean rank by best {compared.metric}",
    )
    for side in ("left", "right", "bottom"):
        ax.spines[side].set_visible(False)
    return ax
