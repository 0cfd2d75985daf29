"""Whether intervals between births are so short that selection sees noise: the rules of the program's
genealogy/selection_noise.hpp."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from stemma import derive

_FAMILIES_MIN = 8
_CHI_SQUARED_MEDIAN = 0.4549  # of one degree of freedom: from a median square to a variance
_REPORTS_IN_A_SQUARE = 4


class SelectionNoise(NamedTuple):
    """`deviation` is the standard deviation of the noise of one report. `spread` is the one that would explain how far
    the best of siblings is from the median one. Both have the unit of the metric. `families` are parents with a child
    that repeats their hyperparameters."""

    families: int
    deviation: float
    spread: float

    @property
    def share(self):
        """The part of the differences between good siblings that noise explains, 0..1."""
        return min(1.0, (self.deviation / self.spread) ** 2) if self.spread > 0 else 0.0


def selection_noise(run):
    """A SelectionNoise, or None with fewer than eight families."""
    members, heirs = run.file.table("members"), derive.heirs(run)
    parents = members["parent"]
    configurations = np.stack([members[parameter.column] for parameter in run.parameters], axis=1)
    repeats = heirs & np.all(_equal(configurations, configurations[parents]), axis=1)
    if repeats.sum() < _FAMILIES_MIN:
        return None
    chosen = np.zeros(len(members), dtype=bool)  # as parents of such a child
    chosen[parents[repeats]] = True
    first, losses = _results(run, chosen | (heirs & chosen[parents]))
    start, parents = derive.starts(run).tolist(), parents.tolist()
    children = {}
    for child in np.flatnonzero(heirs).tolist():
        children.setdefault((parents[child], start[child]), []).append(child)
    changes, variances, counted = [], [], set()
    for child in np.flatnonzero(repeats).tolist():
        place = parents[child], start[child]
        if place in counted:
            continue
        counted.add(place)
        if child not in first:
            continue
        to = first[child]
        others = [losses[other, to] for other in children[place] if other != child and first.get(other) == to]
        change = losses[child, to] - losses.get(place, np.inf)
        if np.isfinite(change) and len(others) >= 2 and np.isfinite(np.median(others)):
            changes.append(change)
            ahead = NormalDist().inv_cdf((len(others) - 0.375) / (len(others) + 0.25))  # Blom: the expected largest
            variances.append(((np.median(others) - min(others)) / ahead) ** 2)
    if len(changes) < _FAMILIES_MIN:
        return None
    squares = np.median(np.diff(changes) ** 2)
    deviation = np.sqrt(squares / _CHI_SQUARED_MEDIAN / _REPORTS_IN_A_SQUARE)
    return SelectionNoise(len(changes), float(deviation), float(np.sqrt(np.median(variances))))


def _results(run, wanted):
    """Of the members that are wanted: {member: resource of its first report}, {(member, resource): metric}. Less is
    better; a metric that is not finite is infinite."""
    rows = run.file.table("reports")[derive.counting(run)]
    rows = rows[wanted[rows["member"]]]
    values = np.where(np.isfinite(rows[run.metric_column]), rows[run.metric_column] * derive.sign(run), np.inf)
    first, losses = {}, {}
    for member, resource, value in zip(rows["member"].tolist(), rows["resource"].tolist(), values.tolist()):
        first.setdefault(member, resource)
        losses[member, resource] = value
    return first, losses


def _equal(one, other):
    return (one == other) | (np.isnan(one) & np.isnan(other))
