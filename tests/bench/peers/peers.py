#!/usr/bin/env python3
"""Samplers of the tree beside those of the best known Python libraries, on tables and functions that others made.

    peers.py run --contenders stemma-gp,optuna-tpe --tasks 'hpolib-*,bbob-*-d5' --seeds 1-10 [--out 8] --csv FILE
    peers.py report --csv FILE [--contenders 'stemma-*'] [--details]
    peers.py list

A run that was stopped goes on: searches in the file are not made again, and several programs may write to one file.
README.md says how the environment is set up.
"""

import argparse
import fnmatch
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
warnings.filterwarnings("ignore")

import tasks as all_tasks  # noqa: E402  (after the threads are set)
from contenders import OTHERS, TREE, make_contender  # noqa: E402
from search import append, identity, read, search  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "build/tests/bench/peers/bench_peers_ask"


def chosen(patterns, half, names):
    wanted = patterns.split(",")
    found = [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in wanted)]
    found = [name for name in found if half is None or all_tasks.half(name) == half]
    if not found:
        sys.exit(f"no task is called {patterns}; see peers.py list")
    return found


def numbers(text):
    """ "1-3,7" -> [1, 2, 3, 7]."""
    result = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        result += range(int(low), int(high or low) + 1)
    return result


def tree_version():
    found = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return found.stdout.strip()


def run(options):
    makers = all_tasks.task_makers()
    names, until = chosen(options.tasks, options.half, makers), time.time() + options.seconds
    contenders = {}
    for text in options.contenders.split(","):
        try:
            contenders[text + options.label] = make_contender(text, options.program, tree_version())
        except ImportError as error:
            print(f"{text}: left out, {error}", file=sys.stderr)
    made, have = {}, {identity(row) for row in read(options.csv)}
    for seed in numbers(options.seeds):  # outermost, so that a run cut short has whole rounds
        for task_name in names:
            for name, contender in contenders.items():
                if (name, task_name, options.out, seed) in have:
                    continue
                if time.time() > until:
                    return
                if task_name not in made:
                    made[task_name] = makers[task_name]()
                try:
                    row = search(contender, made[task_name], seed, options.out)
                except Exception as error:  # of one contender: the others go on, and the next run tries it again
                    print(f"{name} {task_name} {seed}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                    continue
                append(options.csv, {"contender": name, **row})


def report(options):
    from report import report as tables

    rows = read(options.csv)
    present = sorted({row["contender"] for row in rows})
    patterns = options.contenders.split(",")
    names = [name for name in present if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
    tasks = options.tasks.split(",")
    rows = [
        row
        for row in rows
        if row["contender"] in names and any(fnmatch.fnmatch(row["task"], pattern) for pattern in tasks)
    ]
    print(tables(rows, names, options.details, options.bootstrap))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "report", "list"])
    parser.add_argument("--contenders", default="*", help="names with commas; of a report: patterns")
    parser.add_argument("--tasks", default="*", help="names or patterns, with commas")
    parser.add_argument("--half", choices=["choose", "check"], help="only tasks of this half")
    parser.add_argument("--seeds", default="1-10")
    parser.add_argument("--out", type=int, default=1, help="proposals under way at a time")
    parser.add_argument("--label", default="", help="appended to the names, for a changed program")
    parser.add_argument("--program", default=str(PROGRAM), help="bench_peers_ask")
    parser.add_argument("--csv", default="peers.csv")
    parser.add_argument("--seconds", type=float, default=1e9, help="begin no search later than this")
    parser.add_argument("--details", action="store_true", help="report the median of each task, too")
    parser.add_argument("--bootstrap", type=int, default=1000, help="draws for the intervals")
    options = parser.parse_args()
    if options.what == "list":
        print("contenders:", *TREE, *OTHERS, "smac-bb smac-hpo hebo ax")
        print("tasks:", *(f"{name} ({all_tasks.half(name)})" for name in all_tasks.task_makers()))
    else:
        {"run": run, "report": report}[options.what](options)


if __name__ == "__main__":
    main()
