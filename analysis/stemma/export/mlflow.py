"""MLflow: an experiment with a run for each member, heirs nested below their parents."""

import math

import numpy as np

from stemma.errors import StemmaError
from stemma.export.needed import needed

_METRICS_A_BATCH = 1000  # MLflow's limit of one request


def to_mlflow(run, address, experiment=None):
    """Writes to the tracking server or store at `address`; returns a line to print. Steps are units of training."""
    client_of = needed("mlflow.tracking", "mlflow-skinny", "MLflow")
    entities = needed("mlflow.entities", "mlflow-skinny", "MLflow")
    name = experiment or f"{run.name} {run.run_id[:6]}"
    try:
        client = client_of.MlflowClient(tracking_uri=address)
        number = client.create_experiment(name)
    except needed("mlflow.exceptions", "mlflow-skinny", "MLflow").MlflowException as error:
        raise StemmaError(f"{address}: MLflow does not take it ({str(error).splitlines()[0]})") from None
    births, told, units = run.members, run.summary, run.units.groupby("member")
    made = {}
    for member in births["member"].tolist():
        birth, begin = births.loc[member], int(1000 * (run.started_unix + births["time"][member]))
        tags = {
            "mlflow.runName": f"member {member}",
            "cause": str(birth["cause"]),
            "founder": str(told["founder"][member]),
        }
        if birth["parent"] >= 0:
            tags["mlflow.parentRunId"] = made[int(birth["parent"])]
        made[member] = client.create_run(number, start_time=begin, tags=tags).info.run_id
        params = [entities.Param(parameter.name, str(birth[parameter.column])) for parameter in run.parameters]
        rows = units.get_group(member) if member in units.groups else run.units.iloc[:0]
        metrics = [
            entities.Metric(metric.name, float(value), begin, int(step))
            for metric in run.metrics
            for step, value in zip(rows["resource"], rows[metric.units_column])
            if math.isfinite(value)
        ]
        client.log_batch(made[member], params=params)
        for first in range(0, len(metrics), _METRICS_A_BATCH):
            client.log_batch(made[member], metrics=metrics[first : first + _METRICS_A_BATCH])
        status = (
            "FAILED"
            if told["state"][member] in ("failed", "diverged") or not np.isfinite(told["best"][member])
            else "FINISHED"
        )
        client.set_terminated(made[member], status=status, end_time=begin + int(1000 * told["seconds"][member]))
    return f"{len(made)} runs in experiment {name!r}: mlflow ui --backend-store-uri {address}"
