"""Several runs side by side; they take what stemma.compare() returns."""

import numpy as np

from stemma.plots.style import HUES, axes_of


def comparison(compared, ax=None, along="spent"):
    """Best so far of each label: median over its runs, band from quartile to quartile. along: "spent", "time" or "busy"."""
    ax = axes_of(ax)
    for (label, curve), colour in zip(compared.curves(along).groupby("label", sort=False), HUES * 99):
        ax.plot(curve["x"], curve["median"], color=colour, lw=2, label=f"{label} ({curve['runs'].max()})")
        ax.fill_between(curve["x"], curve["low"], curve["high"], color=colour, alpha=0.2, lw=0)
    names = {"spent": f"training in all [{compared.unit}s]", "time": "time of the search [s]", "busy": "training in all [s]"}
    ax.set(xlabel=names[along], ylabel=f"best {compared.metric}")
    ax.legend()
    return ax


def intervals(compared, ax=None):
    """Mean best of each label with its bootstrap interval (95 %), and the runs as points."""
    ax = axes_of(ax, (7, 3))
    table = compared.intervals()
    for place, (row, colour) in enumerate(zip(table.itertuples(), HUES * 99)):
        values = compared.table["best"][compared.table["label"] == row.label]
        ax.plot(values, np.full(len(values), place), ".", color=colour, alpha=0.6)
        ax.errorbar(row.mean, place, xerr=None if np.isnan(row.low) else [[row.mean - row.low], [row.high - row.mean]], fmt="D", color=colour, capsize=4)
    ax.set_yticks(range(len(table)), table["label"])
    ax.set(xlabel=f"best {compared.metric}", ylim=(-0.6, len(table) - 0.4))
    return ax
