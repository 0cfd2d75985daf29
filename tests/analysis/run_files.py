"""Writes run files as the program would, from columns: for sizes and contents that no quick search has."""

import json
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "analysis"))

from stemma import schema  # noqa: E402
from stemma.header import header_crc32  # noqa: E402

DEFAULT_SPACE = [
    {
        "name": "lr",
        "type": "real",
        "role": "mutable",
        "low": 1e-5,
        "high": 1.0,
        "scale": "log",
        "step": None,
        "default": None,
        "when": [],
    },
    {
        "name": "width",
        "type": "integer",
        "role": "fixed",
        "low": 8,
        "high": 512,
        "scale": "log",
        "step": None,
        "default": None,
        "when": [],
    },
    {
        "name": "activation",
        "type": "categorical",
        "role": "fixed",
        "choices": ["relu", "tanh"],
        "default": None,
        "when": [],
    },
]


def dtype_of(table, more=()):
    """Packed, as in the file. Names that clash get _ appended."""
    fields = [(name, kind) for name, kind in schema.TABLES[table].items()]
    taken = {name for name, _ in fields}
    for name in more:
        while name in taken:
            name += "_"
        taken.add(name)
        fields.append((name, "float64"))
    return np.dtype(fields)


def write_run(
    path,
    tables,
    *,
    name="made",
    parameters=None,
    metrics=("valid_loss", "test_loss"),
    held_out=(0, 1),
    maximize=False,
    unit="epoch",
    seed=1,
    job="",
    overrides="",
    text=b"",
    seconds=None,
    finished=True,
    version=schema.FORMAT_VERSION,
    fmt=schema.FORMAT,
    tail=0,
):
    """tables: {name: {column: values}}, all other columns 0; there is no log. `tail` appends that many uncommitted rows
    to every table."""
    parameters = DEFAULT_SPACE if parameters is None else parameters
    names = [item["name"] for item in parameters]
    variable = h5py.string_dtype()
    with h5py.File(path, "w", libver="latest") as file:
        attributes = {
            "format": fmt,
            "name": name,
            "run_id": "0123456789abcdef",
            "metric": metrics[0],
            "unit": unit,
            "program_version": "0.1.0",
            "git_hash": "none",
        }
        for key, value in attributes.items():
            file.attrs[key] = np.bytes_(value.encode())
        file.attrs.update(
            {
                "format_version": np.uint32(version),
                "file_incarnation": np.uint32(0),
                "seed": np.uint64(seed),
                "maximize": np.uint8(maximize),
                "started_unix": 1.7e9,
                "header_crc32": np.uint32(0),
                "format_readable_by": np.uint32(version),
                "rules_version": np.uint32(1),
                **{f"limit_{name}": np.uint64(0) for name in ("members", "reports", "resource")},
                **{"limit_seconds": 0.0, "limit_target": np.nan, "limit_max_resource": np.int64(0)},
            }
        )
        space = json.dumps({"parameters": parameters, "forbidden": []})
        for key, value in (("job", job), ("job_resolved", job), ("overrides", overrides), ("space", space)):
            file[key] = np.bytes_(value.encode()) if value else np.bytes_(b"\0")
        file.create_dataset("parameter_names", data=np.array(names, dtype=object), dtype=variable)
        file.create_dataset("metric_names", data=np.array(metrics, dtype=object), dtype=variable)
        file["metric_held_out"] = np.array(held_out, np.uint8)
        file.attrs["header_crc32"] = np.uint32(header_crc32(file))
        counts = {}
        for table, columns in schema.TABLES.items():
            if table == "commits":
                continue
            rows = (
                np.frombuffer(text if table == "text" else b"", np.uint8)
                if not columns
                else filled(table, tables.get(table, {}), names, metrics)
            )
            counts[table] = len(rows)
            more = np.zeros(tail, rows.dtype) if tail else rows[:0]
            file.create_dataset(table, data=np.concatenate([rows, more]), chunks=(4096,), maxshape=(None,))
        rows = with_checksums(commit(counts, seconds, tables, finished), file)
        file.create_dataset("commits", data=rows, chunks=(64,), maxshape=(None,))


def with_checksums(commits, file):
    """Those of the tables, where the file has them, and of the rows themselves."""
    for name in commits.dtype.names:
        if name + "_crc32" in commits.dtype.names and name in file:
            rows = file[name][:]
            commits[name + "_crc32"] = [zlib.crc32(rows[: int(count)]) for count in commits[name]]
    size, end, raw = commits.dtype.itemsize, commits.dtype.fields["crc32"][1], commits.tobytes()
    commits["crc32"] = [zlib.crc32(raw[i * size : i * size + end]) for i in range(len(commits))]
    return commits


