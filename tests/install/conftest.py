"""Fixtures of the tests of installations: what `./run --wheel` makes, in dist/ or in the folder STEMMA_DIST."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from debian_root import debian_root

ROOT = Path(__file__).resolve().parents[2]


def _only(pattern):
    found = sorted(Path(os.environ.get("STEMMA_DIST", ROOT / "dist")).glob(pattern))
    if not found:
        pytest.skip(f"no {pattern}: ./run --wheel makes it")
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(scope="session")
def wheel():
    return _only("stemma_hpo-*.whl")


@pytest.fixture(scope="session")
def tarball():
    return _only("stemma-*-linux-*.tar.gz")


@pytest.fixture(scope="session")
def environment(wheel, tmp_path_factory):
    """A virtual environment of this machine that has the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run(["/usr/bin/python3", "-m", "venv", folder], check=True, timeout=300)
    install = [folder / "bin/pip", "install", "--quiet", "--no-index", "--no-deps", wheel]
    subprocess.run(install, check=True, timeout=300, stdout=sys.stderr)
    return folder


@pytest.fixture(scope="session")
def bare():
    """Debian 13 with python3-venv, and nothing else of what Stemma is built with."""
    return debian_root("trixie", ["python3-venv"])
