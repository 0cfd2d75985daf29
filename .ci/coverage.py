#!/usr/bin/env python3
"""Table of what the tests of a build with --coverage reached: .ci/coverage.py FOLDER LIBRARY..."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = ("line_covered", "line_total", "branch_covered", "branch_total")


def measured(folder, library):
    """Of one library at a time: the sources of a unity build have equal names in different folders."""
    words = [
        "gcovr",
        "--root",
        ROOT,
        "--filter",
        f"{ROOT}/src/{library}/",
        "--exclude-throw-branches",
        "--json-summary",
        "-",
        folder / "src" / library,
    ]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)["files"]


def row(name, counts):
    lines, lines_all, branches, branches_all = counts
    share = [100 * part / whole if whole else 100 for part, whole in ((lines, lines_all), (branches, branches_all))]
    return (
        f"{name:44} {lines:6} of {lines_all:6} {share[0]:6.1f} %   {branches:6} of {branches_all:6} {share[1]:6.1f} %"
    )


def main(folder, *libraries):
    print(f"{'':44} {'lines':>16} {'':8}   {'branches':>16}")
    for library in libraries:
        own = measured(Path(folder), library)
        for file in sorted(own, key=lambda file: file["line_percent"] or 0):
            print(row(file["filename"], [file[column] for column in COLUMNS]))
        print(row(f"src/{library}, all", [sum(file[column] for file in own) for column in COLUMNS]), end="\n\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
