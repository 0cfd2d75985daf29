"""The methods that the studies of populations compare, and their runs: one file each, workers inside the process."""

import argparse
import csv
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[3]
STEMMA = os.environ.get("STEMMA", str(ROOT / "build/stemma"))

SCALED = """
[space]
lr = { type = "real", low = 1e-5, high = 1e-1, scale = "log" }
weight_decay = { type = "real", low = 1e-5, high = 1e-1, scale = "log" }
dropout = { type = "real", low = 0.0, high = 1.0 }
one_minus_beta1 = { type = "real", low = 1e-4, high = 1e-1, scale = "log" }
one_minus_beta2 = { type = "real", low = 1e-5, high = 1e-2, scale = "log" }
"""
# The same parameters, all uniform: most of the range is far too large a learning rate.
UNIFORM = SCALED.replace(', scale = "log"', "")
# Ten times that range for the learning rate and the weight decay: nearly all draws learn nothing.
WIDE = UNIFORM.replace("1e-1 }", "1.0 }", 2)
# The learning rate alone, as PBT-Zoo searches it.
RATE = """
[space]
lr = { type = "real", low = 1e-5, high = 1e-1, scale = "log" }
"""

GPBT = '[scheduler]\ntype = "gpbt"\nchildren = 4\nratio = 4\nmax = 20\n'  # other settings are defaults
PAPER = GPBT + 'preset = "published"\n'
GPBT12 = GPBT.replace("children = 4", "children = 12")
PBT = '[scheduler]\ntype = "pbt"\npopulation = 4\nmax = 20\nbottom = 0.25\ntop = 0.25\n'
PBT12 = PBT.replace("population = 4", "population = 12")
FULL = '[scheduler]\ntype = "random"\nmax = 20\n'
ASHA = '[scheduler]\ntype = "asha"\neta = 3\nmax = 20\n'

HYPERGRADIENT = "[trainer.hypergradient]\nbounds = true\nskip_nonfinite = true\nlog_every = 5\n"


def deep(text, *change):
    return text.replace("max = 20", "max = 40").replace(*(change or ("", "")))


# name: scheduler and sampler
ARMS = {
    "gpbt": GPBT,
    "gpbt_published": PAPER,
    "pbt": PBT,
    "random": FULL,
    # The default with parallel children only: no founders, no random ones, no selection among children only.
    "gpbt_plain": GPBT + "founders = 1\nparents_compete = true\n",
    "gpbt_children_only": GPBT + "founders = 1\n",
    "gpbt_one_random": GPBT + "[sampler]\nstartup = 1\n",
    "gpbt_all_random": GPBT + "[sampler]\nstartup = 12\n",
    # With the paper's order; with two parents.
    "gpbt_sequential": GPBT + "sequential = true\n",
    "gpbt_two_parents": GPBT.replace("ratio = 4", "ratio = 1"),
    "gpbt_no_time": PAPER + '[sampler]\ntime = "none"\n',
    "gpbt_gp": GPBT + '[sampler]\ntype = "gp"\nwarp_inputs = false\nwarp_outputs = false\n',
    "gpbt_warped_gp": GPBT + '[sampler]\ntype = "gp"\n',
    "pb2": PBT + '[sampler]\ntype = "gp"\nbirths = "propose"\n'
    'objective = "improvement"\ntime_model = "decay"\nacquisition = "lcb"\n',
    "tpe": FULL + '[sampler]\ntype = "tpe"\nstartup = 1\n',
    "asha": ASHA,
    # Intervals, with children for 240 epochs (--long of protocol_a.py).
    **{f"gpbt12_{interval}": f"{GPBT12}interval = {interval}\n" for interval in (1, 5, 10)},
    "gpbt12_auto": GPBT12 + 'interval = "auto"\n',
    **{f"pbt12_{interval}": f"{PBT12}interval = {interval}\n" for interval in (1, 5)},
    # Without the bound of 20 epochs for a lineage: what depth gives.
    "gpbt_deep": deep(GPBT, "children = 4\nratio = 4", "children = 2\nratio = 2"),
    "pbt_deep": deep(PBT.replace("0.25", "0.5"), "population = 4", "population = 2"),
    "random_deep": deep(FULL),
    "asha_deep": deep(ASHA),
    # Learning rate, weight decay and Adam's betas by hypergradients, dropout by the search. The search also perturbs
    # the former.
    "gpbt_hypergradient": HYPERGRADIENT + GPBT,
    "gpbt_mutable_hypergradient": HYPERGRADIENT + GPBT,
    "random_hypergradient": HYPERGRADIENT + FULL,
    # Learning rate and weight decay by hypergradients, Adam's betas and dropout by the search.
    "gpbt_rates_hypergradient": HYPERGRADIENT + 'variant = "wd_lr"\n' + GPBT,
}
SPACES = {"scaled": SCALED, "uniform": UNIFORM, "wide": WIDE, "rate": RATE}


@dataclass(frozen=True)
class Problem:
    """What is trained: the beginning of a job file."""

    name: str
    head: str
    metric: str  # without valid_ or test_
    maximize: bool


COLUMNS = ("problem", "space", "method", "seed", "epochs", "deepest", "valid", "test")


