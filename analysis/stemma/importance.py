"""Which hyperparameters mattered."""

import numpy as np
import pandas as pd

_ROWS_MAX = 2000
_ROWS_MIN = 10


def importance(run, seed=0):
    """Hyperparameters with their importance, most important first: parameter, importance (shares that sum to 1), method.

    Permutation importance (Breiman, 2001) of a random forest that predicts a member's best metric from its
    hyperparameters; without scikit-learn, the square of Spearman's rank correlation, which sees monotone effects only.
    The metric's ranks are predicted, so that diverged trainings do not decide everything. With more than 2000 members
    a random sample. Empty where fewer than 10 members reported or none of the metrics differ."""
    known = np.flatnonzero(np.isfinite(run.summary["best"].to_numpy()))
    random = np.random.default_rng(seed)
    if len(known) > _ROWS_MAX:
        known = np.sort(random.choice(known, _ROWS_MAX, replace=False))
    rank = run.summary["best"].iloc[known].rank().to_numpy()
    columns = [parameter for parameter in run.parameters if _varies(_inputs(run, parameter, known))]
    if len(known) < _ROWS_MIN or np.ptp(rank) == 0 or not columns:
        return pd.DataFrame(columns=["parameter", "importance", "method"])
    inputs = np.column_stack([_inputs(run, parameter, known) for parameter in columns])
    try:
        raw, method = _permuted(inputs, rank, seed), "permutation importance of a random forest"
    except ImportError:
        ranks = np.apply_along_axis(lambda column: pd.Series(column).rank().to_numpy(), 0, inputs)
        raw, method = np.array([np.corrcoef(column, rank)[0, 1] ** 2 for column in ranks.T]), "squared rank correlation"
    total = raw.sum()
    frame = pd.DataFrame({"parameter": [parameter.name for parameter in columns], "importance": raw / total if total > 0 else raw, "method": method})
    return frame.sort_values("importance", ascending=False, ignore_index=True)


def _inputs(run, parameter, rows):
    column = run.file.table("members")[parameter.column][rows]
    if parameter.scale == "log" and not parameter.choices:
        with np.errstate(divide="ignore", invalid="ignore"):
            column = np.log(column)
    return np.nan_to_num(column, nan=-1e3, neginf=-1e3)  # inactive: a value of its own


def _varies(column):
    return len(column) > 0 and np.ptp(column) > 0


def _permuted(inputs, rank, seed):
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    forest = RandomForestRegressor(n_estimators=40, min_samples_leaf=3, random_state=seed).fit(inputs, rank)
    return np.maximum(permutation_importance(forest, inputs, rank, n_repeats=5, random_state=seed).importances_mean, 0)
