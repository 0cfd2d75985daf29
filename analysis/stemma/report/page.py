"""From a payload to HTML. Texts of a run are data in the page, never markup."""

import base64
import html
import json
from pathlib import Path

from stemma.errors import StemmaError
from stemma.files import whole_file
from stemma.report.bundle import bundle
from stemma.report.payload import payload
from stemma.run import Run, open_run

_ASSETS = Path(__file__).parent / "assets"


def page(runs, job=True):
    """HTML text for opened runs: the first run in full, and all of them compared if there are several. The text of its
    job is in it or not."""
    told, columns = payload(runs, job)
    return _page(told, base64.b64encode(columns).decode(), "'none'")


def follow_page(run):
    """The same page, but taking its content from the server that sent it."""
    return _page({"follow": True, "meta": {"name": run.name}}, "", "'self'")


def write(runs, path, job=True):
    """Writes the page of runs (paths or opened) to a file, and returns its size in bytes."""
    opened = [run if isinstance(run, Run) else open_run(run) for run in runs]
    text = page(opened, job).encode("utf-8", "replace")
    with whole_file(path) as place:
        place.write_bytes(text)
    return len(text)


def as_json(told):
    """JSON without NaN, which JSON lacks, and without anything that could end a script element."""
    return (
        json.dumps(_finite(told), ensure_ascii=False, allow_nan=False)
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def _finite(value):
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not (-float("inf") < value < float("inf")):
        return None
    return value.item() if hasattr(value, "item") else value


def _asset(name):
    try:
        return (_ASSETS / name).read_text(encoding="utf-8")
    except OSError as error:
        raise StemmaError(
            f"{_ASSETS / name}: cannot be read ({error.strerror}). It is a part of Stemma's Python package: install "
            "that anew"
        ) from None


def _page(told, columns, connect):
    parts = {
        "TITLE": html.escape(f"{told['meta']['name']} · Stemma"),
        "CONNECT": connect,
        "STYLE": _asset("style.css"),
        "DATA": as_json(told),
        "COLUMNS": columns,
        "SCRIPT": bundle(_asset, "main.js"),
    }
    out = _asset("page.html")
    before, *rest = out.split("{{")
    pieces = [before]
    for piece in rest:  # one pass, so that nothing in the data is taken for a placeholder
        name, _, text = piece.partition("}}")
        pieces += [parts[name], text]
    return "".join(pieces)
