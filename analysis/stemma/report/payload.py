"""What the page shows of runs: small things as JSON, columns as one compressed block.

Columns are little-endian arrays, back to back, deflated; `columns` in the JSON tells [type, offset, length] of each."""

import os
import zlib
from datetime import datetime, timezone

import numpy as np

from stemma import derive, hypergradients
from stemma.comparison import ALONG, compare
from stemma.errors import StemmaError
from stemma.importance import importance
from stemma.report.logs import log_lines

_POINTS_MAX = 400_000  # rows of learning curves in a page; beyond that only the best members'
_FAILURES_MAX = 500
_EVENTS_MAX = 200
_LINEAGES = 5
_MOVES_MAX = 300  # points of a trajectory


class Columns:
    """Collects arrays into one block."""

    def __init__(self):
        self.places, self._pieces, self._end = {}, [], 0

    def add(self, name, values, kind):
        with np.errstate(over="ignore"):  # a metric beyond float32 is infinite in the page
            raw = np.ascontiguousarray(values).astype(kind).tobytes()
        self.places[name] = [kind, self._end, len(values)]
        padding = -len(raw) % 4  # typed arrays begin at multiples of their size
        self._pieces += [raw, b"\0" * padding]
        self._end += len(raw) + padding

    def packed(self):
        return zlib.compress(b"".join(self._pieces), 6 if self._end < 50_000_000 else 1)


def payload(runs, job=True):
    """The JSON part as a dict, and the block of columns; the text of the job is in it or not."""
    run, columns = runs[0], Columns()
    _members(run, columns)
    _units(run, columns)
    _leases(run, columns)
    told = {
        "meta": _meta(run, job),
        "parameters": _parameters(run),
        "best": _best(run),
        "schedules": _schedules(run),
        "rungs": run.rungs.reset_index().to_dict("list"),
        "utilization": run.utilization.reset_index().to_dict("list"),
        "progress": _progress(run),
        "failures": _failures(run),
        "events": _events(run),
        "importance": importance(run).to_dict("records"),
        "logs": log_lines(run),
        "comparison": _comparison(runs),
        "columns": columns.places,
    }
    return told, columns.packed()


# By the number of the event sampler_chosen, which a search with sampler.type = "auto" has.
_SAMPLERS = {0: "random draws", 1: "multivariate TPE", 2: "a Gaussian process"}


def _last_value(run, kind):
    values = run.events["value"][run.events["kind"] == kind]
    return values.iloc[-1] if len(values) else None


def _meta(run, job):
    ends = run.incarnations[run.incarnations["change"] == "ended"]
    joined = run.workers[run.workers["change"] == "joined"]
    last = run.progress.iloc[-1] if len(run.progress) else {"spent": 0, "busy": 0.0, "gpu": 0.0}
    return {
        "name": run.name,
        "file": _file_name(run.path),
        "run_id": run.run_id,
        "seed": run.seed,
        "metric": run.metric,
        "maximize": run.maximize,
        "unit": run.unit,
        "metrics": [{"name": metric.name, "held_out": metric.held_out} for metric in run.scores],
        "seconds": run.seconds,
        "finished": run.finished,
        "reason": str(ends["reason"].iloc[-1]) if len(ends) else "",
        "used_up": int(_last_value(run, "used_up") or 0),
        "sampler": _SAMPLERS.get(_last_value(run, "sampler_chosen"), ""),
        "noise": run.selection_noise.share if run.selection_noise else 0.0,
        "members": len(run),
        "reports": len(run.reports),
        "spent": int(last["spent"]),
        "busy": float(last["busy"]),
        "gpu": float(last["gpu"]),
        "births": int((run.file.table("members")["parent"] >= 0).sum()),
        "workers": int(joined["worker"].nunique()),
        "hosts": sorted(set(joined["host"])),
        "devices": sorted(set(joined["device"])),
        "starts": int((run.incarnations["change"] == "started").sum()),
        "version": run.program_version,
        "lacks": list(run.lacks),
        "job": run.job if job else "",
        "started": datetime.fromtimestamp(run.started_unix, timezone.utc).isoformat(timespec="seconds")
        if run.started_unix
        else "",
    }


