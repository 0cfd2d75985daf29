"""The run file on the disk: header, tables, and which of their rows count. docs/SCHEMA.md describes it."""

import json
import os
import struct
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stemma import schema
from stemma.columns import Rows, columns_named
from stemma.errors import StemmaError, StemmaWarning
from stemma.hdf5 import UNREADABLE as _UNREADABLE
from stemma.hdf5 import Reader, open_file, patiently, rows_in_file
from stemma.log import Damaged, Log
from stemma.logged_tables import LoggedTables, NotAsLogged

_LOG = ("inputs", "decisions", "payload")
_RENAMED = {"epochs": "units", "units": "epochs"}  # tables that have another name in files of other versions
_COMMITS_PER_BLOCK = 1024
_NO_TABLES = ("commit", "time", "flags", "crc32")  # columns of /commits that are not the row count of a table


@dataclass(frozen=True)
class Parameter:
    """A hyperparameter of the search space."""

    name: str
    column: str  # its column in /members: the name, or name_ where that would clash
    type: str  # real, integer, ordinal or categorical
    low: float = None
    high: float = None
    scale: str = "linear"
    choices: tuple = ()  # of ordinal and categorical ones, as texts
    role: str = "mutable"
    when: tuple = field(default=(), repr=False)

    @property
    def numeric(self):
        return not self.choices


@dataclass(frozen=True)
class Metric:
    """What trainings report."""

    name: str
    column: str  # in /reports
    epochs_column: str  # in /epochs
    held_out: bool  # recorded, but no decision saw it


