"""A running search in the terminal, in plain text: works over ssh, in `srun --pty`, and into a pipe."""

import re
import shutil
import sys
import time

import numpy as np

from stemma import derive
from stemma.errors import StemmaError
from stemma.run import open_run

_CLEAR, _END = "\033[H", "\033[J"
_HIDE, _SHOW = "\033[?25l", "\033[?25h"


def watch(path, interval=2.0, once=False, out=None):
    """Shows the run until it has ended, or once. Returns the exit code."""
    out = out or sys.stdout
    run = open_run(path)
    terminal = out.isatty()
    if once or not terminal:
        print(screen(run, *_size(terminal)), file=out)
        if once or run.finished:
            return 0
    try:
        if terminal:
            out.write("\033[2J" + _HIDE)
        while True:
            if terminal:
                text = screen(run, *_size(True))
                out.write(_CLEAR + "\n".join(line + "\033[K" for line in text.splitlines()) + "\n" + _END)
                out.flush()
            if run.finished:
                return 0
            time.sleep(max(0.2, interval))
            before = run.file.rows("commits")
            try:
                run.refresh()
            except StemmaError:
                continue  # being replaced by a resume or at its end
            if not terminal and run.file.rows("commits") != before:
                print(_line(run), file=out, flush=True)
    finally:
        if terminal:
            out.write(_SHOW)
            out.flush()


def _size(terminal):
    size = shutil.get_terminal_size((100, 40))
    return (size.columns, size.lines - 1) if terminal else (100, 200)


def screen(run, width=100, height=40):
    """What there is to see, at most `height` lines of `width` columns."""
    lines = [f"{run.name}   {'ended' if run.finished else 'running'}   {clock(run.seconds)}", "", _best(run), _line(run), _left(run), ""]
    lines += _rungs(run, max(4, height - 22)) + [""] + _events(run, 8)
    return "\n".join(line[:width] for line in lines[:height])


def _best(run):
    best = run.best(1)
    if best.empty:
        return f"best     none yet: no member has a finite {run.metric}"
    row = best.iloc[0]
    held = "".join(f"  {metric.name} {row[metric.column]:.5g} (held out)" for metric in run.metrics if metric.held_out)
    values = " ".join(f"{parameter.name}={_value(row[parameter.column])}" for parameter in run.parameters if parameter.column in row)
    return f"best     {run.metric} {row['best']:.5g}{held}  member {best.index[0]} after {int(row['at'])} {run.unit}s\n         {values}"


def _value(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _line(run):
    use = run.utilisation
    there, training = use["present"].sum(), use["training"].sum()
    out = int(derive.running(run).sum())
    share = f"{100 * training / there:.0f} % of {len(use)} workers training" if there > 0 else "no worker yet"
    failed = f"   {len(run.failures)} failures" if len(run.failures) else ""
    spent = int(run.progress["spent"].iloc[-1]) if len(run.progress) else 0
    return f"work     {len(run)} members, {len(run.reports)} reports, {spent} {run.unit}s, {out} leases out   {share}{failed}"


def time_left(run):
    """Seconds until the job's budget is spent at the present pace, and by which limit; None if the job names none that
    can be foreseen, or nothing was reported yet. Changes by `stemma budget` are not seen."""
    limits = _budget(run)
    done = {"members": _proposed(run), "reports": int((run.reports["status"] == "full").sum()),
            "epochs": run.progress["spent"].max() if len(run.progress) else 0}
    done["steps"] = done["resource"] = done["epochs"]
    found = [(run.seconds * (limit / done[name] - 1), name) for name, limit in limits.items() if name in done and done[name] > 0]
    found += [(limits["wall_time"] - run.seconds, "wall_time")] if "wall_time" in limits else []
    return min((max(0.0, seconds), name) for seconds, name in found) if found else None


def _proposed(run):
    """Configurations tried, as the budget counts them: births that copy that of their donor or parent are not."""
    rows = run.file.table("members")
    of = np.where(rows["donor"] >= 0, rows["donor"], rows["parent"])
    copies = of >= 0
    for parameter in run.parameters:
        own = rows[parameter.column]
        copies &= (own == own[of]) | (np.isnan(own) & np.isnan(own[of]))
    return len(rows) - int(copies.sum())


def _budget(run):
    try:
        import tomllib
    except ImportError:  # before Python 3.11
        return {}
    try:
        given = tomllib.loads(run.job)["run"].get("budget", {})
    except (tomllib.TOMLDecodeError, AttributeError, KeyError):
        given = {}
    for line in run.file.header.overrides.splitlines():
        path, _, value = line.partition("=")
        keys = [key.strip() for key in path.split(".")]
        if keys[:2] != ["run", "budget"]:
            continue
        try:
            value = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            pass  # a text without quotes: --set run.budget.wall_time=2h
        given = value if len(keys) == 2 else {**given, keys[2]: value}
    limits = {name: value for name, value in given.items() if isinstance(value, (int, float)) and value > 0}
    wall = _duration(given.get("wall_time"))
    return limits | ({"wall_time": wall} if wall else {})


def _duration(value):
    """Seconds of a number, or of such as "1d12h", "90 s", "500ms"."""
    if isinstance(value, (int, float)):
        return float(value)
    seconds = {"ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
    return sum(float(number) * seconds[unit] for number, unit in re.findall(r"([\d.]+) *(ms|[smhd])", value or ""))


def _left(run):
    if run.finished:
        reasons = run.incarnations["reason"][run.incarnations["change"] == "ended"]
        return f"ended    {str(reasons.iloc[-1]).replace('_', ' ') if len(reasons) else ''}"
    left = time_left(run)
    return f"left     about {clock(left[0])} until the budget ({left[1].replace('_', ' ')}) is spent" if left else "left     not known: the job has no budget that can be foreseen"


def _rungs(run, most):
    rungs = run.rungs
    lines = [f"{run.unit + 's':>9} {'entered':>8} {'reported':>9} {'went on':>8} {'failed':>7}   best {run.metric}"]
    rows = [f"{level:>9} {row.entered:>8} {row.reported:>9} {row.went_on:>8} {row.failed:>7}   {row.best:.5g}" for level, row in zip(rungs.index, rungs.itertuples())]
    if len(rows) > most:
        lines.append(f"{'...':>9}")
    return lines + rows[-most:]


def _events(run, most):
    rows = run.table("events").tail(most)
    return [f"[{clock(row.time)}] {str(row.kind).replace('_', ' ')}" + (f"  member {row.member}" if row.member >= 0 else "")
            + (f"  worker {row.worker}" if row.worker >= 0 else "") + (f"  {row.value:.5g}" if row.value else "") for row in rows.itertuples()][::-1]


def clock(seconds):
    """1:02:03"""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
