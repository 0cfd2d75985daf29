"""Names and numbers of run files. Generated from src/record/schema.hpp; do not edit."""

from enum import IntEnum

FORMAT = "stemma-run"
FORMAT_VERSION = 3

NONE = -1  # an id that is not there
COMMIT_CLOSED, COMMIT_FINISHED = 1, 2  # bits of the column flags of commits


class InputKind(IntEnum):
    INCARNATION_STARTED = 0
    WORKER_JOINED = 1
    WORKER_LOST = 2
    REPORT = 3
    FAILURE = 4
    PERSISTED = 5
    SNAPSHOT_MISSING = 6
    TRANSFER_DONE = 7
    TICKED = 8
    STOP_REQUESTED = 9
    MEMBER_STOPPED = 10
    BUDGET_CHANGED = 11
    MODEL_FITTED = 12
    TRANSFER_FAILED = 13
    TRANSFER_LATE = 14


class EffectKind(IntEnum):
    BORN = 0
    TRAIN = 1
    SERVE = 2
    ABORT_TRANSFER = 3
    DROP = 4
    PERSIST = 5
    ERASE = 6
    CANCEL = 7
    DISMISS = 8
    NOTED = 9
    ENDED = 10
    REPLICATE = 11


class BirthCause(IntEnum):
    SAMPLED = 1
    REPEAT = 2
    EXPLOIT = 3
    ADOPTION = 4
    CONTINUATION = 5
    BACKTRACK = 6


class SourceKind(IntEnum):
    SCRATCH = 0
    LOCAL = 1
    PEER = 2
    DISK = 3


class FailureKind(IntEnum):
    NONE = 0
    NONFINITE = 1
    OUT_OF_MEMORY = 2
    INFEASIBLE = 3
    DEVICE = 4
    EXCEPTION = 5
    SNAPSHOT_UNAVAILABLE = 6
    WORKER_LOST = 7
    TIMED_OUT = 8
    BROKEN_PROGRAM = 9


class EventKind(IntEnum):
    LATE_REPORT = 1
    RETRY = 2
    MEMBER_FAILED = 3
    MEMBER_DIVERGED = 4
    EVICTED = 5
    RETRAIN = 6
    WORKER_RETIRED = 7
    NEW_BEST = 8
    REPEATED_FAILURE = 9
    REQUEUED = 10
    PERSIST_FAILED = 11
    RELEASED = 12
    MODEL_LATE = 13
    BUDGET_CUT = 14
    SELECTED = 15
    REDRAWN = 16
    USED_UP = 17
    SAMPLER_CHOSEN = 18
    ARM_STOPPED = 19
    ARM_AHEAD = 20


class EndReason(IntEnum):
    EXHAUSTED = 1
    BUDGET_MEMBERS = 2
    BUDGET_REPORTS = 3
    BUDGET_RESOURCE = 4
    BUDGET_SECONDS = 5
    TARGET = 6
    STOPPED = 7
    REPEATED_FAILURE = 8
    NO_WORKERS = 9


class StopReason(IntEnum):
    USER = 1
    SIGNAL = 2
    TIME_LIMIT = 3


class ReportStatus(IntEnum):
    FULL = 1
    PARTIAL = 2
    LATE = 3


class LeaseOutcome(IntEnum):
    REPORTED = 1
    PARTIAL = 2
    FAILED = 3
    LOST = 4
    TIMED_OUT = 5


class WorkerChange(IntEnum):
    JOINED = 1
    LOST = 2
    DISMISSED = 3


class SnapshotChange(IntEnum):
    PERSISTED = 1
    PERSIST_FAILED = 2
    ERASED = 3
    MISSING = 4


class IncarnationChange(IntEnum):
    STARTED = 1
    ENDED = 2


