"""The log of a run: every input and every decision, each with a checksum. All other tables follow from it (logged_tables.py)."""

import zlib

import numpy as np

from stemma.schema import EffectKind, InputKind

_INPUT_HEAD = 17  # sequence u64, time f64, kind u8
_EFFECT_HEAD = 1  # kind u8


class Damaged(ValueError):
    """A committed row that differs from what was written. Names the row."""


class Log:
    """Inputs and decisions, checked: they follow one another without a gap, and each has its checksum. Costs a second
    for some million of them.

    `times`: of each input. `at`: the position of an input or decision among all of them, in the order of recording."""

    def __init__(self, inputs, decisions, payload):
        self.pool = payload
        count = len(inputs)
        answers = inputs["decisions"].astype(np.int64)
        whose = np.repeat(np.arange(count), answers) if answers.sum() == len(decisions) else ()
        if len(whose) != len(decisions):
            raise Damaged("the inputs name another number of decisions than there are")
        first = np.cumsum(answers) - answers
        self._input_at = np.arange(count) + first
        self._decision_at = np.arange(len(decisions)) + whose + 1
        _require(inputs["sequence"] == np.arange(count), "input {} is out of sequence")
        _require((decisions["sequence"] == whose) & (decisions["index"] == np.arange(len(decisions)) - first[whose]), "decision {} belongs to another input")
        self._check_pieces(inputs, decisions)
        self._input_starts, self._decision_starts = inputs["offset"].astype(np.int64), decisions["offset"].astype(np.int64)
        self._input_ends, self._decision_ends = (starts + rows["length"] for starts, rows in ((self._input_starts, inputs), (self._decision_starts, decisions)))
        self._input_kinds, self._decision_kinds, self._whose = inputs["kind"], decisions["kind"], whose
        head = Pieces(payload, self._input_starts, self._input_ends)
        same = head.take("u8") == np.arange(count)
        self.times = head.take("f8")
        same &= self.times == inputs["time"]
        _require(same & (head.take("u1") == inputs["kind"]), "input {} is another one than its row in table inputs says")
        _require(Pieces(payload, self._decision_starts, self._decision_ends).take("u1") == decisions["kind"], "decision {} is another one than its row in table decisions says")

    def _check_pieces(self, inputs, decisions):
        """The encoded inputs and decisions lie back to back in the order of the log, and are whole."""
        total = len(inputs) + len(decisions)
        offsets, lengths, sums = np.empty(total, np.uint64), np.empty(total, np.int64), np.empty(total, np.uint32)
        for at, rows in ((self._input_at, inputs), (self._decision_at, decisions)):
            offsets[at], lengths[at], sums[at] = rows["offset"], rows["length"], rows["crc32"]
        ends = np.cumsum(lengths)
        whole = (offsets == (ends - lengths).astype(np.uint64)) & (ends <= len(self.pool))
        checked = total if whole.all() else int(whole.argmin())
        view = memoryview(np.ascontiguousarray(self.pool))
        pieces = map(view.__getitem__, map(slice, (ends - lengths)[:checked].tolist(), ends[:checked].tolist()))
        found = np.fromiter(map(zlib.crc32, pieces), np.uint32, checked)
        bad = np.flatnonzero(found != sums[:checked])
        if len(bad) or checked < total:
            at = int(bad[0]) if len(bad) else checked
            number = int(np.searchsorted(self._input_at, at, side="right")) - 1
            raise Damaged(f"input {number} of {len(inputs)} is another one than was recorded ({'its checksum is wrong' if len(bad) else 'it does not follow the one before'})")

    def inputs(self, kind: InputKind):
        """The inputs of one kind: their numbers, their positions, and their fields."""
        rows = np.flatnonzero(self._input_kinds == kind)
        return rows, self._input_at[rows], Pieces(self.pool, self._input_starts[rows] + _INPUT_HEAD, self._input_ends[rows])

    def decisions(self, kind: EffectKind):
        """The decisions of one kind: the inputs that they answer, their positions, and their fields."""
        rows = np.flatnonzero(self._decision_kinds == kind)
        return self._whose[rows], self._decision_at[rows], Pieces(self.pool, self._decision_starts[rows] + _EFFECT_HEAD, self._decision_ends[rows])


def _require(fine, what):
    if not np.all(fine):
        raise Damaged(what.format(int(np.argmin(fine))))


class Pieces:
    """Encoded values of one kind in a pool of bytes, one behind the other, read field by field for all at once."""

    def __init__(self, pool, starts, ends):
        self.pool, self._at, self._ends = pool, np.array(starts, np.int64), ends

    def __len__(self):
        return len(self._at)

    def take(self, kind, of=None):
        """The next number of each, or of those that the mask `of` names: "u1", "u4", "u8", "i8" or "f8"."""
        size = int(kind[1])
        at = self._at if of is None else self._at[of]
        if np.any(at + size > (self._ends if of is None else self._ends[of])):
            raise Damaged("an input or decision is shorter than its kind")
        if of is None:
            self._at = at + size
        else:
            self._at[of] += size
        # A number at every byte, so that picking needs no copy of the bytes.
        numbers = np.ndarray((max(0, len(self.pool) - size + 1),), "<" + kind, self.pool, strides=(1,)) if len(self.pool) else np.empty(0, kind)
        return numbers[at]

    def text(self):
        """The next text of each: its position in the pool, and its length."""
        length = self.take("u4").astype(np.int64)
        start = self._at
        self.skip(length)
        return start, length

    def skip(self, size):
        self._at = self._at + size
        if np.any(self._at > self._ends):
            raise Damaged("an input or decision is shorter than its kind")
