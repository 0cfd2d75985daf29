"""Columns of run files by their names: a file of another version may have more of them, fewer, or in another order. And
the names of what they hold."""

import numpy as np

from stemma.errors import StemmaError


def columns_named(names, columns, known):
    """The columns of hyperparameters or metrics, in the order of `names`. The program appends them to a table's own
    columns, each under its name. It appends _ while the name is taken. `known`: own columns of the table that this
    package knows.

    Raises ValueError where `columns` leave open which is which."""
    columns = list(columns)
    # By position the program's own files are certain, also with own columns that are not known here. Where another
    # program has changed the order of columns, all own columns must be known.
    for own in (columns[: max(0, len(columns) - len(names))], [column for column in columns if column in known]):
        found = appended(names, own)
        if sorted(own + found) == sorted(columns):
            return found
    raise ValueError(f"of the columns {', '.join(columns)} it is not clear which are those of {', '.join(names)}")


def appended(names, taken):
    """The names, each with _ appended while it is taken."""
    taken, found = set(taken), []
    for name in names:
        while name in taken:
            name += "_"
        taken.add(name)
        found.append(name)
    return found


class Rows(np.ndarray):
    """Rows of a table, a structured array. A column that the file does not have raises StemmaError."""

    lacking = ""  # begin of the message: which file and table

    @classmethod
    def of(cls, rows, lacking):
        rows = np.asarray(rows).view(cls)
        rows.lacking = lacking
        return rows

    def __array_finalize__(self, other):
        self.lacking = getattr(other, "lacking", "")

    def __getitem__(self, key):
        if not isinstance(key, str):
            return super().__getitem__(key)
        if key not in (self.dtype.names or ()):
            raise StemmaError(f"{self.lacking} has no column {key}")
        return self.view(np.ndarray)[key]


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
