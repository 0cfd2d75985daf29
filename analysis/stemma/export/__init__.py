"""Runs in other programs' formats. The libraries are imported when they are needed, and named if they are missing."""

from stemma.export.graphs import to_graphml, to_newick
from stemma.export.mlflow import to_mlflow
from stemma.export.optuna import to_optuna
from stemma.export.tables import to_parquet
from stemma.export.tensorboard import to_tensorboard

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

__all__ = ["FORMATS", "to_graphml", "to_mlflow", "to_newick", "to_optuna", "to_parquet", "to_tensorboard"]
