"""Fixtures of the tests with several hosts. They are skipped, with the reason, where namespaces may not be made."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from fixtures import job, stemma  # noqa: F401
from hosts import CannotMake, Hosts


@pytest.fixture
def make_hosts(stemma, tmp_path):  # noqa: F811
    made = []

    def make(count=3, **more):
        try:
            made.append(Hosts(count, tmp_path, **more))
        except CannotMake as error:
            pytest.skip(f"no hosts can be made: {error}")
        return made[-1]

    yield make
    for hosts in made:
        hosts.down()
