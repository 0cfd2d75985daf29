"""Searches over several hosts, with their own names, clocks, folders and a network between them that fails.

The hosts are namespaces of this machine. mpirun is Debian's Open MPI 4.1, as without ULFM; in tests marked pypi it is
Open MPI 5 with ULFM."""

import contextlib
import os
import re
import signal
import time
from pathlib import Path

import pytest
from harness import USER_ERROR, wait_until
from hosts import Host
from searches import MEMBERS, Search, host_of, transfers

from record import rows

# Heartbeats and links run against a real clock. If a busy machine delayed a test, it is tried once more, and reported.
pytestmark = pytest.mark.flaky(reruns=1)

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


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


@pytest.mark.parametrize("seconds", [1, pytest.param(10, marks=pytest.mark.long)])
def test_a_link_that_comes_back(make_hosts, stemma, job, seconds):
    """Within workers.lost_after: what was under way arrives, and nothing is lost."""
    hosts = make_hosts()
    search = Search(hosts, stemma, job, [1, 2, 2], "--set", "workers.lost_after=20s").begun()
    hosts.hosts[2].link_down()
    time.sleep(seconds)
    hosts.hosts[2].link_up()
    search.ended().launcher_left()
    assert search.lost() == 0
    assert not rows(stemma, "run.h5", "failures")


@pytest.mark.parametrize("seconds", [4, *(pytest.param(each, marks=pytest.mark.long) for each in (10, 45))])
def test_workers_that_return_after_they_were_taken_for_dead(make_hosts, stemma, job, seconds):
    """They are sent away. Nothing that they did meanwhile counts, and none of their files replaces another."""
    hosts = make_hosts()
    retry = seconds  # TCP tries again after times that double
    limits = ("--set", "run.budget.members=100000", "--set", f"run.budget.wall_time={seconds + retry + 5}s")
    search = Search(hosts, stemma, job, [1, 2, 2], "--set", "workers.durable=all", *limits).begun()
    hosts.hosts[2].link_down()
    time.sleep(seconds)
    assert search.lost() == 2
    before = contents(stemma.folder / "run.h5.snapshots")
    hosts.hosts[2].link_up()
    wait_until(lambda: not hosts.hosts[2].ranks(), "the workers that returned have left")
    assert not search.started.code.exists(), "the others go on"
    search.has_ended()  # mpirun is ended by rank 0, later: see test_ranks_of_another_host_are_lost
    stemma("verify", "run.h5")
    after = contents(stemma.folder / "run.h5.snapshots")
    assert before and all(after[name].startswith(before[name]) for name in before.keys() & after.keys())
    counted = [row for row in rows(stemma, "run.h5", "reports") if row["status"] != "late"]
    assert len({row["lease"] for row in counted}) == len(counted)
    assert len({(row["member"], row["resource"]) for row in counted}) == len(counted)
    ends = [row["lease"] for row in rows(stemma, "run.h5", "lease_ends")]
    assert len(set(ends)) == len(ends)
    gone = {row["worker"]: row["time"] for row in rows(stemma, "run.h5", "workers") if row["change"] == "lost"}
    assert not [row for row in counted if row["time"] > gone.get(row["worker"], row["time"])]


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


def test_second_copies_where_two_workers_do_not_reach_each_other(make_hosts, stemma, job):
    """A copy that does not come is given up. The others of its owner go to a worker that is reached."""
    hosts = make_hosts()
    copies = ("--set", "workers.replicated=all", "--set", "workers.durable=all", "--set", "run.budget.members=300")
    search = Search(hosts, stemma, job, [2, 1, 1], *copies).begun()
    for host in hosts.hosts[1:]:
        host.apart_from_workers(True)
    search.ended(members=300).launcher_ended()
    worker_of = {host: worker for worker, host in host_of(stemma).items()}
    apart = {worker_of["host2"], worker_of["host3"]}
    ends, came, late = transfers(stemma)
    assert late and {frozenset(ends[transfer]) for transfer in late} == {frozenset(apart)}
    for owner in apart:
        assert any(ends[transfer] == (owner, worker_of["host1"]) and transfer > min(late) for transfer in came)


def contents(folder):
    """Of the files that are whole; others come and go meanwhile."""
    found = {}
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            found[path.name] = path.read_bytes()
    return found


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


