"""What follows from the tables of a run. Every function takes the run; `Run` keeps the results.

Works on whole columns: 10^6 members take seconds. Members are numbered in order of birth, parents before children."""

import numpy as np
import pandas as pd

from stemma import workers
from stemma.columns import decode
from stemma.schema import BirthCause, EventKind, LeaseOutcome, ReportStatus

_STATES = ("waiting", "running", "reported", "diverged", "failed")


def leases(run):
    frame = run.table("leases")
    ends = run.file.table("lease_ends")
    end, outcome = np.full(len(frame), np.nan), np.zeros(len(frame), np.uint8)
    end[ends["lease"]], outcome[ends["lease"]] = ends["time"], ends["outcome"]
    frame["end"], frame["outcome"] = end, decode(outcome, LeaseOutcome, running=0)
    return frame


def founders(parents):
    """The root of each member, by jumping pointers: a few passes, however long lineages are."""
    root = np.where(parents >= 0, parents, np.arange(len(parents)))
    while True:
        further = root[root]
        if np.array_equal(further, root):
            return root
        root = further


def heirs(run):
    """Which members were born with their parent's weights; a repeat has its parent's configuration only."""
    rows = run.file.table("members")
    return (rows["parent"] >= 0) & ~np.isin(rows["cause"], (BirthCause.SAMPLED, BirthCause.REPEAT))


def descendants(parents):
    """Descendants of each member, itself included."""
    count = [1] * len(parents)
    for child, parent in zip(range(len(parents) - 1, -1, -1), parents[::-1].tolist()):
        if parent >= 0:
            count[parent] += count[child]
    return np.array(count, dtype=np.int64)


def sign(run):
    """The factor that makes less better."""
    return -1.0 if run.maximize else 1.0


def ranked(run):
    """Rows of `reports`, and their metric where less is better. The metric is infinite where a report is not ranked. As
    in the program, only full reports are ranked, neither late reports nor those of interrupted trainings. NaN never
    is."""
    rows = run.file.table("reports")
    value = rows[run.metric_column] * sign(run)
    value = np.where((rows["status"] == ReportStatus.FULL) & np.isfinite(value), value, np.inf)
    return rows, value


def configuration_of(run):
    """For each member the first one with its configuration: itself, except for repeats of it with another seed."""
    members = run.file.table("members")
    own = np.arange(len(members))
    return np.where(members["cause"] == BirthCause.REPEAT, members["parent"], own)


def counted(run):
    """What counts as a result, a row for each: index into `reports`, member, value (less is better), spread. A full
    report does. Where configurations are repeated with several seeds, the mean over all of these at one resource does.
    Its row is the last of their reports, its member the best of these members. Seeds that diverged or failed make it
    no result."""
    rows, value = ranked(run)
    first = configuration_of(run)
    seeds = np.bincount(first, minlength=1).max() if len(first) else 1
    finite = np.flatnonzero(np.isfinite(value))
    table = pd.DataFrame(
        {"row": finite, "member": rows["member"][finite], "resource": rows["resource"][finite], "value": value[finite]}
    )
    if seeds == 1:
        return table.assign(spread=0.0)
    table["first"] = first[table["member"]]
    table = table.drop_duplicates(["member", "resource"], keep="last")
    results = []
    for _, group in table.groupby(["first", "resource"], sort=False):
        if len(group) < seeds:
            continue
        scale = np.abs(group["value"]).max() or 1.0  # sums may be beyond the largest double
        results.append(
            {
                "row": group["row"].max(),
                "member": group["member"].iloc[group["value"].argmin()],
                "resource": group["resource"].iloc[0],
                "value": scale * (group["value"] / scale).mean(),
                "spread": scale * (group["value"] / scale).std(),
            }
        )
    table = pd.DataFrame(results, columns=["row", "member", "resource", "value", "spread"])
    return table.sort_values("row", ignore_index=True)


