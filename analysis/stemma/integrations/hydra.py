"""Hydra: the sweeper of `python3 train.py --multirun hydra/sweeper=stemma`. The function under @hydra.main stays as it
is, and returns the metric.

The sweep writes a job into the sweep folder and starts the search. Each worker of the search is the same command again,
whose sweeper trains what the worker is given, one training after another. So no training waits for a batch.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf import OmegaConf

from stemma import connection
from stemma.job_text import job_text
from stemma.training import trials

_ENDED = (0, 4)  # by itself, or by `stemma stop`
_BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
# A worker starts the command from this file, because the words of a job's command have $, ~ and braces of their own.
_COMMAND = "stemma.command.json"
_START = "import json, os, sys; words = json.load(open(sys.argv[1])); os.execv(words[0], words)"

_trial = None


def current_trial():
    """The trial that the function is called for, for functions that report each epoch, or save by hand. None elsewhere:
    in a run without --multirun."""
    return _trial


class Sweep:
    def __init__(self, settings, hydra_context, task_function, config):
        self._settings = OmegaConf.to_container(OmegaConf.create(settings), resolve=True)
        self._hydra_context, self._task_function, self._config = hydra_context, task_function, config

    def run(self, arguments):
        launcher = OmegaConf.select(self._config, "hydra.launcher._target_")
        if launcher != _BASIC:
            raise HydraException(
                f"hydra/sweeper=stemma starts its workers itself, and takes no launcher ({launcher}): leave "
                "hydra/launcher out. For more workers say hydra.sweeper.workers=4. On a cluster start the search by "
                "`stemma run` (docs/frameworks.md)"
            )
        parser = OverridesParser.create(config_loader=self._hydra_context.config_loader)
        given = [f"{name}={value}" for name, value in (self._settings["params"] or {}).items()]
        overrides = {one.get_key_element(): one for one in parser.parse_overrides(given + list(arguments))}
        fixed = [one.input_line for one in overrides.values() if not one.is_sweep_override()]
        searched = {key: one for key, one in overrides.items() if one.is_sweep_override()}
        if connection.started_by_stemma():
            return self._train(fixed, {key.lstrip("+"): key for key in searched})
        return self._search({key.lstrip("+"): one for key, one in searched.items()})

    def _search(self, searched):
        if not searched:
            raise HydraException(
                "hydra/sweeper=stemma has nothing to search: say lr='tag(log, interval(1e-4, 1e-1))', or so, on the "
                "command line or in hydra.sweeper.params"
            )
        folder = Path(self._config.hydra.sweep.dir).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self._config, folder / "multirun.yaml")
        job, run = folder / "stemma.toml", folder / "stemma.h5"
        (folder / _COMMAND).write_text(json.dumps(_this_command(folder)), encoding="utf-8")
        space = {name: parameter_of(one) for name, one in searched.items()}
        job.write_text("# Written by hydra/sweeper=stemma.\n" + job_text(self._job(space, folder)), encoding="utf-8")
        program, workers = self._settings["program"], str(self._settings["workers"])
        code = _ended([program, "run", "--continue", str(job), "-n", workers, "-o", str(run)])
        if code not in _ENDED:
            raise HydraException(
                f"the search ended with exit code {code} (above; what the trainings printed: {run}.logs). To go on "
                f"with it: the same command again, with hydra.sweep.dir={folder}"
            )
        self._write_results(folder, run, {name: _values(one) for name, one in searched.items()})

    def _job(self, space, folder):
        own = self._settings
        tables = {
            "run": {"name": self._config.hydra.job.name, "budget": own["budget"] or {"members": 20}},
            "metric": {"name": own["metric"], "direction": own["direction"]},
            "space": space,
            "sampler": own["sampler"],
            "scheduler": own["scheduler"] or {"type": "random", "max": 1},
            "trainer": {"type": "process", "command": [sys.executable, "-c", _START, str(folder / _COMMAND)]},
        }
        for name, table in (own["job"] or {}).items():
            tables[name] = {**(tables.get(name) or {}), **table}
        return tables

    def _train(self, fixed, searched):
        """In a worker: calls the function for each trial, as Hydra's own launcher does."""
        global _trial
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=self._hydra_context, task_function=self._task_function, config=self._config
        )
        metric, unit = self._settings["metric"], self._settings["unit_override"]
        for trial in trials(mutable=None if unit else []):
            with trial:
                values = {searched[name]: _text(value) for name, value in trial.items()} | self._of_the_trial(trial)
                _trial = trial
                try:
                    job = [*fixed, *(f"{key}={text}" for key, text in values.items())]
                    returned = launcher.launch([job], initial_job_idx=trial.member)[0].return_value
                finally:
                    _trial = None
                if returned is not None or trial.at < trial.last:
                    trial.report(at=trial.last, **_metrics(returned, metric))

    def _of_the_trial(self, trial):
        found = {"unit": trial.last, "start": trial.start, "save": trial.save_path, "seed": trial.member_seed}
        keys = {name: self._settings[f"{name}_override"] for name in found}
        return {keys[name]: _text(value) for name, value in found.items() if keys[name]}

    def _write_results(self, folder, run, values):
        """As the sweepers for Optuna, Nevergrad and Ax do."""
        words = [self._settings["program"], "export", str(run), "--json", "-"]
        tables = json.loads(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout)
        metric, sign = self._settings["metric"], 1 if self._settings["direction"] == "minimize" else -1
        reports = [one for one in tables["reports"] if one[metric] is not None]
        if not reports:
            return
        best = min(reports, key=lambda one: sign * one[metric])
        member = next(one for one in tables["members"] if one["member"] == best["member"])
        results = {
            "name": "stemma",
            "best_params": {name: values[name].get(one, one) for name, one in member["configuration"].items()},
            "best_value": best[metric],
            "best_member": best["member"],
            "run": str(run),
        }
        OmegaConf.save(OmegaConf.create(results), folder / "optimization_results.yaml")


