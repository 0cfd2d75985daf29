"""Random search against ASHA on Fashion-MNIST: real training, the same number of epochs, several seeds.

    /usr/bin/python3 tests/bench/studies/fashion_mnist.py FOLDER [SEEDS] [EPOCHS]

Each arm is a job of its own made from jobs/fashion_mnist_asha.toml (same space, data, model; random sampler). Random
search trains every member to R = 9 epochs. A run is one file in FOLDER. The script may be stopped and started again:
finished runs are kept, others go on. Writes fashion_mnist.csv in FOLDER. Prints the table of
docs/studies/fashion_mnist.md.
"""

import csv
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parents[3]
STEMMA = os.environ.get("STEMMA", str(ROOT / "build/stemma"))
ENVIRONMENT = os.environ | {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_btl_tcp_if_include": "lo",
}
SCHEDULERS = {
    "ASHA": '[scheduler]\ntype = "asha"\neta = 3\nmin = 1\nmax = 9\n',
    "random": '[scheduler]\ntype = "random"\nmax = 9\n',
}


def job(arm, epochs):
    text = (ROOT / "jobs/fashion_mnist_asha.toml").read_text()
    text = re.sub(r"\[run\.budget\].*?\n\n", f"[run.budget]\nepochs = {epochs}\n\n", text, flags=re.S)
    text = re.sub(r"\[sampler\].*?\n\n", "", text, flags=re.S)
    return re.sub(r"\[scheduler\].*?\n\n", SCHEDULERS[arm] + "\n", text, flags=re.S)


def run(folder, arm, seed, epochs):
    path = folder / f"{arm.lower()}-{seed}.h5"
    job_file = folder / f"{arm.lower()}.toml"
    job_file.write_text(job(arm, epochs))
    command = [
        "mpirun",
        "-n",
        "3",
        "--oversubscribe",
        "--bind-to",
        "none",
        STEMMA,
        "run",
        str(job_file),
        "--quiet",
        "--continue",
        "--output",
        str(path),
        "--set",
        f"run.seed={seed}",
    ]
    subprocess.run(command, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return path


def results(path):
    """(epochs, members, validation and test accuracy of the member with the best validation accuracy)"""
    with h5py.File(path, "r") as file:
        reports = file["reports"][:]
        best = reports[reports["valid_accuracy"].argmax()]
        units = file["units" if "units" in file else "epochs"]
        return len(units), len(file["members"]), float(best["valid_accuracy"]), float(best["test_accuracy"])


def main():
    folder = Path(sys.argv[1])
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    epochs = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in range(1, seeds + 1):
        for arm in SCHEDULERS:
            rows.append((arm, seed, *results(run(folder, arm, seed, epochs))))
            with (folder / "fashion_mnist.csv").open("w", newline="") as out:
                csv.writer(out).writerows(
                    [("method", "seed", "epochs", "members", "valid_accuracy", "test_accuracy"), *rows]
                )
    print("| method | seeds | epochs | members | validation accuracy: mean (sd) | test accuracy: mean (sd) |")
    print("| --- | --- | --- | --- | --- | --- |")
    for arm in SCHEDULERS:
        mine = [row for row in rows if row[0] == arm]
        columns = [
            f"{statistics.mean(row[i] for row in mine):.4f} ({statistics.stdev(row[i] for row in mine):.4f})"
            for i in (4, 5)
        ]
        print(
            f"| {arm} | {len(mine)} | {epochs} | {statistics.mean(row[3] for row in mine):.1f} | {columns[0]} | "
            f"{columns[1]} |"
        )


if __name__ == "__main__":
    main()