def summary(run):
    members, count = run.file.table("members"), len(run)
    rows, value = ranked(run)
    who = rows["member"]
    order = np.lexsort((np.arange(len(rows)), value, who))  # of each member: the best first, the earlier of equals
    first = order[np.r_[True, who[order][1:] != who[order][:-1]]] if len(order) else order
    first = first[np.isfinite(value[first])]
    best, at = np.full(count, np.nan), np.zeros(count, dtype=np.int64)
    best[who[first]] = rows[run.metric_column][first]
    at[who[first]] = rows["resource"][first]
    last = np.full(count, -1, dtype=np.int64)
    on_time = np.flatnonzero(counting(run))
    last[who[on_time]] = on_time
    has = last >= 0
    start = starts(run)
    reached, metric = start.copy(), np.full(count, np.nan)
    reached[has], metric[has] = rows["resource"][last[has]], rows[run.metric_column][last[has]]
    return pd.DataFrame(
        {
            "founder": founders(members["parent"]),
            "descendants": descendants(members["parent"]),
            "start": start,
            "reached": reached,
            "metric": metric,
            "best": best,
            "at": at,
            "seconds": np.bincount(who, rows["seconds"], minlength=count)[:count],
            "reports": np.bincount(who, minlength=count)[:count],
            "state": states(run, has),
        }
    )


def counting(run):
    """Which rows of `reports` tell where their member stands: none that came late, nor those of trainings that were
    ended before they had measured anything."""
    rows = run.file.table("reports")
    measured = np.isfinite(rows[run.metric_column])
    measured[run.file.table("units")["report"]] = True
    return measured & (rows["status"] != ReportStatus.LATE)


def starts(run):
    """Where each member's own training began: the resource that it took over from its parent, 0 from scratch."""
    rows = run.file.table("leases")
    start = np.zeros(len(run), dtype=np.int64)
    start[rows["member"][::-1]] = rows["from"][::-1]  # the first lease is written last
    waiting = heirs(run)
    waiting[rows["member"]] = False
    if waiting.any():
        members, reports = run.file.table("members"), run.file.table("reports")[counting(run)]
        for member in np.flatnonzero(waiting):  # where the parent stood at the birth
            told = reports["resource"][
                (reports["member"] == members["parent"][member]) & (reports["sequence"] <= members["sequence"][member])
            ]
            start[member] = told[-1] if len(told) else start[members["parent"][member]]
    return start


def states(run, reported):
    state = np.where(reported, _STATES.index("reported"), _STATES.index("waiting")).astype(np.int8)
    if not run.finished:
        state[run.leases["member"].to_numpy()[running(run)]] = _STATES.index("running")
    for name in ("diverged", "failed"):
        state[run.events["member"][run.events["kind"] == f"member_{name}"].to_numpy()] = _STATES.index(name)
    return pd.Categorical.from_codes(state, _STATES)


def running(run):
    """Which leases have no end yet."""
    return run.leases["end"].isna().to_numpy()


def best_report(run):
    """(member, resource) of the report that made the run's best member, which may have been trained further since.
    (None, None) before the first finite metric."""
    told = run.file.table("events")
    told = told[told["kind"] == EventKind.NEW_BEST][-1:]
    if len(told):
        rows, value = ranked(run)
        # With repeats other members of its configuration may have reported after it.
        made = np.flatnonzero(
            (rows["member"] == told["member"]) & (rows["sequence"] <= told["sequence"]) & np.isfinite(value)
        )
        if len(made):
            return int(rows["member"][made[-1]]), int(rows["resource"][made[-1]])
    results = counted(run)
    if not len(results):
        return None, None
    best = results.iloc[results["value"].argmin()]
    return int(best["member"]), int(best["resource"])


def best_member(run):
    return best_report(run)[0]


def best(run, k):
    if len(np.unique(configuration_of(run))) < len(run):
        return best_configurations(run, k)
    table = run.summary.dropna(subset=["best"])
    table = table.iloc[np.argsort(table["best"].to_numpy() * sign(run), kind="stable")[: max(k, 0) + 1]]
    own = best_member(run)
    if own is not None and own in run.summary.index:  # of equals the one that the run has
        table = pd.concat([run.summary.loc[[own]], table.drop(index=own, errors="ignore")])
    table = table.iloc[:k]
    columns = [parameter.column for parameter in run.parameters]
    out = table[["best", "at", "reached", "founder", "state"]].join(run.members.loc[table.index, columns], rsuffix="_")
    rows = run.reports[run.reports["member"].isin(table.index) & (run.reports["status"] == "full")]
    rows = rows.drop_duplicates(["member", "resource"], keep="last").set_index(["member", "resource"])
    for metric in run.metrics:
        values = rows[metric.column].to_dict()
        out[metric.column if metric.column not in out else metric.column + "_"] = [
            values.get(key, np.nan) for key in zip(out.index, out["at"])
        ]
    return out


