"""Searches over several hosts, with their own names, clocks, folders and a network between them that fails.

The hosts are namespaces of this machine. mpirun is Debian's Open MPI 4.1, as without ULFM."""

import os
import signal
import time
from pathlib import Path

import pytest
from harness import OK, TIMEOUT_S, USER_ERROR, wait_until
from hosts import Host

from record import rows

# Heartbeats and links run against a real clock. If a busy machine delayed a test, it is tried once more, and reported.
pytestmark = pytest.mark.flaky(reruns=1)

MEMBERS = 150
SLOW = ("--set", "trainer.cost=20ms", "--set", f"run.budget.members={MEMBERS}", "--set", "sampler.type=random")
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class Search:
    """One search over hosts, into run.h5 of the shared folder."""

    def __init__(self, hosts, stemma, job, slots, *options, more=("-q",)):
        self.hosts, self.stemma = hosts, stemma
        words = ["run", job, "--output", stemma.folder / "run.h5", *more, *SLOW, *options]
        self.started = hosts.mpirun(slots, stemma.binary, *words, env=stemma.env)

    def reports(self):
        return len(rows(self.stemma, "run.h5", "reports")) if (self.stemma.folder / "run.h5").exists() else 0

    def begun(self, count=5):
        wait_until(lambda: self.reports() > count or self.started.process.poll() is not None, "there are reports")
        assert self.started.process.poll() is None, self.started.stderr
        return self

    def has_ended(self):
        wait_until(lambda: self.started.code.exists() and self.started.code.read_text(), "the search has ended")
        assert self.started.returncode == OK, self.started.stderr

    def ended(self, members=MEMBERS):
        """And every rank has left. mpirun may still be there."""
        self.has_ended()
        wait_until(lambda: not any(host.ranks() for host in self.hosts.hosts), "the ranks have left")
        assert members is None or len(rows(self.stemma, "run.h5", "members")) == members
        self.stemma("verify", "run.h5")
        return self

    def launcher_left(self):
        self.started.process.wait(TIMEOUT_S)
        return self

    def launcher_ended(self):
        """By itself."""
        assert self.launcher_left().started.process.returncode == 0, self.started.stderr

    def lost(self):
        return self.started.stderr.count("is lost: no heartbeat")


def host_of(stemma, file="run.h5"):
    return {row["worker"]: row["host"] for row in rows(stemma, file, "workers") if row["change"] == "joined"}


def test_snapshots_go_from_host_to_host(make_hosts, stemma, job):
    population = ("--set", "scheduler.type=pbt", "--set", "scheduler.population=8", "--set", "scheduler.max=20")
    sizes = ("--set", "trainer.state_bytes=1MiB", "--set", "workers.durable=none")
    job.write_text(job.read_text().replace("min = 1\n", "").replace("eta = 3\n", ""))
    Search(make_hosts(), stemma, job, [1, 2, 2], *population, *sizes).ended(members=None).launcher_ended()
    places = host_of(stemma)
    assert sorted(places.values()) == ["host2", "host2", "host3", "host3"]
    trained = {}
    for row in rows(stemma, "run.h5", "reports"):
        trained.setdefault(row["member"], []).append(places[row["worker"]])
    # Nothing is on disk: a member that trained on one host and then on the other came over TCP.
    assert any(a != b for at in trained.values() for a, b in zip(at, at[1:]))
    assert not rows(stemma, "run.h5", "failures")


@pytest.mark.parametrize("seconds, lost", [(1, False), pytest.param(5, True, marks=pytest.mark.long)])
def test_a_link_that_comes_back(make_hosts, stemma, job, seconds, lost):
    """Workers that were taken for dead meanwhile are sent away when they return, and do no harm."""
    hosts = make_hosts()
    search = Search(hosts, stemma, job, [1, 2, 2], "--set", f"workers.lost_after={2 if lost else 20}s").begun()
    hosts.hosts[2].link_down()
    time.sleep(seconds)
    hosts.hosts[2].link_up()
    search.ended().launcher_left()
    assert search.lost() == (2 if lost else 0)


