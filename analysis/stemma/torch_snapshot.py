"""Snapshots of PyTorch trainings: models, optimizers, schedulers and every random stream, in one file.

    stemma.seed(lease)
    ...
    stemma.load_torch(lease, model=model, optimizer=optimizer, scheduler=scheduler)    # from scratch: loads nothing
    ...
    stemma.save_torch(lease, model=model, optimizer=optimizer, scheduler=scheduler)

Anything with state_dict() and load_state_dict() can be given, under any name, and generators of random numbers (of a
DataLoader); other values are kept as they are.
"""

import random
import sys
import types
import weakref

from stemma import torch_adoption

_OWN = "stemma"  # in the file: what is saved beside the parts

_made = weakref.WeakKeyDictionary()  # optimizer -> what its groups were made with


def save_torch(lease, **parts):
    """Writes the lease's snapshot. `lease` may also be a path."""
    import torch

    if _OWN in parts:
        raise ValueError(f'save_torch: "{_OWN}" is the name of what is saved by itself; give that part another one')
    whole = {name: _state_of(part) for name, part in parts.items()}
    whole[_OWN] = {
        "random": _random_state(),
        "configuration": getattr(lease, "configuration", None),
        "types": {name: torch_adoption.type_name(part) for name, part in parts.items()},
        "made": {
            name: _made[part]
            for name, part in parts.items()
            if isinstance(part, torch.optim.Optimizer) and part in _made
        },
    }
    torch.save(whole, getattr(lease, "save", lease))


def load_torch(lease, map_location=None, **parts):
    """Loads the lease's start snapshot into `parts` and restores the random streams. Returns the values that are no
    such parts by name. From scratch it does nothing and returns {}: call it all the same, with all parts. `lease` may
    be a path.

    A child that adopts its parent's snapshot with other hyperparameters keeps its own: stemma.torch_adoption says how.
    """
    import torch

    for name, part in parts.items():
        if not (hasattr(part, "load_state_dict") or _is_generator(part)):
            raise TypeError(
                f"load_torch: {name} is a {type(part).__name__}, which has no load_state_dict(); leave it out: "
                f'values are returned, load_torch(...)["{name}"]'
            )
        if isinstance(part, torch.optim.Optimizer):
            _made[part] = torch_adoption.made_with(part)
    path = getattr(lease, "start", lease)
    if path is None:
        return {}
    whole = _read(path, map_location)
    own = whole.pop(_OWN)
    for name in parts:
        if name not in whole:
            raise KeyError(
                f'load_torch: the snapshot has no "{name}"; save_torch() was given {", ".join(whole) or "nothing"}'
            )
    states = {name: whole.pop(name) for name in parts}
    generators = {name: part for name, part in parts.items() if _is_generator(part)}
    for name, part in generators.items():
        part.set_state(_on_cpu(states[name]))
    rest = {name: part for name, part in parts.items() if name not in generators}
    if _is_changed(lease, own["configuration"]):
        torch_adoption.load(rest, states, own["types"], own["made"])
    else:
        for name, part in rest.items():
            part.load_state_dict(states[name])
    _set_random_state(own["random"])
    return whole


def _is_changed(lease, parent):
    """True for a child with other hyperparameters than those that trained the snapshot."""
    if parent is None:  # it was saved without a lease
        parent = getattr(lease, "parent_configuration", None)
    return getattr(lease, "adopted", False) and lease.configuration != parent


def _read(path, map_location):
    """The whole file. A fault in it is no mistake of the caller's: the member is trained again from another start."""
    import torch

    from stemma.lease import SnapshotUnavailable

    try:
        # The snapshot is this program's own: its values may be of any type.
        whole = torch.load(path, map_location=map_location, weights_only=False)
        if not isinstance(whole, dict) or not isinstance(whole.get(_OWN), dict):
            raise ValueError("it was not written by save_torch()")
    except MemoryError:
        raise
    except Exception as error:
        raise SnapshotUnavailable(f"{type(error).__name__}: {error}") from error
    return whole


def _state_of(part):
    if _is_generator(part):
        return part.get_state()
    if not hasattr(part, "state_dict"):
        return part
    state = part.state_dict()
    return _without_functions(state) if torch_adoption.is_scheduler(part) else state


def _without_functions(state):
    """A scheduler's functions follow from what it is made with. PyTorch 1.13 has some in its state that cannot be
    saved, or that the optimizer would be saved with."""
    kept = {
        name: value
        for name, value in state.items()
        if not isinstance(value, (types.FunctionType, types.MethodType, weakref.ref))
    }
    if "_schedulers" in kept:
        kept["_schedulers"] = [_without_functions(one) for one in kept["_schedulers"]]
    return kept


def _is_generator(part):
    return hasattr(part, "get_state") and hasattr(part, "set_state") and not hasattr(part, "state_dict")


def _on_cpu(state):
    return state.cpu() if hasattr(state, "cpu") else state


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
