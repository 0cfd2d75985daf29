"""TensorBoard event files: a run for each lineage, so that curves do not break at births."""

import time
from pathlib import Path

import numpy as np

from stemma.export.needed import needed

_LINEAGES_MAX = 500  # TensorBoard becomes unusable with more runs


def to_tensorboard(run, folder, lineages=_LINEAGES_MAX):
    """Writes FOLDER/member-NUMBER/ for the ends of lineages (members without heirs), best first: metrics at each unit
    of training, and hyperparameters at each change. Wall time is that of the search."""
    writer = TensorBoard(folder)
    chosen = leaves(run)[:lineages]
    for member in chosen:
        writer.write(run, int(member))
    return writer.told(len(chosen), "lineages")


class TensorBoard:
    """Event files that grow with the run. Each member has one, which begins with its parent's part of the curve."""

    def __init__(self, folder, members=_LINEAGES_MAX):
        self._folder, self._left = Path(folder), members
        self._records = needed("tensorboard.summary.writer.record_writer", "tensorboard", "TensorBoard's format")
        self._events = needed("tensorboard.compat.proto.event_pb2", "tensorboard", "TensorBoard's format")
        self._summaries = needed("tensorboard.compat.proto.summary_pb2", "tensorboard", "TensorBoard's format")
        self._files = {}  # member -> event file
        self._last = {}  # (member, tag) -> last step
        self._recorded = {}  # (member, tag) -> last step that is recorded
        self._shown = {}  # member -> {(tag, step): value of a training under way that is not recorded yet}
        self._written = 0  # files
        self._reports = 0

    def update(self, run):
        """Appends what came since."""
        members = run.file.table("reports")["member"][self._reports :]
        self._reports += len(members)
        for member in dict.fromkeys(members.tolist()):
            if member in self._files or len(self._files) < self._left:
                self.write(run, member)

    def begin(self, run, shown):
        """Appends what trainings under way have shown. The training may fail, and another one of the same member may
        have other values. The member's file is then written anew from the record."""
        rows = {}
        for one in shown:
            scalars = rows.setdefault(one.member, [])
            scalars += [
                (one.resource, one.seconds, f"metric/{metric.name}", value)
                for metric, value in zip(run.metrics, one.values)
                if np.isfinite(value)
            ]
        for member, scalars in rows.items():
            if member not in self._files and len(self._files) < self._left:
                self.write(run, member)
            if member in self._files:
                shown = self._shown.setdefault(member, {})
                shown.update({(tag, step): value for step, _, tag, value in self._append(run, member, scalars)})

    def close(self, run):
        return self.told(len(self._files), "members")

    def told(self, count, what):
        return f"{count} {what}: tensorboard --logdir {self._folder}"

    def write(self, run, member):
        scalars = list(_scalars(run, member))
        if member not in self._files or self._differs(member, scalars):
            self._begin(run, member)
        self._append(run, member, scalars)
        for step, _, tag, _ in scalars:
            self._recorded[member, tag] = max(step, self._recorded.get((member, tag), -1))
            self._shown.get(member, {}).pop((tag, step), None)

    def _differs(self, member, scalars):
        """Whether the file lacks something of the record, or has other values, at steps that are already in it."""
        shown = self._shown.get(member, {})
        return any(
            self._recorded.get((member, tag), -1) < step <= self._last.get((member, tag), -1)
            and shown.get((tag, step)) != value
            for step, _, tag, value in scalars
        )

    def _begin(self, run, member):
        """A new file, as steps of a file ascend. An earlier file stays, as a reader that has it open would stop without
        it: the start of a session drops its values."""
        folder = self._folder / f"member-{member:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        if member not in self._files:
            for old in folder.glob("events.out.tfevents.*"):
                old.unlink()
        for steps in (self._last, self._recorded):
            for key in [key for key in steps if key[0] == member]:
                del steps[key]
        self._shown.pop(member, None)
        self._written += 1
        self._files[member] = folder / f"events.out.tfevents.{int(time.time())}.{self._written:06d}.stemma"
        start = self._events.SessionLog(status=self._events.SessionLog.START)
        with open(self._files[member], "ab") as file:
            records = self._records.RecordWriter(file)
            for content in {"file_version": "brain.Event:2"}, {"step": 0, "session_log": start}:
                records.write(self._events.Event(wall_time=run.started_unix, **content).SerializeToString())

    def _append(self, run, member, scalars):
        """Returns those that were new."""
        new = []
        with open(self._files[member], "ab") as file:
            records = self._records.RecordWriter(file)
            for step, seconds, tag, value in scalars:
                if step <= self._last.get((member, tag), -1):
                    continue
                self._last[member, tag] = step
                new.append((step, seconds, tag, value))
                scalar = self._summaries.Summary(value=[self._summaries.Summary.Value(tag=tag, simple_value=value)])
                event = self._events.Event(wall_time=run.started_unix + seconds, step=int(step), summary=scalar)
                records.write(event.SerializeToString())
        return new


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
    """(step, seconds, tag, value), ascending for each tag."""
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
            for step in sorted({int(stage["start"]) + 1, int(stage["to"])}):
                if np.isfinite(value):
                    yield step, float(births["time"][int(stage["member"])]), f"hyperparameter/{parameter.name}", value
