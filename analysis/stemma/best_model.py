"""The best model of a run, as the training program saved it."""

import io
import os

from stemma import torch_snapshot
from stemma.errors import StemmaError
from stemma.run import Run, open_run

_FILE = "process"  # the array that holds a program's file; those of a folder begin with "process/"


def load_best(run, model=None, map_location="cpu"):
    """What the best training saved, by name: {"model": state_dict, "optimizer": ..., ...}. `run`: RUN.h5, or an opened
    run. `model`: its load_state_dict() gets the state "model". `map_location`: as in torch.load().

    Loads what trial.restore(), trial.save() and torch.save() of a dict wrote, and the weights of trainers that are
    built in. Raises StemmaError if there is no such snapshot. A pickle can run code: load only runs that you trust."""
    run = run if isinstance(run, Run) else open_run(os.fspath(run))
    place = run._snapshot_place()
    arrays = place.read()
    states = _of_program(run, place, arrays, map_location) if _is_programs(arrays) else _of_tensors(arrays)
    if model is not None:
        if "model" not in states:
            raise StemmaError(
                f'{place}: has no "model"; it has {", ".join(states) or "nothing"}. load_best() without a model '
                "returns these by name"
            )
        model.load_state_dict(states["model"])
    return states


def _is_programs(arrays):
    return any(name == _FILE or name.startswith(_FILE + "/") for name in arrays)


def _of_program(run, place, arrays, map_location):
    other = f"stemma export {run.path} --weights FILE writes it as the training program left it"
    if _FILE not in arrays:
        raise StemmaError(f"{place}: the snapshot is a folder, not a file; {other}")
    try:
        whole = torch_snapshot.read_any(io.BytesIO(arrays[_FILE].tobytes()), map_location)
    except ImportError as error:
        raise StemmaError(f"{place}: this Python needs what the training program used ({error})") from error
    except Exception as error:
        raise StemmaError(
            f"{place}: neither trial.save() nor torch.save() wrote this snapshot ({type(error).__name__}: {error}); "
            f"{other}"
        ) from error
    if not isinstance(whole, dict):
        raise StemmaError(f"{place}: the snapshot is a {type(whole).__name__}, not states by name; {other}")
    return torch_snapshot.values_of(whole)


def _of_tensors(arrays):
    """{"model": {"fc.weight": tensor}} of arrays by names such as "model/fc.weight"."""
    import torch

    states = {}
    for name, array in arrays.items():
        part, _, rest = name.partition("/")
        states.setdefault(part, {})[rest or part] = torch.from_numpy(array.copy())
    return states