def parser_of(description, seeds):
    """Options of all these studies."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arms", default="gpbt,gpbt_published,pbt,random", help=f"of {', '.join(ARMS)}")
    parser.add_argument("--seeds", type=seeds_of, default=seeds_of(str(seeds)), help='"10" (1 to 10) or "11-20"')
    parser.add_argument("--space", choices=SPACES, default="scaled")
    parser.add_argument("--side-by-side", type=int, default=2)
    parser.add_argument(
        "--done",
        type=Path,
        help="table of earlier runs (such as in docs/studies): they are taken from it, not run again",
    )
    parser.add_argument(
        "--workers", type=int, default=1, help="of each search: what it knows at a birth, not how fast it is"
    )
    return parser


def add_processor_seconds(path, words):
    """Runs a search, and adds a line with its processor's seconds to a file beside the run file. A search that was
    interrupted has a line for each part."""
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    with path.with_suffix(".seconds").open("a") as out:
        print(round(used.ru_utime + used.ru_stime, 2), file=out)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, words)


def processor_seconds(path):
    return sum(map(float, path.with_suffix(".seconds").read_text().split()))


def seeds_of(text):
    """Seeds of "10" are 1 to 10, of "11-20" these."""
    low, _, high = text.rpartition("-")
    return range(int(low or 1), int(high) + 1)


def search(folder, name, job, seed, metrics, maximize, within=None, workers=1):
    """One search, resumed if it was interrupted. Returns the training in all, the training of the deepest lineage, and
    each metric of the member that is best by the first metric. `within`: as if it had ended after so many epochs."""
    name += f"-n{workers}" if workers > 1 else ""
    job_file = folder / f"{name}.toml"
    job_file.write_text(job)
    path = folder / f"{name}-{seed}.h5"
    words = [
        STEMMA,
        "run",
        str(job_file),
        "--quiet",
        "-n",
        str(workers),
        "--continue",
        "--output",
        str(path),
        "--set",
        f"run.seed={seed}",
    ]
    add_processor_seconds(path, words)
    with h5py.File(path, "r") as file:
        epochs = file["units" if "units" in file else "epochs"][:]
        epochs = epochs["report"][np.isfinite(epochs[metrics[0]])][:within]  # others are points of trajectories
        reports = file["reports"][: epochs[-1] + 1]
        ranked = reports[metrics[0]]
        best = reports[np.nanargmax(ranked) if maximize else np.nanargmin(ranked)]
        return len(epochs), int(reports["resource"].max()), *[float(best[metric]) for metric in metrics]


def space_of(space, arm):
    """In arms with hypergradients all but dropout moves during training, or the learning rate and weight decay
    alone."""
    if "hypergradient" not in arm:
        return SPACES[space]
    role = "mutable_hypergradient" if "mutable" in arm else "hypergradient"
    still = ("dropout", "one_minus") if "rates" in arm else ("dropout",)
    return (
        "\n".join(
            line.replace(" }", f', role = "{role}" }}') if not line.startswith(still) else line
            for line in SPACES[space].splitlines()
        )
        + "\n"
    )


def run(folder, problem, space, arm, seed, within=None, workers=1):
    """One search of this study's arms; its row."""
    job = problem.head + space_of(space, arm) + ARMS[arm]
    metrics = [f"{half}_{problem.metric}" for half in ("valid", "test")]
    found = search(folder, f"{problem.name}-{space}-{arm}", job, seed, metrics, problem.maximize, within, workers)
    return problem.name, space, arm, seed, *found


def rows_of(table):
    """{(problem, space, method, seed): row} of a file that sweep() wrote."""
    with table.open(newline="") as lines:
        rows = [(*row[:3], *map(int, row[3:6]), *map(float, row[6:])) for row in list(csv.reader(lines))[1:]]
    return {row[:4]: row for row in rows}


def sweep(tasks, summary, side_by_side, run=run, rows=(), columns=COLUMNS):
    """Rows of run(*task) for all tasks, after `rows` of earlier tasks. The file `summary` (CSV) has the tasks that are
    done."""
    summary.parent.mkdir(parents=True, exist_ok=True)
    rows = list(rows)
    with ThreadPoolExecutor(side_by_side) as pool:
        for done in [pool.submit(run, *task) for task in tasks]:
            rows.append(done.result())
            with summary.open("w", newline="") as out:
                csv.writer(out).writerows([columns, *sorted(rows)])
    return rows


def sweep_arms(options, problems, arms, summary, within=None):
    """sweep() over seeds, problems and arms, except what the table `options.done` has."""
    earlier = rows_of(options.done) if options.done and options.workers == 1 and within is None else {}
    tasks = [
        (options.folder, problem, options.space, arm, seed, within, options.workers)
        for seed in options.seeds
        for problem in problems
        for arm in arms
    ]
    keys = [(problem.name, space, arm, seed) for _, problem, space, arm, seed, *_ in tasks]
    left = [task for task, key in zip(tasks, keys) if key not in earlier]
    return sweep(
        left, options.folder / summary, options.side_by_side, rows=[earlier[key] for key in keys if key in earlier]
    )
