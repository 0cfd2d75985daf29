"""Protocol A: what GPBT's paper measured, with the methods of this tree. Fashion-MNIST, LeNet, five hyperparameters, 80
epochs in all, no lineage above 20 epochs.

    /usr/bin/python3 tests/bench/studies/protocol_a.py FOLDER [--arms gpbt,pbt,...] [--seeds 10] [--side-by-side 2]

One run is one file in FOLDER, trained by one worker inside the process (`--side-by-side` runs at a time). The script may
be stopped and started again: finished runs are kept, others go on. Selection is by the accuracy on half of the test images;
`test` is the other half, which nothing saw. Writes protocol_a.csv in FOLDER and prints the table.
"""

import argparse
import csv
import os
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parents[3]
STEMMA = os.environ.get("STEMMA", str(ROOT / "build/stemma"))

HEAD = """
[run.budget]
epochs = 80
[metric]
name = "valid_accuracy"
direction = "maximise"
[trainer]
type = "torch"
data = "fashion_mnist"
model = "lenet"
optimiser = "adam"
amsgrad = true
batch_size = 1024
inherit_optimiser = {inherit}
[workers]
threads = 1
durable = "none"
"""

SCALED = """
[space]
lr = { type = "real", low = 1e-5, high = 1e-1, scale = "log" }
weight_decay = { type = "real", low = 1e-5, high = 1e-1, scale = "log" }
dropout = { type = "real", low = 0.0, high = 1.0 }
one_minus_beta1 = { type = "real", low = 1e-4, high = 1e-1, scale = "log" }
one_minus_beta2 = { type = "real", low = 1e-5, high = 1e-2, scale = "log" }
"""
# The same, all uniform: most of the range is far too large a learning rate.
UNIFORM = SCALED.replace(', scale = "log"', "")

GPBT = '[scheduler]\ntype = "gpbt"\nchildren = 4\nratio = {ratio}\nmax = 20\nsequential = {sequential}\n'
TPE = '[sampler]\ntype = "tpe"\nstartup = 1\ngood = "square_root"\ngamma = 0.25\ntime = "{time}"\n'
OURS = '[sampler]\ntype = "tpe"\nstartup = 1\ngood = "square_root"\ngamma = 0.5\nmultivariate = true\ntime = "relative"\n'
PARALLEL = GPBT.format(ratio=4, sequential="false")
PAPER = GPBT.format(ratio=4, sequential="true")
PBT = '[scheduler]\ntype = "pbt"\npopulation = 4\nmax = 20\nbottom = 0.25\ntop = 0.25\n'
FULL = '[scheduler]\ntype = "random"\nmax = 20\n'

# name: (scheduler and sampler, moments inherited)
ARMS = {
    "gpbt": (PARALLEL + OURS, True),
    "gpbt_published": (PAPER + TPE.format(time="kernel"), False),
    "pbt": (PBT, True),
    "random": (FULL, True),
    "gpbt_sequential": (PAPER + OURS, True),
    "gpbt_new_moments": (PARALLEL + OURS, False),
    "gpbt_no_time": (PAPER + TPE.format(time="none"), False),
    "gpbt_two_parents": (GPBT.format(ratio=1, sequential="false") + OURS, True),
    "gpbt_gp": (PARALLEL + '[sampler]\ntype = "gp"\nwarp_inputs = false\nwarp_outputs = false\n', True),
    "gpbt_warped_gp": (PARALLEL + '[sampler]\ntype = "gp"\n', True),
    "pb2": (PBT + '[sampler]\ntype = "gp"\nbirths = "propose"\nobjective = "improvement"\ntime_model = "decay"\nacquisition = "lcb"\n', True),
    "tpe": (FULL + '[sampler]\ntype = "tpe"\nstartup = 1\n', True),
    "asha": ('[scheduler]\ntype = "asha"\neta = 3\nmax = 20\n', True),
}


def run(folder, space_name, arm, seed):
    text, inherit = ARMS[arm]
    job_file = folder / f"{space_name}-{arm}.toml"
    job_file.write_text(HEAD.replace("{inherit}", str(inherit).lower()) + {"scaled": SCALED, "uniform": UNIFORM}[space_name] + text)
    path = folder / f"{space_name}-{arm}-{seed}.h5"
    words = [STEMMA, "run", str(job_file), "--quiet", "-n", "1", "--continue", "--output", str(path), "--set", f"run.seed={seed}"]
    subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    with h5py.File(path, "r") as file:
        reports = file["reports"][:]
        best = reports[reports["valid_accuracy"].argmax()]
        return (space_name, arm, seed, len(file["epochs"]), int(reports["resource"].max()), float(best["valid_accuracy"]), float(best["test_accuracy"]))


def table(rows):
    lines = ["| space | method | seeds | test: mean (sd) | selection half: mean (sd) |", "| --- | --- | --- | --- | --- |"]
    for space, arm in sorted({row[:2] for row in rows}, key=lambda one: (one[0], list(ARMS).index(one[1]))):
        mine = [row for row in rows if row[:2] == (space, arm)]
        figures = [[row[i] for row in mine] for i in (6, 5)]
        texts = [f"{statistics.mean(one):.4f} ({statistics.stdev(one) if len(one) > 1 else float('nan'):.4f})" for one in figures]
        lines.append(f"| {space} | {arm} | {len(mine)} | {texts[0]} | {texts[1]} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arms", default="gpbt,gpbt_published,pbt,random")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--space", choices=["scaled", "uniform"], default="scaled")
    parser.add_argument("--side-by-side", type=int, default=2)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = []
    with ThreadPoolExecutor(options.side_by_side) as pool:
        runs = [pool.submit(run, options.folder, options.space, arm, seed) for seed in range(1, options.seeds + 1) for arm in options.arms.split(",")]
        for done in runs:
            rows.append(done.result())
            with (options.folder / "protocol_a.csv").open("w", newline="") as out:
                csv.writer(out).writerows([("space", "method", "seed", "epochs", "deepest", "valid_accuracy", "test_accuracy"), *sorted(rows)])
    print(table(rows))


if __name__ == "__main__":
    main()
