"""Peers that take 0.2 s and more a proposal, on few seeds: SMAC, HEBO, Ax, each where it is installed (README.md)."""

import logging
import shutil
import tempfile
from importlib.metadata import version

import numpy as np
from contenders import Contender


class Smac(Contender):
    def __init__(self, facade):
        super().__init__()
        import smac

        self._make, self.version = getattr(smac, facade), f"smac {version('smac')}"

    def start(self, task, seed, out):
        import ConfigSpace
        import smac

        space = ConfigSpace.ConfigurationSpace(seed=seed)
        for name, domain in task.space.items():
            if isinstance(domain, tuple):
                space.add(ConfigSpace.Float(name, domain))
            elif isinstance(domain, int):
                space.add(ConfigSpace.Integer(name, (0, domain - 1)))
            else:
                space.add(ConfigSpace.Categorical(name, domain))
        self._folder = tempfile.mkdtemp(prefix="peers-")
        scenario = smac.Scenario(
            space, deterministic=True, n_trials=task.evaluations, seed=seed, output_directory=self._folder
        )
        self._smac = self._make(scenario, lambda config, seed=0: 0.0, overwrite=True, logging_level=False)

    def ask(self):
        info = self._smac.ask()
        return info, dict(info.config)

    def tell(self, handle, value):
        from smac.runhistory import TrialValue

        self._smac.tell(handle, TrialValue(cost=value), save=False)

    def close(self):
        shutil.rmtree(self._folder, ignore_errors=True)


class Hebo(Contender):
    """Proposals that are out together are made together."""

    def __init__(self):
        super().__init__()
        import hebo.optimizers.hebo  # noqa: F401  (is it there?)

        self.version = f"HEBO {version('HEBO')}"

    def start(self, task, seed, out):
        import torch
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO

        torch.manual_seed(seed)
        np.random.seed(seed)
        space = [self._parameter(name, domain) for name, domain in task.space.items()]
        self._hebo, self._out, self._ready = HEBO(DesignSpace().parse(space), scramble_seed=seed), out, []

    @staticmethod
    def _parameter(name, domain):
        if isinstance(domain, tuple):
            return {"name": name, "type": "num", "lb": domain[0], "ub": domain[1]}
        if isinstance(domain, int):
            return {"name": name, "type": "int", "lb": 0, "ub": domain - 1}
        return {"name": name, "type": "cat", "categories": domain}

    def ask(self):
        if not self._ready:
            rows = self._hebo.suggest(n_suggestions=self._out)
            self._ready = [rows.iloc[i : i + 1] for i in range(len(rows))]
        row = self._ready.pop(0)
        return row, row.to_dict("records")[0]

    def tell(self, handle, value):
        self._hebo.observe(handle, np.array([[value]]))


class Ax(Contender):
    def __init__(self):
        super().__init__()
        import ax  # noqa: F401  (is it there?)

        logging.disable(logging.WARNING)
        self.version = f"ax {version('ax-platform')}"

    def start(self, task, seed, out):
        from ax.api.client import Client

        self._client = Client(random_seed=seed)
        self._client.configure_experiment(
            parameters=[self._parameter(name, domain) for name, domain in task.space.items()]
        )
        self._client.configure_optimization(objective="-v")

    @staticmethod
    def _parameter(name, domain):
        from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

        if isinstance(domain, tuple):
            return RangeParameterConfig(name=name, bounds=domain, parameter_type="float")
        if isinstance(domain, int):
            return RangeParameterConfig(name=name, bounds=(0, domain - 1), parameter_type="int")
        return ChoiceParameterConfig(name=name, values=domain, parameter_type="str", is_ordered=False)

    def ask(self):
        ((index, configuration),) = self._client.get_next_trials(max_trials=1).items()
        return index, configuration

    def tell(self, handle, value):
        self._client.complete_trial(handle, raw_data={"v": value})


CONTENDERS = {
    "smac-bb": lambda: Smac("BlackBoxFacade"),
    "smac-hpo": lambda: Smac("HyperparameterOptimizationFacade"),
    "hebo": Hebo,
    "ax": Ax,
}
