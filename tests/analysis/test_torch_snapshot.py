"""Snapshots of PyTorch trainings: what a child keeps of its own. Stand-ins for PyTorch's classes, so that it is not needed."""

import copy
import pickle
import sys
from types import SimpleNamespace

import pytest
import stemma


class Optimiser:
    def __init__(self, lr):
        self.param_groups = [{"params": [0], "lr": lr, "initial_lr": lr}]

    def state_dict(self):
        return {"groups": copy.deepcopy(self.param_groups)}

    def load_state_dict(self, state):
        self.param_groups = copy.deepcopy(state["groups"])


class Scheduler:
    """As PyTorch's: all but the optimiser is its state, and a step computes the learning rate from where it began."""

    def __init__(self, optimiser):
        self.optimiser = optimiser
        self.base_lrs = [group["initial_lr"] for group in optimiser.param_groups]
        self.last_epoch = 0

    def step(self):
        self.last_epoch += 1
        for group, base in zip(self.optimiser.param_groups, self.base_lrs):
            group["lr"] = base * 0.5**self.last_epoch

    def state_dict(self):
        return {name: value for name, value in vars(self).items() if name != "optimiser"}

    def load_state_dict(self, state):
        vars(self).update(state)


class Sequence:
    """One scheduler after another: it has no learning rates of its own."""

    def __init__(self, *schedulers):
        self._schedulers = list(schedulers)

    def state_dict(self):
        return {"inner": [one.state_dict() for one in self._schedulers]}

    def load_state_dict(self, state):
        for one, inner in zip(self._schedulers, state["inner"]):
            one.load_state_dict(inner)


def load(path, map_location, weights_only):
    with open(path, "rb") as file:
        return pickle.load(file)


def save(whole, path):
    with open(path, "wb") as file:
        pickle.dump(whole, file)


@pytest.fixture(autouse=True)
def torch(monkeypatch):
    fake = SimpleNamespace(optim=SimpleNamespace(Optimizer=Optimiser), load=load, save=save)
    monkeypatch.setitem(sys.modules, "torch", fake)
    monkeypatch.setattr("stemma.torch_snapshot._random_state", dict)
    monkeypatch.setattr("stemma.torch_snapshot._set_random_state", lambda state: None)


def trained(lr, lease, wrap):
    """A training of two steps in `lease`."""
    optimiser = Optimiser(lr)
    inner = Scheduler(optimiser)
    scheduler = wrap(inner)
    stemma.load_torch(lease, optimiser=optimiser, scheduler=scheduler)
    inner.step()
    inner.step()
    stemma.save_torch(lease, optimiser=optimiser, scheduler=scheduler)
    return optimiser.param_groups[0]["lr"], inner.last_epoch


@pytest.mark.parametrize("wrap", [lambda one: one, Sequence])
def test_a_child_goes_on_from_its_own_learning_rate(tmp_path, wrap):
    def lease(start, save, adopted):
        return SimpleNamespace(start=start and tmp_path / start, save=tmp_path / save, adopted=adopted, seed=1)

    assert trained(0.8, lease(None, "parent", False), wrap) == (0.2, 2)
    assert trained(0.8, lease("parent", "parent", False), wrap) == (0.05, 4)
    # The parent's schedule, from the child's own learning rate.
    assert trained(0.64, lease("parent", "child", True), wrap) == (0.64 / 64, 6)
    assert trained(0.64, lease("child", "child", False), wrap) == (0.64 / 256, 8)
