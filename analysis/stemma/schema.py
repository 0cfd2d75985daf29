"""Names and numbers of run files. Generated from src/record/schema.hpp; do not edit."""

FORMAT = "stemma-run"
FORMAT_VERSION = 1

NONE = -1  # an id that is not there

INPUT_KINDS = {
    0: "incarnation_started",
    1: "worker_joined",
    2: "worker_lost",
    3: "lease_reported",
    4: "lease_failed",
    5: "snapshot_persisted",
    6: "snapshot_missing",
    7: "transfer_done",
    8: "ticked",
    9: "stop_requested",
    10: "member_stopped",
    11: "budget_changed",
    12: "model_fitted",
    13: "transfer_failed",
}

EFFECT_KINDS = {
    0: "born",
    1: "assign",
    2: "serve",
    3: "abort_transfer",
    4: "drop",
    5: "persist",
    6: "erase",
    7: "cancel",
    8: "dismiss",
    9: "noted",
    10: "ended",
    11: "replicate",
}

BIRTH_CAUSES = {
    1: "sampled",
    2: "repeat",
    3: "exploit",
    4: "adoption",
    5: "continuation",
    6: "backtrack",
}

SOURCE_KINDS = {
    0: "scratch",
    1: "local",
    2: "peer",
    3: "disk",
}

FAILURE_KINDS = {
    0: "none",
    1: "nonfinite",
    2: "out_of_memory",
    3: "infeasible",
    4: "device",
    5: "exception",
    6: "snapshot_unavailable",
    7: "worker_lost",
    8: "timed_out",
    9: "broken_program",
}

EVENT_KINDS = {
    1: "late_report",
    2: "retry",
    3: "member_failed",
    4: "member_diverged",
    5: "evicted",
    6: "retrain",
    7: "worker_retired",
    8: "new_best",
    9: "repeated_failure",
    10: "requeued",
    11: "persist_failed",
    12: "released",
    13: "model_late",
    14: "budget_cut",
}

END_REASONS = {
    1: "exhausted",
    2: "budget_members",
    3: "budget_reports",
    4: "budget_resource",
    5: "budget_seconds",
    6: "target",
    7: "stopped",
    8: "repeated_failure",
    9: "no_workers",
}

REPORT_STATUS = {
    1: "full",
    2: "partial",
    3: "late",
}

LEASE_OUTCOMES = {
    1: "reported",
    2: "partial",
    3: "failed",
    4: "lost",
    5: "timed_out",
}

WORKER_CHANGES = {
    1: "joined",
    2: "lost",
    3: "dismissed",
}

SNAPSHOT_CHANGES = {
    1: "persisted",
    2: "persist_failed",
    3: "erased",
    4: "missing",
}

INCARNATION_CHANGES = {
    1: "started",
    2: "ended",
}

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
    },
    "epochs": {
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
        "epochs": "uint64",
        "leases": "uint64",
        "lease_ends": "uint64",
        "workers": "uint64",
        "snapshots": "uint64",
        "events": "uint64",
        "failures": "uint64",
        "incarnations": "uint64",
        "text": "uint64",
        "flags": "uint32",
        "crc32": "uint32",
    },
}

# Which names decode a column.
DECODERS = {
    ("inputs", "kind"): INPUT_KINDS,
    ("decisions", "kind"): EFFECT_KINDS,
    ("members", "cause"): BIRTH_CAUSES,
    ("reports", "status"): REPORT_STATUS,
    ("leases", "source"): SOURCE_KINDS,
    ("lease_ends", "outcome"): LEASE_OUTCOMES,
    ("workers", "change"): WORKER_CHANGES,
    ("snapshots", "change"): SNAPSHOT_CHANGES,
    ("events", "kind"): EVENT_KINDS,
    ("failures", "kind"): FAILURE_KINDS,
    ("incarnations", "change"): INCARNATION_CHANGES,
    ("incarnations", "reason"): END_REASONS,
}
