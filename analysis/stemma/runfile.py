"""The run file on the disk: header, tables, and which of their rows count. docs/SCHEMA.md describes it."""

import os
import warnings
import zlib
from pathlib import Path

import numpy as np

from stemma import schema
from stemma.columns import Rows, columns_named
from stemma.errors import StemmaError, StemmaWarning
from stemma.hdf5 import UNREADABLE as _UNREADABLE
from stemma.hdf5 import Reader, open_file, patiently, rows_in_file
from stemma.header import read_header, read_metrics, read_parameters, text_of

_COMMITS_PER_BLOCK = 1024
_NO_TABLES = ("commit", "time", "flags", "crc32")  # columns of /commits that are not the row count of a table
_CHECKSUM = "_crc32"  # behind the name of a table: the column of /commits with the checksum of its committed rows


class Damaged(ValueError):
    """Committed rows that are not what was written. Names them."""


class RunFile:
    """An opened run file, as of its last commit. Tables are read when asked for, in one piece, checked, and kept."""

    def __init__(self, path):
        self.path = Path(path)
        self._tables = {}
        self._file, self._told = None, False
        self._open()

    def refresh(self):
        """Reads what was committed meanwhile, also if a resume or the end has replaced the file itself."""
        # The new file is opened before the old one is given up: if that fails, the run stays unchanged until the next
        # refresh.
        new = RunFile(self.path)
        if new._commit.tobytes() == self._commit.tobytes():  # nothing happened: what was read and checked stays
            new.close()
            return
        self.close()
        vars(self).update(vars(new), _told=self._told)

    def close(self):
        self._file.close()
        self._reader.close()

    def tables(self):
        """Names of the tables that the file has."""
        return tuple(self._rows)

    def lacks(self):
        """What this package knows and a file of its own version would have: "table budgets", "column status of table
        reports", "checksums of its tables"."""
        lacking = [f"table {name}" for name in schema.TABLES if name not in self._rows]
        for name, columns in schema.TABLES.items():
            if name in self._rows and name != "commits":
                there = self._dataset(name).dtype.names or ()
                lacking += [f"column {column} of table {name}" for column in columns if column not in there]
        if not any(column.endswith(_CHECKSUM) for column in self._dataset("commits").dtype.names):
            lacking.append("checksums of its tables")
        return tuple(lacking)

    def rows(self, table):
        """Committed rows of a table."""
        self._require(table)
        return self._rows[table]

    def table(self, name):
        """A table as a structured array (pools of bytes: as uint8), as it was written: its checksum is compared. Of a
        file without checksums that is told by a StemmaWarning. Raises StemmaError where the table is damaged, and where
        the file, of another version, has no such table; the same for a column of it."""
        if name not in self._tables:
            self._require(name)
            try:
                self._tables[name] = Rows.of(self._checked(name), self._lacking(f"table {name}"))
            except Damaged as error:
                raise StemmaError(
                    f"{self.path}: is damaged: {error}. Take a copy from before the damage, if there is one. "
                    "`stemma export --csv` takes all tables from the log, if that is whole; `stemma resume` writes "
                    "them anew"
                ) from None
            except _UNREADABLE as error:
                raise _unreadable(self.path, f"table {name}: {error}") from None
        return self._tables[name]

    def text(self, offset, length):
        """A piece of the pool of texts."""
        pool = self.table("text")
        return pool[int(offset) : int(offset) + int(length)].tobytes().decode("utf-8", "replace")

    def _dataset(self, name):
        return self._file[name if name in self._file else schema.FORMERLY.get(name, name)]

    def _require(self, table):
        if table not in self._rows:
            raise StemmaError(f"{self._lacking('the file')} has no table {table}")

    def _lacking(self, what):
        return (
            f"{self.path}: is of format version {self.version} (stemma {self.header.program_version}), "
            f"this package of version {schema.FORMAT_VERSION}: {what}"
        )

    def _read(self, name):
        return patiently(lambda: self._dataset(name)[: self._rows[name]], self._reader)

    def _checked(self, name):
        rows = self._read(name)
        if name == "commits":
            _check_commits(rows)
        elif self._counted[name] + _CHECKSUM in (self._commit.dtype.names or ()):
            if zlib.crc32(rows) != int(self._commit[0][self._counted[name] + _CHECKSUM]):
                raise Damaged(f"{self._place_of_damage(name, rows)} of table {name} are not what was written")
        elif self._rows.get("payload") and not self._dataset(name).fletcher32 and not self._told:
            self._told = True
            warnings.warn(
                f"{self.path}: is of format version {self.version}, whose tables have no checksums while a search "
                "runs: damage to them is not noticed here. `stemma verify` checks the log, `stemma resume` writes the "
                "tables anew from it",
                StemmaWarning,
                stacklevel=4,
            )
        return rows

    def _place_of_damage(self, name, rows):
        """Each commit has the checksum of all rows up to its own."""
        begin = total = 0
        for commit in self.table("commits"):
            end = int(commit[self._counted[name]])
            total = zlib.crc32(rows[begin:end], total)
            if total != int(commit[self._counted[name] + _CHECKSUM]):
                break
            begin = end
        return f"bytes {begin} .. {end - 1}" if rows.dtype.names is None else f"rows {begin} .. {end - 1}"

    def _open(self):
        _require_file(self.path)
        try:
            self._reader = Reader(self.path)
            if not self._reader.is_hdf5:
                raise StemmaError(
                    f"{self.path}: is not an HDF5 file. Give the run file that `stemma run` wrote (RUN.h5)"
                )
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
        if text_of(attributes.get("format", b"")) != schema.FORMAT:
            raise StemmaError(
                f"{self.path}: is an HDF5 file, but of another program. Give the run file that `stemma run` wrote"
            )
        self.version = int(attributes["format_version"])
        # A newer file names the oldest version whose readers understand it: unknown parts do not affect the known ones.
        needed = int(attributes.get("format_readable_by", self.version))
        if needed > schema.FORMAT_VERSION:
            raise StemmaError(
                f"{self.path}: run file version {self.version}, which needs a package that reads version {needed}; "
                "this package reads "
                f"versions up to {schema.FORMAT_VERSION}. Use a newer stemma"
            )

    def _find_tables(self, commits):
        """Name of each table -> its column in /commits, which has one for each table of the file."""
        counted = {name: name for name in commits.dtype.names if name not in _NO_TABLES} | {"commits": None}
        for name in schema.TABLES:
            if name not in counted and schema.FORMERLY.get(name) in counted:
                counted[name] = counted.pop(schema.FORMERLY[name])
        there = {name for name in counted if name in self._file or schema.FORMERLY.get(name, name) in self._file}
        missing = [name for name in schema.TABLES if name in counted and name not in there]
        if missing:
            raise KeyError(f"no table {missing[0]}")
        # A newer version may have more columns there that count no rows of a table.
        self._counted = {
            name: column for name, column in counted.items() if name in there and self._dataset(name).ndim == 1
        }

    def _read_header(self):
        self.header = read_header(self._file)
        self.parameters = read_parameters(self._file, self.header.space, lambda names: self._columns("members", names))
        self.metrics = read_metrics(
            self._file, lambda names: self._columns("reports", names), lambda names: self._columns("units", names)
        )

    def _columns(self, table, names):
        try:
            return columns_named(names, self._dataset(table).dtype.names, schema.TABLES[table])
        except ValueError as error:
            raise ValueError(f"table {table}: {error}") from None

    def _find_commit(self, commits):
        """The last whole commit whose rows are all there. A killed writer leaves a tail that does not count."""
        there = {}

        def missing(commit, name):
            if name not in there:
                there[name] = rows_in_file(self._dataset(name), self._reader.size())
            return commit[counted[name]] > there[name]

        counted = {name: column for name, column in self._counted.items() if column}
        end = rows_in_file(commits, self._reader.size())
        self._rows, self._commit = dict.fromkeys(self._counted, 0), np.empty(0)
        self.seconds, self.finished = 0.0, False
        while end > 0:
            first = max(0, end - _COMMITS_PER_BLOCK)
            block = commits[first:end]
            whole = _whole_commits(block, first)
            for i in range(end - first - 1, -1, -1):
                if not whole[i] or any(missing(block[i], name) for name in counted):
                    continue
                self._rows = {name: int(block[i][column]) for name, column in counted.items()} | {
                    "commits": first + i + 1
                }
                self._commit = block[i : i + 1]
                self.seconds = float(block[i]["time"])
                self.finished = bool(int(block[i]["flags"]) & schema.COMMIT_FINISHED)
                return
            end = first
        if commits.shape[0]:
            raise ValueError("none of its commits is whole")


def _whole_commits(rows, first):
    """Which rows of /commits, beginning at row `first`, are whole: neither torn nor damaged."""
    size, raw, covered = rows.dtype.itemsize, rows.tobytes(), rows.dtype.fields["crc32"][1]
    return [
        int(row["commit"]) == first + i and zlib.crc32(raw[i * size : i * size + covered]) == int(row["crc32"])
        for i, row in enumerate(rows)
    ]


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
    return StemmaError(
        f"{path}: cannot be read as a run file ({why}): cut short, or damaged. Take a copy from before the damage, if "
        "there is one"
    )
