#!/usr/bin/env python3
"""Searches that stop trainings early, under a virtual clock: ASHA with samplers of the tree, Optuna with its pruner.

    curves.py run --contenders asha-gp,asha-tpe,asha-random,optuna-pruner --workers 8 --seeds 1-10 --csv FILE
    curves.py report --csv FILE

The tables record the final value and the seconds of each training, but no learning curves. So the shape of a curve is
made up here, and only its end and its length are recorded ones: see CurveTable. A search may take the time of 20 mean
full trainings for each worker, but not more than 200 trainings' time in all. The figure is that of tasks.py: the share
of the table that is better than the best configuration that was trained to its end, or further than all others.
"""

import argparse
import heapq
import math
import subprocess
import warnings
import zlib
from statistics import NormalDist

warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import summary  # noqa: E402
import tasks as all_tasks  # noqa: E402
from contenders import describe_space, values_of  # noqa: E402
from peers import ROOT, numbers  # noqa: E402
from report import markdown  # noqa: E402
from search import append, read  # noqa: E402

PROGRAM = ROOT / "build/tests/bench/peers/bench_peers_search"
TABLES = {"hpolib": 100, "nasbench201": 200}  # epochs of the recorded trainings
FULL_TRAININGS, FULL_TRAININGS_OF_A_WORKER = 200, 20


class CurveTable:
    """A table with curves. After r of R epochs the loss is

        end + (start - end) * (h(r) - h(R)) / (h(0) - h(R)),   h(r) = 1 / (1 + r / c)

    `end`: one of the recorded repeats, drawn by the search's seed. `start`: the table's 90 % quantile, or `end` if
    that is worse. c: log-normal around R / 30 with a deviation of 1, drawn for each configuration from its key. So
    configurations learn at different speeds, and early ranks differ from the last ones."""

    def __init__(self, table, epochs):
        self.table, self.epochs = table, epochs
        values = table.values()
        self._start = float(np.quantile(values, 0.9))
        self.mean_cost = float(np.mean(table.costs()))

    def speed(self, key):
        uniform = (zlib.crc32(key.encode()) + 0.5) / 2**32
        return self.epochs / 30 * math.exp(NormalDist().inv_cdf(uniform))

    def losses(self, configuration, first, last, seed):
        """After `first` + 1 .. `last` epochs."""
        key = self.table.key(configuration)
        repeats = self.table.repeats(configuration)
        end = repeats[zlib.crc32(f"{seed} {key}".encode()) % len(repeats)]
        start, c = max(self._start, end), self.speed(key)

        def h(epoch):
            return 1 / (1 + epoch / c)

        left = h(0) - h(self.epochs)
        return [end + (start - end) * (h(r) - h(self.epochs)) / left for r in range(first + 1, last + 1)]

    def seconds(self, configuration, first, last):
        return self.table.cost(configuration) * (last - first) / self.epochs


class Outcome:
    """What a search knows as time passes. Its result is the lowest loss among the longest trained."""

    def __init__(self, task, horizon, parts=10):
        self._task, self._horizon, self._parts = task, horizon, parts
        self._best = (-1, math.inf, None)
        self._marks = []
        self.trained = 0  # epochs

    def ended(self, now, configuration, resource, loss):
        """A training that ended; calls come in order of `now`."""
        self._until(now)
        better = resource > self._best[0] or (resource == self._best[0] and loss < self._best[1])
        if better:
            self._best = (resource, loss, configuration)

    def _until(self, now):
        while len(self._marks) < self._parts and now > self._horizon * (len(self._marks) + 1) / self._parts:
            self._marks.append(self.figure())

    def figure(self):
        if self._best[2] is None:
            return 100.0
        return self._task.table.figure(self._task.table(self._best[2]))

    def curve(self):
        self._until(math.inf)
        return self._marks


def tree_search(program, scheduler, sampler, task, seed, workers, horizon):
    """The tree's own manager, scheduler and sampler, in bench_peers_search."""
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    lines = [*describe_space(task.table.space), "scheduler eta 3"]
    lines.append(f"search {scheduler} {sampler} {seed} {workers} {task.epochs} {horizon!r}")
    process.stdin.write("".join(line + "\n" for line in lines))
    process.stdin.flush()
    outcome, ends = Outcome(task, horizon), []
    for line in process.stdout:
        now, *words = line.split()
        if now == "end":
            break
        member, first, last = map(int, words[:3])
        now = float(now)
        configuration = values_of(task.table.space, words[3:])
        seconds = task.seconds(configuration, first, last)
        losses = task.losses(configuration, first, last, seed)
        process.stdin.write(" ".join([repr(seconds), *map(repr, losses)]) + "\n")
        process.stdin.flush()
        if now + seconds <= horizon:
            ends.append((now + seconds, member, configuration, last, losses[-1]))
            outcome.trained += last - first
    process.stdin.close()
    process.stdout.close()
    if process.wait() != 0:
        raise RuntimeError(f"{program} failed")
    for end, _, configuration, last, loss in sorted(ends, key=lambda item: item[:2]):
        outcome.ended(end, configuration, last, loss)
    return outcome


