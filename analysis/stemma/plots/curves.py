"""Learning curves: of the search, of members, of lineages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stemma import derive
from stemma.plots.style import ACCENT, BAD, SOFT, WIN, along_label, axes_of, colors, empty, metric_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stemma.run import Run

_MEMBERS_MAX = 4000  # more lines than that cannot be told apart


def best_so_far(run: Run, ax: Axes | None = None, along: str = "time") -> Axes:
    """The best metric so far, and the held-out metrics of that member, along "time" [s], "spent" [unit], "busy" [s] or
    "gpu" [s]."""
    ax = axes_of(ax)
    progress = run.progress.dropna(subset=["best"])
    if progress.empty:
        return empty(ax, f"no finite {run.metric} yet")
    progress = progress[progress["best"].ne(progress["best"].shift()) | (np.arange(len(progress)) == len(progress) - 1)]
    ax.step(progress[along], progress["best"], where="post", color=ACCENT, lw=2, label=run.metric)
    held = [metric for metric in run.scores if metric.held_out]
    for metric, color in zip(held, [BAD, SOFT] * len(held)):
        ax.step(
            progress[along],
            progress["best_" + metric.column],
            where="post",
            color=color,
            label=f"{metric.name} (held out)",
        )
    ax.set(xlabel=along_label(along, run.unit), ylabel=f"best {run.metric}")
    ax.legend()
    return ax


def learning_curves(run: Run, ax: Axes | None = None) -> Axes:
    """Curves of members, colored by their best metric, the best member's on top. At most 4000, evenly by rank."""
    ax = axes_of(ax)
    units = run.file.table("units")
    if len(units) == 0:
        return empty(ax, "nothing was reported yet")
    _lines(run, ax, _chosen(run))
    best = run.best_member()
    if best is not None:
        curve = run.lineage(best)
        ax.plot(curve["resource"], curve[run._metric().units_column], color=WIN, lw=2.5, label=f"best: member {best}")
        ax.legend()
    ax.set(
        xlabel=f"training [{run.unit}s]", ylabel=run.metric, ylim=metric_range(run, units[run._metric().units_column])
    )
    return ax


def curves_by_rung(run: Run, ax: Axes | None = None) -> Axes:
    """At each level of training its members: all of them as points, and the best and the median as lines."""
    ax = axes_of(ax)
    reports = run.reports
    value = reports[run.metric_column]
    known = reports[np.isfinite(value)]
    if known.empty:
        return empty(ax, f"no finite {run.metric} yet")
    levels = known.groupby("resource")[run.metric_column]
    best = levels.max() if run.maximize else levels.min()
    chosen = known.iloc[:: max(1, -(-len(known) // 20_000))]
    spread = (np.arange(len(chosen)) * 0.618 % 1 - 0.5) * 0.5
    place = np.searchsorted(best.index, chosen["resource"])
    ax.scatter(place + spread, chosen[run.metric_column], s=8, lw=0, color=SOFT, alpha=0.5)
    ax.plot(range(len(best)), levels.median(), color=ACCENT, lw=1.5, marker="o", ms=4, label="median")
    ax.plot(range(len(best)), best, color=WIN, lw=2, marker="o", ms=5, label="best")
    shown = np.arange(len(best))[:: max(1, len(best) // 15)]
    ax.set_xticks(shown, [str(level) for level in best.index[shown]])
    ax.set(
        xlabel=f"trained to [{run.unit}s]",
        ylabel=run.metric,
        xlim=(-0.6, len(best) - 0.4),
        ylim=metric_range(run, known[run.metric_column]),
    )
    ax.legend()
    return ax


def lineages(run: Run, members: list[int] | None = None, ax: Axes | None = None) -> Axes:
    """Curves of whole lineages from scratch, continuous over births (marked). Default: those of the five best
    members."""
    ax = axes_of(ax)
    members = run.best(5).index.tolist() if members is None else list(members)
    column = run._metric().units_column
    for place, member in reversed(list(enumerate(members))):
        curve = run.lineage(member)
        line = ax.plot(
            curve["resource"],
            curve[column],
            lw=2.5 if place == 0 else 1.2,
            color=WIN if place == 0 else SOFT,
            label=f"member {member}" if place == 0 else None,
        )
        births = curve[curve["member"].ne(curve["member"].shift(-1)) & (curve["member"] != member)]
        ax.plot(births["resource"], births[column], "o", ms=4, mfc="white", color=line[0].get_color())
    ax.set(xlabel=f"training [{run.unit}s]", ylabel=run.metric)
    if members:
        ax.legend()
    return ax


def _chosen(run):
    best = run.summary["best"].to_numpy()
    order = np.argsort(np.nan_to_num(best * derive.sign(run), nan=np.inf), kind="stable")[: np.isfinite(best).sum()]
    return order[:: max(1, -(-len(order) // _MEMBERS_MAX))][::-1]


def _lines(run, ax, members):
    from matplotlib.collections import LineCollection

    units = run.file.table("units")
    keep = np.zeros(len(run), bool)
    keep[members] = True
    rows = units[keep[units["member"]] & derive.measured(run, units)]
    rows = rows[np.lexsort((rows["resource"], rows["member"]))]
    points = np.column_stack([rows["resource"], rows[run._metric().units_column]])
    who, first = np.unique(rows["member"], return_index=True)
    mapped = colors(run).to_rgba(run.summary["best"].to_numpy()[who])
    ax.add_collection(
        LineCollection(np.split(points, first[1:]), colors=mapped, lw=0.8, alpha=min(0.8, 8 / np.sqrt(len(who) + 1)))
    )
    ax.autoscale_view()
