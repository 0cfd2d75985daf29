"""Fixtures of the end-to-end tests."""

import os
import shutil

import pytest
from harness import JOB, Stemma


@pytest.fixture
def stemma(tmp_path):
    program = Stemma(tmp_path)
    if not os.access(program.binary, os.X_OK):
        pytest.skip(f"{program.binary} is not built")
    return program


@pytest.fixture
def mpi(stemma):
    """Skips where there is no mpirun or the program was built without MPI."""
    if not shutil.which("mpirun"):
        pytest.skip("no mpirun")
    return stemma.mpirun


@pytest.fixture
def job(tmp_path):
    path = tmp_path / "toy.toml"
    path.write_text(JOB)
    return path
