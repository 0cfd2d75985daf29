"""The work: rungs, workers, failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stemma.plots.style import ACCENT, BAD, SOFT, axes_of, colors, empty

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stemma.run import Run

_LEASES_MAX = 60_000


def rungs(run: Run, ax: Axes | None = None) -> Axes:
    """Members that entered each level of training, reported there, and went on."""
    ax = axes_of(ax)
    table = run.rungs
    x = np.arange(len(table))
    for column, color, width in (
        ("entered", "#d5dae0", 0.85),
        ("reported", "#7fb0d8", 0.6),
        ("went_on", ACCENT, 0.35),
    ):
        ax.bar(x, table[column], width, color=color, label=column.replace("_", " "))
    shown = x[:: max(1, len(x) // 15)]
    ax.set_xticks(shown, [str(level) for level in table.index[shown]] if len(x) else [])
    ax.set(xlabel=f"trained to [{run.unit}s]", ylabel="members")
    ax.legend()
    return ax


def gantt(run: Run, ax: Axes | None = None) -> Axes:
    """Leases of each worker over time [s], colored by the member's best metric; lost leases hollow red."""
    ax = axes_of(ax, (10, 4))
    given = run.leases.iloc[:: max(1, -(-len(run.leases) // _LEASES_MAX))]
    if given.empty:
        return empty(ax, "no training was given out yet")
    from matplotlib.collections import PolyCollection

    slots = np.unique(given["worker"])
    y = np.searchsorted(slots, given["worker"])
    begin, end = given["time"].to_numpy(), given["end"].fillna(run.seconds).to_numpy()
    low, high = y - 0.42, y + 0.42
    boxes = np.stack([np.column_stack(pair) for pair in ((begin, low), (end, low), (end, high), (begin, high))], axis=1)
    lost = given["outcome"].isin(["failed", "lost", "timed_out"]).to_numpy()
    mapped = colors(run)
    ax.add_collection(
        PolyCollection(
            boxes[~lost],
            facecolors=mapped.to_rgba(run.summary["best"].to_numpy()[given["member"].to_numpy()[~lost]]),
            lw=0,
        )
    )
    ax.add_collection(PolyCollection(boxes[lost], facecolors="none", edgecolors=BAD, lw=1))
    shown = np.arange(len(slots))[:: max(1, len(slots) // 20)]
    ax.set_yticks(shown, [str(slots[i]) for i in shown])
    ax.set(xlabel="time of the search [s]", ylabel="worker")
    ax.figure.colorbar(mapped, ax=ax, label=run.metric)
    ax.autoscale_view()
    return ax


def utilization(run: Run, ax: Axes | None = None) -> Axes:
    """Share of each worker's time in training, exchange, lost leases and waiting."""
    ax = axes_of(ax)
    table = run.utilization
    if table.empty:
        return empty(ax, "no worker has joined yet")
    left = np.zeros(len(table))
    for column, color in (("training", ACCENT), ("exchange", "#7fb0d8"), ("lost", BAD), ("waiting", "#d5dae0")):
        share = (table[column] / table["present"].where(table["present"] > 0, 1)).to_numpy()
        ax.barh(np.arange(len(table)), share, left=left, color=color, label=column, height=0.85)
        left += share
    shown = np.arange(len(table))[:: max(1, len(table) // 20)]
    ax.set_yticks(shown, [str(table.index[i]) for i in shown])
    ax.set(xlabel="share of its time", ylabel="worker", xlim=(0, max(1.0, left.max())))
    ax.legend(ncol=4, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, 1.12))
    return ax


def failures(run: Run, ax: Axes | None = None) -> Axes:
    """Failed trainings by kind and host."""
    ax = axes_of(ax, (7, 3))
    table = run.failures
    if table.empty:
        return empty(ax, "no training failed")
    counts = table.groupby([table["kind"].astype(str), "host"]).size().sort_values()
    ax.barh([f"{kind} on {host}" if host else kind for kind, host in counts.index], counts, color=SOFT)
    ax.set(xlabel="failed trainings")
    return ax