def filled(table, columns, names, metrics):
    more = names if table == "members" else metrics if table in ("reports", "units") else ()
    kind = dtype_of(table, more)
    length = max((len(values) for values in columns.values()), default=0)
    rows = np.zeros(length, kind)
    for column in kind.names:
        if column in columns:
            rows[column] = columns[column]
        elif column in ("parent", "donor", "snapshot", "adopted_from", "replaced", "bracket") and table != "snapshots":
            rows[column] = schema.NONE
    return rows


def commit(counts, seconds, tables, finished):
    rows = np.zeros(1, dtype_of("commits"))
    times = tables.get("reports", {}).get("time", ())
    rows["time"] = seconds if seconds is not None else (max(times) if len(times) else 0.0)
    for table, count in counts.items():
        rows[table] = count
    rows["flags"] = schema.COMMIT_CLOSED | schema.COMMIT_FINISHED if finished else 0
    return rows


def population(members, reports_each, *, births=True, seed=1, workers=64):
    """Tables of a synthetic search: every member is trained `reports_each` times for one unit. With births each
    generation of an eighth of the members descends from the better ones of the last."""
    random = np.random.default_rng(seed)
    generations = 8 if births else 1
    size = members // generations
    parent, start = np.full(members, -1), np.zeros(members, np.int64)
    quality = random.normal(0.5, 0.15, members)
    for generation in range(1, generations):
        first, last = generation * size, members if generation == generations - 1 else (generation + 1) * size
        before = np.arange(first - size, first)
        good = before[np.argsort(quality[before])[: max(1, size // 10)]]
        parent[first:last] = random.choice(good, last - first)
        quality[first:last] = np.abs(quality[parent[first:last]] * 0.9 + random.normal(0, 0.03, last - first))
        start[first:last] = generation * reports_each
    who = np.repeat(np.arange(members), reports_each)
    step = np.tile(np.arange(reports_each), members)
    order = np.lexsort((np.arange(len(who)), step + start[who]))
    who, step = who[order], step[order]
    resource = start[who] + step + 1
    count = len(who)
    worker = np.arange(count) % workers + 1
    begin = (np.arange(count) // workers) * 10.0
    seconds = random.uniform(7, 9.5, count)
    loss = np.abs(quality[who] + 0.5 / resource + random.normal(0, 0.004, count))
    born = np.full(members, np.inf)
    np.minimum.at(born, who, begin)
    bests = np.flatnonzero(np.r_[True, np.minimum.accumulate(loss)[1:] < np.minimum.accumulate(loss)[:-1]])
    ids, ends = np.arange(count), begin + seconds + 0.2
    return {
        "members": {
            "member": np.arange(members),
            "parent": parent,
            "cause": np.where(parent < 0, schema.BirthCause.SAMPLED, schema.BirthCause.ADOPTION),
            "generation": start // reports_each,
            "time": born,
            "lr": 10 ** random.uniform(-5, 0, members),
            "width": random.integers(8, 513, members),
            "activation": random.integers(0, 2, members),
        },
        "leases": {
            "lease": ids,
            "member": who,
            "worker": worker,
            "from": resource - 1,
            "to": resource,
            "source": np.where(resource == 1, 0, 1),
            "time": begin,
        },
        "lease_ends": {"lease": ids, "time": ends, "outcome": np.ones(count)},
        "reports": {
            "sequence": ids,
            "time": ends,
            "member": who,
            "lease": ids,
            "worker": worker,
            "resource": resource,
            "asked": resource,
            "seconds": seconds,
            "status": np.ones(count),
            "valid_loss": loss,
            "test_loss": loss * 1.05,
        },
        "units": {"report": ids, "member": who, "resource": resource, "valid_loss": loss, "test_loss": loss * 1.05},
        "workers": {"worker": np.arange(workers) + 1, "change": np.ones(workers)},
        "events": {
            "sequence": bests,
            "time": ends[bests],
            "kind": np.full(len(bests), schema.EventKind.NEW_BEST),
            "member": who[bests],
            "lease": np.full(len(bests), -1),
            "worker": np.full(len(bests), -1),
            "value": loss[bests],
        },
        "incarnations": {"incarnation": [0], "change": [1], "workers": [workers], "best": [-1]},
    }
