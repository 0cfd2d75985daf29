"""MLflow: an experiment with a run for each member, heirs nested below their parents."""

import math

import numpy as np

from stemma.errors import StemmaError
from stemma.export.needed import needed

_METRICS_A_BATCH = 1000  # MLflow's limit of one request


def to_mlflow(run, address, experiment=None):
    """Writes to the tracking server or store at `address`; returns a line to print. Steps are units of training."""
    writer = Mlflow(run, address, experiment)
    writer.update(run)
    return writer.close(run)


class Mlflow:
    """An experiment that grows with the run of a search."""

    def __init__(self, run, address, experiment=None):
        self._address, self._name = address, experiment or f"{run.name} {run.run_id[:6]}"
        self._entities = needed("mlflow.entities", "mlflow-skinny", "MLflow")
        client_of = needed("mlflow.tracking", "mlflow-skinny", "MLflow")
        try:
            self._client = client_of.MlflowClient(tracking_uri=address)
            self._experiment = self._client.create_experiment(self._name)
        except needed("mlflow.exceptions", "mlflow-skinny", "MLflow").MlflowException as error:
            raise StemmaError(f"{address}: MLflow does not take it ({str(error).splitlines()[0]})") from None
        self._runs = []  # MLflow's number of the run of each member
        self._rows = 0
        self._last = {}  # (member, metric) -> last step
        self._shown = {}  # (member, metric, step) -> value of a training under way that is not recorded yet
        self._times = {}  # member -> milliseconds of its last row: MLflow orders by time

    def update(self, run):
        """Appends what came since."""
        births, told = run.members, run.summary
        for member in range(len(self._runs), len(births)):
            self._begin(run, member, births.loc[member], told["founder"][member])
        rows = run.units.iloc[self._rows :]
        self._rows += len(rows)
        for member, part in rows.groupby("member"):
            columns = zip(part["resource"], *(part[metric.units_column] for metric in run.metrics))
            values = ((step, births["time"][member], values) for step, *values in columns)
            self._append(run, member, values, recorded=True)

    def begin(self, run, shown):
        """Appends what trainings under way have shown. The training may fail, and another one of the same member may
        have other values. update() then appends these with a later time: MLflow deletes no values."""
        for one in shown:
            if one.member < len(self._runs):
                self._append(run, one.member, [(one.resource, one.seconds, one.values)], recorded=False)

    def _append(self, run, member, rows, recorded):
        """`rows`: (step, seconds of the search, values of the metrics), ascending."""
        metrics = []
        for step, seconds, values in rows:
            time = max(int(1000 * (run.started_unix + seconds)), self._times.get(member, 0))
            for metric, value in zip(run.metrics, values):
                last = self._last.get((member, metric.name), -1)
                shown = self._shown.pop((member, metric.name, step), None) if recorded else None
                if not math.isfinite(value) or value == shown or (step <= last and not recorded):
                    continue
                if not recorded:
                    self._shown[member, metric.name, step] = value
                if step <= last:
                    time = max(time, self._times.get(member, 0) + 1)  # MLflow takes the latest value of a step
                self._last[member, metric.name] = max(step, last)
                self._times[member] = time
                metrics.append(self._entities.Metric(metric.name, float(value), time, int(step)))
        for first in range(0, len(metrics), _METRICS_A_BATCH):
            self._client.log_batch(self._runs[member], metrics=metrics[first : first + _METRICS_A_BATCH])

    def _begin(self, run, member, birth, founder):
        tags = {"mlflow.runName": f"member {member}", "cause": str(birth["cause"]), "founder": str(founder)}
        if birth["parent"] >= 0:
            tags["mlflow.parentRunId"] = self._runs[int(birth["parent"])]
        begin = int(1000 * (run.started_unix + birth["time"]))
        self._runs.append(self._client.create_run(self._experiment, start_time=begin, tags=tags).info.run_id)
        params = [self._entities.Param(parameter.name, str(birth[parameter.column])) for parameter in run.parameters]
        self._client.log_batch(self._runs[member], params=params)

    def close(self, run):
        births, told = run.members, run.summary
        for member, number in enumerate(self._runs):
            well = told["state"][member] not in ("failed", "diverged") and np.isfinite(told["best"][member])
            end = int(1000 * (run.started_unix + births["time"][member] + told["seconds"][member]))
            self._client.set_terminated(number, status="FINISHED" if well else "FAILED", end_time=end)
        return f"{len(self._runs)} runs in experiment {self._name!r}: mlflow ui --backend-store-uri {self._address}"