def optuna_search(pruner, task, seed, workers, horizon):
    """Optuna's default sampler with a pruner: a worker reports each epoch, and asks whether to go on."""
    import optuna
    from contenders import Optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=getattr(optuna.pruners, pruner)(),
    )
    space = {name: Optuna.distribution(domain) for name, domain in task.table.space.items()}
    outcome, events = Outcome(task, horizon), []

    def begin(now, worker):
        trial = study.ask(space)
        losses = task.losses(trial.params, 0, task.epochs, seed)
        epoch = task.seconds(trial.params, 0, 1)
        heapq.heappush(events, (now + epoch, worker, 1, epoch, trial, losses))

    for worker in range(workers):
        begin(0.0, worker)
    while events and events[0][0] <= horizon:
        now, worker, reached, epoch, trial, losses = heapq.heappop(events)
        outcome.trained += 1
        trial.report(losses[reached - 1], reached)
        if reached == task.epochs:
            study.tell(trial, losses[-1])
        elif trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            heapq.heappush(events, (now + epoch, worker, reached + 1, epoch, trial, losses))
            continue
        outcome.ended(now, trial.params, reached, losses[reached - 1])
        begin(now, worker)
    return outcome


def contender(name, program):
    if name.startswith("optuna-"):
        pruners = {"optuna-pruner": "SuccessiveHalvingPruner", "optuna-median": "MedianPruner"}
        return lambda *search: optuna_search(pruners[name], *search)
    scheduler, sampler = name.rsplit("-", 1)
    return lambda *search: tree_search(program, scheduler, sampler, *search)


def run(options):
    makers = all_tasks.table_makers()
    have = {(r["contender"], r["task"], int(r["out"]), int(r["seed"])) for r in read(options.csv)}
    tasks = {}
    for seed in numbers(options.seeds):
        for task_name in sorted(makers):
            if all_tasks.family(task_name) not in TABLES or not any(
                part in task_name for part in options.tasks.split(",")
            ):
                continue
            for name in options.contenders.split(","):
                if (name, task_name, options.workers, seed) in have:
                    continue
                if task_name not in tasks:
                    tasks[task_name] = CurveTable(makers[task_name](), TABLES[all_tasks.family(task_name)])
                task = tasks[task_name]
                full = min(FULL_TRAININGS / options.workers, FULL_TRAININGS_OF_A_WORKER)
                found = contender(name, options.program)(task, seed, options.workers, full * task.mean_cost)
                curve = found.curve()
                row = {"contender": name, "task": task_name, "out": options.workers, "seed": seed}
                row.update(evaluations=found.trained, figure=f"{curve[-1]:.6g}")
                append(options.csv, {**row, "curve": ";".join(f"{figure:.5g}" for figure in curve)})


def report(options):
    rows = read(options.csv)
    names = sorted({row["contender"] for row in rows})
    for workers in sorted({int(row["out"]) for row in rows}):
        figures = summary.table_of(rows, lambda row: float(row["figure"]), workers)
        halfway = summary.table_of(rows, lambda row: float(row["curve"].split(";")[4]), workers)
        tasks = summary.common_tasks(figures, names)
        if not tasks:
            continue
        print(f"## {workers} workers, {len(tasks)} tables\n")
        ranks = summary.mean_ranks(figures, names, tasks)
        draws = summary.bootstrap_ranks(figures, names, tasks)
        lines = []
        for at in np.argsort(ranks):
            row = [names[at], "{:.2f} ({:.2f} .. {:.2f})".format(ranks[at], *summary.interval(draws[:, at]))]
            for values in (halfway, figures):
                row.append(f"{np.mean([np.median(values[task][names[at]]) for task in tasks]):.3g}")
            lines.append(row + [f"{np.median(figures[task][names[at]]):.3g}" for task in tasks])
        print(markdown(["search", "mean rank", "figure halfway", "figure", *tasks], lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "report"])
    parser.add_argument("--contenders", default="asha-gp,asha-tpe,asha-random,optuna-pruner")
    parser.add_argument("--tasks", default="hpolib,nasbench201", help="parts of names, with commas")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seeds", default="1-10")
    parser.add_argument("--program", default=str(PROGRAM), help="bench_peers_search")
    parser.add_argument("--csv", default="curves.csv")
    options = parser.parse_args()
    {"run": run, "report": report}[options.what](options)


if __name__ == "__main__":
    main()
