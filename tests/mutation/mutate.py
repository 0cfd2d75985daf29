#!/usr/bin/env python3
"""Mutation pass: do the tests of the search notice small changes of its code?

    tests/mutation/mutate.py --count 300 --seed 1 --out build-mutation/mutants.csv

Draws mutants of src/manager and src/scheduler by the seed: relations, constants, negated conditions, removed
statements. Each mutant is built in a copy of the tree (build-mutation/). The test programs of the library are run one
after the other. A row of the CSV file gives the result:

    killed      a test failed, or took longer than ten times its time without the change
    survived    all tests passed: a test is missing, or the change changes nothing that matters
    equal       the compiler made the same code of it
    invalid     it does not compile

Killed by an assertion (ensure) counts as killed. The share is killed / (killed + survived). A pass that was stopped
goes on where it was: rows that are in the file stay. Needs an installed build environment (./run --build).
"""

import argparse
import csv
import hashlib
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from mutants import mutants_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/layering"))
import tree  # noqa: E402

# In order of how fast they answer. Folder of src -> test programs.
TESTS = {
    "manager": ["unit_manager", "property_search"],
    "scheduler": ["unit_scheduler", "contract_scheduler", "unit_manager", "property_search"],
}
FIELDS = ["path", "line", "column", "kind", "text", "result", "by", "seconds"]
SLOWER = 10
MEMORY = 8 << 30


def all_mutants(folders):
    found = []
    for path in tree.cxx_files(*(ROOT / "src" / folder for folder in folders)):
        if path.suffix == ".cpp":
            source = path.read_text()
            blanked = tree.without_comments_and_texts(source)
            found += mutants_of(path.relative_to(ROOT).as_posix(), source, blanked)
    return found


class Copy:
    """A copy of the tree with a build of its own."""

    def __init__(self, folder, programs):
        self.tree, self.build, self.programs = folder / "tree", folder / "build", programs
        ignored = shutil.ignore_patterns("__pycache__")
        for part in ("src", "tests", "cmake", "docs", "analysis", "jobs"):
            shutil.copytree(ROOT / part, self.tree / part, dirs_exist_ok=True, ignore=ignored, copy_function=renew)
        renew(ROOT / "CMakeLists.txt", self.tree / "CMakeLists.txt")
        options = [
            "-DCMAKE_BUILD_TYPE=None",
            "-DCMAKE_CXX_FLAGS=-O1",
            "-DSTEMMA_WITH_TORCH=OFF",
            "-DSTEMMA_WITH_MPI=OFF",
            "-DSTEMMA_BENCHMARKS=OFF",
        ]
        subprocess.run(
            ["cmake", "-G", "Ninja", "-S", self.tree, "-B", self.build, *options], check=True, stdout=subprocess.DEVNULL
        )
        if not self.make():
            sys.exit("the tree does not build without any change")
        self.objects = {}  # of the sources without any change
        self.times = {}
        for program in programs:
            started = time.monotonic()
            if not self.passes(program, 3600):
                sys.exit(f"{program} fails without any change")
            self.times[program] = time.monotonic() - started

    def make(self, target=None):
        words = ["ninja", "-C", self.build, *([target] if target else self.programs)]
        return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def program(self, name):
        return next(path for path in self.build.glob(f"tests/*/*/{name}") if path.is_file())

    def passes(self, name, limit):
        words = [self.program(name), "--gtest_brief=1", "--gtest_break_on_failure=0"]
        try:
            done = subprocess.run(
                words,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=limit,
                check=False,
                cwd=self.build,
                preexec_fn=bound_memory,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def object_of(self, path):
        found = list(self.build.glob(f"{Path(path).parent}/**/{Path(path).name}.o"))
        return found[0]

    def remember(self, paths):
        """What the compiler makes of these files, before any change of them."""
        self.objects = {path: digest(self.object_of(path)) for path in paths}

    def try_out(self, mutant):
        """(result, test program that killed the mutant)."""
        path = self.tree / mutant.path
        before = path.read_text()
        lines = before.splitlines(keepends=True)
        lines[mutant.line - 1] = mutant.text + "\n"
        try:
            path.write_text("".join(lines))
            if not self.make(self.object_of(mutant.path).relative_to(self.build)):
                return "invalid", ""
            if digest(self.object_of(mutant.path)) == self.objects[mutant.path]:
                return "equal", ""
            for program in TESTS[mutant.path.split("/")[1]]:
                if not self.make(program):
                    return "invalid", ""
                if not self.passes(program, 20 + SLOWER * self.times[program]):
                    return "killed", program
            return "survived", ""
        finally:
            path.write_text(before)


def renew(source, target):
    """Copies a file that differs. Its time is now, so that it is built again, even where a pass was killed within a
    mutant."""
    if not Path(target).exists() or Path(source).read_bytes() != Path(target).read_bytes():
        shutil.copyfile(source, target)


def bound_memory():
    """A loop that never ends may also allocate."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rows_of(path):
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def summary(rows):
    count = {
        result: sum(row["result"] == result for row in rows) for result in ("killed", "survived", "equal", "invalid")
    }
    tried = count["killed"] + count["survived"]
    share = f", {100 * count['killed'] / tried:.1f} % of those that can be told apart killed" if tried else ""
    return ", ".join(f"{number} {name}" for name, number in count.items()) + share


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300, help="mutants to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folders", nargs="+", default=sorted(TESTS), choices=sorted(TESTS))
    parser.add_argument("--out", type=Path, default=ROOT / "build-mutation/mutants.csv")
    parser.add_argument("--list", action="store_true", help="print the drawn mutants and stop")
    options = parser.parse_args()
    found = all_mutants(options.folders)
    drawn = random.Random(options.seed).sample(found, min(options.count, len(found)))
    if options.list:
        for mutant in drawn:
            print(f"{mutant.path}:{mutant.line}:{mutant.column}: {mutant.kind}: {mutant.text.strip()}")
        print(f"{len(drawn)} of {len(found)}")
        return
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows = rows_of(options.out)
    done = {tuple(row[field] for field in FIELDS[:5]) for row in rows}
    left = [
        mutant
        for mutant in drawn
        if tuple(map(str, (mutant.path, mutant.line, mutant.column, mutant.kind, mutant.text))) not in done
    ]
    programs = sorted({program for folder in options.folders for program in TESTS[folder]})
    copy = Copy(options.out.parent, programs) if left else None
    if copy:
        copy.remember({mutant.path for mutant in left})
    for mutant in left:
        started = time.monotonic()
        result, by = copy.try_out(mutant)
        row = dict(
            zip(
                FIELDS,
                [
                    mutant.path,
                    mutant.line,
                    mutant.column,
                    mutant.kind,
                    mutant.text,
                    result,
                    by,
                    f"{time.monotonic() - started:.1f}",
                ],
            )
        )
        new = not options.out.exists()
        with options.out.open("a", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            if new:
                writer.writeheader()
            writer.writerow(row)
        rows.append(row)
        print(
            f"{len(rows)}/{len(drawn)} {result:8} {by:20} {mutant.path}:{mutant.line}: {mutant.kind}: "
            f"{mutant.text.strip()}",
            flush=True,
        )
    print(summary(rows))


if __name__ == "__main__":
    main()