def test_workers_that_do_not_reach_each_other(make_hosts, stemma, job):
    """Both reach the manager. A snapshot that does not come is given up, and the member is trained again."""
    hosts = make_hosts()
    search = Search(hosts, stemma, job, [1, 2, 2]).begun()
    for host in hosts.hosts[1:]:
        host.apart_from_workers(True)
    search.ended().launcher_ended()
    failed = rows(stemma, "run.h5", "failures")
    assert failed and {row["kind"] for row in failed} == {"snapshot_unavailable"}
    assert "is there a network path between the two hosts?" in search.started.stderr
    assert search.lost() == 0


def dies(host):
    os.kill(next(iter(host.ranks().values())), signal.SIGKILL)


@pytest.mark.parametrize("fault, lost", [(dies, 1), pytest.param(Host.power_off, 2, marks=pytest.mark.long)])
def test_ranks_of_another_host_are_lost(make_hosts, stemma, job, fault, lost):
    """The search ends, and mpirun as well. Open MPI 4.1 would wait for ever: for a host without power, or because it
    learns of the abnormal end of one rank alone of each other host."""
    hosts = make_hosts()
    search = Search(hosts, stemma, job, [1, 2, 2]).begun()
    fault(hosts.hosts[2])
    search.ended().launcher_left()
    assert search.lost() == lost


def test_the_managers_host_loses_its_power(make_hosts, stemma, job):
    """The other hosts go on from the run file, beside workers of the old start that still wait for their manager."""
    hosts = make_hosts()
    first = Search(hosts, stemma, job, [1, 2, 2]).begun()
    before = first.reports()
    hosts.hosts[0].power_off()
    first.started.process.wait()
    # Whether the old manager lives cannot be seen from another host, outside one batch job.
    refused = Search(hosts, stemma, job, [0, 1, 1], more=("-q", "--continue")).started.communicate_all()
    assert refused.returncode == USER_ERROR and "on host host1 writes to the run file" in refused.stderr
    (stemma.folder / "run.h5.lock").unlink()
    second = Search(hosts, stemma, job, [0, 2, 3], more=("-q", "--continue"))
    second.has_ended()
    second.launcher_ended()
    assert len(rows(stemma, "run.h5", "members")) == MEMBERS
    assert len(rows(stemma, "run.h5", "reports")) > before
    assert [row["change"] for row in rows(stemma, "run.h5", "incarnations")] == ["started", "started", "ended"]
    stemma("verify", "run.h5")


def test_clocks_and_cores_differ(make_hosts, stemma, job):
    hosts = make_hosts()
    preload = f"LD_PRELOAD={FAKETIME} DONT_FAKE_MONOTONIC=1"
    hosts.before(hosts.hosts[1], "env", preload, "FAKETIME=-7m", "taskset", "--cpu-list", "0")
    hosts.before(hosts.hosts[2], "env", preload, "FAKETIME=+5m")
    Search(hosts, stemma, job, [1, 2, 2]).ended().launcher_ended()
    times = [row["time"] for row in rows(stemma, "run.h5", "reports")]
    assert times == sorted(times) and 0 <= times[0] and times[-1] < 60
    assert all(0 < row["seconds"] < 5 for row in rows(stemma, "run.h5", "reports"))


@pytest.mark.long
def test_a_folder_that_one_host_does_not_see(make_hosts, stemma, job):
    """Durable snapshots of that host are not found elsewhere: what needs them is trained again."""
    hosts = make_hosts(alone=[2])
    search = Search(
        hosts, stemma, job.rename(stemma.folder / "home/toy.toml"), [1, 2, 2], "--set", "workers.durable=all"
    ).begun(20)
    for pid in hosts.hosts[2].ranks().values():
        os.kill(pid, signal.SIGKILL)
    search.ended().launcher_left()