def best_configurations(run, k):
    """Where configurations are repeated: the k best by their mean, each under its best member. Metrics are means.
    `spread` is the standard deviation of the metric that is optimized."""
    results = counted(run).sort_values("value", kind="stable")
    first = configuration_of(run)
    results = results[
        ~pd.Series(first[results["member"].to_numpy(dtype=np.int64)], index=results.index).duplicated()
    ].iloc[: max(k, 0)]
    out = pd.DataFrame(
        {
            "best": (results["value"] * sign(run)).to_numpy(dtype=float),
            "spread": results["spread"].to_numpy(dtype=float),
            "at": results["resource"].to_numpy(dtype=np.int64),
        },
        index=pd.Index(results["member"].to_numpy(dtype=np.int64), name="member"),
    )
    columns = [parameter.column for parameter in run.parameters]
    out = out.join(run.summary.loc[out.index, ["reached", "founder", "state"]]).join(
        run.members.loc[out.index, columns], rsuffix="_"
    )
    rows = run.reports[run.reports["status"] == "full"].drop_duplicates(["member", "resource"], keep="last")
    groups = rows.assign(first=first[rows["member"].to_numpy()]).groupby(["first", "resource"])
    for metric in run.metrics:
        means = groups[metric.column].mean().to_dict()
        out[metric.column if metric.column not in out else metric.column + "_"] = [
            means.get((first[member], at), np.nan) for member, at in zip(out.index, out["at"])
        ]
    return out


def best_ends(run, k):
    """{member: resource of its best report} of the k best, best first."""
    ends = {int(member): int(at) for member, at in best(run, k)["at"].items()}
    own, at = best_report(run)
    return {**ends, own: at} if own in ends else ends


def progress(run):
    rows, value = ranked(run)
    given = run.file.table("leases")
    trained = rows["resource"] - given["from"][rows["lease"]] if len(given) else np.zeros(len(rows))
    results = counted(run)
    who = rows["member"].copy()
    value = np.full(len(rows), np.inf)
    value[results["row"].to_numpy(dtype=np.int64)] = results["value"]
    who[results["row"].to_numpy(dtype=np.int64)] = results["member"]
    so_far = np.minimum.accumulate(value) if len(value) else value
    new = np.r_[True, so_far[1:] < so_far[:-1]] if len(value) else np.zeros(0, bool)
    holder = np.maximum.accumulate(np.where(new, np.arange(len(value)), 0)) if len(value) else np.zeros(0, int)
    seen = np.isfinite(so_far)
    columns = {
        "time": rows["time"],
        "spent": np.cumsum(trained),
        "busy": np.cumsum(rows["seconds"]),
        "gpu": np.cumsum(rows["seconds"] * workers.gpus(run, rows["lease"])),
        "member": rows["member"],
        "value": rows[run.metric_column],
        "best": np.where(seen, so_far * sign(run), np.nan),
        "best_member": np.where(seen, who[holder], -1),
    }
    for metric in run.metrics:
        if metric.held_out:
            columns["best_" + metric.column] = np.where(seen, rows[metric.column][holder], np.nan)
    return pd.DataFrame(columns)


