#!/usr/bin/env python3
"""Mutation pass: do the tests of the search notice small changes of its code?

    tests/mutation/mutate.py --count 300 --seed 1 --out build-mutation/mutants.csv

Draws mutants of src/manager and src/scheduler by the seed: relations, constants, negated conditions, removed
statements. All of them go into one copy of the tree (build-mutation/tree), each behind a switch (schemata.py), so that
the copy is built once. Then the test programs of the library run for each mutant, one after the other. A mutant that
cannot be switched at run time is built alone. A row of the CSV file gives the result:

    killed      a test failed, or took more than ten times its processor time without the change
    survived    all tests passed: a test is missing, or the change changes nothing that matters
    equal       the compiler makes the same code of it
    invalid     it does not compile

Killed by an assertion (ensure) counts as killed. The share is killed / (killed + survived). A pass that was stopped
goes on where it was: rows that are in the file stay. --again tries the survivors once more, after tests were added.
Needs an installed build environment (./run --build).
"""

import argparse
import csv
import json
import os
import random
import re
import resource
import shlex
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mutants import mutants_of
from schemata import FORMS, switched

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/layering"))
import tree  # noqa: E402

# In order of how fast they answer. Folder of src -> test programs.
TESTS = {
    "manager": ["unit_manager", "property_search"],
    "scheduler": ["unit_scheduler", "contract_scheduler", "unit_job", "unit_manager", "property_search"],
}
# Left out: reading run files in Python shows nothing of the search.
FILTERS = {"property_search": "-*PythonReads*"}
# Property tests try a quarter of their seeds here; 0/20 are all of them (tests/property/search/case.hpp).
SEEDS = "0/80"
FIELDS = ["path", "line", "column", "kind", "text", "result", "by", "seconds"]
SLOWER = 10
MEMORY = 8 << 30  # a loop that never ends may also allocate
LOW = ["nice", "-n", "5"]
ALONE = max(FORMS.values())  # a form that no mutant has: it cannot be switched


def drawn_mutants(folders, count, seed):
    found = []
    for path in tree.cxx_files(*(ROOT / "src" / folder for folder in folders)):
        if path.suffix == ".cpp":
            source = path.read_text()
            blanked = tree.without_comments_and_texts(source)
            found += mutants_of(path.relative_to(ROOT).as_posix(), source, blanked)
    return random.Random(seed).sample(found, min(count, len(found))), len(found)


def key(mutant):
    return tuple(map(str, (mutant.path, mutant.line, mutant.column, mutant.kind, mutant.text)))


def changed(source, mutant):
    lines = source.splitlines(keepends=True)
    lines[mutant.line - 1] = mutant.text + "\n"
    return "".join(lines)


