"""A run as data frames, and what follows from them."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stemma import derive, hypergradients, schema, selection, workers
from stemma.columns import decode
from stemma.errors import StemmaError
from stemma.runfile import RunFile
from stemma.snapshots import find_snapshots, snapshot_folder

if TYPE_CHECKING:
    import networkx

_POOLS = [name for name, columns in schema.TABLES.items() if not columns]  # of bytes, which other tables point into


def open_run(path: str | os.PathLike) -> Run:
    """Opens RUN.h5: finished, killed, or still being written.

    Raises StemmaError for a file that is no run file, is damaged, or is of a newer version. Costs milliseconds at any
    size: tables are read when they are first used."""
    return Run(RunFile(path))


class Run:
    """One search. Times are seconds since its first start, resources are in `unit` (epochs or steps).

    Attributes of the header: name, run_id, seed, metric, maximize, unit, job (the text of the job file), space (a
    dict), started_unix. `parameters` and `metrics` are tuples that describe the columns of the same name; `scores` are
    the metrics that are not parts of trajectories of hyperparameters."""

    def __init__(self, file: RunFile):
        self.file = file
        self.path = file.path
        self._take_header()

    def _take_header(self):
        header = self.file.header
        for name in (
            "name",
            "run_id",
            "seed",
            "metric",
            "maximize",
            "unit",
            "job",
            "space",
            "started_unix",
            "program_version",
        ):
            setattr(self, name, getattr(header, name))
        self.parameters, self.metrics = self.file.parameters, self.file.metrics
        self.scores = tuple(metric for metric in self.metrics if not hypergradients.is_trajectory(metric.name))

    def __repr__(self):
        state = "finished" if self.finished else "not finished"
        done = f"{len(self)} members, {self.file.rows('reports')} reports, {self.seconds:.0f} s"
        return f"<stemma run {self.name!r}: {done}, {state}>"

    def __len__(self) -> int:
        """Members born so far."""
        return self.file.rows("members")

    @property
    def seconds(self) -> float:
        """Time of the last commit, in seconds."""
        return self.file.seconds

    @property
    def finished(self) -> bool:
        """Did the search end in order? A killed or running one did not."""
        return self.file.finished

    @property
    def lacks(self) -> tuple[str, ...]:
        """What a file of this package's own version would have and this file, of another version, lacks: "table
        budgets", ..."""
        return self.file.lacks()

    def lacks_text(self) -> str:
        """The same as a line, with the program that began the run; "" if the file lacks nothing."""
        if not self.lacks:
            return ""
        return (
            f"{self.path}: begun by stemma {self.program_version}, format {self.file.version} (this package: "
            f"{schema.FORMAT_VERSION}); lacks {', '.join(self.lacks)}"
        )

    def refresh(self) -> Run:
        """Takes up what was committed since. Returns the run itself."""
        self.file.refresh()
        self._take_header()
        for name in [name for name, value in vars(type(self)).items() if isinstance(value, cached_property)]:
            self.__dict__.pop(name, None)
        return self

    def table(self, name: str) -> pd.DataFrame:
        """Any table of docs/SCHEMA.md as a data frame, with enumerations by name and pieces of `text` as texts."""
        tables = [table for table in dict.fromkeys((*schema.TABLES, *self.file.tables())) if table not in _POOLS]
        if name not in tables:
            raise StemmaError(f"there is no table {name!r}; there are {', '.join(tables)}")
        rows = self.file.table(name)
        columns = {column: rows[column] for column in rows.dtype.names}
        for column in rows.dtype.names:
            stem = column.removesuffix("_offset")
            if stem != column and column in schema.TABLES.get(name, ()) and stem + "_length" in columns:
                texts = [self.file.text(*piece) for piece in zip(columns.pop(column), columns.pop(stem + "_length"))]
                columns[stem] = np.array(texts, dtype=object)
            elif (name, column) in schema.DECODERS:
                columns[column] = decode(rows[column], schema.DECODERS[name, column])
        return pd.DataFrame(columns)

    @cached_property
    def members(self) -> pd.DataFrame:
        """Births, one row for each member (the index): parent, donor, cause, generation, time [s], replaced (the member
        whose place in the population it took), bracket, and its hyperparameters.

        Choices are given by name. An inactive hyperparameter is NaN."""
        frame = self.table("members").set_index("member", drop=False)
        frame.index.name = None
        for parameter in self.parameters:
            frame[parameter.column] = _decoded(frame[parameter.column].to_numpy(), parameter)
        return frame

    @cached_property
    def reports(self) -> pd.DataFrame:
        """Ends of leases with a report: time [s], member, lease, worker, resource [unit], seconds of training,
        metrics."""
        return self.table("reports")

    @cached_property
    def units(self) -> pd.DataFrame:
        """All rows of metrics of each report: report (row of `reports`), member, resource [unit], metrics."""
        return self.table("units")

    @cached_property
    def leases(self) -> pd.DataFrame:
        """Trainings given out: lease, member, worker, from, to [unit], source, attempt, time [s], and how they ended:
        end [s] and outcome ("running" and NaN while they are out)."""
        return derive.leases(self)

    @cached_property
    def workers(self) -> pd.DataFrame:
        """Workers that came and went: incarnation, worker, change, time [s], host, device, reason."""
        return self.table("workers")

    @cached_property
    def events(self) -> pd.DataFrame:
        """Notable events: time [s], kind, member, lease, worker, value."""
        return self.table("events")

    @cached_property
    def failures(self) -> pd.DataFrame:
        """Trainings that failed: time [s], member, worker, kind, type, message, host."""
        return workers.failures(self)

    @cached_property
    def snapshots(self) -> pd.DataFrame:
        """Durable copies of snapshots: time [s], snapshot, member, change."""
        return self.table("snapshots")

    @cached_property
    def incarnations(self) -> pd.DataFrame:
        """Starts and ends of the program: incarnation, change, time [s], workers, reason, best."""
        return self.table("incarnations")

    @cached_property
    def budgets(self) -> pd.DataFrame:
        """Limits of the search, those at its start and each change of them: time [s], members, reports, resource
        [unit], seconds, target, max_resource [unit]; 0 is none. StemmaError in files of format 1."""
        return self.table("budgets")

    @cached_property
    def summary(self) -> pd.DataFrame:
        """What became of each member, one row each: founder, descendants (itself included), start and reached [unit],
        metric, best, at [unit], seconds, reports, state. `metric` is its last, `best` its best, which it had at `at`;
        `seconds` are those of training. States: "waiting", "running", "reported", "diverged", "failed"."""
        return derive.summary(self)

    @cached_property
    def progress(self) -> pd.DataFrame:
        """The search over time, one row a report: time [s], spent [unit], busy and gpu [s], member, value, best so
        far, and the held-out metrics of that best (columns `best_<metric>`). `busy` is training in all, `gpu` that
        times the worker's GPUs."""
        return derive.progress(self)

    @cached_property
    def rungs(self) -> pd.DataFrame:
        """One row for each level of training [unit]: entered, reported, went_on (trained further, itself or a child),
        failed; first and last report [s], best metric."""
        return derive.rungs(self)

    @cached_property
    def utilization(self) -> pd.DataFrame:
        """One row for each worker: present, training, exchange (rest of its leases: transfer, checkpoint, messages),
        lost (leases without a report) and waiting, in seconds; share = training / present."""
        return workers.utilization(self)

    @property
    def metric_column(self) -> str:
        """Column of `reports` with the metric that is optimized."""
        return self._metric().column

    def _metric(self, name=None):
        for metric in self.metrics:
            if metric.name == (name or self.metric):
                return metric
        raise StemmaError(
            f"{self.path}: has no metric {name!r}; it has {', '.join(metric.name for metric in self.metrics)}"
        )

    def best_member(self) -> int | None:
        """Number of the best member as the run itself has it; None before the first finite metric."""
        return derive.best_member(self)

    def best(self, k: int = 1) -> pd.DataFrame:
        """The k best members, best first, each by its best report: best, at, reached, hyperparameters, all metrics
        there."""
        return derive.best(self, k)

    def path_to(self, member: int) -> list[int]:
        """Members from the root to `member`, both included, along which weights were inherited."""
        member = self._member(member)
        parents, heir = self._parents
        path = [member]
        while heir[path[-1]]:
            path.append(int(parents[path[-1]]))
        return path[::-1]

    @cached_property
    def _parents(self):
        return self.file.table("members")["parent"], derive.heirs(self)

    def lineage(self, member: int | None = None, until: int | None = None) -> pd.DataFrame:
        """The training behind the member's weights, from scratch to its last report or `until` [unit], in order.
        Default: of the best member, up to its best report.

        One row a unit of training: member, resource [unit], all metrics. An ancestor that was trained on after the
        birth is in it up to the birth only: the curve is the one that these weights saw."""
        return derive.lineage(self, *self._line(member, until))

    def schedule(self, member: int | None = None, until: int | None = None) -> pd.DataFrame:
        """Hyperparameters along a lineage, which is chosen as in lineage(). One row for each stage: member, start, to
        [unit], metric at the end of the stage, hyperparameters. For hyperparameters that move in training it has the
        start values: see trajectory()."""
        return derive.schedule(self, *self._line(member, until))

    def trajectory(self, member: int | None = None, until: int | None = None) -> pd.DataFrame:
        """How hyperparameters with role = "hypergradient" moved along a lineage, which is chosen as in lineage().
        Columns: member, resource [unit], step [weight updates], lr, weight_decay, momentum, ..., norm of the
        hypergradient. Empty if none moved."""
        if member is None and self.best_member() is None:
            return hypergradients.trajectory(self, [])
        return hypergradients.trajectory(self, *self._line(member, until))

    def _line(self, member, until):
        if member is None:
            member, best_at = derive.best_report(self)
            if member is None:
                raise StemmaError(
                    f"{self.path}: no member has a finite metric yet, so none is the best; name a member by its number"
                )
            until = best_at if until is None else until
        return self.path_to(member), until

    @cached_property
    def selection_noise(self) -> selection.SelectionNoise | None:
        """Of a population: how much of the differences between siblings is noise (families, deviation, spread, share).
        None where fewer than eight parents have a child that repeats their hyperparameters."""
        return selection.selection_noise(self)

    def genealogy(self) -> networkx.DiGraph:
        """All members as a networkx DiGraph, edges from parent to child; nodes carry births, results and
        hyperparameters."""
        return derive.genealogy(self)

    def snapshot(self, member: int | None = None) -> dict[str, np.ndarray]:
        """Tensors of the member's last durable snapshot, as a dict of NumPy arrays. Default: the snapshot of the best
        report. For what a Python script saved, see stemma.load_best().

        `torch.from_numpy(arrays["model/fc.weight"])` is a tensor. bfloat16 comes as float32."""
        return self._snapshot_place(member).read()

    def _snapshot_place(self, member=None):
        at = None
        if member is None:  # the best may have been trained further since
            member, at = derive.best_report(self)
            if member is None:
                raise StemmaError(f"{self.path}: no member has a finite metric yet, so none is the best")
        member = self._member(member)
        rows = self.snapshots[self.snapshots["member"] == member]
        last = rows.drop_duplicates("snapshot", keep="last")
        numbers = last["snapshot"][last["change"] == "persisted"].to_numpy()[::-1]
        places = find_snapshots(self.path, numbers)
        kept = [places[number] for number in numbers if number in places]
        if not kept:
            folder = snapshot_folder(self.path)
            there = "holds no snapshot of it" if folder.is_dir() else "is not there"
            raise StemmaError(
                f"{self.path}: no durable snapshot of member {member} is kept: the folder {folder} {there}. [workers] "
                'durable decides which snapshots are kept; the best one always is, unless durable = "none", or the '
                "training program saved none"
            )
        return next((place for place in kept if at is not None and place.resource == at), kept[0])

    def _member(self, member):
        if not 0 <= int(member) < len(self):
            text = f"its members are 0 .. {len(self) - 1}" if len(self) else "no member was born yet"
            raise StemmaError(f"{self.path}: has no member {member}; {text}")
        return int(member)


def _decoded(column, parameter):
    if parameter.choices:
        return pd.Categorical.from_codes(
            np.nan_to_num(column, nan=-1).astype(int), list(parameter.choices), ordered=parameter.type == "ordinal"
        )
    if parameter.type == "integer" and np.isfinite(column).all():
        return column.astype(np.int64)
    return column
