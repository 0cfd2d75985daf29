"""Run files that are given by symbolic links: all files are beside the real file, and no link is ever replaced."""

import subprocess

import pytest
from harness import TIMEOUT_S, USER_ERROR, wait_until

from record import rows

ENDLESS = ("--set", "trainer.cost=10ms", "--set", "run.budget.members=100000")
SMALL = ("-n", 2, "-q", "--set", "run.budget.members=10", "--set", "workers.durable=all")


@pytest.fixture
def linked(stemma):
    """home/r.h5 -> home/again.h5 -> ../scratch/r.h5. The file itself does not exist yet."""
    home, scratch = stemma.folder / "home", stemma.folder / "scratch"
    home.mkdir()
    scratch.mkdir()
    (home / "r.h5").symlink_to("again.h5")
    (home / "again.h5").symlink_to("../scratch/r.h5")
    return home / "r.h5"


def assert_all_beside_the_real_file(stemma):
    assert sorted(path.name for path in (stemma.folder / "home").iterdir()) == ["again.h5", "r.h5"]
    assert all(path.is_symlink() for path in (stemma.folder / "home").iterdir())
    real = stemma.folder / "scratch/r.h5"
    assert real.is_file() and not real.is_symlink() and real.with_name("r.h5.logs").is_dir()


def test_a_search_begins_where_a_link_points_and_goes_on_there(stemma, job, linked):
    stemma("run", job, *SMALL, "-o", linked)
    assert_all_beside_the_real_file(stemma)
    assert len(rows(stemma, "scratch/r.h5", "members")) == 10

    resumed = stemma("resume", linked, "-n", 2, "--members", 20)
    assert_all_beside_the_real_file(stemma)
    assert len(rows(stemma, linked, "members")) == 20
    assert "trained again" not in resumed.stdout + resumed.stderr
    events = rows(stemma, linked, "events")
    assert not [event for event in events if event["kind"] == "snapshot_missing"], "the snapshots are there, too"
    stemma("run", job, *SMALL, "-o", linked, code=USER_ERROR)
    stemma("run", job, *SMALL, "--continue", "-o", linked)
    stemma("export", linked, "--weights", "best.h5")
    stemma("verify", linked)


def test_the_jobs_own_run_output_may_be_a_link(stemma, job, linked):
    stemma("run", job, *SMALL, "--set", f"run.output={linked}")
    assert_all_beside_the_real_file(stemma)


def test_links_with_the_live_file_elsewhere(stemma, job, linked):
    stemma("run", job, *SMALL, "-o", linked, "--node-local", "node")
    stemma("resume", linked, "-n", 2, "-q", "--members", 15, "--node-local", "node")
    assert_all_beside_the_real_file(stemma)
    assert len(rows(stemma, linked, "members")) == 15


def test_a_search_is_seen_by_each_of_its_names(stemma, job, linked):
    search = subprocess.Popen(
        [stemma.binary, "run", str(job), "-n", "2", "-q", "-o", "scratch/r.h5", *ENDLESS],
        cwd=stemma.folder,
        env=stemma.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: (stemma.folder / "scratch/r.h5").exists() or search.poll() is not None, "there is a run file")
    assert f"process {search.pid} on host" in stemma("resume", linked, code=USER_ERROR).stderr
    assert "ended" not in stemma("status", linked).stdout
    stemma("stop", linked)
    assert search.wait(TIMEOUT_S) == 4
    assert_all_beside_the_real_file(stemma)


def test_a_folder_may_be_a_link(stemma, job):
    (stemma.folder / "real").mkdir()
    (stemma.folder / "linked").symlink_to("real")
    stemma("run", job, *SMALL, "-o", "linked/r.h5")
    stemma("resume", "real/r.h5", "-n", 2, "-q", "--members", 15)
    assert len(rows(stemma, "linked/r.h5", "members")) == 15
    (stemma.folder / "r.h5").symlink_to("linked")
    assert "is not a file" in stemma("status", "r.h5", code=USER_ERROR).stderr


def test_links_that_lead_nowhere_are_named(stemma, job):
    (stemma.folder / "a.h5").symlink_to("b.h5")
    (stemma.folder / "b.h5").symlink_to("a.h5")
    for words in (["status", "a.h5"], ["run", job, "-o", "a.h5"]):
        assert "circle" in stemma(*words, code=USER_ERROR).stderr
    (stemma.folder / "gone.h5").symlink_to("nowhere/r.h5")
    assert "nowhere/r.h5: there is no such file" in stemma("status", "gone.h5", code=USER_ERROR).stderr


def test_a_run_file_that_becomes_a_link_meanwhile_is_not_replaced(stemma, job):
    search = subprocess.Popen(
        [stemma.binary, "run", str(job), "-n", "2", "-q", "-o", "r.h5", "--set", "trainer.cost=10ms"],
        cwd=stemma.folder,
        env=stemma.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    file = stemma.folder / "r.h5"
    wait_until(lambda: file.exists() or search.poll() is not None, "there is a run file")
    file.rename(stemma.folder / "moved.h5")
    file.symlink_to("moved.h5")
    _, told = search.communicate(timeout=TIMEOUT_S)
    assert search.returncode == USER_ERROR and "has become a link" in told
    assert file.is_symlink()
    assert len(rows(stemma, "moved.h5", "members")) == 40
