"""Optuna: a study with a trial for each member, for optuna-dashboard and for Optuna's own plots."""

import math
import warnings
from datetime import datetime, timedelta, timezone

from stemma.errors import StemmaError
from stemma.export.needed import needed


def to_optuna(run, storage=None, name=None):
    """Makes the study in `storage` (an address such as "sqlite:///study.db"; None: in memory). Returns a line for the
    given storage, or the study itself without a storage.

    Intermediate values are the metric at each unit of training. A member that took its parent's weights begins where
    the parent was. Ancestry, held-out metrics and state are user attributes. Members that failed are FAIL, others
    COMPLETE. Members without a finite metric are FAIL too, as Optuna treats NaN."""
    optuna = needed("optuna", "optuna", "an Optuna study")
    name = name or f"{run.name} {run.run_id[:6]}"
    try:
        study = optuna.create_study(
            storage=storage, study_name=name, direction="maximize" if run.maximize else "minimize"
        )
    except optuna.exceptions.DuplicatedStudyError:
        raise StemmaError(
            f"{storage}: has a study {name!r} already. Delete it there, or give another storage"
        ) from None
    study.set_user_attr("stemma run", run.run_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "experimental" since Optuna 3.2
        study.set_metric_names([run.metric])
    distributions = {parameter.name: _distribution(optuna, parameter) for parameter in run.parameters}
    study.add_trials([_trial(optuna, run, member, distributions, curve) for member, curve in _curves(run)])
    return study if storage is None else f"{len(run)} trials: optuna-dashboard {storage}"


def _distribution(optuna, parameter):
    kinds = optuna.distributions
    if parameter.choices:
        return kinds.CategoricalDistribution(list(parameter.choices))
    log = parameter.scale == "log" and parameter.low > 0
    if parameter.type == "integer":
        return kinds.IntDistribution(int(parameter.low), int(parameter.high), log=log)
    return kinds.FloatDistribution(parameter.low, parameter.high, log=log)


def _curves(run):
    column = run._metric().units_column
    rows = run.units.groupby("member")
    for member in run.members["member"].tolist():
        known = rows.get_group(member) if member in rows.groups else run.units.iloc[:0]
        yield (
            member,
            {int(step): float(value) for step, value in zip(known["resource"], known[column]) if not math.isnan(value)},
        )


def _trial(optuna, run, member, distributions, curve):
    told, birth = run.summary.loc[member], run.members.loc[member]
    values = {parameter.name: birth[parameter.column] for parameter in run.parameters}
    # Optuna would refuse numbers that a schedule moved beyond the range they were sampled from.
    active = {
        name: _plain(value)
        for name, value in values.items()
        if not _missing(value) and distributions[name]._contains(distributions[name].to_internal_repr(_plain(value)))
    }
    failed = told["state"] in ("failed", "diverged") or not math.isfinite(told["best"])
    start = datetime.fromtimestamp(run.started_unix + birth["time"], timezone.utc).replace(tzinfo=None)
    trial = optuna.trial.create_trial(
        state=optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE,
        value=None if failed else float(told["best"]),
        params=active,
        distributions={name: distributions[name] for name in active},
        intermediate_values=curve,
        user_attrs={
            "member": int(member),
            "parent": int(birth["parent"]),
            "founder": int(told["founder"]),
            "cause": str(birth["cause"]),
            "state": str(told["state"]),
            "trained to": int(told["reached"]),
        },
    )
    trial.datetime_start = start
    trial.datetime_complete = start + timedelta(seconds=float(told["seconds"]))
    return trial


def _missing(value):
    return value is None or value != value


def _plain(value):
    return value.item() if hasattr(value, "item") else value