def rungs(run):
    rows, value = ranked(run)
    given = run.leases
    table = pd.DataFrame({"level": given["to"], "member": given["member"]}).drop_duplicates()
    failed = set(run.summary.index[run.summary["state"].isin(["failed", "diverged"])])
    on_time = rows["status"] == ReportStatus.FULL
    reports = pd.DataFrame({"level": rows["resource"], "member": rows["member"], "time": rows["time"], "value": value})[
        on_time
    ]
    born = run.members[heirs(run)]
    went = pd.DataFrame(
        {
            "level": np.r_[given["from"], run.summary["start"].loc[born.index]].astype(np.int64),
            "member": np.r_[given["member"], born["parent"]].astype(np.int64),
        }
    ).drop_duplicates()
    went = went.merge(reports[["level", "member"]].drop_duplicates())
    by = reports.groupby("level")
    out = pd.DataFrame(
        {
            "entered": table.groupby("level").size(),
            "reported": by["member"].nunique(),
            "went_on": went.groupby("level").size(),
            "failed": table[table["member"].isin(failed)].groupby("level").size(),
            "first": by["time"].min(),
            "last": by["time"].max(),
            "best": by["value"].min().replace(np.inf, np.nan) * sign(run),
        }
    )
    counts = ["entered", "reported", "went_on", "failed"]
    out[counts] = out[counts].fillna(0).astype(np.int64)
    out.index.name = "level"
    return out


def spans(run, path, until=None):
    """Which part of each member's training is in the lineage, up to `until`: member, start, to [unit]."""
    start = run.summary["start"]
    ends = [int(start[child]) for child in path[1:]] + [int(run.summary["reached"][path[-1]])]
    return [(member, int(start[member]), end if until is None else min(end, until)) for member, end in zip(path, ends)]


def measured(run, rows):
    """Which rows of /units (a structured array or a frame) are of a whole unit of training, with its metrics."""
    if len(run.scores) == len(run.metrics):
        return np.ones(len(rows), bool)
    known = np.zeros(len(rows), bool)
    for metric in run.scores:
        known |= np.isfinite(np.asarray(rows[metric.units_column], float))
    return known | ~np.isfinite(np.asarray(rows["hyper_step"], float))


def rows_of(run, member):
    """The member's rows of `units`."""
    return run.units.iloc[_by_member(run)(member)]


def lineage(run, path, until=None):
    parts = []
    for member, start, end in spans(run, path, until):
        rows = rows_of(run, member)
        rows = rows[(rows["resource"] > start) & (rows["resource"] <= end) & measured(run, rows)]
        parts.append(rows.drop_duplicates("resource", keep="last").sort_values("resource"))
    return pd.concat(parts, ignore_index=True).drop(columns="report")


def _by_member(run):
    """Rows of `units` of a member, without a search through all of them each time."""
    if "_rows_of" not in run.__dict__ or run.__dict__["_rows_of_units"] is not run.units:
        who = run.file.table("units")["member"]
        order = np.argsort(who, kind="stable")
        run.__dict__["_rows_of"], run.__dict__["_rows_of_units"] = (order, who[order]), run.units
    order, sorted_members = run.__dict__["_rows_of"]
    return lambda member: order[
        np.searchsorted(sorted_members, member) : np.searchsorted(sorted_members, member, side="right")
    ]


def schedule(run, path, until=None):
    curve = lineage(run, path, until)
    columns = [parameter.column for parameter in run.parameters]
    at = curve.set_index("resource")[[metric.units_column for metric in run.metrics]]
    rows = []
    for member, start, end in spans(run, path, until):
        if end <= start:
            continue
        measured = at.loc[end] if end in at.index else pd.Series(dtype=float)
        metric = run._metric()
        rows.append({"member": member, "start": start, "to": end, "metric": measured.get(metric.units_column, np.nan)})
    frame = pd.DataFrame(rows, columns=["member", "start", "to", "metric"])
    return frame.join(run.members[columns], on="member", rsuffix="_")


def genealogy(run):
    import networkx as nx

    graph = nx.DiGraph(name=run.name, metric=run.metric, unit=run.unit)
    told = run.summary[["founder", "descendants", "start", "reached", "metric", "best", "seconds"]].join(
        run.summary["state"].astype(str)
    )
    described = run.members[["cause", "generation", "time", *(parameter.column for parameter in run.parameters)]]
    described = described.astype(
        {name: str for name, kind in described.dtypes.items() if isinstance(kind, pd.CategoricalDtype)}
    )
    frame = told.join(described, rsuffix="_")
    graph.add_nodes_from(zip(frame.index.tolist(), frame.to_dict("records")))
    born = run.members[run.members["parent"] >= 0]
    graph.add_edges_from(zip(born["parent"].tolist(), born["member"].tolist()))
    return graph
