"""Ask/tell from Python: stemma.AskTell."""

import sys

import pytest
from harness import JOB, ROOT
from record import rows

sys.path.insert(0, str(ROOT / "analysis"))

import stemma as package  # noqa: E402
from stemma.process import AskTellError  # noqa: E402


@pytest.fixture
def job(stemma):
    path = stemma.folder / "ask.toml"
    path.write_text(JOB.replace("members = 40", "members = 9").replace('type = "toy"', 'type = "process"\ncommand = ["replaced"]').replace("max = 27", "max = 9"))
    return path


def trained(lease):
    """A training that something else did: its snapshot says how far it came."""
    if lease.start:
        assert int(open(lease.start).read()) == lease.first
    open(lease.save, "w").write(str(lease.last))
    return (lease["lr"] - 0.1) ** 2 + 1 / lease.last


def test_a_search_is_asked_to_its_end(stemma, job):
    with package.AskTell(job, stemma.folder / "run.h5", at_once=2, stemma=stemma.binary) as search:
        asked = []
        while (lease := search.ask(timeout=60)) is not None:
            asked.append((lease.member, lease.first, lease.last))
            search.tell(lease, valid_loss=trained(lease))

    assert {member for member, _, _ in asked} == set(range(9))
    assert any(first > 0 for _, first, _ in asked), "members went on from snapshots"
    assert len(rows(stemma, "run.h5", "reports")) == len(asked)
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_leases_are_told_in_any_order_and_failures_too(stemma, job):
    with package.AskTell(job, stemma.folder / "run.h5", at_once=3, stemma=stemma.binary) as search:
        first, second, third = (search.ask(timeout=60) for _ in range(3))
        search.tell(third, valid_loss=trained(third))
        search.tell_failure(first, kind="infeasible", message="no such layer")
        search.tell(second, valid_loss=float("nan"))
        while (lease := search.ask(timeout=60)) is not None:
            search.tell(lease, valid_loss=trained(lease))

    assert "no such layer" in stemma("show", "run.h5", first.member).stdout
    assert "nonfinite" in stemma("show", "run.h5", second.member).stdout


def test_a_job_with_mistakes_says_so(stemma, job):
    job.write_text(job.read_text().replace("eta = 3", "eta = 1"))

    with package.AskTell(job, stemma.folder / "run.h5", stemma=stemma.binary) as search, pytest.raises(AskTellError, match="scheduler.eta"):
        search.ask(timeout=60)
