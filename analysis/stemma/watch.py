"""A running search in the terminal, in plain text: works over ssh, in `srun --pty`, and into a pipe."""

import shutil
import sys
import time
import unicodedata

import numpy as np

from stemma import derive
from stemma.errors import StemmaError
from stemma.printable import printable_line, say, showable
from stemma.run import open_run

_CLEAR, _END = "\033[H", "\033[J"
_LABEL = 9  # columns
_MORE = "..."
_HIDE, _SHOW = "\033[?25l", "\033[?25h"


def watch(path, interval=2.0, once=False, out=None):
    """Shows the run until it has ended, or once. Returns the exit code."""
    out = out or sys.stdout
    run = open_run(path)
    terminal = out.isatty()
    if once or not terminal:
        say(screen(run, *_size(terminal)), out)
        if once or run.finished:
            return 0
    try:
        if terminal:
            out.write("\033[2J" + _HIDE)
        while True:
            if terminal:
                text = showable(screen(run, *_size(True)), out)
                out.write(_CLEAR + "\n".join(line + "\033[K" for line in text.split("\n")) + "\n" + _END)
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
                say("work     " + " ".join(_work(run)), out)
    finally:
        if terminal:
            out.write(_SHOW)
            out.flush()


def _size(terminal):
    size = shutil.get_terminal_size((100, 40))
    return (size.columns, size.lines - 1) if terminal else (100, 200)


def screen(run, width=100, height=40):
    """The screen: at most `height` lines of `width` columns. Items without room are left out whole, and a line says
    so."""
    head = [f"{printable_line(run.name)}   {'ended' if run.finished else 'running'}   {clock(run.seconds)}", ""]
    head += [
        line
        for label, items in (("best", _best(run)), ("", _values(run)), ("work", _work(run)), _left(run))
        for line in _wrapped(label, items, width)
    ] + [""]
    lines = head + _rungs(run, max(4, height - len(head) - 16)) + [""] + _events(run, 8)
    return "\n".join(_fitted(line, width) for line in lines[:height])


def _wrapped(label, items, width):
    """Lines of whole items behind a label."""
    indent = " " * _LABEL
    lines = [f"{label:<{_LABEL}}"] if items else []
    for item in items:
        if lines[-1][_LABEL:] and columns(lines[-1]) + 1 + columns(item) > width:
            lines.append(indent)
            item = item.lstrip()
        lines[-1] += (" " if lines[-1][_LABEL:] else "") + item
    return lines


def _fitted(line, width):
    """The words that fit, and "..." for the others: half a number would be another number."""
    line = printable_line(line)
    if columns(line) <= width:
        return line
    while line and columns(line) + len(_MORE) > width:
        line = line[: max(0, line.rstrip().rfind(" ") + 1)]
    return (line + _MORE)[: max(0, width)]


def columns(text):
    """Columns of a terminal that the text takes."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _best(run):
    best = run.best(1)
    if best.empty:
        return ["none yet:", "no member has a finite", printable_line(run.metric)]
    row = best.iloc[0]
    held = [
        f" {printable_line(metric.name)} {row[metric.column]:.5g} (held out)"
        for metric in run.metrics
        if metric.held_out
    ]
    return [
        f"{printable_line(run.metric)} {row['best']:.5g}",
        *held,
        f" member {best.index[0]} after {int(row['at'])} {run.unit}s",
    ]


def _values(run):
    """The best configuration."""
    best = run.best(1)
    return (
        []
        if best.empty
        else [
            printable_line(f"{parameter.name}={_value(best.iloc[0][parameter.column])}")
            for parameter in run.parameters
            if parameter.column in best
        ]
    )


def _value(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _work(run):
    use = run.utilization
    there, training = use["present"].sum(), use["training"].sum()
    out = int(derive.running(run).sum())
    share = f"  {100 * training / there:.0f} % of {len(use)} workers training" if there > 0 else "  no worker yet"
    failed = [f"  {len(run.failures)} failures"] if len(run.failures) else []
    spent = int(run.progress["spent"].iloc[-1]) if len(run.progress) else 0
    return [
        f"{len(run)} members,",
        f"{len(run.reports)} reports,",
        f"{spent} {run.unit}s,",
        f"{out} leases out",
        share,
        *failed,
    ]


def time_left(run):
    """Seconds until the budget is spent at the present pace, and by which limit; None if there is no limit that can be
    foreseen, or nothing was reported yet. The limits are those that hold now, after all changes."""
    limits = _limits(run)
    done = {
        "members": _proposed(run),
        "reports": int((run.reports["status"] == "full").sum()),
        f"{run.unit}s": run.progress["spent"].max() if len(run.progress) else 0,
    }
    found = [(run.seconds * (limit / done[name] - 1), name) for name, limit in limits.items() if done.get(name, 0) > 0]
    found += [(limits["wall_time"] - run.seconds, "wall_time")] if "wall_time" in limits else []
    return min((max(0.0, seconds), name) for seconds, name in found) if found else None


def _limits(run):
    """Of what there is a limit now, and which, by the names of [run.budget]. None of files of format version 1, which
    do not tell."""
    rows = run.file.table("budgets") if "budgets" in run.file.tables() else ()
    names = {"members": "members", "reports": "reports", "resource": f"{run.unit}s", "seconds": "wall_time"}
    return (
        {name: float(rows[column][-1]) for column, name in names.items() if rows[column][-1] > 0} if len(rows) else {}
    )


def _proposed(run):
    """Configurations tried, as the budget counts them: births that copy their donor's or parent's configuration do not
    count."""
    rows = run.file.table("members")
    of = np.where(rows["donor"] >= 0, rows["donor"], rows["parent"])
    copies = of >= 0
    for parameter in run.parameters:
        own = rows[parameter.column]
        copies &= (own == own[of]) | (np.isnan(own) & np.isnan(own[of]))
    return len(rows) - int(copies.sum())


def _left(run):
    """Its label and its text."""
    if run.finished:
        reasons = run.incarnations["reason"][run.incarnations["change"] == "ended"]
        return "ended", str(reasons.iloc[-1]).replace("_", " ").split() if len(reasons) else []
    left = time_left(run)
    if left:
        return "left", f"about {clock(left[0])} until the budget ({left[1].replace('_', ' ')}) is spent".split()
    told = (
        "the search has no budget that can be foreseen"
        if "budgets" in run.file.tables()
        else "a file of this version does not tell the budget"
    )
    return "left", f"not known: {told}".split()


def _rungs(run, most):
    rungs = run.rungs
    lines = [f"{run.unit + 's':>9} {'entered':>8} {'reported':>9} {'went on':>8} {'failed':>7}   best {run.metric}"]
    rows = [
        f"{level:>9} {row.entered:>8} {row.reported:>9} {row.went_on:>8} {row.failed:>7}   {row.best:.5g}"
        for level, row in zip(rungs.index, rungs.itertuples())
    ]
    if len(rows) > most:
        lines.append(f"{'...':>9}")
    return lines + rows[-most:]


def _events(run, most):
    rows = run.table("events").tail(most)
    return [
        f"[{clock(row.time)}] {str(row.kind).replace('_', ' ')}"
        + (f"  member {row.member}" if row.member >= 0 else "")
        + (f"  worker {row.worker}" if row.worker >= 0 else "")
        + (f"  {row.value:.5g}" if row.value else "")
        for row in rows.itertuples()
    ][::-1]


def clock(seconds):
    """1:02:03"""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
