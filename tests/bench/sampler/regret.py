#!/usr/bin/env python3
"""Table of regrets: Stemma's samplers (from the program bench_sampler_regret) beside Optuna's random and TPE.

    python3 -m venv venv && venv/bin/pip install optuna
    venv/bin/python tests/bench/sampler/regret.py build/tests/bench/sampler/bench_sampler_regret [seeds]

The functions are those of problems.hpp. Evaluations run one after the other; regret = best value found - minimum."""

import collections
import math
import statistics
import subprocess
import sys

ALPHA = [1.0, 1.2, 3.0, 3.2]
A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P = [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]


def branin(trial):
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    root = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return root * root + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(trial):
    x = [trial.suggest_float(f"x{i}", 0, 1) for i in range(6)]
    return -sum(
        alpha * math.exp(-sum(a * (v - p) ** 2 for a, v, p in zip(a_row, x, p_row)))
        for alpha, a_row, p_row in zip(ALPHA, A, P)
    )


def conditional(trial):
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    if kind == "a":
        return 0.2 + (trial.suggest_float("x", 0, 1) - 0.7) ** 2 + (trial.suggest_float("y", 0, 1) - 0.2) ** 2
    if kind == "c":
        return 0.3 + (trial.suggest_float("z", 0, 1) - 0.5) ** 2
    lr = trial.suggest_float("lr", 1e-5, 1, log=True)
    return 0.05 * (math.log10(lr) + 3) ** 2 + 0.02 * (trial.suggest_int("layers", 1, 16) - 11) ** 2


PROBLEMS = {
    "branin": (branin, 0.39788735772973816, 60),
    "hartmann6": (hartmann6, -3.32236801141551, 100),
    "conditional": (conditional, 0.0, 80),
}


def optuna_regrets(seeds):
    import warnings

    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    samplers = {
        f"optuna {optuna.__version__} random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
        f"optuna {optuna.__version__} TPE univariate": lambda seed: optuna.samplers.TPESampler(
            seed=seed, multivariate=False
        ),
        f"optuna {optuna.__version__} TPE multivariate": lambda seed: optuna.samplers.TPESampler(
            seed=seed, multivariate=True, group=True
        ),
    }
    for problem, (function, minimum, evaluations) in PROBLEMS.items():
        for name, make in samplers.items():
            for seed in range(seeds):
                study = optuna.create_study(sampler=make(seed))
                study.optimize(function, n_trials=evaluations)
                yield problem, name, study.best_value - minimum


def main():
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    regrets = collections.defaultdict(list)
    lines = subprocess.run([sys.argv[1], str(seeds)], check=True, capture_output=True, text=True).stdout.splitlines()
    for line in lines:
        problem, sampler, _, regret = line.split(",")
        regrets[problem, sampler].append(float(regret))
    for problem, sampler, regret in optuna_regrets(seeds):
        regrets[problem, sampler].append(regret)
    print(
        "| problem (evaluations) | sampler | median | lower "
        "quartile | upper quartile |\n| --- | --- | --- | --- | --- |"
    )
    for (problem, sampler), values in sorted(regrets.items(), key=lambda item: list(PROBLEMS).index(item[0][0])):
        low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
        print(f"| {problem} ({PROBLEMS[problem][2]}) | {sampler} | {middle:.4g} | {low:.4g} | {high:.4g} |")


if __name__ == "__main__":
    main()