def _file_name(path):
    """A page is UTF-8, and a file's name may be any bytes."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def _parameters(run):
    return [
        {
            "name": parameter.name,
            "type": parameter.type,
            "scale": parameter.scale,
            "low": parameter.low,
            "high": parameter.high,
            "choices": list(parameter.choices),
            "mutable": parameter.role == "mutable",
        }
        for parameter in run.parameters
    ]


def _members(run, columns):
    births, told = run.file.table("members"), run.summary
    for name in ("parent", "donor"):
        columns.add(name, births[name], "i4")
    columns.add("cause", births["cause"], "u1")
    columns.add("born", births["time"], "f4")
    for name in ("founder", "descendants", "start", "reached", "at"):
        columns.add(name, told[name], "i4")
    columns.add("best", told["best"], "f4")
    columns.add("state", told["state"].cat.codes, "u1")
    for i, parameter in enumerate(run.parameters):
        columns.add(f"p{i}", births[parameter.column], "f4")


def _units(run, columns):
    rows = run.file.table("units")
    rows = rows[derive.measured(run, rows)]
    if len(rows) > _POINTS_MAX:
        rows = rows[_of_the_best(run, rows["member"])]
    rows = rows[np.lexsort((rows["resource"], rows["member"]))]
    columns.add("e.member", rows["member"], "i4")
    columns.add("e.resource", rows["resource"], "i4")
    columns.add("e.value", rows[run._metric().units_column], "f4")
    for i, metric in enumerate(metric for metric in run.scores if metric.held_out):
        columns.add(f"e.held{i}", rows[metric.units_column], "f4")


def _of_the_best(run, who):
    """Rows of as many members, best first, as a page can hold. Ancestors of the very best are among them."""
    order = np.argsort(np.nan_to_num(run.summary["best"].to_numpy() * derive.sign(run), nan=np.inf), kind="stable")
    rows_of = np.bincount(who, minlength=len(run))
    chosen = order[np.cumsum(rows_of[order]) <= _POINTS_MAX]
    keep = np.zeros(len(run), bool)
    keep[chosen] = True
    best = derive.best_member(run)
    if best is not None:
        keep[run.path_to(best)] = True
    return keep[who]


def _leases(run, columns):
    rows = run.leases
    reports = run.file.table("reports")
    training = np.zeros(len(rows))
    training[reports["lease"]] = reports["seconds"]
    end = rows["end"].fillna(run.seconds)
    ends, outcome = run.file.table("lease_ends"), np.zeros(len(rows), np.uint8)
    outcome[ends["lease"]] = ends["outcome"]
    for name, values, kind in (
        ("worker", rows["worker"], "i4"),
        ("member", rows["member"], "i4"),
        ("from", rows["from"], "i4"),
        ("to", rows["to"], "i4"),
        ("start", rows["time"], "f4"),
        ("end", end, "f4"),
        ("rest", np.maximum(0, end - rows["time"] - training), "f4"),  # alike in most leases, so it packs well
        ("outcome", outcome, "u1"),
        ("source", run.file.table("leases")["source"], "u1"),
    ):
        columns.add("l." + name, values, kind)


def _best(run):
    frame = run.best(10)
    return [
        {
            "member": int(member),
            **{name: (str(value) if isinstance(value, str) else value) for name, value in row.items()},
        }
        for member, row in zip(frame.index, frame.to_dict("records"))
    ]


def _schedules(run):
    """Of the best lineages, up to their best reports: stages with the raw numbers of the hyperparameters. For some of
    them also the courses that hypergradients gave (by number of the parameter: [resource, value])."""
    births, found = run.file.table("members"), []
    for member, end in derive.best_ends(run, _LINEAGES).items():
        stages, moves = run.schedule(member, end), _thinned(run.trajectory(member, end))
        moved = {
            i: np.column_stack([moves["resource"], values]).tolist()
            for i, parameter in enumerate(run.parameters)
            if (values := hypergradients.values(parameter, moves)) is not None
        }
        found.append(
            {
                "member": member,
                "path": run.path_to(member),
                "moved": moved,
                "stages": [
                    {
                        "member": int(row["member"]),
                        "start": int(row["start"]),
                        "to": int(row["to"]),
                        "metric": row["metric"],
                        "values": [float(births[parameter.column][int(row["member"])]) for parameter in run.parameters],
                    }
                    for row in stages[["member", "start", "to", "metric"]].to_dict("records")
                ],
            }
        )
    return found


def _thinned(frame):
    """Evenly spread rows, the last one among them."""
    return frame.iloc[(len(frame) - 1) % (every := -(-len(frame) // _MOVES_MAX) or 1) :: every] if len(frame) else frame


def _progress(run):
    """The points where the best changed, and the last."""
    frame = run.progress.dropna(subset=["best"])
    if len(frame):
        changed = frame["best"].ne(frame["best"].shift())
        changed.iloc[-1] = True
        frame = frame[changed]
    return {name: frame[name].tolist() for name in frame.columns}


def _failures(run):
    frame = run.failures
    by = frame.groupby(["kind", "host"], observed=True).size().reset_index(name="count") if len(frame) else None
    last = frame.tail(_FAILURES_MAX)[["time", "member", "worker", "host", "kind", "type", "message"]]
    return {
        "count": len(frame),
        "by": [] if by is None else by.astype({"kind": str}).to_dict("records"),
        "last": last.astype({"kind": str}).to_dict("records"),
        "events": {str(kind): int(count) for kind, count in run.events["kind"].astype(str).value_counts().items()},
    }


def _events(run):
    frame = run.events.tail(_EVENTS_MAX)[["time", "kind", "member", "worker", "value"]]
    return frame.astype({"kind": str}).to_dict("records")


def _comparison(runs):
    if len(runs) < 2:
        return None
    try:
        compared = compare(runs)
    except StemmaError as error:
        return {"error": str(error)}
    curves = {
        along: {
            label: rows.drop(columns="label").to_dict("list")
            for label, rows in compared.curves(along).groupby("label", sort=False)
        }
        for along in ALONG
    }
    return {
        "table": compared.table.to_dict("records"),
        "intervals": compared.intervals().to_dict("records"),
        "curves": curves,
    }
