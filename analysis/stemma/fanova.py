"""Functional analysis of variance of a regression forest: the share of its variance of each input, and of each pair.

Hutter, Hoos and Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance" (ICML 2014), section 3. A
tree is constant on boxes, so its marginals over the unit cube are exact sums over its leaves. Pure NumPy."""

from itertools import combinations

import numpy as np

_PAIRS_MAX = 45  # of ten inputs; with more inputs, pairs of the ten most important


def decompose(trees, inputs):
    """Shares of variance of each input (an array) and of each pair beyond its two inputs ({(i, j): share}), averaged
    over the trees. `trees`: for each tree its leaves as (low, high, value). These are boxes in the unit cube, arrays
    [leaf, input], and the prediction there. Trees that are constant do not count."""
    singles = []
    for leaves in trees:
        if (one := _Tree(*leaves)).variance > 0:
            singles.append((one, np.array([one.marginal_variance((i,)) for i in range(inputs)])))
    if not singles:
        return np.zeros(inputs), {}
    shares = np.mean([main / one.variance for one, main in singles], axis=0)
    chosen = sorted(np.argsort(-shares, kind="stable")[:10])
    pairs = {}
    for i, j in list(combinations(chosen, 2))[:_PAIRS_MAX]:
        found = [(one.marginal_variance((i, j)) - main[i] - main[j]) / one.variance for one, main in singles]
        pairs[int(i), int(j)] = max(0.0, float(np.mean(found)))
    return shares, pairs


def leaves_of(tree, inputs):
    """The leaves of a fitted scikit-learn tree (its attribute tree_) whose inputs are in the unit cube."""
    low, high, value, todo = [], [], [], [(0, np.zeros(inputs), np.ones(inputs))]
    while todo:
        node, a, b = todo.pop()
        if tree.children_left[node] < 0:
            low.append(a)
            high.append(b)
            value.append(tree.value[node].item())
            continue
        at, where = tree.feature[node], tree.threshold[node]
        below, above = b.copy(), a.copy()
        below[at], above[at] = min(b[at], where), max(a[at], where)
        todo += [(tree.children_left[node], a, below), (tree.children_right[node], above, b)]
    return np.array(low), np.array(high), np.array(value)


class _Tree:
    def __init__(self, low, high, value):
        self.low, self.high, self.value = low, high, value
        self.width = np.maximum(high - low, 0)
        self.volume = self.width.prod(axis=1)
        self.mean = self.volume @ value
        self.variance = self.volume @ (value - self.mean) ** 2

    def marginal_variance(self, subset):
        """Variance over the inputs of `subset` (one or two) of the mean over all others."""
        others = np.delete(self.width, subset, axis=1).prod(axis=1) * self.value
        covers, lengths = zip(*(self._segments(i) for i in subset))
        if len(subset) == 1:
            marginal, weight = covers[0] @ others, lengths[0]
        else:
            marginal, weight = (covers[0] * others) @ covers[1].T, np.outer(*lengths)
        return float((weight * (marginal - self.mean) ** 2).sum())

    def _segments(self, i):
        """Spans of input i between neighboring splits: which leaves lie over each [span, leaf], and its length."""
        edges = np.unique(np.concatenate([self.low[:, i], self.high[:, i]]))
        middle = (edges[1:] + edges[:-1]) / 2
        return ((self.low[:, i] <= middle[:, None]) & (middle[:, None] <= self.high[:, i])).astype(float), np.diff(
            edges
        )
