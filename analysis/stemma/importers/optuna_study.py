"""A job from a study of Optuna that lies in an SQLite file. Optuna itself is not needed."""

import json
import os
import sqlite3

from stemma.errors import StemmaError

_URL = "sqlite:///"


def path_of(source):
    """The file of "study.db" or "sqlite:///study.db"; None for other texts."""
    if source.startswith(_URL):
        return source[len(_URL) :]
    return source if source.endswith((".db", ".sqlite", ".sqlite3")) else None


def read(source, name=None):
    """The job of the study of that name. Default: of the only one."""
    path = path_of(source)
    if not os.path.exists(path):
        raise StemmaError(f"{path}: is not there")
    try:
        connection = sqlite3.connect(f"file:{os.path.abspath(path)}?mode=ro", uri=True)
        try:
            return _job(connection, path, name)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StemmaError(f"{path}: cannot be read as a storage of Optuna ({error})") from None


def _job(connection, path, name):
    def rows(query, *values):
        return connection.execute(query, values).fetchall()

    studies = rows("SELECT study_id, study_name FROM studies ORDER BY study_id")
    names = ", ".join(study for _, study in studies)
    if name is None and len(studies) != 1:
        raise StemmaError(f"{path}: has {len(studies)} studies ({names or 'none'}): choose one by --study NAME")
    found = [number for number, study in studies if name in (None, study)]
    if not found:
        raise StemmaError(f"{path}: has no study {name!r}; it has {names}")
    study = found[0]
    notes = []
    directions = rows("SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective", study)
    if len(directions) > 1:
        notes.append(f"the study has {len(directions)} objectives: the first one ranks members here")
    trials = rows("SELECT trial_id, number, state FROM trials WHERE study_id = ? ORDER BY number", study)
    space = _space(rows, study, notes)
    if not space:
        raise StemmaError(
            f"{path}: the study has no trial with parameters yet, and a study has a space only by its trials"
        )
    first, last = rows(
        "SELECT MIN(step), MAX(step) FROM trial_intermediate_values JOIN trials USING (trial_id) WHERE study_id = ?",
        study,
    )[0]
    longest = last if last is None or first > 0 else last + 1  # many count from 0
    scheduler = {"type": "random", "max": 10}
    if longest is None:
        notes.append("the study has no intermediate values: scheduler.max = 10 epochs is a guess")
    else:
        scheduler = {"type": "asha", "min": 1, "max": max(int(longest), 1), "eta": 3}
        notes.append("the study reports intermediate values: asha, which pauses and goes on, stands for its pruner")
    maximize = bool(directions) and directions[0][0] in ("MAXIMIZE", 2)
    metric = _metric(rows, study)
    if metric is None:
        metric = "valid_accuracy" if maximize else "valid_loss"
        notes.append(f'the study does not name its objective: "{metric}" is a guess')
    notes.append("a storage does not say which sampler and pruner the study has: tpe is Optuna's own default")
    job = {
        "run": {"name": dict(studies)[study], "budget": {"members": max(len(trials), 1)}},
        "metric": {"name": metric, "direction": "maximize" if maximize else "minimize"},
        "space": space,
        "sampler": {"type": "tpe"},
        "scheduler": scheduler,
        "trainer": {"type": "process", "command": ["python3", "train.py", *(f"--{one}={{{one}}}" for one in space)]},
    }
    return job, False, notes


def _metric(rows, study):
    stored = rows(
        "SELECT value_json FROM study_system_attributes WHERE study_id = ? AND key = 'study:metric_names'", study
    )
    names = json.loads(stored[0][0]) if stored else []
    return str(names[0]) if names else None


def _space(rows, study, notes):
    space, total = {}, 0
    stored = rows(
        "SELECT param_name, distribution_json, COUNT(*) FROM trial_params JOIN trials USING (trial_id) "
        "WHERE study_id = ? GROUP BY param_name, distribution_json ORDER BY MIN(param_id)",
        study,
    )
    counts = {}
    for name, text, count in stored:
        counts[name] = counts.get(name, 0) + count
        if name in space:
            notes.append(f"parameter {name}: its trials have several ranges; the first one stands here")
            continue
        space[name] = _parameter(name, json.loads(text), notes)
    total = max(counts.values(), default=0)
    for name, count in counts.items():
        if count < total:
            notes.append(
                f"parameter {name}: only {count} of {total} trials have it. If another one decides that, write "
                "when = { other = [...] }"
            )
    return space


def _parameter(name, distribution, notes):
    kind, terms = distribution["name"], distribution["attributes"]
    if kind == "CategoricalDistribution":
        return {"type": "categorical", "choices": [_plain(name, choice, notes) for choice in terms["choices"]]}
    whole = kind.startswith("Int")
    low, high = (terms["low"], terms["high"]) if whole else (float(terms["low"]), float(terms["high"]))
    found = {"type": "integer" if whole else "real", "low": low, "high": high}
    if terms.get("log") or "Log" in kind:
        found["scale"] = "log"
    step = terms.get("step", terms.get("q"))
    if step is not None and not (whole and step == 1):
        found["step"] = step
    return found


def _plain(name, choice, notes):
    if isinstance(choice, (bool, int, float, str)):
        return choice
    notes.append(f"parameter {name}: {choice!r} is no number, text, true or false; its text stands for it")
    return str(choice)
