"""Run files in a folder that each host mounts for itself, by a FUSE file system, which counts as a network's.

As with NFS, locks of one host (flock) are not seen on another, and the live file is on rank 0's host."""

import os
import shutil
import signal
import subprocess

import pytest
from harness import TIMEOUT_S, USER_ERROR, wait_until
from searches import MEMBERS, Search

from record import rows

pytestmark = pytest.mark.flaky(reruns=1)


class Shared:
    """`served` as this machine sees it, `seen` as the hosts do."""

    def __init__(self, hosts, folder):
        self.hosts, self.served, self.seen = hosts, folder / "served", folder / "seen"
        self.served.mkdir()
        self.seen.mkdir()
        for host in hosts.hosts:
            host.run("bindfs", self.served, self.seen)

    def path(self, name):
        return self.served / name

    def live(self, host):
        """The live files on this host."""
        found = (self.hosts.state / host.name / "tmp").glob("stemma-*/run.h5.*")
        return [path for path in found if path.suffix != ".lock"]


@pytest.fixture
def shared(make_hosts, stemma):
    if not shutil.which("bindfs"):
        pytest.skip("no bindfs")
    hosts = make_hosts()
    try:
        return Shared(hosts, stemma.folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"FUSE may not be mounted here: {error.stderr.strip()}")


def search(shared, stemma, job, slots, *more):
    """And what it has published."""
    # Longer than the time between two copies.
    slow = ("--set", "trainer.cost=100ms")
    started = Search(shared.hosts, stemma, job, slots, *slow, more=("-q", *more), output="seen/run.h5")
    started.reports = lambda: len(published(stemma, shared)) if shared.path("run.h5").exists() else 0
    return started


def published(stemma, shared):
    return rows(stemma, shared.path("run.h5"), "reports")


def kill_everything(started, host):
    """But the file system."""
    started.started.process.kill()
    for other in started.hosts.hosts:
        for pid in other.ranks().values():
            os.kill(pid, signal.SIGKILL)
    started.started.process.wait(TIMEOUT_S)
    wait_until(lambda: not host.ranks(), "the ranks are gone")


def test_a_search_that_is_killed_goes_on_where_it_was(shared, stemma, job):
    first = search(shared, stemma, job, [1, 2, 2]).begun()
    here, other = shared.hosts.hosts[:2]
    # Another host sees the copy, at rest and from within.
    assert "reports" in other.run(stemma.binary, "status", shared.seen / "run.h5")
    assert "toy" in other.run(stemma.binary, "watch", "--once", shared.seen / "run.h5")
    (live,) = shared.live(here)
    kill_everything(first, here)
    before = rows(stemma, live, "reports")
    assert len(before) >= len(published(stemma, shared))

    second = search(shared, stemma, job, [1, 2, 2], "--continue")
    second.has_ended()
    second.launcher_ended()
    assert published(stemma, shared)[: len(before)] == before
    assert not shared.live(here)
    stemma("verify", shared.path("run.h5"))


def test_a_lock_that_is_removed_comes_back(shared, stemma, job):
    """As long as its process lives, no other process gets the run file by removing the lock."""
    first = search(shared, stemma, job, [1, 2, 0]).begun()
    lock = shared.path("run.h5.lock")
    content = lock.read_text()
    lock.unlink()
    wait_until(lambda: lock.exists() and lock.read_text() == content, "the lock is back")
    refused = search(shared, stemma, job, [0, 0, 2], "--continue").started.communicate_all()
    assert refused.returncode == USER_ERROR and "on host host1 writes to the run file" in refused.stderr
    first.has_ended()
    first.launcher_ended()
    assert not lock.exists()


@pytest.mark.long
def test_a_manager_that_was_taken_for_dead_writes_nothing_when_it_returns(shared, stemma, job):
    """Its host was frozen, and a user removed the lock."""
    first = search(shared, stemma, job, [2, 2, 0]).begun()
    frozen = list(shared.hosts.hosts[0].ranks().values())
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    shared.path("run.h5.lock").unlink()
    second = search(shared, stemma, job, [0, 1, 2], "--continue").begun(len(published(stemma, shared)))
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: first.started.code.exists() and first.started.code.read_text(), "the first search has ended")
    assert first.started.returncode == USER_ERROR
    assert "on host host2 has taken over the run file" in first.started.stderr
    second.has_ended()
    # The exit code comes before the last copy.
    wait_until(lambda: not shared.path("run.h5.lock").exists(), "the run file is complete")
    assert len(rows(stemma, shared.path("run.h5"), "members")) == MEMBERS
    starts = rows(stemma, shared.path("run.h5"), "incarnations")
    assert [row["change"] for row in starts] == ["started", "started", "ended"]
    stemma("verify", shared.path("run.h5"))


@pytest.mark.long
def test_another_host_goes_on_from_the_copy(shared, stemma, job):
    """And what only the first host knew is not taken for newer later."""
    first = search(shared, stemma, job, [1, 2, 2]).begun(20)
    here = shared.hosts.hosts[0]
    (stale,) = shared.live(here)
    wait_until(lambda: len(rows(stemma, stale, "reports")) > len(published(stemma, shared)), "the copy is behind")
    kill_everything(first, here)
    copied, lost = published(stemma, shared), rows(stemma, stale, "reports")
    assert len(copied) < len(lost)
    shared.path("run.h5.lock").unlink()
    second = search(shared, stemma, job, [0, 1, 2], "--continue").begun(len(copied))
    kill_everything(second, shared.hosts.hosts[1])
    shared.path("run.h5.lock").unlink()
    gone_on = published(stemma, shared)
    assert gone_on[: len(copied)] == copied

    third = search(shared, stemma, job, [1, 2, 2], "--continue")
    third.has_ended()
    third.launcher_ended()
    assert published(stemma, shared)[: len(gone_on)] == gone_on
    stemma("verify", shared.path("run.h5"))
