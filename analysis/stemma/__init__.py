"""Stemma from Python: training programs for a search, and reading its runs."""

import importlib

_LAZY = {
    "leases": "stemma.leases",
    "Lease": "stemma.leases",
    "Infeasible": "stemma.leases",
    "SnapshotUnavailable": "stemma.leases",
    "save_torch": "stemma.torch_snapshot",
    "load_torch": "stemma.torch_snapshot",
    "AskTell": "stemma.process",
}


def __getattr__(name):
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'stemma' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_LAZY])
