"""Plots of runs by matplotlib. Each takes a run and optionally axes to draw on, and returns the axes."""

from stemma.plots.comparison import comparison, critical_difference, intervals, time_to_target
from stemma.plots.curves import best_so_far, curves_by_rung, learning_curves, lineages
from stemma.plots.genealogy import muller, schedules, tree
from stemma.plots.parameters import contour, importance, parallel, slices
from stemma.plots.work import failures, gantt, rungs, utilization

__all__ = [
    "best_so_far",
    "comparison",
    "contour",
    "critical_difference",
    "curves_by_rung",
    "failures",
    "gantt",
    "importance",
    "intervals",
    "learning_curves",
    "lineages",
    "muller",
    "parallel",
    "rungs",
    "schedules",
    "slices",
    "time_to_target",
    "tree",
    "utilization",
]
