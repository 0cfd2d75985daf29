"""Fixtures of the tests of the Python package: runs of the program's own, made once, and made-up ones."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "analysis"), str(ROOT / "tests/e2e")]

for needed in ("h5py", "pandas"):
    pytest.importorskip(needed)

from harness import Stemma  # noqa: E402
from run_files import population, write_run  # noqa: E402

SPACE = """
[metric]
name = "valid_loss"
direction = "minimise"
[space.lr]
type = "real"
low = 1e-5
high = 1.0
scale = "log"
[space.activation]
type = "categorical"
choices = ["relu", "tanh", "gelu"]
role = "fixed"
[space.momentum]
type = "real"
low = 0.0
high = 0.99
when = { activation = ["relu", "tanh"] }
[space.width]
type = "integer"
low = 8
high = 512
scale = "log"
role = "fixed"
[trainer]
type = "toy"
cost = "1ms"
"""

JOBS = {
    "asha": '[run]\nname = "asha"\n[run.budget]\nmembers = 40\n[scheduler]\ntype = "asha"\nmin = 1\nmax = 27\n',
    "hyperband": '[run]\nname = "hyperband"\n[run.budget]\nepochs = 150\n[scheduler]\ntype = "hyperband"\nmin = 1\nmax = 9\n',
    "random": '[run]\nname = "random"\n[run.budget]\nmembers = 20\n[scheduler]\ntype = "random"\nmax = 5\n',
    "pbt": '[run]\nname = "pbt"\n[scheduler]\ntype = "pbt"\npopulation = 8\ninterval = 2\nmax = 16\n',
    "gpbt": '[run]\nname = "gpbt"\n[scheduler]\ntype = "gpbt"\nchildren = 8\nratio = 4\ninterval = 2\nmax = 12\n[sampler]\ntype = "tpe"\n',
    "failing": '[run]\nname = "failing"\n[run.budget]\nmembers = 30\n[scheduler]\ntype = "asha"\nmin = 1\nmax = 9\n',
}


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    found = Stemma(tmp_path_factory.mktemp("runs"))
    if not os.access(found.binary, os.X_OK):
        pytest.skip(f"{found.binary} is not built")
    return found


@pytest.fixture(scope="session")
def run_of(program):
    """run_of("pbt"): path of a finished run of that job, made once."""
    made = {}

    def make(name):
        if name not in made:
            job = program.folder / f"{name}.toml"
            job.write_text(JOBS[name] + SPACE + ("failure_rate = 0.05\n" if name == "failing" else ""))
            made[name] = program.folder / f"{name}.h5"
            program("run", job, "-q", "-n", 3, "-o", made[name])
        return made[name]

    return make


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """Path of a made-up run of 2000 members with births and 10,000 reports."""
    path = tmp_path_factory.mktemp("large") / "large.h5"
    write_run(path, population(2000, 5), name="large")
    return path
