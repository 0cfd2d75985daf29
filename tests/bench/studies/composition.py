"""Hypergradients inside a population method, against each part alone. UCI Energy: learning rate, weight decay and
momentum. They either stand still or move by hypergradients, under random search, ASHA, PBT and GPBT.

    /usr/bin/python3 tests/bench/studies/composition.py FOLDER [--arms 'random, still;...'] [--seeds 10]
        [--side-by-side 2]

ASHA and PBT after arXiv 2110.10461: rungs at 1, 4, 16, ... updates and the stopping rule; 25 % of the population take
over from 25 %; a parameter is drawn anew with probability 0.25. Differences from that paper:
- each search has 80,000 weight updates (20 full trainings), PBT 20 members;
- PBT multiplies the values themselves and momentum's odds, not their logarithms;
- a moved value is shifted by the change of its start value; momentum starts uniform in its logit;
- ASHA's rank counts the newcomer;
- members that stand still also train on the rows that the hypergradient sees;
- moving values stay within the space, and a hypergradient that is not finite is left out.

A moving member's update takes longer. So arms called "..., more" have members that stand still and MORE times the
updates. `time` is the seconds of training, divided by those of random search whose members stand still; median over
seeds. Only run when named: "pbt 200", the paper's population with 800,000 updates, and "..., 20 terms" or "...,
clipped" (CHANGES), and HORIZONS. A file NAME.seconds beside each run file has the seconds of the processor. One run
is one file in FOLDER. The script may be stopped and started again. Selection is on 78 validation rows that no
hypergradient saw; no part of the search saw the `test` rows. Prints mean and median over the seeds of the test error
in the target's units.
"""

import argparse
import statistics
from pathlib import Path

import h5py
from population import ROOT, search, seeds_of, sweep

HEAD = """
[metric]
name = "valid_loss"
direction = "minimize"
[space]
lr = { type = "real", low = 1e-6, high = 1e-1, scale = "log", role = "mutable_hypergradient" }
weight_decay = { type = "real", low = 1e-7, high = 1e-2, scale = "log", role = "mutable_hypergradient" }
momentum = { type = "real", low = 0.001, high = 0.999, scale = "logit", role = "mutable_hypergradient" }
[trainer]
type = "torch"
unit = "step"
data = "csv"
path = "{path}"
split = "rows"
valid = 156
test = 76
model = "mlp"
layers = 1
width = 50
batch_size = 614
[workers]
threads = 1
durable = "none"
""".replace("{path}", str(ROOT / "tests/data/uci_energy/energy.csv"))
COLUMNS = ("problem", "space", "method", "seed", "updates", "deepest", "valid", "test", "seconds")
VARIANTS = {"still": "random", "moving": "wd_lr_m"}
# Seconds of a moving update divided by seconds of an update without movement: medians of these searches.
MORE = 1.5
UPDATES = 80_000
SCHEDULERS = {
    "random": 'type = "random"\nmax = 4000\n',
    "asha": 'type = "asha_stopping"\neta = 4\nmin = 1\nmax = 4000\n',
    "pbt": 'type = "pbt"\npopulation = {members}\ninterval = 100\nmax = 4000\nbottom = 0.25\ntop = 0.25\n'
    "[sampler]\nresample_probability = 0.25\n",
    "gpbt": 'type = "gpbt"\nchildren = {members}\nratio = 4\ninterval = 200\nmax = 4000\n',
}
SIZES = {"": 1, ", more": MORE}


def text_of(scheduler, variant, size):
    """A job's budget, variant and scheduler. Populations grow with the budget."""
    return (
        f'[run.budget]\nsteps = {round(size * UPDATES)}\n[trainer.hypergradient]\nvariant = "{VARIANTS[variant]}"\n'
        f"log_every = 100\n"
        f"skip_nonfinite = true\nbounds = true\n[scheduler]\n"
        + SCHEDULERS[scheduler].replace("{members}", str(round(20 * size)))
    )


