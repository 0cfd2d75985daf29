"""Protocol A under Ray Tune, Optuna and Stemma: one PyTorch network, one budget of 80 epochs, two workers.

    python3 -m venv venv && venv/bin/pip install -r tests/bench/peers/training/requirements.txt
    venv/bin/python tests/bench/peers/training/study.py run FOLDER [--arms stemma-gpbt,...] [--seeds 1-5] [--small]
    venv/bin/python tests/bench/peers/training/study.py report FOLDER

The program is $STEMMA, by default build/stemma. A search that is done is not made again. --small trains 10,000 images
with as many updates an epoch. docs/studies/peers.md has the results."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
WORKERS = 2
BUDGET = 80  # epochs
STEMMA = {
    "gpbt": ["scheduler.type=gpbt", "scheduler.children=4"],
    "pbt": ["scheduler.type=pbt", "scheduler.population=4", "scheduler.bottom=0.25", "scheduler.top=0.25"],
    "asha": ["scheduler.type=asha", "scheduler.eta=3"],
}
ARMS = ("stemma-gpbt", "stemma-pbt", "stemma-asha", "ray-pbt", "ray-pb2", "ray-asha", "optuna-asha")
# What a user writes besides the training itself, lenet.py.
WRITTEN = {"stemma": ("stemma_train.py", "stemma_job.toml"), "ray": ("ray_search.py",), "optuna": ("optuna_search.py",)}


def commands(arm, seed, folder):
    """The programs that make the search, started together."""
    framework, method = arm.split("-")
    if framework == "stemma":
        program = os.environ.get("STEMMA", ROOT / "build/stemma")
        settings = [word for setting in STEMMA[method] for word in ("--set", setting)]
        job = [HERE / "stemma_job.toml", "-q", "-n", WORKERS, "--output", folder / "run.h5"]
        return [[program, "run", *job, "--set", f"run.seed={seed}", *settings]]
    if framework == "ray":
        return [[sys.executable, HERE / "ray_search.py", method, seed, folder]]
    return [[sys.executable, HERE / "optuna_search.py", folder, WORKERS * seed + i] for i in range(WORKERS)]


def search(arm, seed, folder, small):
    """What a search gave. Accuracies are those of the report that was best where it was chosen."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = [str(HERE), str(ROOT / "analysis")]
    environment = {
        **os.environ,
        "EPOCHS": str(folder / "epochs.jsonl"),
        "SMALL": "1" if small else "0",
        "PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(path),
        "OMP_NUM_THREADS": "1",
        "RAY_worker_niceness": "0",  # Ray's default of 15 would starve its trainings beside anything else
    }
    begun = time.time()
    with open(folder / "output.txt", "w") as output:
        started = [
            subprocess.Popen(list(map(str, command)), cwd=HERE, env=environment, stdout=output, stderr=output)
            for command in commands(arm, seed, folder)
        ]
        if any([process.wait() for process in started]):
            raise SystemExit(f"{arm}, seed {seed}: failed; see {folder / 'output.txt'}")
    wall = time.time() - begun
    epochs = [json.loads(line) for line in (folder / "epochs.jsonl").read_text().splitlines()]
    best = max(epochs, key=lambda epoch: epoch["valid"])
    training = sum(epoch["ended"] - epoch["begun"] for epoch in epochs)
    return {
        "arm": arm,
        "seed": seed,
        "small": small,
        "epochs": len(epochs),
        "valid": best["valid"],
        "test": best["test"],
        "wall": wall,
        "training": training / wall / WORKERS,
    }


def lines_of(arm):
    texts = [(HERE / name).read_text().splitlines() for name in WRITTEN[arm.split("-")[0]]]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for text in texts for line in text)


def table(rows):
    lines = [
        "| search | seeds | half not chosen on: mean (sd) | worst | epochs | seconds | share of training | lines |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for arm in ARMS:
        mine = [row for row in rows if row["arm"] == arm]
        if not mine:
            continue
        tests = [row["test"] for row in mine]
        deviation = statistics.stdev(tests) if len(tests) > 1 else float("nan")
        means = [statistics.mean(row[key] for row in mine) for key in ("epochs", "wall", "training")]
        spread = f"{statistics.mean(tests):.4f} ({deviation:.4f}) | {min(tests):.4f}"
        work = f"{means[0]:.0f} | {means[1]:.0f} | {100 * means[2]:.0f} %"
        lines.append(f"| {arm} | {len(mine)} | {spread} | {work} | {lines_of(arm)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "report"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--seeds", default="1-5")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    done = options.folder.resolve() / "results.jsonl"
    rows = [json.loads(line) for line in done.read_text().splitlines()] if done.exists() else []
    if options.what == "run":
        first, _, last = options.seeds.partition("-")
        known = {(row["arm"], row["seed"], row["small"]) for row in rows}
        for seed in range(int(first), int(last or first) + 1):
            for arm in options.arms.split(","):  # seed by seed: what else the machine does meets all alike
                if (arm, seed, options.small) in known:
                    continue
                row = search(arm, seed, options.folder.resolve() / f"{arm}-{seed}", options.small)
                with open(done, "a") as file:
                    file.write(json.dumps(row) + "\n")
                rows.append(row)
                print(row, flush=True)
    for small in (False, True):
        if part := [row for row in rows if row["small"] == small]:
            print(("10,000 images" if small else "60,000 images") + "\n\n" + table(part))


if __name__ == "__main__":
    main()
