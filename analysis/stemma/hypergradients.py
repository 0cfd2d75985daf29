"""Hyperparameters that move during training (role = "hypergradient"): their courses, from the rows of /units.

Such a run has rows within units of training. These rows hold the trajectory alone, and no metric."""

import numpy as np
import pandas as pd

from stemma import derive

_PREFIXES = ("hyper_", "hypergradient_")
# For a hyperparameter in the space: its column, and whether the column is one minus it.
_COLUMNS = {
    "lr": ("lr", False),
    "weight_decay": ("weight_decay", False),
    "momentum": ("momentum", False),
    "beta1": ("momentum", False),
    "one_minus_beta1": ("momentum", True),
    "beta2": ("beta2", False),
    "one_minus_beta2": ("beta2", True),
}


def is_trajectory(name):
    """Is this metric a part of trajectories, and no score?"""
    return name.startswith(_PREFIXES)


def trajectory(run, path, until=None):
    """Along a lineage, up to `until` [unit]: member, resource [unit, with fractions], step [weight updates]. Then lr,
    weight_decay, ... as used, raw_lr, ... and the other values of the trainer, a row for each of its points. Empty for
    runs without hypergradients, and before any training."""
    names = [metric for metric in run.metrics if is_trajectory(metric.name)]
    columns = ["member", "resource", "step", *(_short(metric.name) for metric in names if metric.name != "hyper_step")]
    if not names or not path:
        return pd.DataFrame(columns=columns)
    parts, last = [], -np.inf
    for member, start, end in derive.spans(run, path, until):
        rows = derive.rows_of(run, member)
        # A row within a unit has that unit's number.
        within = (rows["resource"] > start) & (rows["resource"] <= end)
        rows = rows[np.isfinite(rows["hyper_step"]) & within & (rows["hyper_step"] > last)]
        rows = rows.sort_values(["hyper_step", "resource"]).drop_duplicates("hyper_step", keep="last")
        if len(rows):
            last = rows["hyper_step"].iloc[-1]
        parts.append(rows)
    frame = pd.concat(parts, ignore_index=True)
    whole = frame[derive.measured(run, frame)]
    per_unit = whole["hyper_step"].iloc[-1] / whole["resource"].iloc[-1] if len(whole) else 1.0
    frame["resource"] = frame["hyper_step"] / per_unit
    return frame.rename(columns={metric.units_column: _short(metric.name) for metric in names})[columns]


def values(parameter, trajectory):
    """A hyperparameter of the space along trajectory(): an array, or None where it does not move."""
    if not parameter.role.endswith("hypergradient") or parameter.name not in _COLUMNS or trajectory.empty:
        return None
    column, complement = _COLUMNS[parameter.name]
    found = trajectory[column].to_numpy(float)
    return 1 - found if complement else found


def _short(name):
    return "norm" if name == "hypergradient_norm" else name.removeprefix("hyper_")
