"""The check of a GPU: one table, a row at a time, in at most eight minutes. tests/gpu/check.sh starts it.

    check.py --programs FOLDER [--device cuda] [--rows REGEX] [--limit S] [--about about.json --data FOLDER]

Each row is printed as soon as it is known, so that a run that is cut leaves the rows before it. Exit code 1: a row
failed, or its time was over.
"""

import argparse
import datetime
import json
import re
import sys
import tempfile
import time
from pathlib import Path

from about import about_tree
from machine import Cut, Failed, Machine, NotHere
from rows import ROWS

LIMIT_S = 480


def cell(text):
    """Text for one cell of a Markdown table."""
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|").strip()


def measure(row, machine, seconds):
    """(value, beside, whether it is sound) of a row that may take so many seconds."""
    machine.deadline = time.monotonic() + seconds
    try:
        if seconds <= 0:
            raise Cut(0, "")
        value, beside = row.measure(machine)
        return value, beside, True
    except NotHere as reason:
        return f"n/a here: {reason}", "", True
    except (Failed, Cut) as fault:
        return f"**failed**: {fault}", "", False
    except Exception as fault:  # a fault of the row itself must not stop the rows after it
        return f"**failed**: {type(fault).__name__}: {fault}", "", False


def headline(about, device):
    """The line above the table. tests/layering reads the hash from it."""
    return (
        f"GPU check of {datetime.date.today()}, commit {about['commit']}, "
        f"src/trainer/torch {about['trainer']}, {device}, LibTorch {about['torch']}"
    )


def table(rows, machine, limit, tell):
    """Measures the rows in turn and tells each line. True if no row failed."""
    end, sound = time.monotonic() + limit, True
    tell("| what | value | beside | s |\n| --- | --- | --- | ---: |")
    for row in rows:
        start = time.monotonic()
        value, beside, good = measure(row, machine, min(row.seconds, end - start))
        sound &= good
        tell(f"| {row.name} | {cell(value)} | {cell(beside)} | {time.monotonic() - start:.0f} |")
    return sound


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, help="build folder, or the bin folder of a bundle")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rows", default="", help="only rows whose name matches this regular expression")
    parser.add_argument("--about", help="JSON file: commit, trainer (hash), torch")
    parser.add_argument("--data", type=Path, help="folder of a bundle's data")
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds in all")
    options = parser.parse_args()
    programs = Path(options.programs).resolve()
    about = json.loads(Path(options.about).read_text()) if options.about else about_tree(programs)
    with tempfile.TemporaryDirectory() as scratch:
        machine = Machine(options.device, programs, Path(scratch), options.data)

        def tell(line):
            print(line, flush=True)

        tell(headline(about, options.device) + "\n")
        rows = [row for row in ROWS if re.search(options.rows, row.name)]
        return 0 if table(rows, machine, options.limit, tell) else 1


if __name__ == "__main__":
    sys.exit(main())
