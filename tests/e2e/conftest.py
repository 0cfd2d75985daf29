"""Fixtures of the end-to-end tests."""

import shutil

import pytest
from fixtures import job, stemma  # noqa: F401


@pytest.fixture
def mpi(stemma):  # noqa: F811
    """Skips where there is no mpirun or the program was built without MPI."""
    if not shutil.which("mpirun"):
        pytest.skip("no mpirun")
    return stemma.mpirun
