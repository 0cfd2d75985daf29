"""Several runs side by side: best so far at equal training and at equal time, over seeds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from stemma.errors import StemmaError
from stemma.run import Run, open_run

ALONG = ("spent", "time", "busy", "gpu")  # columns of run.progress that grow

# q of Nemenyi's test at 5 %, for 2, 3, ... methods: the studentized range over the square root of 2.
_NEMENYI = (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164)


def compare(runs: Iterable[Run | str | os.PathLike], labels: Iterable[str] | None = None) -> Comparison:
    """Puts runs side by side. `runs` are paths or opened runs. Runs of one label are repeats (other seeds) of one
    method.

    Labels default to the runs' names. Raises StemmaError if their metrics differ: they could not be compared."""
    opened = [run if isinstance(run, Run) else open_run(run) for run in runs]
    if not opened:
        raise StemmaError("no runs given to compare")
    kinds = {(run.metric, run.maximize, run.unit) for run in opened}
    if len(kinds) > 1:
        told = "; ".join(
            f"{run.path.name}: {run.metric}, {'larger' if run.maximize else 'smaller'} is better, in {run.unit}s"
            for run in opened
        )
        raise StemmaError(f"these runs cannot be compared, because they optimize different things ({told})")
    labels = [run.name for run in opened] if labels is None else list(labels)
    if len(labels) != len(opened):
        raise StemmaError(f"{len(opened)} runs but {len(labels)} labels")
    return Comparison(opened, labels)


class Comparison:
    """Runs with their labels."""

    def __init__(self, runs: list[Run], labels: list[str]):
        self.runs, self.labels = runs, labels
        self.metric, self.maximize, self.unit = runs[0].metric, runs[0].maximize, runs[0].unit

    def __repr__(self):
        return f"<comparison of {len(self.runs)} runs of {len(set(self.labels))} methods on {self.metric}>"

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each run: label, seed, members, spent [unit], busy, gpu and time [s], best, best_member and its
        held-out metrics."""
        rows = []
        for run, label in zip(self.runs, self.labels):
            progress = run.progress.dropna(subset=["best"])
            last = progress.iloc[-1].to_dict() if len(progress) else {"best": np.nan, "best_member": -1}
            spent = {along: run.progress[along].max() if len(run.progress) else 0 for along in ALONG if along != "time"}
            rows.append(
                {
                    "label": label,
                    "seed": run.seed,
                    "members": len(run),
                    **spent,
                    "time": run.seconds,
                    **{name: value for name, value in last.items() if name.startswith("best")},
                    "file": run.path.name,
                }
            )
        return pd.DataFrame(rows)

    def curves(self, along: str = "spent", points: int = 200) -> pd.DataFrame:
        """Best so far on a common grid. along: "spent" [unit], "time" [s] of the search, "busy" [s] of training, or
        "gpu" [s].

        One row for each label and grid point: x, median, low and high (quartiles), runs. A run counts from its first
        finite report on, and with its last value to the end of the grid."""
        if along not in ALONG:
            raise StemmaError(f"along must be one of {', '.join(ALONG)}; got {along!r}")
        end = max([run.progress[along].max() for run in self.runs if len(run.progress)], default=0)
        grid = np.linspace(0, end, points)
        out = []
        for label in dict.fromkeys(self.labels):
            values = np.array(
                [_step(run.progress, along, grid) for run, own in zip(self.runs, self.labels) if own == label]
            )
            seen = np.isfinite(values).any(axis=0)
            x, values = grid[seen], values[:, seen]
            low, median, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=0) if len(x) else ([], [], [])
            out.append(
                pd.DataFrame(
                    {
                        "label": label,
                        "x": x,
                        "median": median,
                        "low": low,
                        "high": high,
                        "runs": np.isfinite(values).sum(axis=0),
                    }
                )
            )
        return pd.concat(out, ignore_index=True)

    def intervals(self, level: float = 0.95, draws: int = 10_000, column: str = "best", seed: int = 0) -> pd.DataFrame:
        """Mean of `column` of `table` for each label with a percentile bootstrap interval over its runs (Efron,
        1979)."""
        random = np.random.default_rng(seed)
        rows = []
        for label, values in self.table.groupby("label", sort=False)[column]:
            values = values.dropna().to_numpy()
            if len(values) == 0:
                rows.append({"label": label, "runs": 0, "mean": np.nan, "low": np.nan, "high": np.nan})
                continue
            means = random.choice(values, (draws, len(values))).mean(axis=1)
            low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2]) if len(values) > 1 else (np.nan, np.nan)
            rows.append({"label": label, "runs": len(values), "mean": values.mean(), "low": low, "high": high})
        return pd.DataFrame(rows)

    def ranks(self) -> Ranks:
        """Ranks of the labels (1 = best) by their best, seed by seed (seeds that every label has), for a diagram of
        critical differences. Raises StemmaError if no seed is common to all, or with fewer than two labels."""
        wide = self.table.pivot_table(index="seed", columns="label", values="best", aggfunc="mean", sort=False).dropna()
        if wide.shape[1] < 2 or wide.empty:
            raise StemmaError("ranks need at least two methods and a seed that all of them have run with")
        ranks = wide.rank(axis=1, ascending=not self.maximize)
        return Ranks(ranks.mean().sort_values(), len(wide))

    def time_to(self, target: float, along: str = "time") -> pd.DataFrame:
        """First point at which each run was at least as good as `target`; NaN if it never was. Column "x"."""
        rows = []
        for run, label in zip(self.runs, self.labels):
            best = run.progress["best"]
            hit = run.progress[along][(best >= target) if self.maximize else (best <= target)]
            rows.append({"label": label, "seed": run.seed, "x": hit.iloc[0] if len(hit) else np.nan})
        return pd.DataFrame(rows)


@dataclass(frozen=True)
class Ranks:
    """Mean ranks of methods over `blocks` seeds, best first."""

    mean: pd.Series
    blocks: int

    @property
    def friedman(self) -> float:
        """Friedman's statistic. It is chi-square distributed with (methods - 1) degrees of freedom if all methods are
        alike. (Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 2006, section 3.2.2.)"""
        k = len(self.mean)
        return float(12 * self.blocks / (k * (k + 1)) * ((self.mean**2).sum() - k * (k + 1) ** 2 / 4))

    @property
    def critical_difference(self) -> float:
        """Methods whose mean ranks differ by less cannot be told apart at the 5 % level (Nemenyi's test; Demsar's table
        5a). Raises StemmaError beyond ten methods, where that table ends."""
        k = len(self.mean)
        if k - 2 >= len(_NEMENYI):
            raise StemmaError(f"critical differences are known for 2 to {len(_NEMENYI) + 1} methods; got {k}")
        return _NEMENYI[k - 2] * float(np.sqrt(k * (k + 1) / (6 * self.blocks)))

    def alike(self) -> list[tuple[str, ...]]:
        """Largest groups of methods that cannot be told apart."""
        names, ranks, groups = list(self.mean.index), self.mean.to_numpy(), []
        for first in range(len(names)):
            group = tuple(
                name
                for name, rank in zip(names[first:], ranks[first:])
                if rank - ranks[first] < self.critical_difference
            )
            if len(group) > 1 and not any(set(group) <= set(other) for other in groups):
                groups.append(group)
        return groups


def _step(progress, along, grid):
    if progress.empty:
        return np.full(len(grid), np.nan)
    at = np.searchsorted(progress[along].to_numpy(), grid, side="right") - 1
    return np.where(at >= 0, progress["best"].to_numpy()[np.maximum(at, 0)], np.nan)
