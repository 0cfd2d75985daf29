"""The run file as it lies on the disk: header, tables, and which of their rows count. docs/SCHEMA.md describes it."""

import json
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from stemma import schema
from stemma.errors import StemmaError

_FINISHED = 2  # bit of the column `flags` of /commits
_COMMITS_PER_BLOCK = 1024


@dataclass(frozen=True)
class Parameter:
    """A hyperparameter of the search space."""

    name: str
    column: str  # its column in /members: the name, or name_ where that would clash
    type: str  # real, integer, ordinal or categorical
    low: float = None
    high: float = None
    scale: str = "linear"
    choices: tuple = ()  # of ordinal and categorical ones
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
    """An opened run file, as of its last commit. Tables are read when asked for, in one piece, and kept."""

    def __init__(self, path):
        self.path = Path(path)
        self._tables = {}
        self._open()

    def refresh(self):
        """Reads anew: what was committed meanwhile, also where the file itself was replaced by a resume or at the end."""
        # The new file is opened before the old one is given up: where that fails, the run stays as it was until the next look.
        _require_file(self.path)
        if self._is_in_place():
            if self._follow():
                return
            self.close()  # overwritten in place: opened beside itself it would look as it did, for HDF5 keeps its metadata
        new = RunFile(self.path)
        self.close()
        vars(self).update(vars(new))

    def _is_in_place(self):
        """Is it still this file that has the name?"""
        try:
            own, there = os.fstat(self._file.id.get_vfd_handle()), os.stat(self.path)
        except (OSError, RuntimeError, ValueError):  # closed, or gone meanwhile
            return False
        return (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino)

    def _follow(self):
        """Takes up what was added to this very file."""
        before = self._rows, self.seconds, self.finished
        try:
            for name in reversed(schema.TABLES):  # commits first: the rows that they count are then there
                self._file[name].refresh()
            self._find_commit()
        except (OSError, RuntimeError, KeyError, ValueError):
            self._rows, self.seconds, self.finished = before
            return False
        self._tables = {}
        return True

    def close(self):
        self._file.close()

    def rows(self, table):
        """Committed rows of a table."""
        return self._rows[table]

    def table(self, name):
        """A table as a structured array (pools of bytes: as uint8)."""
        if name not in self._tables:
            try:
                self._tables[name] = self._file[name][: self._rows[name]]
            except (OSError, RuntimeError, KeyError, ValueError) as error:
                raise _unreadable(self.path, f"table {name}: {error}") from None
        return self._tables[name]

    def text(self, offset, length):
        """A piece of the pool of texts."""
        pool = self.table("text")
        return pool[int(offset) : int(offset) + int(length)].tobytes().decode("utf-8", "replace")

    def _open(self):
        _require_file(self.path)
        try:
            self._file = _open_hdf5(self.path)
            self._check_format()
            self._read_header()
            self._find_commit()
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            raise _unreadable(self.path, error) from None

    def _check_format(self):
        attributes = self._file.attrs
        if _text(attributes.get("format", b"")) != schema.FORMAT:
            raise StemmaError(f"{self.path}: is an HDF5 file, but of another program. Give the run file that `stemma run` wrote")
        version = int(attributes["format_version"])
        if version > schema.FORMAT_VERSION:
            raise StemmaError(f"{self.path}: run file version {version}; this package reads versions up to {schema.FORMAT_VERSION}. Use a newer stemma")
        missing = [name for name in schema.TABLES if name not in self._file]
        if missing:
            raise KeyError(f"no table {missing[0]}")

    def _read_header(self):
        attributes, file = self._file.attrs, self._file
        text = {name: _text(attributes[name]) for name in ("name", "run_id", "metric", "unit", "program_version", "git_hash")}
        space = json.loads(_text(file["space"][()]))
        self.header = Header(**text, seed=int(attributes["seed"]), maximise=bool(attributes["maximise"]),
                             started_unix=float(attributes["started_unix"]), job=_text(file["job"][()]),
                             overrides=_text(file["overrides"][()]), space=space)
        columns = _more_columns(file["members"], "members")
        described = {item["name"]: item for item in space.get("parameters", ())}
        self.parameters = tuple(_parameter(_text(name), column, described.get(_text(name), {}))
                                for name, column in zip(file["parameter_names"][:], columns))
        metrics = zip(file["metric_names"][:], _more_columns(file["reports"], "reports"), _more_columns(file["epochs"], "epochs"), file["metric_held_out"][:])
        self.metrics = tuple(Metric(_text(name), column, of_epoch, bool(held_out)) for name, column, of_epoch, held_out in metrics)

    def _find_commit(self):
        """The last whole commit whose rows are all there; a killed writer leaves a tail that does not count."""
        commits = self._file["commits"]
        extents = {name: self._file[name].shape[0] for name in schema.TABLES}
        size, end = commits.dtype.itemsize, commits.shape[0]
        self._rows = dict.fromkeys(schema.TABLES, 0)
        self.seconds, self.finished = 0.0, False
        while end > 0:
            first = max(0, end - _COMMITS_PER_BLOCK)
            block = commits[first:end]
            raw = block.tobytes()
            for i in range(end - first - 1, -1, -1):
                row = raw[i * size : (i + 1) * size]
                if int(block[i]["commit"]) != first + i or zlib.crc32(row[:-4]) != int(block[i]["crc32"]):
                    continue
                counts = {name: int(block[i][name]) for name in schema.TABLES if name != "commits"}
                if any(counts[name] > extents[name] for name in counts):
                    continue
                self._rows = counts | {"commits": first + i + 1}
                self.seconds = float(block[i]["time"])
                self.finished = bool(int(block[i]["flags"]) & _FINISHED)
                return
            end = first
        if extents["commits"]:
            raise ValueError("none of its commits is whole")


def _open_hdf5(path):
    with open(path, "rb") as file:
        if file.read(8) != b"\x89HDF\r\n\x1a\n":
            raise StemmaError(f"{path}: is not an HDF5 file. Give the run file that `stemma run` wrote (RUN.h5)")
    # A reader needs no lock, and many network file systems have none to give.
    unlocked = {"locking": False} if h5py.version.hdf5_version_tuple >= (1, 10, 7) and h5py.version.hdf5_version_tuple[:3] not in {(1, 12, 0)} else {}
    try:
        return h5py.File(path, "r", swmr=True, **unlocked)
    except OSError:
        return h5py.File(path, "r", **unlocked)  # files of other programs may be too old for live reading; they get a better message


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


def _more_columns(dataset, table):
    return dataset.dtype.names[len(schema.TABLES[table]) :]


def _parameter(name, column, item):
    return Parameter(name, column, item.get("type", "real"), item.get("low"), item.get("high"), item.get("scale") or "linear",
                     tuple(item.get("choices") or ()), item.get("role") or "mutable", tuple(map(str, item.get("when") or ())))


def decode(column, names):
    """Numbers of an enumeration to its names, as a pandas Categorical; numbers that are not known keep their digits."""
    import pandas as pd

    known = {**{int(number): str(int(number)) for number in _present(column)}, **names}
    numbers = sorted(known)
    return pd.Categorical.from_codes(_positions(numbers)[column], [known[number] for number in numbers])


def _present(column):
    """Its numbers; enumerations are single bytes, so that counting beats sorting."""
    return np.flatnonzero(np.bincount(column, minlength=1)) if len(column) else ()


def _positions(numbers):
    table = np.zeros(256, np.int8 if len(numbers) < 128 else np.int16)
    table[numbers] = np.arange(len(numbers))
    return table
