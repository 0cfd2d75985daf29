"""Damaged run files, and what commands make of them: the answer of the whole file, the state of an earlier commit, or a
refusal that names the file. Anything else is a fault, and so is no answer."""

import json
import random
import shutil
import subprocess

from harness import JOB, MISMATCH, OK, USER_ERROR, wait_until

from record import rows

FILES = ("finished.h5", "killed.h5", "live.h5")
OUTCOMES = ("whole", "earlier", "refused", "difference found")
ANSWER_S = 60  # far more than an answer takes
STRUCTURES = 20_000  # bytes at a file's begin that are mostly HDF5's own


def make_runs(stemma):
    """A finished run, a killed run, and a copy of a run that was still going: FILES, in stemma.folder."""
    job = stemma.folder / "toy.toml"
    job.write_text(JOB)
    stemma("run", job, "-n", 2, "-q", "-o", "finished.h5")
    more = ["--set", "run.budget.members=100000", "--set", "trainer.cost=1ms"]
    search = subprocess.Popen(
        [stemma.binary, "run", str(job), "-n", "2", "-q", "-o", "killed.h5", *more],
        cwd=stemma.folder,
        env=stemma.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(
            lambda: (stemma.folder / "killed.h5").exists() and len(rows(stemma, "killed.h5", "reports")) > 100,
            "there are reports",
        )
        shutil.copy(stemma.folder / "killed.h5", stemma.folder / "live.h5")
    finally:
        search.kill()
        search.wait()


def cut(content, draw):
    return content[: draw.randrange(len(content))]


def flip(content, draw, bits=1):
    """Flips bits, half of them in HDF5's own structures."""
    content = bytearray(content)
    for _ in range(bits):
        place = draw.randrange(min(STRUCTURES, len(content)) if draw.random() < 0.5 else len(content))
        content[place] ^= 1 << draw.randrange(8)
    return bytes(content)


def change_byte(content, draw):
    """Gives one byte another value."""
    content = bytearray(content)
    place = draw.randrange(min(STRUCTURES, len(content)) if draw.random() < 0.5 else len(content))
    content[place] ^= draw.randrange(1, 256)
    return bytes(content)


def prefix_of(part, whole):
    """The state at an earlier commit: each table is a beginning of the whole table."""
    return all(part[name] == whole[name][: len(part[name])] for name in whole if name != "header")


class Looks:
    """Commands on damaged copies of the files of make_runs()."""

    def __init__(self, stemma):
        self.stemma = stemma
        self.content = {file: (stemma.folder / file).read_bytes() for file in FILES}
        self.whole = {file: json.loads(stemma("export", file, "--json", "-").stdout) for file in FILES}

    def look(self, file, content, command, told):
        """One of OUTCOMES. AssertionError with `told` for a wrong answer, subprocess.TimeoutExpired for none."""
        (self.stemma.folder / "damaged.h5").write_bytes(content)
        words = ["export", "damaged.h5", "--json", "-"] if command == "export" else [command, "damaged.h5"]
        done = subprocess.run(
            [self.stemma.binary, *words],
            cwd=self.stemma.folder,
            env=self.stemma.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ANSWER_S,
            check=False,
        )
        told = f"{told} of {file}: {command}: {done.returncode} {done.stderr[:500]}"
        assert done.returncode in (OK, USER_ERROR, MISMATCH if command == "verify" else OK), told
        if done.returncode != OK:
            assert b"damaged.h5" in done.stderr + done.stdout, told
            return "refused" if done.returncode == USER_ERROR else "difference found"
        if command != "export":
            return "whole"  # or an earlier state: `export` tells
        found, whole = json.loads(done.stdout), self.whole[file]
        assert found["header"] == whole["header"], told
        if found == whole:
            return "whole"
        assert prefix_of(found, whole), told
        return "earlier"


def drawn(seed, number):
    return random.Random(f"{seed} {number}")