class Copy:
    """A copy of the tree that holds all mutants, with a build of its own."""

    def __init__(self, folder, mutants, options, seeds):
        self.seeds = seeds
        self.folder, self.tree, self.build = folder, folder / "tree", folder / "tree/build"
        self.numbers = {mutant: number for number, mutant in enumerate(mutants, 1)}
        self.paths = sorted({mutant.path for mutant in mutants})
        self.known_forms = folder / "forms.json"  # found by trying
        forms = json.loads(self.known_forms.read_text()) if self.known_forms.exists() else {}
        self.forms = {mutant: forms.get("|".join(key(mutant)), 0) for mutant in mutants}
        self.plain = {}  # object code of files without any change
        self.times = {}
        self.fill()
        words = ["cmake", "-G", "Ninja", "-S", self.tree, "-B", self.build, "-DCMAKE_BUILD_TYPE=Release"]
        off = [f"-DSTEMMA_{part}=OFF" for part in ("WITH_TORCH", "WITH_MPI", "BENCHMARKS")]
        subprocess.run([*words, *off, *options], check=True, stdout=subprocess.DEVNULL)
        entries = json.loads((self.build / "compile_commands.json").read_text())
        self.commands = {Path(entry["file"]).relative_to(self.tree).as_posix(): entry for entry in entries}

    def fill(self):
        ignored = shutil.ignore_patterns("__pycache__")
        mutated = {self.tree / path for path in self.paths}
        lists = {self.tree / Path(path).parent / "CMakeLists.txt" for path in self.paths}

        def renew(source, target):
            """Copies a file that differs; its time is now, so that it is built again."""
            if Path(target) in mutated:
                return
            text = Path(source).read_bytes()
            if Path(target) in lists:  # what a switch does to the types is no concern of the warnings
                text += b"target_compile_options(stemma_%s PRIVATE -w)\n" % Path(target).parent.name.encode()
            write(Path(target), text)

        for part in ("src", "tests", "cmake", "docs", "analysis", "jobs"):
            shutil.copytree(ROOT / part, self.tree / part, dirs_exist_ok=True, ignore=ignored, copy_function=renew)
        renew(ROOT / "CMakeLists.txt", self.tree / "CMakeLists.txt")
        for path in self.paths:
            write(self.tree / path, self.text_of(path).encode())

    def text_of(self, path):
        """The file with a switch for each of its mutants that can have one."""
        lines = (ROOT / path).read_text().splitlines()
        for line in {mutant.line for mutant in self.numbers if mutant.path == path}:
            here = [
                (number, self.forms[mutant], mutant)
                for mutant, number in self.numbers.items()
                if (mutant.path, mutant.line) == (path, line) and self.forms[mutant] < FORMS[mutant.kind]
            ]
            if here:
                lines[line - 1] = switched(lines[line - 1], here)
        header = ROOT / "tests/mutation/switch.hpp"
        return f'#include "{header}"\n#line 1 "{path}"\n' + "\n".join(lines) + "\n"

    def compile(self, path, source, into):
        """What the compiler says; "" if it makes an object of it."""
        words = [*LOW, *shlex.split(self.commands[path]["command"])]
        words[words.index("-o") + 1] = into
        words[words.index("-c") + 1] = source
        done = subprocess.run(words, cwd=self.build, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else ""

    def settle(self):
        """Takes the next form of each mutant whose line does not compile, until all files do."""
        commands = [shlex.split(self.commands[path]["command"]) for path in self.paths]
        objects = [words[words.index("-o") + 1] for words in commands]
        for _ in range(20):
            said = self.make(["-k", "0", *objects])
            if not said:
                return
            wrong = set(re.findall(r"^(src/\S+?):(\d+):", said, re.MULTILINE))
            bad = [mutant for mutant in self.numbers if (mutant.path, str(mutant.line)) in wrong]
            bad = [mutant for mutant in bad if self.forms[mutant] < ALONE]
            if not bad:
                break
            for mutant in bad:
                self.forms[mutant] += 1
                if self.forms[mutant] >= FORMS[mutant.kind]:
                    self.forms[mutant] = ALONE
            for path in sorted({mutant.path for mutant in bad}):
                write(self.tree / path, self.text_of(path).encode())
        sys.exit(f"with their mutants these do not compile:\n{said}")

    def make_all(self, programs):
        self.settle()
        forms = {"|".join(key(mutant)): form for mutant, form in self.forms.items() if form}
        self.known_forms.write_text(json.dumps(forms, indent=1))
        if said := self.make(programs):
            sys.exit(f"the tree does not build with all mutants switched off:\n{said}")
        for program in programs:
            started = processor_time()
            if not self.passes(program, 3600, 0):
                sys.exit(f"{program} fails without any change")
            self.times[program] = processor_time() - started
            print(f"{program}: {self.times[program]:.1f} s without a change", flush=True)

    def make(self, targets):
        """What the build says; "" if it makes all of them."""
        words = [*LOW, "ninja", "-C", self.build, *targets]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else ""

    def passes(self, name, limit, number):
        program = next(path for path in self.build.glob(f"tests/*/*/{name}") if path.is_file())
        bounds = [f"--as={MEMORY}", f"--cpu={round(limit)}", "--core=0"]
        words = [*LOW, "prlimit", *bounds, program, "--gtest_brief=1", "--gtest_fail_fast"]
        words.append(f"--gtest_filter={FILTERS.get(name, '*')}")
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "STEMMA_MUTANT": str(number), "STEMMA_TEST_CAMPAIGN": self.seeds}
        try:
            # What waits takes no processor time. Other work on the machine is no reason to call a mutant killed.
            done = subprocess.run(words, **silent, timeout=20 * limit, check=False, cwd=self.build, env=environment)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def verdict(self, mutant, number):
        for program in TESTS[mutant.path.split("/")[1]]:
            if not self.passes(program, 20 + SLOWER * self.times[program], number):
                return "killed", program
        return "survived", ""

    def alone(self, mutant):
        """ "invalid", "equal", or "": what the compiler makes of the file with this change and no switch."""
        folder = self.build / f"alone{self.numbers[mutant]}"
        source, code = folder / Path(mutant.path).name, folder / "code.o"
        texts = {"plain": (ROOT / mutant.path).read_text()}
        texts["changed"] = changed(texts["plain"], mutant)
        made = {"plain": self.plain.get(mutant.path)}
        try:
            for which, text in texts.items():
                if made.get(which) is None:
                    write(source, f'#line 1 "{mutant.path}"\n{text}'.encode())
                    if self.compile(mutant.path, source, code):
                        return "invalid"
                    made[which] = code.read_bytes()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self.plain[mutant.path] = made["plain"]
        return "equal" if made["plain"] == made["changed"] else ""

    def try_out(self, mutant):
        """(result, test program that killed the mutant)."""
        if self.forms[mutant] < FORMS[mutant.kind]:
            result, by = self.verdict(mutant, self.numbers[mutant])
            return (self.alone(mutant) or result, by) if result == "survived" else (result, by)
        if result := self.alone(mutant):
            return result, ""
        path = self.tree / mutant.path
        before = path.read_bytes()
        try:
            write(path, changed((ROOT / mutant.path).read_text(), mutant).encode())
            if self.make(TESTS[mutant.path.split("/")[1]]):
                return "invalid", ""
            return self.verdict(mutant, 0)
        finally:
            write(path, before)


