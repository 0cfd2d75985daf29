"""What all plots share: axes, colors that every kind of color vision can tell apart, ranges without diverged
members."""

import numpy as np

WIN, ACCENT, SOFT, BAD = "#d04a02", "#0060a8", "#5c6570", "#c3272b"
HUES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c"]  # Okabe and Ito


def axes_of(ax, size=(8, 4)):
    """The axes given, or new ones."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, constrained_layout=True)[1]


def metric_range(run, values):
    """From the best value to the value of nine tenths of them, with a little room."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        return 0.0, 1.0
    low, high = (np.quantile(known, 0.1), known.max()) if run.maximize else (known.min(), np.quantile(known, 0.9))
    if high <= low:
        low, high = known.min(), known.max()
    room = 0.06 * (high - low) or abs(low) * 0.05 or 0.5
    return low - room, high + room


def colors(run, values=None, log=False):
    """A matplotlib mappable for the metric (dark is good) or other values; cividis."""
    from matplotlib import cm
    from matplotlib.colors import LogNorm, Normalize

    if values is not None:
        known = values[np.isfinite(values)]
        low, high = (known.min(), known.max()) if len(known) else (0, 1)
        return cm.ScalarMappable(LogNorm(low, high) if log and low > 0 else Normalize(low, high), "cividis")
    low, high = metric_range(run, run.summary["best"])
    return cm.ScalarMappable(Normalize(low, high), "cividis_r" if run.maximize else "cividis")


def empty(ax, text):
    """Says why there is nothing to see."""
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=SOFT)
    return ax


def along_label(along, unit, seconds="s"):
    """Title of an axis along a column of run.progress."""
    return {
        "time": f"time of the search [{seconds}]",
        "spent": f"training in all [{unit}s]",
        "busy": f"training in all [{seconds}]",
        "gpu": f"training of all GPUs [{seconds}]",
    }[along]