def parameter_of(override):
    """A table of [space] for an override such as lr=interval(0.1, 1). Raises HydraException."""
    value = override.value()
    if override.is_interval_sweep():
        whole = isinstance(value.start, int) and isinstance(value.end, int)
        return {
            "type": "integer" if whole else "real",
            "low": value.start,
            "high": value.end,
            "scale": "log" if "log" in value.tags else None,
        }
    texts = list(override.sweep_string_iterator())
    if override.is_range_sweep() and not value.shuffle:
        numbers = (value.start, value.stop, value.step)
        if not all(isinstance(one, int) for one in numbers) or value.step < 1:
            return {"type": "ordinal", "levels": texts}
        return {
            "type": "integer",
            "low": value.start,
            "high": int(texts[-1]),  # the end is excluded, as everywhere in Hydra
            "step": value.step if value.step > 1 else None,
            "scale": "log" if "log" in value.tags else None,
        }
    return {"type": "categorical", "choices": texts}


def _values(override):
    """The values of the texts of a choice."""
    if override.is_interval_sweep():
        return {}
    return dict(zip(override.sweep_string_iterator(), override.sweep_iterator()))


def _text(value):
    """A value as an override has it. Texts of choices are overrides' texts already."""
    return "null" if value is None else value if isinstance(value, str) else repr(value)


def _metrics(returned, metric):
    if isinstance(returned, dict):
        return returned
    try:
        return {metric: float(returned)}
    except (TypeError, ValueError):
        raise TypeError(
            f"the function under @hydra.main returned {returned!r}: return {metric}, a number, or a dict with it"
        ) from None


def _this_command(folder):
    """The command that started this program. The folder has the time in it, usually, and must be the same."""
    module = getattr(sys.modules["__main__"], "__spec__", None)
    start = ["-m", module.name.removesuffix(".__main__")] if module else [os.path.abspath(sys.argv[0])]
    quoted = str(folder).replace("'", r"\'")
    return [sys.executable, *start, *sys.argv[1:], f"hydra.sweep.dir='{quoted}'"]


def _ended(words):
    """Exit code of the command. Ctrl-C goes to it, too, and it ends in order."""
    try:
        process = subprocess.Popen(words)
    except OSError as error:
        raise HydraException(
            f"{words[0]} cannot be started ({error.strerror}): say hydra.sweeper.program=PATH"
        ) from None
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