@dataclass(frozen=True)
class Header:
    """What does not change while a run goes on."""

    name: str
    run_id: str
    seed: int
    metric: str
    maximise: bool
    unit: str  # of a resource: epoch or step
    program_version: str
    git_hash: str
    started_unix: float  # seconds since 1970
    job: str  # the job file
    overrides: str
    space: dict


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class RunFile:
    """An opened run file, as of its last commit. A table is read when first used, in one piece, compared with the log,
    and kept."""

    def __init__(self, path):
        self.path = Path(path)
        self._tables = {}
        self._file = self._logged = None
        self._open()

    def refresh(self):
        """Reads what was committed meanwhile, also if a resume or the end has replaced the file itself."""
        # The new file is opened before the old one is given up: if that fails, the run stays unchanged until the next
        # refresh.
        new = RunFile(self.path)
        if new._commit == self._commit:  # no new commit: what was read and compared stays
            new.close()
            return
        self.close()
        vars(self).update(vars(new))

    def close(self):
        self._file.close()
        self._reader.close()

    def tables(self):
        """Names of the tables that the file has."""
        return tuple(self._rows)

    def lacks(self):
        """What this package knows and a file of its own version would have: "table budgets", "column status of table reports"."""
        lacking = [f"table {name}" for name in schema.TABLES if name not in self._rows]
        return (*lacking, *(f"column {column} of table {name}" for name, columns in schema.TABLES.items() if name in self._rows and name != "commits"
                          for column in columns if column not in self._dataset(name).dtype.names))

    def rows(self, table):
        """Committed rows of a table."""
        self._require(table)
        return self._rows[table]

    def table(self, name):
        """A table as a structured array (pools of bytes: as uint8), as the log has it. If the file's own table differs
        or is cut short, a StemmaWarning says so. Raises StemmaError if the log is damaged. Raises it also if the file,
        of another version, has no such table, or no such column."""
        if name not in self._tables:
            self._require(name)
            try:
                self._tables[name] = Rows.of(self._checked(name), self._lacking(f"table {name}"))
            except Damaged as error:
                raise StemmaError(f"{self.path}: is damaged: {error}. Take a copy from before the damage, if there is one") from None
            except _UNREADABLE as error:
                raise _unreadable(self.path, f"table {name}: {error}") from None
        return self._tables[name]

    def text(self, offset, length):
        """A piece of the pool of texts."""
        pool = self.table("text")
        return pool[int(offset) : int(offset) + int(length)].tobytes().decode("utf-8", "replace")

    def _dataset(self, name):
        return self._file[name if name in self._file else _RENAMED.get(name, name)]

    def _require(self, table):
        if table not in self._rows:
            raise StemmaError(f"{self._lacking('the file')} has no table {table}")

    def _lacking(self, what):
        return (f"{self.path}: is of format version {self.version} (stemma {self.header.program_version}), this package of version "
                f"{schema.FORMAT_VERSION}: {what}")

    def _read(self, name):
        return patiently(lambda: self._dataset(name)[: self._rows[name]], self._reader)

    def _checked(self, name):
        # A file made by another program has no log. A newer table that this package does not know cannot be made from
        # the log here.
        if name in _LOG or name == "commits" or self._rows["payload"] == 0 or name not in schema.TABLES:
            rows = self._read(name)
            if name == "commits":
                _check_commits(rows)
            elif self._rows["payload"]:
                self._log_tables()
            return rows
        logged = self._log_tables()
        try:
            rows = self._read(name)
            logged.compare(name, rows)
            return rows
        except (NotAsLogged, *_UNREADABLE) as error:
            rows = logged.rows(name, self._dataset(name).dtype)
            if len(rows) != self._rows[name]:
                raise Damaged(f"the log has {len(rows)} rows of table {name}, and the last commit {self._rows[name]}") from None
            warnings.warn(f"{self.path}: is damaged: {error}. It is shown as the log has it, which is whole; `stemma resume` writes all tables anew", StemmaWarning, stacklevel=4)
            return rows

    def _log_tables(self):
        if self._logged is None:
            log = Log(*(self._tables.get(name, self._read(name)) for name in _LOG))
            self._logged = LoggedTables(log, {"members": [item.column for item in self.parameters], "reports": [item.column for item in self.metrics],
                                              "epochs": [item.epochs_column for item in self.metrics]}, self._limits)
        return self._logged

    def _open(self):
        _require_file(self.path)
        try:
            self._reader = Reader(self.path)
            if not self._reader.is_hdf5:
                raise StemmaError(f"{self.path}: is not an HDF5 file. Give the run file that `stemma run` wrote (RUN.h5)")
            patiently(self._look, self._reader)
        except _UNREADABLE as error:
            raise _unreadable(self.path, error) from None

    def _look(self):
        if self._file is not None:  # of the previous refresh
            self._file.close()
        self._file = open_file(self._reader)
        self._check_format()
        commits = self._file["commits"]  # first: the rows that it counts are in all tables that are opened later
        self._find_tables(commits)
        self._read_header()
        self._find_commit(commits)

    def _check_format(self):
        attributes = self._file.attrs
        if _text(attributes.get("format", b"")) != schema.FORMAT:
            raise StemmaError(f"{self.path}: is an HDF5 file, but of another program. Give the run file that `stemma run` wrote")
        self.version = int(attributes["format_version"])
        # A newer file names the oldest version whose readers understand it: unknown parts do not affect the known ones.
        needed = int(attributes.get("format_readable_by", self.version))
        if needed > schema.FORMAT_VERSION:
            raise StemmaError(f"{self.path}: run file version {self.version}, which needs a package that reads version {needed}; this package reads "
                              f"versions up to {schema.FORMAT_VERSION}. Use a newer stemma")

    def _find_tables(self, commits):
        """Name of each table -> its column in /commits, which has one for each table of the file."""
        counted = {name: name for name in commits.dtype.names if name not in _NO_TABLES} | {"commits": None}
        for name in schema.TABLES:
            if name not in counted and _RENAMED.get(name) in counted:
                counted[name] = counted.pop(_RENAMED[name])
        there = {name for name in counted if name in self._file or _RENAMED.get(name, name) in self._file}
        missing = [name for name in schema.TABLES if name in counted and name not in there]
        if missing:
            raise KeyError(f"no table {missing[0]}")
        # A newer version may have more columns there that count no rows of a table.
        self._counted = {name: column for name, column in counted.items() if name in there and self._dataset(name).ndim == 1}

    def _read_header(self):
        attributes, file = self._file.attrs, self._file
        text = {name: _text(attributes[name]) for name in ("name", "run_id", "metric", "unit", "program_version", "git_hash")}
        if header_crc32(file) != int(attributes["header_crc32"]):
            raise ValueError("the header's checksum is wrong")
        names = [column for column in schema.TABLES["budgets"] if column not in ("sequence", "time")]
        self._limits = {name: attributes[f"limit_{name}"] for name in names} if self.version >= 2 else dict.fromkeys(names, 0)
        space = json.loads(_text(file["space"][()]))
        self.header = Header(**text, seed=int(attributes["seed"]), maximise=bool(attributes["maximise"]),
                             started_unix=float(attributes["started_unix"]), job=_text(file["job"][()]),
                             overrides=_text(file["overrides"][()]), space=space)
        described = {item["name"]: item for item in space.get("parameters", ())}
        names = [_text(name) for name in file["parameter_names"][:]]
        self.parameters = tuple(_parameter(name, column, described.get(name, {})) for name, column in zip(names, self._columns("members", names)))
        names = [_text(name) for name in file["metric_names"][:]]
        metrics = zip(names, self._columns("reports", names), self._columns("epochs", names), file["metric_held_out"][:])
        self.metrics = tuple(Metric(name, column, of_epoch, bool(held_out)) for name, column, of_epoch, held_out in metrics)

    def _columns(self, table, names):
        try:
            return columns_named(names, self._dataset(table).dtype.names, schema.TABLES[table])
        except ValueError as error:
            raise ValueError(f"table {table}: {error}") from None

    def _find_commit(self, commits):
        """The last whole commit whose part of the log is complete: the other tables follow from the log. A killed
        writer leaves a tail that does not count."""
        there = {}

        def missing(commit, name):
            if name not in there:
                there[name] = rows_in_file(self._dataset(name), self._reader.size())
            return commit[counted[name]] > there[name]

        counted = {name: column for name, column in self._counted.items() if column}
        end = rows_in_file(commits, self._reader.size())
        self._rows, self._commit = dict.fromkeys(self._counted, 0), b""
        self.seconds, self.finished = 0.0, False
        while end > 0:
            first = max(0, end - _COMMITS_PER_BLOCK)
            block = commits[first:end]
            whole = _whole_commits(block, first)
            for i in range(end - first - 1, -1, -1):
                if not whole[i] or any(missing(block[i], name) for name in (_LOG if block[i]["payload"] else counted)):
                    continue
                self._rows = {name: int(block[i][column]) for name, column in counted.items()} | {"commits": first + i + 1}
                self._commit = block[i].tobytes()
                self.seconds = float(block[i]["time"])
                self.finished = bool(int(block[i]["flags"]) & schema.COMMIT_FINISHED)
                return
            end = first
        if commits.shape[0]:
            raise ValueError("none of its commits is whole")


