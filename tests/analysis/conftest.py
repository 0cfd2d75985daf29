"""Fixtures of the tests of the Python package: runs of the program, made once, and synthetic runs."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "analysis"), str(ROOT / "tests/e2e")]

if all(importlib.util.find_spec(name) for name in ("h5py", "pandas")):
    from analysis_jobs import JOBS, SPACE
    from harness import Stemma
    from run_files import population, write_run
else:
    collect_ignore_glob = ["test_*.py"]  # the package's own libraries are missing


def pytest_configure(config):
    """No file of these tests is damaged except where a test expects it."""
    config.addinivalue_line("filterwarnings", "error::stemma.errors.StemmaWarning")


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
    """Path of a synthetic run of 2000 members with births and 10,000 reports."""
    path = tmp_path_factory.mktemp("large") / "large.h5"
    write_run(path, population(2000, 5), name="large")
    return path
