"""Runs in other programs' formats. The libraries are imported when they are needed, and named where they are not there."""

from stemma.export.mlflow import to_mlflow
from stemma.export.optuna import to_optuna
from stemma.export.tables import to_csv, to_json, to_parquet
from stemma.export.tensorboard import to_tensorboard

# Option of `stemma export` -> function of (run, target) that returns a line to print.
FORMATS = {"csv": to_csv, "json": to_json, "parquet": to_parquet, "tensorboard": to_tensorboard, "optuna": to_optuna, "mlflow": to_mlflow}

__all__ = ["FORMATS", "to_csv", "to_json", "to_mlflow", "to_optuna", "to_parquet", "to_tensorboard"]