def processor_time():
    """Of all programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write(path, content):
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class Table:
    """The rows of the CSV file. Several threads add to it."""

    def __init__(self, path):
        self.path, self.lock, self.rows = path, threading.Lock(), []
        if path.exists():
            with path.open(newline="") as file:
                self.rows = list(csv.DictReader(file))

    def keep(self, rows):
        self.rows = rows
        with self.path.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(rows)

    def add(self, mutant, result, by, seconds):
        row = dict(zip(FIELDS, [*key(mutant), result, by, f"{seconds:.1f}"]))
        with self.lock:
            self.rows.append(row)
            with self.path.open("a", newline="") as file:
                csv.DictWriter(file, FIELDS).writerow(row)
            where = f"{mutant.path}:{mutant.line}: {mutant.kind}: {mutant.text.strip()}"
            print(f"{len(self.rows)} {result:8} {by:20} {where}", flush=True)

    def summary(self):
        names = ("killed", "survived", "equal", "invalid")
        count = {name: sum(row["result"] == name for row in self.rows) for name in names}
        tried = count["killed"] + count["survived"]
        share = f", {100 * count['killed'] / tried:.1f} % of those that can be told apart killed" if tried else ""
        return ", ".join(f"{number} {name}" for name, number in count.items()) + share


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300, help="mutants to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folders", nargs="+", default=sorted(TESTS), choices=sorted(TESTS))
    parser.add_argument("--out", type=Path, default=ROOT / "build-mutation/mutants.csv")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="mutants tried at a time")
    parser.add_argument("--cmake", action="append", default=[], help="an option of the build: --cmake=-DNAME=VALUE")
    parser.add_argument("--seeds", default=SEEDS, help=f"share of the property tests' seeds ({SEEDS})")
    parser.add_argument("--again", action="store_true", help="try the survivors once more")
    parser.add_argument("--build", action="store_true", help="build the copy and stop")
    parser.add_argument("--list", action="store_true", help="print the drawn mutants and stop")
    options = parser.parse_args()
    drawn, found = drawn_mutants(options.folders, options.count, options.seed)
    if options.list:
        for mutant in drawn:
            print(f"{mutant.path}:{mutant.line}:{mutant.column}: {mutant.kind}: {mutant.text.strip()}")
        print(f"{len(drawn)} of {found}")
        return
    options.out.parent.mkdir(parents=True, exist_ok=True)
    table = Table(options.out)
    table.keep([row for row in table.rows if not (options.again and row["result"] == "survived")])
    done = {tuple(row[field] for field in FIELDS[:5]) for row in table.rows}
    left = [mutant for mutant in drawn if key(mutant) not in done]
    if left:
        copy = Copy(options.out.parent.resolve(), drawn, options.cmake, options.seeds)
        folders = {mutant.path.split("/")[1] for mutant in left}
        programs = [program for folder in sorted(folders) for program in TESTS[folder]]
        copy.make_all(list(dict.fromkeys(programs)))
        if options.build:
            return

        def run(mutant):
            started = time.monotonic()
            table.add(mutant, *copy.try_out(mutant), time.monotonic() - started)

        switches = [mutant for mutant in left if copy.forms[mutant] < FORMS[mutant.kind]]
        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(run, switches))
        for mutant in left:  # built alone: nothing else may run meanwhile
            if mutant not in switches:
                run(mutant)
    print(table.summary())


if __name__ == "__main__":
    main()
