"""Snapshots of PyTorch trainings: models, optimisers, schedulers and every random stream, in one file.

    stemma.load_torch(lease, model=model, optimiser=optimiser)     # does nothing when training starts from scratch
    ...
    stemma.save_torch(lease, model=model, optimiser=optimiser, scheduler=scheduler)

Anything with state_dict() and load_state_dict() can be given, under any name; other values are kept as they are.
"""

import contextlib
import random
import sys

_RANDOM = "random streams"


def _random_state():
    import torch

    state = {"python": random.getstate(), "torch": torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state["cuda"] = torch.cuda.get_rng_state_all()
    if "numpy" in sys.modules:
        state["numpy"] = sys.modules["numpy"].random.get_state()
    return state


def _set_random_state(state):
    import torch

    random.setstate(state["python"])
    torch.set_rng_state(state["torch"].cpu())
    if "cuda" in state and torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([one.cpu() for one in state["cuda"]])
    if "numpy" in state:
        import numpy

        numpy.random.set_state(state["numpy"])


def save_torch(lease, **parts):
    """Writes the lease's snapshot. `lease` may also be a path."""
    import torch

    whole = {name: part.state_dict() if hasattr(part, "state_dict") else part for name, part in parts.items()}
    if _RANDOM in whole:
        raise ValueError(f'"{_RANDOM}" is the name of what is saved by itself')
    whole[_RANDOM] = _random_state()
    torch.save(whole, getattr(lease, "save", lease))


def load_torch(lease, map_location=None, seed=True, **parts):
    """Loads the lease's start snapshot into `parts`; returns the values without state_dict() by name.

    From scratch: returns {}, and seeds Python, NumPy and PyTorch by the member's seed (so call it before the model is
    made, too, if its first weights shall follow from the seed: `load_torch(lease)`); `seed=False` leaves them alone.
    An optimiser's state has its learning rate, momentum and the like in it, and a scheduler's the learning rates that it
    starts from: where a child adopts its parent's snapshot, those that they were made with stay.
    """
    import torch

    path = getattr(lease, "start", lease)
    if path is None:
        if seed and not parts:
            random.seed(lease.seed)
            torch.manual_seed(lease.seed % 2**63)
            if "numpy" in sys.modules:
                sys.modules["numpy"].random.seed(lease.seed % 2**32)
        return {}
    from stemma.training import SnapshotUnavailable

    try:
        # The snapshot is this program's own: its values may be of any type.
        whole = torch.load(path, map_location=map_location, weights_only=False)
        if not isinstance(whole, dict) or _RANDOM not in whole:
            raise ValueError("it was not written by save_torch()")
        for name, part in parts.items():
            with keep_hyperparameters(part) if getattr(lease, "adopted", False) else contextlib.nullcontext():
                part.load_state_dict(whole[name])
    except MemoryError:
        raise
    except Exception as error:
        raise SnapshotUnavailable(f"{type(error).__name__}: {error}") from error
    if parts:
        _set_random_state(whole[_RANDOM])
    return {name: value for name, value in whole.items() if name not in parts and name != _RANDOM}


class keep_hyperparameters:
    """While the state of an optimiser is loaded: its learning rate, momentum and the like stay as they were made for this
    member; of a scheduler: the learning rates that it starts from. Does nothing for other things."""

    def __init__(self, part):
        import torch

        self._part = part
        self._groups = part.param_groups if isinstance(part, torch.optim.Optimizer) else []
        self._schedulers = [one for one in _all_schedulers(part) if hasattr(one, "base_lrs")]

    def __enter__(self):
        self._kept = [{key: value for key, value in group.items() if key != "params"} for group in self._groups]
        self._base_lrs = [list(one.base_lrs) for one in self._schedulers]

    def __exit__(self, kind, error, trace):
        if kind is None and self._groups:
            for group, kept in zip(self._part.param_groups, self._kept):
                group.update(kept)
        if kind is None:
            for one, kept in zip(self._schedulers, self._base_lrs):
                one.base_lrs = kept
        return False


def _all_schedulers(part):
    """It and those inside it: SequentialLR and ChainedScheduler are made of others."""
    return [part, *(inner for one in getattr(part, "_schedulers", ()) for inner in _all_schedulers(one))]