# Fixed columns of each table with their NumPy types; parameters and metrics follow as float64.
TABLES = {
    "inputs": {
        "sequence": "uint64",
        "time": "float64",
        "kind": "uint8",
        "offset": "uint64",
        "length": "uint32",
        "decisions": "uint32",
        "crc32": "uint32",
    },
    "decisions": {
        "sequence": "uint64",
        "index": "uint32",
        "kind": "uint8",
        "offset": "uint64",
        "length": "uint32",
        "crc32": "uint32",
    },
    "payload": {
    },
    "members": {
        "member": "int64",
        "parent": "int64",
        "donor": "int64",
        "cause": "uint8",
        "generation": "uint32",
        "sequence": "uint64",
        "time": "float64",
        "replaced": "int64",
        "bracket": "int64",
    },
    "reports": {
        "sequence": "uint64",
        "time": "float64",
        "member": "int64",
        "lease": "int64",
        "worker": "int64",
        "resource": "int64",
        "asked": "int64",
        "seconds": "float64",
        "snapshot_bytes": "uint64",
        "status": "uint8",
        "processes": "uint32",
    },
    "units": {
        "report": "int64",
        "member": "int64",
        "resource": "int64",
    },
    "leases": {
        "lease": "int64",
        "member": "int64",
        "worker": "int64",
        "from": "int64",
        "to": "int64",
        "source": "uint8",
        "snapshot": "int64",
        "attempt": "uint32",
        "adopted_from": "int64",
        "sequence": "uint64",
        "time": "float64",
    },
    "lease_ends": {
        "lease": "int64",
        "sequence": "uint64",
        "time": "float64",
        "outcome": "uint8",
    },
    "workers": {
        "incarnation": "uint32",
        "worker": "int64",
        "change": "uint8",
        "sequence": "uint64",
        "time": "float64",
        "snapshot_quota": "uint64",
        "host_offset": "uint64",
        "host_length": "uint32",
        "device_offset": "uint64",
        "device_length": "uint32",
        "reason_offset": "uint64",
        "reason_length": "uint32",
    },
    "snapshots": {
        "sequence": "uint64",
        "time": "float64",
        "snapshot": "int64",
        "member": "int64",
        "change": "uint8",
    },
    "events": {
        "sequence": "uint64",
        "time": "float64",
        "kind": "uint8",
        "member": "int64",
        "lease": "int64",
        "worker": "int64",
        "value": "float64",
    },
    "failures": {
        "sequence": "uint64",
        "time": "float64",
        "lease": "int64",
        "member": "int64",
        "worker": "int64",
        "kind": "uint8",
        "resource": "int64",
        "seconds": "float64",
        "type_offset": "uint64",
        "type_length": "uint32",
        "message_offset": "uint64",
        "message_length": "uint32",
    },
    "incarnations": {
        "incarnation": "uint32",
        "change": "uint8",
        "sequence": "uint64",
        "time": "float64",
        "workers": "uint32",
        "reason": "uint8",
        "best": "int64",
    },
    "budgets": {
        "sequence": "uint64",
        "time": "float64",
        "members": "uint64",
        "reports": "uint64",
        "resource": "uint64",
        "seconds": "float64",
        "target": "float64",
        "max_resource": "int64",
    },
    "text": {
    },
    "commits": {
        "commit": "uint64",
        "time": "float64",
        "inputs": "uint64",
        "decisions": "uint64",
        "payload": "uint64",
        "members": "uint64",
        "reports": "uint64",
        "units": "uint64",
        "leases": "uint64",
        "lease_ends": "uint64",
        "workers": "uint64",
        "snapshots": "uint64",
        "events": "uint64",
        "failures": "uint64",
        "incarnations": "uint64",
        "budgets": "uint64",
        "text": "uint64",
        "flags": "uint32",
        "inputs_crc32": "uint32",
        "decisions_crc32": "uint32",
        "payload_crc32": "uint32",
        "members_crc32": "uint32",
        "reports_crc32": "uint32",
        "units_crc32": "uint32",
        "leases_crc32": "uint32",
        "lease_ends_crc32": "uint32",
        "workers_crc32": "uint32",
        "snapshots_crc32": "uint32",
        "events_crc32": "uint32",
        "failures_crc32": "uint32",
        "incarnations_crc32": "uint32",
        "budgets_crc32": "uint32",
        "text_crc32": "uint32",
        "crc32": "uint32",
    },
}

