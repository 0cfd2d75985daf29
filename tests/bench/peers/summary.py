"""Statistics of searches: mean ranks, differences of ranks, and tests of single tasks. Pure functions of NumPy arrays.

`figures` is {task: {contender: figures of its seeds}}, lower is better.
"""

import numpy as np
from scipy import stats


def table_of(rows, value, out):
    """{task: {contender: values ordered by seed}} of the rows with `out` proposals under way."""
    table = {}
    for row in sorted(rows, key=lambda row: int(row["seed"])):
        if int(row["out"]) == out:
            table.setdefault(row["task"], {}).setdefault(row["contender"], []).append(value(row))
    return table


def common_tasks(figures, names):
    """Tasks that every contender has, in alphabetical order."""
    return sorted(task for task, by_name in figures.items() if all(name in by_name for name in names))


def sample(figures, task, names):
    """Contenders x seeds. Of a contender with more seeds than another, the first ones count."""
    seeds = min(len(figures[task][name]) for name in names)
    return np.array([figures[task][name][:seeds] for name in names], dtype=float)


def expected_ranks(samples):
    """The rank of each contender, expected when each draws one of its seeds; ties share. 1 is the best.

    `samples`: (..., contenders, seeds). A value's rank among all values of the pool counts the values below it (ties
    half), its own contender's included. Those are half of the contender's seeds on average."""
    *front, contenders, seeds = samples.shape
    ranks = stats.rankdata(samples.reshape(*front, contenders * seeds), axis=-1).reshape(samples.shape)
    return 1 + (ranks.mean(axis=-1) - 0.5 - seeds / 2) / seeds


def mean_ranks(figures, names, tasks):
    return np.mean([expected_ranks(sample(figures, task, names)) for task in tasks], axis=0)


def bootstrap_ranks(figures, names, tasks, draws=1000, seed=1):
    """(draws, contenders): mean ranks over tasks drawn anew, each with seeds drawn anew for each contender."""
    random = np.random.default_rng(seed)
    by_task = np.empty((len(tasks), draws, len(names)))
    for at, task in enumerate(tasks):
        values = sample(figures, task, names)
        seeds = random.integers(values.shape[1], size=(draws, *values.shape))
        by_task[at] = expected_ranks(np.take_along_axis(values[None], seeds, axis=2))
    chosen = random.integers(len(tasks), size=(draws, len(tasks)))
    return np.stack([by_task[chosen[draw], draw].mean(axis=0) for draw in range(draws)])


def interval(draws):
    """The central 95 %."""
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def rank_difference(ranks, draws, names, name, reference):
    """(difference of mean ranks, low, high): below 0 where `name` is ahead of `reference`. Both are of the same
    draws, so tasks that are hard for all do not widen the interval."""
    one, other = names.index(name), names.index(reference)
    low, high = interval(draws[:, one] - draws[:, other])
    return float(ranks[one] - ranks[other]), low, high


def chance_of_worse(mine, other):
    """P(a figure of `mine` is above one of `other`), ties half: 0.5 where nothing differs."""
    difference = np.subtract.outer(np.asarray(mine, dtype=float), np.asarray(other, dtype=float))
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def p_worse(mine, other):
    """One-sided Mann-Whitney: the probability of such figures if `mine` were not worse than `other`."""
    if len(set(mine) | set(other)) == 1:
        return 1.0
    return float(stats.mannwhitneyu(mine, other, alternative="greater").pvalue)


def significantly_worse(figures, name, reference, tasks, level=0.01):
    """[(task, p)] of the tasks on which `name` is worse than `reference`, lowest p first. No correction for the number
    of tasks: of 100 tasks without a difference one is named at level 0.01."""
    found = [(task, p_worse(figures[task][name], figures[task][reference])) for task in tasks]
    return sorted(((task, p) for task, p in found if p < level), key=lambda item: item[1])
