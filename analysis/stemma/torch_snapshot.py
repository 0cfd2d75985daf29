"""Snapshots of trainings: models, optimizers, schedulers, generators and every random stream, in one file.

    values = trial.restore(model=model, optimizer=optimizer, scheduler=scheduler)    # from scratch: loads nothing
    ...
    trial.save(best=best)                                                            # returned by the next restore()

A part has state_dict() and load_state_dict(), or is a generator of random numbers. Without PyTorch the file is a
pickle.
"""

import pickle
import random
import sys
import types
import weakref

from stemma import torch_adoption
from stemma.terms import SnapshotUnavailable

_OWN = "stemma"  # in the file: what is saved beside the parts
_ZIP = b"PK"  # a file of torch.save()

_made = weakref.WeakKeyDictionary()  # optimizer -> what its groups were made with


def save(path, parts, trial=None):
    """Writes the states of `parts`, by name, and the random streams. Values that are no parts are kept as they are."""
    _write(path, content(parts, trial))


def save_streams(path):
    """Writes the random streams alone: those of a process beside process 0."""
    _write(path, {_OWN: {"random": _random_state()}})


def _write(path, whole):
    if "torch" in sys.modules:
        sys.modules["torch"].save(whole, path)
        return
    with open(path, "wb") as file:
        pickle.dump(whole, file, protocol=4)


def content(parts, trial=None):
    """What save() writes."""
    _require_free(parts)
    parts = {name: _bare(part) for name, part in parts.items()}
    whole = {name: _state_of(part) for name, part in parts.items()}
    whole[_OWN] = {
        "random": _random_state(),
        "configuration": None if trial is None else trial.configuration.plain(),
        "types": {name: torch_adoption.type_name(part) for name, part in parts.items()},
        "made": {
            name: _made[part] for name, part in parts.items() if torch_adoption.is_optimizer(part) and part in _made
        },
    }
    return whole


def load(trial, parts, map_location=None):
    """Loads the trial's start snapshot into `parts` and restores the random streams. Returns the other values by name.
    From scratch it does nothing and returns {}: call it all the same, with all parts.

    A child that adopts its parent's snapshot with other hyperparameters keeps its own: stemma.torch_adoption says how.
    """
    begin(parts)
    if map_location is None and trial.rank > 0:
        map_location = "cpu"  # not the GPU of process 0
    return {} if trial.start is None else take(trial, read(trial.start, map_location), parts)


def begin(parts):
    """Remembers what the parts were made with. Call it while they are new."""
    _require_free(parts)
    for name, part in parts.items():
        _require_part(name, part)
        if torch_adoption.is_optimizer(part):
            _made[part] = torch_adoption.made_with(part)


def take(trial, whole, parts):
    """load() from what content() returned in the training before. Call begin() first."""
    whole = dict(whole)
    parts = {name: _bare(part) for name, part in parts.items()}
    own = whole.pop(_OWN)
    for name in parts:
        if name not in whole:
            raise KeyError(
                f'restore: the snapshot has no "{name}"; it has {", ".join(whole) or "nothing"}: what restore() and '
                "save() were given in the training before"
            )
    states = {name: whole.pop(name) for name in parts}
    rest = {name: part for name, part in parts.items() if _generator(part) is None}
    for name, part in parts.items():
        if name not in rest:
            _generator(part)[1](states[name])
    if _is_changed(trial, own["configuration"]):
        torch_adoption.load(rest, states, own["types"], own["made"])
    else:
        for name, part in rest.items():
            part.load_state_dict(states[name])
    if trial.own_streams:
        _set_random_state(_own_streams(trial) or own["random"])
    return whole


def _own_streams(trial):
    """Those of a process beside process 0. None where it left none: the number of processes was another one."""
    if trial.own_start is None:
        return None
    try:
        own = read(trial.own_start, "cpu")[_OWN]
    except SnapshotUnavailable:
        return None  # the script's own file
    return own.get("random")


def _bare(part):
    """The model inside DistributedDataParallel: its parameters have other names outside, and one process needs none."""
    wrapped = type(part).__name__ == "DistributedDataParallel" and hasattr(part, "module")
    return part.module if wrapped else part


def read(path, map_location=None):
    """The whole file. A fault in it is no mistake of the caller's: the member is trained again from another start."""
    try:
        with open(path, "rb") as file:
            whole = read_any(file, map_location)
        if not isinstance(whole, dict) or not isinstance(whole.get(_OWN), dict):
            raise ValueError("it was not written by trial.save(), nor at the end of a trial")
    except MemoryError:
        raise
    except Exception as error:
        raise SnapshotUnavailable(f"{type(error).__name__}: {error}") from error
    return whole


def read_any(file, map_location=None):
    """What torch.save() or pickle wrote into that file, which is open. Values may be of any type: the file is the
    training program's own."""
    is_torchs = file.read(2) == _ZIP
    file.seek(0)
    return _torch().load(file, map_location, weights_only=False) if is_torchs else pickle.load(file)


def values_of(whole):
    """The states and values by name, without what is saved by itself."""
    return {name: value for name, value in whole.items() if name != _OWN}


def _torch():
    import torch

    return torch


def _require_free(parts):
    if _OWN in parts:
        raise ValueError(f'"{_OWN}" is the name of what is saved by itself; give that part another one')


def _require_part(name, part):
    has_state = hasattr(part, "state_dict") and hasattr(part, "load_state_dict")
    if isinstance(part, type) or (_generator(part) is None and not has_state):
        raise TypeError(
            f"restore: {name} is a {type(part).__name__}, which has neither state_dict() and load_state_dict() nor "
            f"get_state() and set_state(). Save such values by trial.save({name}=...); restore() returns them: "
            f'trial.restore(...).get("{name}")'
        )


def _is_changed(trial, parent):
    """True for a child with other hyperparameters than those that trained the snapshot."""
    if parent is None:  # it was saved without a trial
        parent = trial.parent_configuration
    return trial.adopted and trial.configuration != parent


def _state_of(part):
    generator = _generator(part)
    if generator is not None:
        return generator[0]()
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


def _generator(part):
    """How to get and to set the state of a generator of random numbers (PyTorch's, NumPy's, Python's); None for other
    parts."""
    if hasattr(part, "state_dict") or isinstance(part, type):
        return None
    if hasattr(part, "get_state") and hasattr(part, "set_state"):
        return part.get_state, lambda state: part.set_state(_on_cpu(state))
    if hasattr(part, "bit_generator"):  # NumPy
        bits = part.bit_generator
        return lambda: bits.state, lambda state: setattr(bits, "state", state)
    if hasattr(part, "getstate") and hasattr(part, "setstate"):  # random.Random
        return part.getstate, part.setstate
    return None


def _on_cpu(state):
    return state.cpu() if hasattr(state, "cpu") else state


def _random_state():
    state = {"python": random.getstate()}
    torch = sys.modules.get("torch")
    if torch is not None:
        state["torch"] = torch.get_rng_state()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            state["cuda"] = torch.cuda.get_rng_state_all()
    if "numpy" in sys.modules:
        state["numpy"] = sys.modules["numpy"].random.get_state()
    return state


def _set_random_state(state):
    random.setstate(state["python"])
    if "torch" in state:
        torch = _torch()
        torch.set_rng_state(state["torch"].cpu())
        if "cuda" in state and torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([one.cpu() for one in state["cuda"]])
    if "numpy" in state:
        import numpy

        numpy.random.set_state(state["numpy"])