@pytest.mark.pypi
@pytest.mark.parametrize(
    "fault, reasons",
    [(dies, ["the transport says that the rank is gone"]), (Host.power_off, ["no heartbeat", "no heartbeat"])],
)
def test_ranks_of_another_host_are_lost_under_ulfm(make_hosts, stemma, job, fault, reasons):
    """MPI tells of the death of a rank. It does not see that a host is gone: heartbeats do."""
    hosts = make_hosts(ulfm=True)
    search = Search(hosts, stemma, job, [1, 2, 2]).begun()
    fault(hosts.hosts[2])
    search.ended()
    gone = [row for row in rows(stemma, "run.h5", "workers") if row["change"] == "lost"]
    assert [row["reason"] for row in gone] == reasons


@pytest.mark.pypi
def test_a_link_that_comes_back_under_ulfm(make_hosts, stemma, job):
    """Within workers.lost_after: MPI does not take the ranks behind it for dead, and nothing is lost."""
    hosts = make_hosts(ulfm=True)
    search = Search(hosts, stemma, job, [1, 2, 2], "--set", "workers.lost_after=20s").begun()
    hosts.hosts[2].link_down()
    time.sleep(2)
    hosts.hosts[2].link_up()
    search.ended()
    assert search.lost() == 0
    assert not rows(stemma, "run.h5", "failures")


@pytest.mark.pypi
def test_workers_that_return_late_under_ulfm(make_hosts, stemma, job):
    hosts = make_hosts(ulfm=True)
    limits = ("--set", "run.budget.members=100000", "--set", "run.budget.wall_time=16s")
    search = Search(hosts, stemma, job, [1, 2, 2], *limits).begun()
    hosts.hosts[2].link_down()
    time.sleep(6)
    assert search.lost() == 2
    hosts.hosts[2].link_up()
    wait_until(lambda: not hosts.hosts[2].ranks(), "the workers that returned have left")
    assert not search.started.code.exists(), "the others go on"
    search.has_ended()
    stemma("verify", "run.h5")
    counted = [row for row in rows(stemma, "run.h5", "reports") if row["status"] != "late"]
    assert len({(row["member"], row["resource"]) for row in counted}) == len(counted)


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
def test_second_copies_are_on_another_host(make_hosts, stemma, job):
    """With half of the workers and nothing on disk, members of a host without power go on from its neighbor."""
    hosts = make_hosts()
    copies = ("--set", "workers.durable=none", "--set", "workers.replicated=all", "--set", "trainer.state_bytes=64KiB")
    search = Search(hosts, stemma, job, [1, 2, 2], *copies, "--set", "run.budget.members=60").begun(30)
    hosts.hosts[2].power_off()
    search.ended(members=60).launcher_left()
    assert search.lost() == 2
    places = host_of(stemma)
    lost = next(row["time"] for row in rows(stemma, "run.h5", "workers") if row["change"] == "lost")
    made = {row["lease"]: row for row in rows(stemma, "run.h5", "reports")}  # a snapshot carries its lease's number
    last = max(row["time"] for row in made.values() if places[row["worker"]] == "host3")
    leases = rows(stemma, "run.h5", "leases")
    continued = {
        lease["source"]
        for lease in leases
        if lease["time"] >= lost and lease["snapshot"] in made and places[made[lease["snapshot"]]["worker"]] == "host3"
    }
    assert continued and continued <= {"local", "peer"}
    # Only what was reported in the last moment may lack a copy.
    retrained = {row["lease"] for row in rows(stemma, "run.h5", "events") if row["kind"] == "retrain"}
    for lease in (lease for lease in leases if lease["lease"] in retrained):
        before = [row for row in made.values() if row["member"] == lease["member"] and row["time"] < lease["time"]]
        assert max(row["time"] for row in before) > last - 0.5


def test_selfcheck_counts_the_cores_of_each_host(make_hosts, stemma):
    """Training threads are the cores of a worker's own host, shared among the workers there."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("one core: no host can have fewer than another")
    hosts = make_hosts()
    hosts.before(hosts.hosts[1], "taskset", "--cpu-list", cores[0])
    hosts.before(hosts.hosts[2], "taskset", "--cpu-list", f"{cores[0]},{cores[1]}")
    check = hosts.mpirun([1, 2, 1], stemma.binary, "selfcheck", env=stemma.env).communicate_all()
    ranks = re.findall(r"rank +(\d)  (\w+)  .* (\d+) cores?, (manages|trains with \d+ threads?)", check.stdout)
    assert ranks == [
        ("0", "host1", str(len(cores)), "manages"),
        ("1", "host2", "1", "trains with 1 thread"),
        ("2", "host2", "1", "trains with 1 thread"),
        ("3", "host3", "2", "trains with 2 threads"),
    ]
    warnings = [line for line in check.stdout.splitlines() if line.startswith("warning")]
    assert warnings == ["warning: 2 workers share 1 core of host2: training threads will be oversubscribed"]


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
