"""Runs in other programs' formats. The libraries are imported when they are needed, and named if they are missing."""

from stemma.export.following import follow
from stemma.export.graphs import to_graphml, to_newick
from stemma.export.mlflow import Mlflow, to_mlflow
from stemma.export.optuna import to_optuna
from stemma.export.tables import to_parquet
from stemma.export.tensorboard import TensorBoard, to_tensorboard

# Option of `stemma export` -> function of (run, target) that returns a line to print, or None. CSV and JSON are the
# program's own.
FORMATS = {
    "graphml": to_graphml,
    "newick": to_newick,
    "parquet": to_parquet,
    "tensorboard": to_tensorboard,
    "optuna": to_optuna,
    "mlflow": to_mlflow,
}

# Those that can follow a run: function of (run, target) that returns what has update(run) and close(run).
LIVE = {"tensorboard": lambda run, folder: TensorBoard(folder), "mlflow": Mlflow}

__all__ = [
    "FORMATS",
    "LIVE",
    "follow",
    "to_graphml",
    "to_mlflow",
    "to_newick",
    "to_optuna",
    "to_parquet",
    "to_tensorboard",
]