def header_crc32(file):
    """The required form of the attribute of that name."""
    attributes, out = file.attrs, bytearray()

    def put(text):
        raw = text.encode() if isinstance(text, str) else bytes(text)
        out.extend(struct.pack("<I", len(raw)) + raw)

    for text in (attributes["run_id"], attributes["name"], file["job"][()], file["overrides"][()], attributes["program_version"], attributes["git_hash"],
                 attributes["metric"], attributes["unit"], file["space"][()]):
        put(text)
    out += struct.pack("<QdBI", int(attributes["seed"]), float(attributes["started_unix"]), int(attributes["maximise"]), file["parameter_names"].shape[0])
    for name in file["parameter_names"][:]:
        put(name)
    for name, held_out in zip(file["metric_names"][:], file["metric_held_out"][:]):
        put(name)
        out.append(int(held_out))
    if len(attributes.get("machines", b"")):  # older files have none
        put(attributes["machines"])
    if int(attributes["format_version"]) >= 2:
        put(file["job_resolved"][()])
        limits = (attributes[f"limit_{name}"] for name in ("members", "reports", "resource", "seconds", "target", "max_resource"))
        out += struct.pack("<IQQQddq", int(attributes["rules_version"]), *(value.item() for value in limits))
    return zlib.crc32(out)


def _whole_commits(rows, first):
    """Which rows of /commits, beginning at row `first`, are whole: neither torn nor damaged."""
    size, raw, covered = rows.dtype.itemsize, rows.tobytes(), rows.dtype.fields["crc32"][1]
    return [int(row["commit"]) == first + i and zlib.crc32(raw[i * size : i * size + covered]) == int(row["crc32"]) for i, row in enumerate(rows)]


def _check_commits(rows):
    whole = _whole_commits(rows, 0)
    if not all(whole):
        raise Damaged(f"the checksum of row {whole.index(False)} of table commits is wrong")


def _require_file(path):
    if not path.exists():
        raise StemmaError(f"{path}: there is no such file. Give the run file that `stemma run` wrote")
    if not path.is_file():
        raise StemmaError(f"{path}: is not a file. Give the run file that `stemma run` wrote")
    if not os.access(path, os.R_OK):
        raise StemmaError(f"{path}: may not be read by you. Ask its owner for it")
    if path.stat().st_size == 0:
        raise StemmaError(f"{path}: is empty. Remove it and start the search again")


def _unreadable(path, why):
    return StemmaError(f"{path}: cannot be read as a run file ({why}): cut short, or damaged. Take a copy from before the damage, if there is one")


def literal_text(value):
    """A number, truth value or text of a job file, as the program writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parameter(name, column, item):
    return Parameter(name, column, item.get("type", "real"), item.get("low"), item.get("high"), item.get("scale") or "linear",
                     tuple(map(literal_text, item.get("choices") or ())), item.get("role") or "mutable", tuple(map(str, item.get("when") or ())))


def decode(column, kinds, **more):
    """Numbers of an enumeration (or of `more` names) to its names, as a pandas Categorical. Unknown numbers keep their
    digits."""
    import pandas as pd

    names = {number: name for name, number in more.items()} | {kind.value: kind.name.lower() for kind in kinds}
    known = {**{int(number): str(int(number)) for number in _present(column)}, **names}
    numbers = sorted(known)
    return pd.Categorical.from_codes(_positions(numbers)[column], [known[number] for number in numbers])


def _present(column):
    """Its numbers; enumerations are single bytes, so that counting beats sorting."""
    return np.flatnonzero(np.bincount(column, minlength=1)) if len(column) else ()


def _positions(numbers):
    table = np.zeros(max(256, numbers[-1] + 1) if numbers else 0, np.int8 if len(numbers) < 128 else np.int16)
    table[numbers] = np.arange(len(numbers))
    return table
