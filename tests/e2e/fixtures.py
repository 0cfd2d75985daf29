"""Fixtures for tests that start the program; imported by the conftest.py of a folder."""

import os

import pytest
from harness import JOB, Stemma


@pytest.fixture
def stemma(tmp_path):
    program = Stemma(tmp_path)
    if not os.access(program.binary, os.X_OK):
        pytest.skip(f"{program.binary} is not built")
    return program


@pytest.fixture
def job(tmp_path):
    path = tmp_path / "toy.toml"
    path.write_text(JOB)
    return path