# Which enumeration a column holds.
DECODERS = {
    ("inputs", "kind"): InputKind,
    ("decisions", "kind"): EffectKind,
    ("members", "cause"): BirthCause,
    ("reports", "status"): ReportStatus,
    ("leases", "source"): SourceKind,
    ("lease_ends", "outcome"): LeaseOutcome,
    ("workers", "change"): WorkerChange,
    ("snapshots", "change"): SnapshotChange,
    ("events", "kind"): EventKind,
    ("failures", "kind"): FailureKind,
    ("incarnations", "change"): IncarnationChange,
    ("incarnations", "reason"): EndReason,
}

# Names of tables in files of older formats.
FORMERLY = {
    "units": "epochs",
}

# Fields of each kind of input and decision in `payload`, in their order (docs/SCHEMA.md, "Payload").
INPUT_FIELDS = {
    "incarnation_started": {"incarnation": "uint32", "workers": "uint32"},
    "worker_joined": {"worker": "id", "host": "text", "device": "text", "snapshot_quota": "uint64", "baselines": "tail list of float64"},
    "worker_lost": {"worker": "id", "reason": "text"},
    "report": {"worker": "id", "lease": "id", "reached": "int64", "seconds": "float64", "snapshot_bytes": "uint64", "rows": "list of (resource int64, values list of float64)", "processes": "tail uint32"},
    "failure": {"worker": "id", "lease": "id", "kind": "uint8 FAILURE_KINDS", "type": "text", "message": "text", "reached": "int64", "seconds": "float64"},
    "persisted": {"snapshot": "id", "ok": "bool", "message": "text"},
    "snapshot_missing": {"snapshot": "id"},
    "transfer_done": {"transfer": "id"},
    "ticked": {},
    "stop_requested": {"reason": "uint8 STOP_REASONS"},
    "member_stopped": {"member": "id"},
    "budget_changed": {"budget": "(members uint64, reports uint64, resource uint64, seconds float64, target optional float64)", "max_resource": "int64"},
    "model_fitted": {"number": "uint64", "model": "list of float64"},
    "transfer_failed": {"transfer": "id"},
    "transfer_late": {"transfer": "id"},
}

EFFECT_FIELDS = {
    "born": {"member": "id", "cause": "uint8 BIRTH_CAUSES", "parent": "id", "donor": "id", "generation": "uint32", "configuration": "list of value", "place": "tail (replaced id, bracket id)"},
    "train": {"worker": "id", "lease": "id", "member": "id", "from": "int64", "to": "int64", "source": "(kind uint8 SOURCE_KINDS, snapshot id, owner id, transfer id, bytes uint64)", "attempt": "uint32", "adopted_from": "tail id"},
    "serve": {"transfer": "id", "snapshot": "id", "owner": "id", "receiver": "id"},
    "abort_transfer": {"transfer": "id", "worker": "id"},
    "drop": {"worker": "id", "snapshot": "id"},
    "persist": {"worker": "id", "snapshot": "id"},
    "erase": {"snapshot": "id"},
    "cancel": {"worker": "id", "lease": "id"},
    "dismiss": {"worker": "id"},
    "noted": {"kind": "uint8 EVENT_KINDS", "member": "id", "lease": "id", "worker": "id", "value": "float64"},
    "ended": {"reason": "uint8 END_REASONS", "best": "id"},
    "replicate": {"transfer": "id", "snapshot": "id", "member": "id", "resource": "int64", "owner": "id", "worker": "id", "bytes": "uint64"},
}
