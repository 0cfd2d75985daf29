"""Stemma in Python: runs as data frames, genealogies and pages; helpers for training code.

>>> import stemma
>>> run = stemma.open("RUN.h5")     # finished, killed, or being written
>>> run.best(3)

Names are loaded when they are first used, so that `import stemma` costs nothing and needs NumPy only.
"""

import importlib

import stemma.connection  # noqa: F401 - takes what belongs to this process alone out of the environment

# name -> module, or module:attribute. A function never has the name of a module of this package: importing the module
# would hide the function.
_NAMES = {
    "open": "stemma.run:open_run",
    "Run": "stemma.run:Run",
    "compare": "stemma.comparison:compare",
    "Comparison": "stemma.comparison:Comparison",
    "StemmaError": "stemma.errors:StemmaError",
    "StemmaWarning": "stemma.errors:StemmaWarning",
    "schema": "stemma.schema",
    "plots": "stemma.plots",
    "report": "stemma.report",
    "export": "stemma.export",
    "trials": "stemma.training:trials",
    "run_trials": "stemma.training:run_trials",
    "process_group": "stemma.distributed:process_group",
    "Infeasible": "stemma.terms:Infeasible",
    "SnapshotUnavailable": "stemma.terms:SnapshotUnavailable",
    "load_best": "stemma.best_model:load_best",
    "search": "stemma.searching:search",
    "AskTell": "stemma.process:AskTell",
}

__all__ = sorted(_NAMES)  # noqa: PLE0605


def __getattr__(name):
    place = _NAMES.get(name)
    if place is None:
        raise AttributeError(f"module 'stemma' has no attribute {name!r}; it has {', '.join(__all__)}")
    module, _, attribute = place.partition(":")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name in ("h5py", "numpy", "pandas"):
            raise ImportError(f"stemma.{name} needs {error.name}: pip install h5py pandas scikit-learn") from None
        raise
    found = getattr(found, attribute) if attribute else found
    globals()[name] = found
    return found


def __dir__():
    return sorted({*globals(), *_NAMES})
