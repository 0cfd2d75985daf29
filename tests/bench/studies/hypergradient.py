"""One-pass hypergradients on UCI tables and Fashion-MNIST: every variant over many seeds, by the protocol of arXiv
2110.10461. A network with 50 hidden units; tables: 4,000 full-batch updates; images: 10 epochs in batches of 50. T =
10, i = 5, random initial hyperparameters, the same for all variants.

    /usr/bin/python3 tests/bench/studies/hypergradient.py FOLDER [--sets energy,...] [--seeds 100] [--variants ...]
                                                               [--side-by-side 2] [--seconds 110]

Trains with build/study_hypergradient (or $STUDY), in pieces of ten seeds. Results are appended to FOLDER/SET.csv. The
script may be stopped and started again: finished runs are kept. `--seconds` ends it in time, with the results so far.
Prints the table: mean and median of the final test loss by 1,000 bootstrap resamples of the finite runs. Each is given
as mean +- deviation of the resampled statistic. Writes FOLDER/SET_cdf.svg, the cumulative distribution over all runs,
NaN at the top.
"""

import argparse
import csv
import math
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
STUDY = os.environ.get("STUDY", str(ROOT / "build/tests/bench/hypergradient/study_hypergradient"))

# rows for training, validation, test (tables); factor of the printed loss
SETS = {
    "energy": (614, 78, 76, 1),
    "concrete": (742, 185, 103, 1),
    "kin8nm": (5898, 1475, 819, 1000),
    "power": (6889, 1722, 957, 1),
    "fashion_mnist": (1,),
}
# As the authors do: a final loss of at least this counts as diverged, like NaN.
DIVERGED = {"fashion_mnist": 1e3}
VARIANTS = [
    "random",
    "random_train",
    "random_x_lr",
    "lorraine",
    "baydin",
    "wd_lr",
    "wd_lr_m",
    "wd_hdlr_m",
    "diff_through_opt",
]
LABELS = {
    "random": "Random",
    "random_x_lr": "Random (x LR)",
    "three": "Random (3-batched)",
    "lorraine": "Lorraine",
    "baydin": "Baydin",
    "wd_lr": "WD+LR",
    "wd_lr_m": "WD+LR+M",
    "wd_hdlr_m": "WD+HDLR+M",
    "diff_through_opt": "Diff-through-Opt",
}
COLUMNS = [
    "variant",
    "seed",
    "lr",
    "weight_decay",
    "momentum",
    "final_lr",
    "final_weight_decay",
    "final_momentum",
    "test",
    "valid",
    "seconds",
]
PIECE = 10


def read(path):
    """{(variant, seed): row} of finished runs. A last line torn by a kill is left out."""
    runs = {}
    if path.exists():
        with open(path, newline="") as file:
            for row in csv.reader(file):
                if len(row) == len(COLUMNS) and row[0] != "variant":
                    runs[row[0], int(row[1])] = dict(zip(COLUMNS, row))
    return runs


def train(folder, name, variants, seeds, workers, deadline):
    path = folder / f"{name}.csv"
    done = read(path)
    pieces = [
        (variant, seed)
        for first in range(0, seeds, PIECE)
        for variant in variants
        for seed in [[s for s in range(first, min(first + PIECE, seeds)) if (variant, s) not in done]]
        if seed
    ]

    def piece(task):
        variant, left = task
        for seed in left:
            if time.monotonic() > deadline:
                return
            table = [str(ROOT / f"tests/data/uci_{name}/{name}.csv"), *map(str, SETS[name][:3])]
            command = [STUDY, *(table if len(SETS[name]) > 1 else [name]), variant]
            # One process for the rest of a piece without gaps, else one for each seed.
            contiguous = left == list(range(left[0], left[-1] + 1))
            out = subprocess.run(
                [*command, str(seed), str(len(left) if contiguous else 1)], check=True, capture_output=True, text=True
            ).stdout
            with open(path, "a") as file:
                file.write(out)
            if contiguous:
                return

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(piece, pieces))
    return read(path)


def bootstrap(values, statistic, rng):
    samples = statistic(rng.choice(values, (1000, len(values))), axis=1)
    return f"{samples.mean():.3g}+-{samples.std():.2g}"


def three_batched(runs, rng):
    """Final test losses of the best by validation loss in random groups of three."""
    tried = [row for (variant, _), row in sorted(runs.items()) if variant == "random_train"]
    order = rng.permutation(len(tried))
    groups = [[tried[i] for i in order[first : first + 3]] for first in range(0, len(tried) - 2, 3)]
    losses = []
    for group in groups:
        finite = [row for row in group if math.isfinite(float(row["valid"]))]
        losses.append(float(min(finite, key=lambda row: float(row["valid"]))["test"]) if finite else math.nan)
    return losses


def losses_by_variant(name, runs, variants, rng):
    factor, limit = SETS[name][-1], DIVERGED.get(name, math.inf)
    out = {}
    for variant in variants:
        if variant == "random_train":
            out["three"] = np.array(three_batched(runs, rng)) * factor
        else:
            out[variant] = (
                np.array([float(row["test"]) for (v, _), row in sorted(runs.items()) if v == variant]) * factor
            )
    return {variant: np.where(losses < limit, losses, np.nan) for variant, losses in out.items() if len(losses)}


def report(name, losses, runs, rng):
    print(f"{name}: final test loss")
    print("| variant | runs | NaN | mean | median | s a run |\n| --- | --- | --- | --- | --- | --- |")
    for variant, values in losses.items():
        finite = values[np.isfinite(values)]
        seconds = [float(row["seconds"]) for (v, _), row in runs.items() if v == variant]
        took = f"{np.median(seconds):.1f}" if seconds else "-"
        print(
            f"| {LABELS[variant]} | {len(values)} | {len(values) - len(finite)} | {bootstrap(finite, np.mean, rng)} | "
            f"{bootstrap(finite, np.median, rng)} | {took} |"
        )


def plot(folder, name, losses):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "stemma"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4))
    for variant, values in losses.items():
        ordered = np.sort(values[np.isfinite(values)])
        axes.step(ordered, np.arange(1, len(ordered) + 1) / len(values), where="post", label=LABELS[variant], lw=1.2)
    axes.set(xscale="log", xlabel="final test loss", ylabel="share of runs", ylim=(0, 1), title=name)
    axes.legend(fontsize=7)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(folder / f"{name}_cdf.svg", metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", default="energy")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--side-by-side", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=math.inf)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + arguments.seconds
    variants = arguments.variants.split(",")
    for name in arguments.sets.split(","):
        runs = train(arguments.folder, name, variants, arguments.seeds, arguments.side_by_side, deadline)
        rng = np.random.default_rng(1)
        losses = losses_by_variant(name, runs, variants, rng)
        report(name, losses, runs, rng)
        plot(arguments.folder, name, losses)


if __name__ == "__main__":
    main()
