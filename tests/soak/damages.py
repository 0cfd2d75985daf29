#!/usr/bin/env python3
"""Many damaged run files: of a finished search, of a killed search, and of a copy made while it ran.

/usr/bin/python3 tests/soak/damages.py --bytes 10000 --cuts 1000   # needs build/stemma (STEMMA names another), h5py

One byte gets another value, in half of the files within the first 20,000 bytes, where HDF5's own structures lie; or the
end is cut off. The program exports each file, and verifies every fifth. The Python package reads all tables of each.
Right answers are those of the whole file, those of an earlier commit, and a refusal that names the file. Ends with a
table in Markdown; exit code 1 if an answer was wrong or did not come. --seed draws others.
"""

import argparse
import collections
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "analysis"), str(TESTS.parent / "analysis")]
from damage import FILES, OUTCOMES, Looks, change_byte, cut, drawn, make_runs
from harness import Stemma
from test_damaged_files import check, looked_at, truth_of

KINDS = {"bytes": change_byte, "cuts": cut}
BATCH = 60  # files that one process of Python reads
COLUMNS = (*OUTCOMES, "wrong", "no answer")


class Campaign:
    def __init__(self, stemma, seed):
        self.looks, self.seed, self.waiting = Looks(stemma), seed, []
        self.truth = {file: truth_of(stemma.folder / file) for file in FILES}
        self.counts = collections.defaultdict(collections.Counter)

    def run(self, kind, count):
        for number in range(count):
            file = FILES[number % len(FILES)]
            content = KINDS[kind](self.looks.content[file], drawn(self.seed, f"{kind} {number}"))
            for command in ("export", "verify") if number // len(FILES) % 5 == 0 else ("export",):
                self.note(kind, command, self.answer(file, content, command, f"{kind} {number}"))
            path = self.looks.stemma.folder / f"python-{number}.h5"
            path.write_bytes(content)
            self.waiting.append((path, file))
            if len(self.waiting) == BATCH or number == count - 1:
                self.read_in_python(kind)
            if number % 500 == 499:
                print(f"{kind}: {number + 1} of {count}", file=sys.stderr, flush=True)

    def answer(self, file, content, command, told):
        try:
            return self.looks.look(file, content, command, told)
        except AssertionError as error:
            print(error, flush=True)
            return "wrong"
        except subprocess.TimeoutExpired as error:
            print(told, error, flush=True)
            return "no answer"

    def read_in_python(self, kind):
        waiting, self.waiting = self.waiting, []
        try:
            told = looked_at([path for path, _ in waiting])
        except (subprocess.TimeoutExpired, AssertionError) as error:  # it hung or crashed
            print([path.name for path, _ in waiting], str(error)[:2000], flush=True)
            told = []
        for (path, file), item in zip(waiting, told):
            try:
                refused_empty = "is empty" in item.get("refused", "")
                self.note(kind, "Python", "refused" if refused_empty else check(item, self.truth[file], path))
            except AssertionError as error:
                print(path.name, file, str(error)[:500], flush=True)
                self.note(kind, "Python", "wrong")
        self.note(kind, "Python", "no answer", len(waiting) - len(told))
        for path, _ in waiting:
            path.unlink()

    def note(self, kind, reader, outcome, count=1):
        self.counts[kind, reader][outcome] += count

    def table(self):
        yield f"| damage | read by | files | {' | '.join(COLUMNS)} |"
        yield "| --- | --- |" + " ---: |" * (1 + len(COLUMNS))
        words = {"bytes": "one byte changed", "cuts": "cut short"}
        for (kind, reader), counts in self.counts.items():
            numbers = " | ".join(f"{counts[column]:,}" for column in COLUMNS)
            yield f"| {words[kind]} | {reader} | {counts.total():,} | {numbers} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bytes", type=int, default=1000, help="files with one changed byte (default 1000)")
    parser.add_argument("--cuts", type=int, default=100, help="files that are cut short (default 100)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stemma = Stemma(Path(folder))
        make_runs(stemma)
        campaign = Campaign(stemma, options.seed)
        for kind in KINDS:
            campaign.run(kind, getattr(options, kind))
        print(*campaign.table(), sep="\n")
        bad = sum(counts["wrong"] + counts["no answer"] for counts in campaign.counts.values())
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
