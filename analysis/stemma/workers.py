"""Workers of a run: when each was there, on which host, with how many GPUs, and what its time went into."""

import numpy as np
import pandas as pd


def failures(run):
    frame = run.table("failures")
    return frame.assign(host=hosts(run, frame["worker"].to_numpy(), frame["sequence"].to_numpy()))


def hosts(run, workers, sequences):
    """Host of each worker slot at the time of an input: a resume may start it elsewhere."""
    joined = run.workers[run.workers["change"] == "joined"].sort_values("sequence")
    places = {
        worker: (rows["sequence"].to_numpy(), rows["host"].to_numpy()) for worker, rows in joined.groupby("worker")
    }
    found = []
    for worker, sequence in zip(workers, sequences):
        when, names = places.get(worker, ((), ()))
        at = np.searchsorted(when, sequence, side="right") - 1
        found.append(names[at] if len(names) and at >= 0 else "")
    return np.array(found, dtype=object)


def gpus(run, leases):
    """How many GPUs each of these leases' workers had."""
    joined = run.workers[run.workers["change"] == "joined"]
    count = dict(zip(joined["worker"], joined["device"].str.count("cuda:")))
    return (
        np.array([count.get(worker, 0) for worker in run.file.table("leases")["worker"][leases]])
        if any(count.values())
        else np.zeros(len(leases))
    )


def presence(run):
    """When each worker was present: worker, start, end [s]; one row for each stay."""
    stays, open_since, resumes = [], {}, _resumes(run)
    for row in run.workers.itertuples():
        while resumes and resumes[0][0] <= row.sequence:
            _close(stays, open_since, resumes.pop(0)[1])
        if row.change == "joined":
            open_since[row.worker] = row.time
        elif row.worker in open_since:
            stays.append((row.worker, open_since.pop(row.worker), row.time))
    for _, end in resumes:  # resumed, and no worker has joined yet
        _close(stays, open_since, end)
    _close(stays, open_since, run.seconds)
    return pd.DataFrame(sorted(stays), columns=["worker", "start", "end"])


def _resumes(run):
    """(its input, time of the last input before it) of each resume: a killed start does not record its workers' end."""
    begun = run.incarnations[run.incarnations["change"] == "started"]
    inputs = run.file.table("inputs") if len(begun) > 1 else ()
    if not len(inputs):
        return []
    before = np.searchsorted(inputs["sequence"], begun["sequence"].to_numpy()[1:]) - 1
    return list(zip(begun["sequence"].tolist()[1:], inputs["time"][before].tolist()))


def _close(stays, open_since, end):
    stays += [(worker, start, end) for worker, start in open_since.items()]
    open_since.clear()


def utilization(run):
    stays = presence(run)
    there = (stays["end"] - stays["start"]).groupby(stays["worker"]).sum()
    given, rows = run.leases, run.file.table("reports")
    end = given["end"].fillna(run.seconds)
    training = np.zeros(len(given))
    training[rows["lease"]] = rows["seconds"]
    length = (end - given["time"]).to_numpy()
    ended_well = given["outcome"].isin(["reported", "partial"]).to_numpy()
    still = given["end"].isna().to_numpy()
    parts = pd.DataFrame(
        {
            "worker": given["worker"],
            "training": np.where(still, length, np.minimum(training, length)),
            "exchange": np.where(ended_well, np.maximum(length - training, 0), 0),
            "lost": np.where(ended_well | still, 0, length),
        }
    )
    out = parts.groupby("worker").sum().reindex(there.index, fill_value=0.0)
    out.insert(0, "present", there)
    # A worker may hold its next lease while it finishes another, so that leases overlap a little.
    out["waiting"] = (out["present"] - out[["training", "exchange", "lost"]].sum(axis=1)).clip(lower=0)
    out["share"] = (out["training"] / out["present"]).where(out["present"] > 0, 0.0)
    return out
