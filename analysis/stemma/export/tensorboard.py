"""TensorBoard event files: a run for each lineage, so that curves do not break at births."""

from pathlib import Path

import numpy as np

from stemma.export.needed import needed

_LINEAGES_MAX = 500  # TensorBoard becomes unusable with more runs


def to_tensorboard(run, folder, lineages=_LINEAGES_MAX):
    """Writes FOLDER/<member>/ for the ends of lineages (members without heirs), best first: metrics at each unit of
    training, and hyperparameters at each change. Wall time is that of the search."""
    writers = needed("tensorboard.summary.writer.event_file_writer", "tensorboard", "TensorBoard's format")
    events = needed("tensorboard.compat.proto.event_pb2", "tensorboard", "TensorBoard's format")
    summaries = needed("tensorboard.compat.proto.summary_pb2", "tensorboard", "TensorBoard's format")
    chosen = leaves(run)[:lineages]
    for member in chosen:
        writer = writers.EventFileWriter(str(Path(folder) / f"member-{member:06d}"))
        for step, seconds, tag, value in _scalars(run, int(member)):
            scalar = summaries.Summary(value=[summaries.Summary.Value(tag=tag, simple_value=value)])
            writer.add_event(events.Event(wall_time=run.started_unix + seconds, step=int(step), summary=scalar))
        writer.close()
    return f"{len(chosen)} lineages: tensorboard --logdir {folder}"


def leaves(run):
    """Members with a result from whose weights no member went on, best first."""
    births = run.file.table("members")
    heir = run._parents[1]
    has_heirs = np.zeros(len(run), bool)
    has_heirs[births["parent"][heir & (births["parent"] >= 0)]] = True
    best = run.summary["best"].to_numpy() * (-1 if run.maximize else 1)
    order = np.argsort(np.nan_to_num(best, nan=np.inf), kind="stable")
    return order[np.isfinite(best[order]) & ~has_heirs[order]]


def _scalars(run, member):
    curve = run.lineage(member)
    times = run.reports.drop_duplicates(["member", "resource"]).set_index(["member", "resource"])["time"].to_dict()
    seconds = float(run.members["time"][member])
    for row in curve.to_dict("records"):
        seconds = (
            max(seconds, times.get((row["member"], row["resource"]), seconds))
            if row["member"] == member
            else times.get((row["member"], row["resource"]), 0.0)
        )
        for metric in run.metrics:
            if np.isfinite(row[metric.units_column]):
                yield row["resource"], seconds, f"metric/{metric.name}", row[metric.units_column]
    births = run.file.table("members")
    for stage in run.schedule(member)[["member", "start", "to"]].to_dict("records"):
        for parameter in run.parameters:
            value = float(births[parameter.column][int(stage["member"])])
            for step in {int(stage["start"]) + 1, int(stage["to"])}:
                if np.isfinite(value):
                    yield step, float(births["time"][int(stage["member"])]), f"hyperparameter/{parameter.name}", value
