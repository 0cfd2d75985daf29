"""What the tables must hold by the log. The program writes them beside it, and while a search runs without checksums of their
own: a reader compares them. Made as in src/record/tables.cpp, but all rows of a column at once."""

import numpy as np

from stemma import schema
from stemma.log import Damaged
from stemma.schema import EffectKind, EventKind, IncarnationChange, InputKind, LeaseOutcome, ReportStatus, SnapshotChange, WorkerChange


class NotAsLogged(ValueError):
    """A table that differs from the log; the log itself is whole. Names the row."""


_NEVER = np.iinfo(np.int64).max
_REAL, _INTEGER, _CHOICE = 1, 2, 3  # the byte before a value; 0: inactive, without a value


class LoggedTables:
    """The tables of a log. `more`: of the tables members, reports and epochs the columns of hyperparameters or metrics. `limits`: those at
    the start, by the columns of table budgets. Each table is made when it is compared."""

    def __init__(self, log, more, limits):
        self._log, self._more, self._parameters, self._metrics, self._limits = log, more, len(more["members"]), len(more["reports"]), limits
        self._read_starts()
        self._read_workers()
        self._read_reports()
        self._read_failures()
        self._read_assignments()
        self._find_ends()
        self._place_texts()

    def compare(self, name, rows):
        """Raises NotAsLogged if `rows`, the table in the file, differs from the log."""
        if name == "text":
            if rows.tobytes() != self._pool:
                raise NotAsLogged("table text is another one than in the log")
            return
        for column, values in self._columns(name).items():
            if column not in rows.dtype.names:  # of another version
                continue
            if len(values) != len(rows):
                raise NotAsLogged(f"table {name} has {len(rows)} rows; by the log it has {len(values)}")
            differs = _bits(np.asarray(values).astype(rows.dtype[column])) != _bits(rows[column])
            if differs.any():
                raise NotAsLogged(f"row {int(differs.argmax())} of table {name} has another {column} than the log")

    def rows(self, name, dtype):
        """The table by the log alone."""
        if name == "text":
            return np.frombuffer(self._pool, np.uint8)
        columns = self._columns(name)
        rows = np.empty(len(next(iter(columns.values()))), dtype)
        for column in dtype.names:
            if column not in columns:
                raise Damaged(f"table {name}, with column {column}, which this package does not know, is another one than in the log")
            rows[column] = columns[column]
        return rows

    def _columns(self, name):
        fixed, more = getattr(self, "_" + name)()
        return {column: fixed[column] for column in schema.TABLES[name]} | dict(zip(self._more.get(name, ()), more))

    # ---- what the log has of each kind ------------------------------------------------------------------------------

    def _read_starts(self):
        rows, at, fields = self._log.inputs(InputKind.INCARNATION_STARTED)
        self._starts = {"row": rows, "at": at, "incarnation": fields.take("u4"), "workers": fields.take("u4")}

    def _read_workers(self):
        rows, at, fields = self._log.inputs(InputKind.WORKER_JOINED)
        self._joined = {"row": rows, "at": at, "worker": fields.take("i8"), "host": fields.text(), "device": fields.text(), "quota": fields.take("u8")}
        rows, at, fields = self._log.inputs(InputKind.WORKER_LOST)
        self._gone = {"row": rows, "at": at, "worker": fields.take("i8"), "reason": fields.text()}

    def _read_reports(self):
        rows, at, fields = self._log.inputs(InputKind.LEASE_REPORTED)
        numbers = {name: fields.take(kind) for name, kind in (("worker", "i8"), ("lease", "i8"), ("reached", "i8"), ("seconds", "f8"), ("snapshot_bytes", "u8"))}
        self._reported = {"row": rows, "at": at, **numbers}
        count = fields.take("u4")
        self._last_values = np.full((len(rows), self._metrics), np.nan)
        of, resources, values = [], [], []
        for number in range(int(count.max(initial=0))):
            there = np.flatnonzero(count > number)
            of.append(there)
            resources.append(fields.take("i8", there))
            values.append(self._values(fields, there))
            self._last_values[there] = values[-1]
        order = np.argsort(np.concatenate(of), kind="stable") if of else np.empty(0, int)
        self._epoch_report, self._epoch_resource = (np.concatenate(items)[order] if items else np.empty(0, np.int64) for items in (of, resources))
        self._epoch_values = np.concatenate(values)[order] if values else np.empty((0, self._metrics))

    def _values(self, fields, there):
        count = fields.take("u4", there)
        values = np.full((len(there), self._metrics), np.nan)
        for number in range(int(count.max(initial=0))):
            more = count > number
            taken = fields.take("f8", there[more])
            if number < self._metrics:
                values[more, number] = taken
        return values

    def _read_failures(self):
        rows, at, fields = self._log.inputs(InputKind.LEASE_FAILED)
        self._failed = {"row": rows, "at": at, "worker": fields.take("i8"), "lease": fields.take("i8"), "kind": fields.take("u1"),
                        "type": fields.text(), "message": fields.text(), "reached": fields.take("i8"), "seconds": fields.take("f8")}

    def _read_assignments(self):
        rows, at, fields = self._log.decisions(EffectKind.ASSIGN)
        names = (("worker", "i8"), ("lease", "i8"), ("member", "i8"), ("from", "i8"), ("to", "i8"), ("source", "u1"), ("snapshot", "i8"),
                 ("owner", "i8"), ("transfer", "i8"), ("bytes", "u8"), ("attempt", "u4"))
        self._given = {"row": rows, "at": at, **{name: fields.take(kind) for name, kind in names}}
        if not np.array_equal(self._given["lease"], np.arange(len(rows))):
            raise Damaged("the log's leases are not numbered in order")
        rows, at, fields = self._log.decisions(EffectKind.NOTED)
        self._noted = {"row": rows, "at": at, "kind": fields.take("u1"), "member": fields.take("i8"), "lease": fields.take("i8"), "worker": fields.take("i8"), "value": fields.take("f8")}

    # ---- what follows from several kinds ----------------------------------------------------------------------------

    def _of_lease(self, column, leases, none):
        """For the given leases, `none` where there is no such lease."""
        known = (leases >= 0) & (leases < len(self._given["lease"]))
        values = np.full(len(leases), none, np.int64)
        values[known] = self._given[column][leases[known]]
        return values

    def _find_ends(self):
        """Where each lease first ended, and how: a report or failure of its worker, the worker's loss, the next start
        of the program, or an event of the manager."""
        given, reported, failed, noted = self._given, self._reported, self._failed, self._noted
        whole = np.where(reported["reached"] < self._of_lease("to", reported["lease"], 0), LeaseOutcome.PARTIAL, LeaseOutcome.REPORTED)
        found = [(told["lease"][own], told["at"][own], told["row"][own], outcome[own])
                 for told, outcome in ((reported, whole), (failed, np.full(len(failed["row"]), LeaseOutcome.FAILED)))
                 for own in [self._of_lease("worker", told["lease"], schema.NONE) == told["worker"]]]
        outcomes = {EventKind.REQUEUED: LeaseOutcome.LOST, EventKind.RETRY: LeaseOutcome.TIMED_OUT, EventKind.MEMBER_FAILED: LeaseOutcome.TIMED_OUT}
        for kind, outcome in outcomes.items():
            own = (noted["kind"] == kind) & (self._of_lease("lease", noted["lease"], schema.NONE) >= 0)
            found.append((noted["lease"][own], noted["at"][own], noted["row"][own], np.full(own.sum(), outcome)))
        total = int(given["at"].max(initial=0)) + int(self._gone["at"].max(initial=0)) + 1
        order = np.lexsort((self._gone["at"], self._gone["worker"]))
        for told, keys, wanted in ((self._starts, self._starts["at"], given["at"]),
                                   ({name: self._gone[name][order] for name in ("row", "at", "worker")}, (self._gone["worker"] * total + self._gone["at"])[order], given["worker"] * total + given["at"])):
            next_one = np.searchsorted(keys, wanted, side="right")
            own = np.flatnonzero(next_one < len(keys))
            if "worker" in told:
                own = own[told["worker"][next_one[own]] == given["worker"][own]]
            found.append((own, told["at"][next_one[own]], told["row"][next_one[own]], np.full(len(own), LeaseOutcome.LOST)))
        lease, at, row, outcome = (np.concatenate(items) for items in zip(*found))
        later = at > given["at"][lease]
        lease, at, row, outcome = lease[later], at[later], row[later], outcome[later]
        order = np.lexsort((at, lease))
        _, first = np.unique(lease[order], return_index=True)
        first = order[first]
        first = first[np.lexsort((lease[first], at[first]))]
        self._ends = {"lease": lease[first], "at": at[first], "row": row[first], "outcome": outcome[first]}
        self._end_at = np.full(len(given["lease"]), _NEVER)
        self._end_at[self._ends["lease"]] = self._ends["at"]

    def _place_texts(self):
        """Texts lie in their pool in the order of the log."""
        texts = [(told, name, number) for told, names in ((self._joined, ("host", "device")), (self._gone, ("reason",)), (self._failed, ("type", "message")))
                 for number, name in enumerate(names)]
        at = np.concatenate([told["at"] for told, _, _ in texts])
        number = np.concatenate([np.full(len(told["at"]), number) for told, _, number in texts])
        start, length = (np.concatenate([told[name][item] for told, name, _ in texts]) for item in (0, 1))
        order = np.lexsort((number, at))
        self._pool = b"".join(self._log.pool[begin : begin + size].tobytes() for begin, size in zip(start[order].tolist(), length[order].tolist()))
        place = np.empty(len(order), np.int64)
        place[order] = np.cumsum(length[order]) - length[order]
        self._text_at, first = {}, 0
        for told, name, _ in texts:
            self._text_at[name] = place[first : first + len(told["at"])], told[name][1]
            first += len(told["at"])

    def _text_columns(self, *names):
        return {f"{name}_{what}": self._text_at[name][item] for name in names for item, what in enumerate(("offset", "length"))}

    def _when(self, told):
        return {"sequence": told["row"], "time": self._log.times[told["row"]]}

    def _incarnation(self, at):
        """Starts and ends of the program that the log has."""
        start = np.searchsorted(self._starts["at"], at) - 1
        return np.where(start >= 0, self._starts["incarnation"][start], 0) if len(self._starts["at"]) else np.zeros(len(at), np.uint32)

    # ---- the tables: fixed columns, and the further ones ------------------------------------------------------------

    def _members(self):
        rows, _, fields = self._log.decisions(EffectKind.BORN)
        fixed = {"member": fields.take("i8"), "cause": fields.take("u1"), "parent": fields.take("i8"), "donor": fields.take("i8"), "generation": fields.take("u4"),
                 **self._when({"row": rows})}
        count, more = fields.take("u4"), []
        for number in range(self._parameters):
            values, there = np.full(len(rows), np.nan), np.flatnonzero(count > number)
            which = fields.take("u1", there)
            for kind, as_number in ((_REAL, "f8"), (_INTEGER, "i8"), (_CHOICE, "u4")):
                own = there[which == kind]
                values[own] = fields.take(as_number, own)
            more.append(values)
        return fixed, more

    def _reports(self):
        told = self._reported
        late = (self._of_lease("worker", told["lease"], schema.NONE) != told["worker"]) | (self._end_at_of(told["lease"]) < told["at"])
        asked = self._of_lease("to", told["lease"], 0)
        status = np.where(late, ReportStatus.LATE, np.where(told["reached"] < asked, ReportStatus.PARTIAL, ReportStatus.FULL))
        return {**told, **self._when(told), "member": self._of_lease("member", told["lease"], schema.NONE), "resource": told["reached"], "asked": asked, "status": status}, self._last_values.T

    def _end_at_of(self, leases):
        known = (leases >= 0) & (leases < len(self._end_at))
        return np.where(known, self._end_at[np.where(known, leases, 0)], _NEVER) if len(self._end_at) else np.full(len(leases), _NEVER)

    def _epochs(self):
        member = self._of_lease("member", self._reported["lease"], schema.NONE)
        return {"report": self._epoch_report, "member": member[self._epoch_report], "resource": self._epoch_resource}, self._epoch_values.T

    def _leases(self):
        given = self._given
        # A snapshot carries the number of the lease that left it.
        owner = self._of_lease("member", given["snapshot"], schema.NONE)
        before = given["snapshot"] < np.arange(len(owner))
        return {**given, **self._when(given), "adopted_from": np.where(before & (owner != given["member"]), owner, schema.NONE)}, ()

    def _lease_ends(self):
        return {**self._ends, **self._when(self._ends)}, ()

    def _workers(self):
        rows, at, fields = self._log.decisions(EffectKind.DISMISS)
        dismissed = {"row": rows, "at": at, "worker": fields.take("i8")}
        parts = ({**self._joined, "change": WorkerChange.JOINED, "snapshot_quota": self._joined["quota"], **self._text_columns("host", "device")},
                 {**self._gone, "change": WorkerChange.LOST, **self._text_columns("reason")}, {**dismissed, "change": WorkerChange.DISMISSED})
        return self._merged("workers", *({**part, **self._when(part), "incarnation": self._incarnation(part["at"])} for part in parts)), ()

    def _snapshots(self):
        rows, at, fields = self._log.inputs(InputKind.SNAPSHOT_PERSISTED)
        snapshot, fine = fields.take("i8"), fields.take("u1") != 0
        parts = [{"row": rows, "at": at, "snapshot": snapshot, "change": np.where(fine, SnapshotChange.PERSISTED, SnapshotChange.PERSIST_FAILED)}]
        for (rows, at, fields), change in ((self._log.inputs(InputKind.SNAPSHOT_MISSING), SnapshotChange.MISSING),
                                         (self._log.decisions(EffectKind.ERASE), SnapshotChange.ERASED)):
            parts.append({"row": rows, "at": at, "snapshot": fields.take("i8"), "change": change})
        return self._merged("snapshots", *({**part, **self._when(part), "member": self._of_lease("member", part["snapshot"], schema.NONE)} for part in parts)), ()

    def _events(self):
        return {**self._noted, **self._when(self._noted)}, ()

    def _failures(self):
        told = self._failed
        return {**told, **self._when(told), "member": self._of_lease("member", told["lease"], schema.NONE), "resource": told["reached"], **self._text_columns("type", "message")}, ()

    def _incarnations(self):
        rows, at, fields = self._log.decisions(EffectKind.ENDED)
        ended = {"row": rows, "at": at, "change": IncarnationChange.ENDED, "reason": fields.take("u1"), "best": fields.take("i8"), "incarnation": self._incarnation(at)}
        started = {**self._starts, "change": IncarnationChange.STARTED, "best": schema.NONE}
        return self._merged("incarnations", *({**part, **self._when(part)} for part in (started, ended))), ()

    def _budgets(self):
        rows, at, fields = self._log.inputs(InputKind.BUDGET_CHANGED)
        changed = {"row": rows, "at": at, **{name: fields.take(kind) for name, kind in (("members", "u8"), ("reports", "u8"), ("resource", "u8"), ("seconds", "f8"))},
                   "target": np.full(len(rows), np.nan)}
        there = np.flatnonzero(fields.take("u1") == 1)
        changed["target"][there] = fields.take("f8", there)
        known = self._limits["max_resource"] > 0 and len(self._starts["row"]) > 0 and self._starts["row"][0] == 0
        raised = fields.take("i8")
        changed["max_resource"] = np.maximum.accumulate(np.maximum(raised, self._limits["max_resource"])) if len(raised) else raised
        first = {"row": np.zeros(1, int), "at": np.zeros(1, int), **{name: np.array([value]) for name, value in self._limits.items()}}
        return self._merged("budgets", *({**part, **self._when(part)} for part in ([first] if known else []) + [changed])), ()

    @staticmethod
    def _merged(table, *parts):
        """Rows of several kinds in the order of the log; a column that a kind does not have is 0."""
        order = np.argsort(np.concatenate([part["at"] for part in parts]), kind="stable")
        return {column: np.concatenate([np.broadcast_to(part.get(column, 0), len(part["at"])) for part in parts])[order] for column in schema.TABLES[table]}


def _bits(column):
    """Bytes in which NaN equals NaN, and 0 is not -0."""
    return np.ascontiguousarray(column).view(f"u{column.dtype.itemsize}")
