"""A job from a sweep of Weights & Biases: sweep.yaml."""

import math
import os

from stemma.errors import StemmaError

# Constants that say how long a training is.
_LENGTHS = ("epochs", "max_epochs", "num_epochs", "n_epochs", "num_train_epochs", "max_steps", "steps")
_OURS = ("from", "to", "max", "start", "save", "metrics", "seed", "run_seed", "member")  # placeholders of commands
_ROUNDED = "q_"


def read(path, folder):
    """The job of the sweep in that file, for a project in `folder`."""
    try:
        import yaml
    except ImportError:
        raise StemmaError(
            f"{path}: to read YAML, this Python needs the package yaml: pip install pyyaml (Debian: python3-yaml)"
        ) from None
    try:
        with open(path) as file:
            sweep = yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StemmaError(f"{path}: cannot be read as YAML ({' '.join(str(error).split())})") from None
    if not isinstance(sweep, dict) or not isinstance(sweep.get("parameters"), dict):
        raise StemmaError(f"{path}: is no sweep of Weights & Biases: it has no table `parameters`")
    return _Sweep(sweep, path, folder).job()


class _Sweep:
    def __init__(self, sweep, path, folder):
        self._sweep, self._path, self._folder = sweep, path, folder
        self._notes = []
        self._length = None  # the constant that says how long a training is

    def job(self):
        space = {}
        self._take("", self._sweep["parameters"], space)
        if not space:
            raise StemmaError(f"{self._path}: `parameters` has nothing that is searched")
        method = self._sweep.get("method", "random")
        run = {"name": self._sweep.get("name") and str(self._sweep["name"])}
        if self._sweep.get("run_cap"):
            run["budget"] = {"members": int(self._sweep["run_cap"])}
        elif method != "grid":
            run["budget"] = {"members": 50}
            self._notes.append("the sweep has no run_cap, so it would never end: run.budget.members = 50 is a guess")
        known, command = self._command(space)
        job = {
            "run": {key: value for key, value in run.items() if value},
            "metric": self._metric(),
            "space": space,
            "sampler": self._sampler(method),
            "scheduler": self._scheduler(method),
            "trainer": {"type": "process", "command": command},
        }
        for key in sorted(set(self._sweep) - _KNOWN):
            self._notes.append(f"`{key}` has no counterpart")
        return {key: value for key, value in job.items() if value}, known, self._notes

    def _metric(self):
        metric = self._sweep.get("metric") or {}
        if "name" not in metric:
            self._notes.append('the sweep names no metric: "valid_loss", to be minimized, is a guess')
        if "target" in metric:
            self._notes.append(f"metric.target: write [run.budget] target = {metric['target']}")
        goal = str(metric.get("goal", "minimize"))
        if goal not in ("minimize", "maximize"):
            raise StemmaError(f"{self._path}: metric.goal is {goal!r}; it must be minimize or maximize")
        return {"name": str(metric.get("name", "valid_loss")), "direction": goal}

    def _sampler(self, method):
        if method == "bayes":
            self._notes.append('method: bayes is a Gaussian process; sampler.type = "gp" is the like of it')
            return {"type": "gp"}
        if method not in ("random", "grid"):
            self._notes.append(f"method: {method} is not known; members are drawn at random")
        return {"type": "grid"} if method == "grid" else {"type": "random"}

    def _scheduler(self, method):
        stop = self._sweep.get("early_terminate") or {}
        longest = self._length
        if not stop:
            if longest is None:
                self._notes.append(
                    "the sweep does not say how long a training is: scheduler.max = 10 epochs is a guess"
                )
            return {"type": "grid" if method == "grid" else "random", "max": longest or 10}
        if stop.get("type") != "hyperband":
            self._notes.append(f"early_terminate: {stop.get('type')} is not known; asha stands for it")
        eta = int(stop.get("eta", 3))
        low = int(stop.get("min_iter", 0))
        high = int(stop.get("max_iter", 0))
        if not low and high:  # s brackets below max_iter
            low = max(1, high // eta ** int(stop.get("s", 1)))
        low = low or 1
        if not longest and not high:
            self._notes.append(
                f"the sweep does not say how long a training is: scheduler.max = {low * eta**3} epochs is a guess"
            )
        if stop.get("strict"):
            self._notes.append("early_terminate.strict: asha pauses all but the best at each rung as it is")
        self._notes.append(
            "early_terminate ends trainings for good; asha pauses them and goes on with the best. Iterations are taken "
            "for epochs"
        )
        return {"type": "asha", "min": low, "max": max(longest or high or low * eta**3, low), "eta": eta}

    # ---- parameters ------------------------------------------------------------------------------------------------

    def _take(self, prefix, parameters, space):
        for name, terms in parameters.items():
            name = f"{prefix}{name}"
            if not isinstance(terms, dict):
                raise StemmaError(f"{self._path}: parameters.{name} must be a table, such as {{ min: 0, max: 1 }}")
            if isinstance(terms.get("parameters"), dict):
                self._take(f"{name}.", terms["parameters"], space)
                continue
            if prefix == "" and name in _LENGTHS and _whole(terms.get("value")) and terms["value"] > 0:
                self._length = int(terms["value"])
                self._length_name = name
                continue
            if name in _OURS:
                self._notes.append(f"parameter {name}: the name means something else in a command; rename it")
            space[name] = self._parameter(name, terms)

    def _parameter(self, name, terms):
        kind = terms.get("distribution")
        if kind is None:
            kind = _kind_without_name(terms)
        if "probabilities" in terms:
            self._notes.append(f"parameter {name}: probabilities have no counterpart; all values are alike")
        if kind == "constant" and "value" in terms:
            return {"type": "constant", "value": self._plain(name, terms["value"])}
        if kind in ("categorical", "categorical_w_probabilities") and terms.get("values"):
            values = [self._plain(name, value) for value in terms["values"]]
            return {"type": "categorical", "choices": values}
        rounded = kind.startswith(_ROUNDED)
        found = self._number(name, kind[len(_ROUNDED) :] if rounded else kind, terms)
        if rounded:
            step = terms.get("q", 1)
            if found.get("scale"):
                self._notes.append(f"parameter {name}: q = {step} is left out, for a scale has no steps")
            elif _whole(terms["min"]) and _whole(terms["max"]) and _whole(step):
                return {"type": "integer", "low": int(found["low"]), "high": int(found["high"]), "step": int(step)}
            else:
                found["step"] = step
        return found

    def _number(self, name, kind, terms):
        low, high = terms.get("min"), terms.get("max")
        if kind in ("normal", "log_normal"):
            mean, sigma = float(terms.get("mu", 0)), float(terms.get("sigma", 1))
            low, high = mean - 2 * sigma, mean + 2 * sigma
            self._notes.append(f"parameter {name}: {kind} has no counterpart; even draws within two sigma stand for it")
            kind = "log_uniform" if kind == "log_normal" else "uniform"
        if not all(isinstance(bound, (int, float)) and not isinstance(bound, bool) for bound in (low, high)):
            raise StemmaError(
                f"{self._path}: parameters.{name}: {kind} with min = {low!r} and max = {high!r} is not understood "
                "(YAML takes 1e-3 for a text; write 1.0e-3)"
            )
        if kind == "int_uniform":
            return {"type": "integer", "low": int(low), "high": int(high)}
        if kind == "uniform":
            return {"type": "real", "low": float(low), "high": float(high)}
        if kind == "log_uniform":  # bounds are exponents
            return {"type": "real", "low": math.exp(low), "high": math.exp(high), "scale": "log"}
        if kind in ("log_uniform_values", "inv_log_uniform_values"):
            if kind.startswith("inv"):
                self._notes.append(f"parameter {name}: {kind} is drawn as log_uniform_values")
            return {"type": "real", "low": float(low), "high": float(high), "scale": "log"}
        raise StemmaError(f"{self._path}: parameters.{name}: the distribution {kind!r} has no counterpart")

    def _plain(self, name, value):
        if isinstance(value, (bool, int, float, str)):
            return value
        self._notes.append(f"parameter {name}: {value!r} is no number, text, true or false; its text stands for it")
        return str(value)

    # ---- the command -----------------------------------------------------------------------------------------------

    def _command(self, space):
        program = self._sweep.get("program")
        if program is not None:
            beside = os.path.join(os.path.dirname(os.path.abspath(self._path)), str(program))
            program = os.path.relpath(beside, os.path.abspath(self._folder)) if os.path.exists(beside) else str(program)
        options = [(name, name) for name in space]
        if self._length is not None:
            options.append((self._length_name, "to"))
        command = self._sweep.get("command") or ["${env}", "${interpreter}", "${program}", "${args}"]
        words = []
        for word in map(str, command if isinstance(command, list) else str(command).split()):
            if word in ("${env}", "/usr/bin/env"):
                continue
            if word in ("${args}", "${args_no_boolean_flags}"):
                words += [f"--{option}={{{name}}}" for option, name in options]
                if word != "${args}":
                    self._notes.append(f"{word}: a boolean is given as --name=true, not as a flag")
            elif word == "${args_no_hyphens}":
                words += [f"{option}={{{name}}}" for option, name in options]
            elif word in ("${args_json}", "${args_json_file}") or word.startswith("${envvar:"):
                self._notes.append(f"command: {word} has no counterpart")
            else:
                word = word.replace("${interpreter}", "python3").replace("${program}", program or "train.py")
                words.append(word.replace("{", "{{").replace("}", "}}"))
        if program is None and "${program}" in map(str, command):
            self._notes.append("the sweep names no program: train.py is a guess")
        self._notes.append(
            "the script must print its metrics, as JSON or name=value, or write them to a file: --metrics={metrics}. "
            "What it gives to wandb.log() alone is not seen"
        )
        return program is not None, words


_KNOWN = {
    "program",
    "command",
    "method",
    "metric",
    "parameters",
    "early_terminate",
    "run_cap",
    "name",
    "description",
    "project",
    "entity",
}


def _kind_without_name(terms):
    if "values" in terms:
        return "categorical"
    if "value" in terms:
        return "constant"
    if "mu" in terms:
        return "normal"
    return "int_uniform" if _whole(terms.get("min")) and _whole(terms.get("max")) else "uniform"


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool)