ARMS = {
    f"{scheduler}, {variant}{more}": text_of(scheduler, variant, size)
    for scheduler in SCHEDULERS
    for variant in VARIANTS
    for more, size in SIZES.items()
    if not (more and variant == "moving")
}
LARGE = {f"pbt 200, {variant}": text_of("pbt", variant, 10) for variant in VARIANTS}
# "20 terms": hypergradients that look further ahead than the paper's five terms. "clipped": large hypergradients of the
# first updates do not stay in Adam's second moment for a thousand hyper-steps.
CHANGES = {"20 terms": "terms = 20", "clipped": "clip_norm = 1e-5"}
CHANGED = {
    f"{scheduler}, moving, {name}": text_of(scheduler, "moving", 1).replace("log_every", f"{line}\nlog_every")
    for scheduler in ("random", "pbt", "gpbt")
    for name, line in CHANGES.items()
}
# Horizons: hyper-steps that end, a hyper-step through all updates between two births, and as many seconds without any.
HORIZONS = {
    "gpbt, moving, settles": text_of("gpbt", "moving", 1).replace(
        "log_every", "settle = 0.02\nsettle_steps = 10\nlog_every"
    ),
    "gpbt, moving, whole interval": text_of("gpbt", "moving", 1).replace(
        '"wd_lr_m"', '"unrolled"\ninterval = 200\nrate = 0.3'
    ),
    "gpbt, still, 1.2": text_of("gpbt", "still", 1.2),
}
ALL = ARMS | LARGE | CHANGED | HORIZONS


def table(rows):
    lines = [
        "| method | seeds | test error: mean | median | worst | hits (best of its seed) | time |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    plain = {row[3]: row[8] for row in rows if row[2] == "random, still"}
    best = {seed: min(row[7] for row in rows if row[3] == seed) for seed in {row[3] for row in rows}}
    for arm in ALL:
        mine = [row for row in rows if row[2] == arm]
        errors = [row[7] for row in mine]
        hits = sum(row[7] == best[row[3]] for row in mine)
        times = [row[8] / plain[row[3]] for row in mine if row[3] in plain]
        if errors:
            took = f"{statistics.median(times):.2f}" if times else "-"
            lines.append(
                f"| {arm} | {len(errors)} | {statistics.mean(errors):.4g} | {statistics.median(errors):.4g} | "
                f"{max(errors):.4g} | {hits} | {took} |"
            )
    return "\n".join(lines)


def name_of(arm):
    return "energy-" + arm.replace(", ", "-").replace(" ", "-")


def file_of(folder, arm, seed):
    return folder / f"{name_of(arm)}-{seed}.h5"


def run(folder, arm, seed):
    """One search; its row, with the test error as mean squared error in the target's own units."""
    _, deepest, valid, rmse = search(
        folder, name_of(arm), HEAD + ALL[arm], seed, ("valid_loss", "test_rmse"), maximize=False
    )
    with h5py.File(file_of(folder, arm, seed), "r") as file:
        leases, reports = file["leases"][:], file["reports"][:]
    began = dict(zip(leases["lease"], leases["from"]))
    updates = sum(int(row["resource"]) - int(began[row["lease"]]) for row in reports)
    return "energy", "log", arm, seed, updates, deepest, valid, rmse**2, round(float(reports["seconds"].sum()), 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arms", default=";".join(ARMS), help=f"of {'; '.join(ALL)}")
    parser.add_argument("--seeds", type=seeds_of, default=seeds_of("10"), help='"10" (1 to 10) or "11-20"')
    parser.add_argument("--side-by-side", type=int, default=2)
    options = parser.parse_args()
    tasks = [(options.folder, arm, seed) for seed in options.seeds for arm in options.arms.split(";")]
    print(table(sweep(tasks, options.folder / "composition_energy.csv", options.side_by_side, run, columns=COLUMNS)))


if __name__ == "__main__":
    main()
