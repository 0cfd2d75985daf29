"""Contenders: samplers through ask and tell.

contender.start(task, seed, out) begins a search. Then come ask() -> (handle, configuration) and tell(handle, value) in
any order with at most `out` proposals untold, and close(). cpu() is the CPU time of its proposals in seconds.
"""

import itertools
import subprocess
import time
from importlib.metadata import version


class Contender:
    version = ""

    def __init__(self):
        self._spent = 0.0

    def start(self, task, seed, out):
        raise NotImplementedError

    def ask(self):
        raise NotImplementedError

    def tell(self, handle, value):
        raise NotImplementedError

    def cpu(self):
        return time.process_time()

    def close(self):
        pass


def describe_space(space):
    """The lines by which the programs of this folder read a space."""
    for name, domain in space.items():
        if isinstance(domain, tuple):
            yield f"real {name} {domain[0]} {domain[1]}"
        elif isinstance(domain, int):
            yield f"integer {name} {domain}"
        else:
            yield f"categorical {name} {len(domain)}"


def values_of(space, words):
    """The configuration that such a program wrote."""
    configuration = {}
    for (name, domain), word in zip(space.items(), words):
        if isinstance(domain, tuple):
            configuration[name] = float(word)
        else:
            configuration[name] = int(word) if isinstance(domain, int) else domain[int(word)]
    return configuration


class Tree(Contender):
    """A sampler of this tree, in the program bench_peers_ask."""

    def __init__(self, program, sampler, settings, tree_version):
        super().__init__()
        self._program, self._sampler, self._settings, self.version = program, sampler, settings, tree_version
        self._process = None

    def start(self, task, seed, out):
        self._space = task.space
        self._process = subprocess.Popen([self._program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lines = [f"set {key} {value}" for key, value in self._settings.items()]
        self._say(*lines, *describe_space(task.space), f"start {self._sampler} {seed}")

    def _say(self, *lines):
        self._process.stdin.write("".join(line + "\n" for line in lines))
        self._process.stdin.flush()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._program} ended")
        return line.split()

    def ask(self):
        self._say("ask")
        member, *values = self._answer()
        if member == "none":
            raise RuntimeError("the sampler is exhausted")
        return member, values_of(self._space, values)

    def tell(self, handle, value, resource=1):
        self._say(f"tell {handle} {resource} {value!r}")

    def cpu(self):
        self._say("cpu")
        return float(self._answer()[0])

    def close(self):
        if self._process is None:
            return
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._process = None


class Optuna(Contender):
    def __init__(self, sampler, **settings):
        super().__init__()
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._make = lambda seed: getattr(optuna.samplers, sampler)(seed=seed, **settings)
        self.version = f"optuna {optuna.__version__}"

    def start(self, task, seed, out):
        import optuna

        self._study = optuna.create_study(sampler=self._make(seed))
        self._space = {name: self.distribution(domain) for name, domain in task.space.items()}

    @staticmethod
    def distribution(domain):
        from optuna import distributions

        if isinstance(domain, tuple):
            return distributions.FloatDistribution(*domain)
        if isinstance(domain, int):
            return distributions.IntDistribution(0, domain - 1)
        return distributions.CategoricalDistribution(domain)

    def ask(self):
        trial = self._study.ask(self._space)
        return trial, trial.params

    def tell(self, handle, value):
        self._study.tell(handle, value)


class Rustuna(Contender):
    def __init__(self, sampler, **settings):
        super().__init__()
        import rustuna.samplers

        self._make = lambda seed: getattr(rustuna.samplers, sampler)(seed=seed, **settings)
        self.version = f"rustuna {version('rustuna')}"

    def start(self, task, seed, out):
        import rustuna

        self._space = task.space
        self._study = rustuna.create_study(direction="minimize", sampler=self._make(seed))

    def ask(self):
        trial = self._study.ask()
        configuration = {}
        for name, domain in self._space.items():
            if isinstance(domain, tuple):
                configuration[name] = trial.suggest_float(name, *domain)
            elif isinstance(domain, int):
                configuration[name] = trial.suggest_int(name, 0, domain - 1)
            else:
                configuration[name] = trial.suggest_categorical(name, domain)
        return trial, configuration

    def tell(self, handle, value):
        self._study.tell(handle.number, value)


TREE = {
    "stemma-random": ("random", {}),
    "stemma-sobol": ("sobol", {}),
    "stemma-tpe": ("tpe", {}),
    "stemma-tpe-mv": ("tpe", {"multivariate": "true"}),
    "stemma-gp": ("gp", {}),
    "stemma-auto": ("auto", {}),
}
OTHERS = {
    "optuna-tpe": lambda: Optuna("TPESampler"),
    "optuna-cmaes": lambda: Optuna("CmaEsSampler", warn_independent_sampling=False),
    "optuna-gp": lambda: Optuna("GPSampler"),
    "rustuna-tpe": lambda: Rustuna("TPESampler"),
}


def slow_contenders():
    import slow_peers

    return slow_peers.CONTENDERS


def make_contender(text, program, tree_version):
    """The contender of that name. A sampler of the tree may be given settings: stemma-gp:acquisition=lcb:kappa=1."""
    name, *settings = text.split(":")
    if name in TREE:
        sampler, defaults = TREE[name]
        given = dict(itertools.chain(defaults.items(), (setting.split("=", 1) for setting in settings)))
        return Tree(program, sampler, given, tree_version)
    if settings:
        raise ValueError(f"{name} takes no settings here")
    if name in OTHERS:
        return OTHERS[name]()
    return slow_contenders()[name]()
