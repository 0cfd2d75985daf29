"""Command line of the Python side: report, watch, export."""

import argparse
import os
import sys
import warnings
from pathlib import Path

from stemma.errors import StemmaError, StemmaWarning
from stemma.printable import say

_OK, _USER_ERROR = 0, 2


def run(words):
    """Runs one subcommand, and returns the process's exit code."""
    options = _parser().parse_args(words)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("once", StemmaWarning)
            usual = warnings.showwarning
            warnings.showwarning = lambda message, category, *more: (
                say(f"stemma: {message}", sys.stderr)
                if issubclass(category, StemmaWarning)
                else usual(message, category, *more)
            )
            return options.action(options) or _OK
    except StemmaError as error:
        say(f"stemma: {error}", sys.stderr)
        return _USER_ERROR
    except KeyboardInterrupt:
        return _OK
    except BrokenPipeError:  # `stemma watch ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _OK


def _parser():
    parser = argparse.ArgumentParser(
        prog="stemma",
        description="Looking at runs. The other subcommands are those of the program itself: see stemma --help.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser(
        "report",
        help="a page of a run, or of several, in one HTML file",
        description="Writes one HTML file that needs nothing else. "
        "The first run is shown in full; more are compared with it.",
    )
    report.add_argument("runs", nargs="+", metavar="RUN.h5")
    report.add_argument("-o", "--output", help="file to write (default: RUN.html beside the run file)")
    report.add_argument("--open", action="store_true", help="open it in a browser, where there is a desktop")
    report.add_argument(
        "--follow", action="store_true", help="serve the page instead, and keep it up to date while the search runs"
    )
    report.add_argument("--port", type=_port, default=8765, help="for --follow (default 8765; 0: any free one)")
    report.add_argument(
        "--host", default="127.0.0.1", help="address for --follow to listen at; the default answers this machine only"
    )
    report.add_argument(
        "--no-job",
        action="store_true",
        help="leave the text of the job out of the page, which may hold paths, commands and what is secret in them",
    )
    report.set_defaults(action=_report)
    watch = commands.add_parser("watch", help="a running search in the terminal")
    watch.add_argument("run", metavar="RUN.h5")
    watch.add_argument("--interval", type=float, default=2.0, help="seconds between looks (default 2)")
    watch.add_argument("--once", action="store_true", help="print it once, and end")
    watch.set_defaults(action=_watch)
    export = commands.add_parser("export", help="other programs' formats")
    export.add_argument("run", metavar="RUN.h5")
    for name, text in (
        ("graphml", "GraphML file of the genealogy (-: standard output)"),
        ("newick", "Newick file of the genealogy (-: standard output)"),
        ("parquet", "folder for Parquet files"),
        ("tensorboard", "folder for TensorBoard event files, a run a lineage"),
        ("optuna", "Optuna storage, such as sqlite:///study.db"),
        ("mlflow", "MLflow tracking address, such as sqlite:///mlflow.db"),
    ):
        export.add_argument(f"--{name}", help=text)
    export.add_argument(
        "--follow", action="store_true", help="tensorboard, mlflow: append what comes, until the search has ended"
    )
    export.set_defaults(action=_export)
    weights = commands.add_parser("state-dict", help="a PyTorch state_dict of a snapshot file")
    weights.add_argument("snapshot", metavar="SNAPSHOT.h5")
    weights.add_argument("target", metavar="WEIGHTS.pt")
    weights.set_defaults(action=_state_dict)
    new = commands.add_parser("new", help="a project whose job comes from another program's search")
    new.add_argument("folder", metavar="NAME")
    new.add_argument("--from", dest="source", required=True, metavar="FILE", help="sweep.yaml, or study.db of Optuna")
    new.add_argument("--study", help="name of the study, where the storage has several")
    new.set_defaults(action=_new)
    return parser


def _port(text):
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError("a port is 0 .. 65535")
    return value


def _report(options):
    from stemma import report
    from stemma.run import open_run

    runs = [open_run(path) for path in options.runs]
    for run in runs:
        if run.lacks:
            say(run.lacks_text())
    if options.follow:
        if len(runs) > 1:
            raise StemmaError("--follow shows one run: give one file")
        from stemma.report.server import serve

        return serve(runs[0], options.host, options.port, not options.no_job)
    path = Path(options.output) if options.output else runs[0].path.with_suffix(".html")
    try:
        size = report.write(runs, path, not options.no_job)
    except OSError as error:
        raise StemmaError(f"{path}: cannot be written ({error.strerror}). Choose another file with -o") from None
    say(f"report: {path} ({size / 1e6:.1f} MB)")
    if options.open and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
    return _OK


def _watch(options):
    from stemma.watch import watch

    return watch(options.run, options.interval, options.once)


def _new(options):
    from stemma.importers.project import new_project

    new_project(options.folder, options.source, options.study)
    return _OK


def _state_dict(options):
    from stemma.export.state_dict import to_state_dict

    to_state_dict(options.snapshot, options.target)
    return _OK


def _export(options):
    from stemma import export
    from stemma.run import open_run

    run = open_run(options.run)
    chosen = [(name, getattr(options, name)) for name in export.FORMATS if getattr(options, name)]
    if not chosen:
        raise StemmaError(
            f"nothing to export: give {', '.join(f'--{name}' for name in export.FORMATS)}; CSV and JSON are exports of "
            "the program `stemma`"
        )
    if options.follow:
        if any(name not in export.LIVE for name, _ in chosen):
            raise StemmaError(f"--follow goes with {' and '.join(f'--{name}' for name in export.LIVE)} only")
        for told in export.follow(run, [export.LIVE[name](run, target) for name, target in chosen]):
            say(told)
        return _OK
    for name, target in chosen:
        told = export.FORMATS[name](run, target)
        if told:
            say(told)
    return _OK
