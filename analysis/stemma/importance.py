"""Which hyperparameters mattered."""

import numpy as np
import pandas as pd

from stemma import fanova

_ROWS_MAX = 2000
_ROWS_MIN = 10


def importance(run, seed=0, method="permutation"):
    """Hyperparameters with their importance, most important first: parameter, importance, method.

    method "permutation": permutation importance (Breiman, 2001) of a random forest that predicts a member's best metric
    from its hyperparameters, as shares that sum to 1. Without scikit-learn: the square of Spearman's rank correlation,
    which sees monotone effects only. "fanova": the share of the forest's variance that the hyperparameter accounts for
    by itself (Hutter, Hoos and Leyton-Brown, 2014); the rest to 1 is in interactions(). The metric's ranks are
    predicted, so that diverged trainings do not decide everything. With more than 2000 members a random sample is used.
    Empty where fewer than 10 members reported, or where all metrics are equal."""
    if method not in ("permutation", "fanova"):
        raise ValueError(f"method must be permutation or fanova; got {method!r}")
    columns, inputs, rank = _observed(run, seed)
    if not columns:
        return pd.DataFrame(columns=["parameter", "importance", "method"])
    if method == "fanova":
        raw, told = _variances(inputs, rank, seed)[0], "functional ANOVA of a random forest"
    else:
        try:
            raw, told = _permuted(inputs, rank, seed), "permutation importance of a random forest"
        except ImportError:
            ranks = np.apply_along_axis(lambda column: pd.Series(column).rank().to_numpy(), 0, inputs)
            raw, told = (
                np.array([np.corrcoef(column, rank)[0, 1] ** 2 for column in ranks.T]),
                "squared rank correlation",
            )
        raw = raw / total if (total := raw.sum()) > 0 else raw
    frame = pd.DataFrame({"parameter": [parameter.name for parameter in columns], "importance": raw, "method": told})
    return frame.sort_values("importance", ascending=False, ignore_index=True)


def interactions(run, seed=0):
    """Pairs of hyperparameters, strongest first: first, second, importance. The importance is the share of the forest's
    variance that they account for together, beyond each alone (functional ANOVA, as importance(method="fanova"))."""
    columns, inputs, rank = _observed(run, seed)
    pairs = _variances(inputs, rank, seed)[1] if columns else {}
    frame = pd.DataFrame(
        [(columns[i].name, columns[j].name, share) for (i, j), share in pairs.items()],
        columns=["first", "second", "importance"],
    )
    return frame.sort_values("importance", ascending=False, ignore_index=True, kind="stable")


def _observed(run, seed):
    """Hyperparameters that vary, their values in the unit cube [member, hyperparameter], and the ranks of the
    metric."""
    known = np.flatnonzero(np.isfinite(run.summary["best"].to_numpy()))
    if len(known) > _ROWS_MAX:
        known = np.sort(np.random.default_rng(seed).choice(known, _ROWS_MAX, replace=False))
    rank = run.summary["best"].iloc[known].rank().to_numpy()
    inputs = {parameter: _unit(run, parameter, known) for parameter in run.parameters}
    columns = [parameter for parameter, column in inputs.items() if _varies(column)]
    if len(known) < _ROWS_MIN or np.ptp(rank) == 0 or not columns:
        return [], None, None
    return columns, np.column_stack([inputs[parameter] for parameter in columns]), rank


def _unit(run, parameter, rows):
    """Values in [0, 1] on the parameter's own scale; 0.5 where it is inactive, because the middle says least."""
    column = run.file.table("members")[parameter.column][rows].astype(float)
    if parameter.choices:
        return np.nan_to_num((column + 0.5) / len(parameter.choices), nan=0.5)
    scale = {"log": np.log, "logit": lambda p: np.log(p / (1 - p))}.get(parameter.scale, np.asarray)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high, column = scale(parameter.low), scale(parameter.high), scale(column)
    return np.nan_to_num(np.clip((column - low) / (high - low), 0, 1), nan=0.5)


def _varies(column):
    return len(column) > 0 and np.ptp(column) > 0


def _forest(inputs, rank, seed):
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(n_estimators=40, min_samples_leaf=3, random_state=seed).fit(inputs, rank)


def _variances(inputs, rank, seed):
    width = inputs.shape[1]
    return fanova.decompose(
        [fanova.leaves_of(tree.tree_, width) for tree in _forest(inputs, rank, seed).estimators_], width
    )


def _permuted(inputs, rank, seed):
    from sklearn.inspection import permutation_importance

    forest = _forest(inputs, rank, seed)
    return np.maximum(permutation_importance(forest, inputs, rank, n_repeats=5, random_state=seed).importances_mean, 0)
