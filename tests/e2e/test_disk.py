"""Disks that are full, read-only, shared or damaged: a clear message, and no committed report is lost."""

import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest
from harness import OK, REQUEUE, TIMEOUT_S, USER_ERROR, wait_until

from record import rows

LONG = ("--set", "run.budget.members=100000", "--set", "trainer.cost=0.0001")


def committed(stemma, file="toy.h5"):
    return [(row["lease"], row["member"]) for row in rows(stemma, file, "reports")]


def limited(stemma, size, *words):
    """Runs `stemma WORDS...` with a limit of `size` bytes for every file: writing fails as it does with a quota."""
    return subprocess.run(
        [stemma.binary, *map(str, words)],
        cwd=stemma.folder,
        env=stemma.env,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        # Python ignores SIGXFSZ. With restore_signals=False the program ignores it too, and the kernel says EFBIG
        # instead.
        restore_signals=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "stemma-test", folder], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"may not mount a file system here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def assert_resumable(stemma, file):
    before = committed(stemma, file)
    assert before
    stemma("verify", file)
    stemma("resume", file, "-n", 2, "-q", "--members", len(rows(stemma, file, "members")) + 5)
    assert committed(stemma, file)[: len(before)] == before
    stemma("verify", file)


def test_a_quota_that_is_used_up_ends_the_search_with_what_is_there(stemma, job):
    done = limited(stemma, 1_000_000, "run", job, "-n", "2", "-q", "--output", "toy.h5", *LONG)

    assert done.returncode == USER_ERROR, done.stderr
    assert "toy.h5" in done.stderr and "disk full" in done.stderr
    assert_resumable(stemma, "toy.h5")


def test_a_full_disk_ends_the_search_with_what_is_there(stemma, job, small_disk):
    file = small_disk / "toy.h5"
    done = stemma("run", job, "-n", 2, "-q", "--output", file, "--set", "workers.durable=none", *LONG, code=USER_ERROR)
    assert "disk full" in done.stderr

    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert_resumable(stemma, file)


def test_a_full_disk_under_mpirun_hangs_nobody(stemma, mpi, job, small_disk):
    done = mpi(
        3, "run", job, "-q", "--output", small_disk / "toy.h5", "--set", "workers.durable=none", *LONG, code=USER_ERROR
    )
    assert "disk full" in done.stderr


def test_a_folder_that_cannot_be_written_to(stemma, job, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for file in (small_disk / "toy.h5", small_disk / "new" / "toy.h5"):
        done = stemma("run", job, "-n", 1, "--output", file, code=USER_ERROR)
        assert "cannot be made" in done.stderr and "can be written to" in done.stderr


def test_snapshots_that_cannot_be_written_do_not_end_the_search(stemma, job):
    (stemma.folder / "toy.h5.snapshots").write_text("in the way")

    stemma("run", job, "-n", 2, "-q", "--output", "toy.h5")

    assert len(rows(stemma, "toy.h5", "members")) == 40
    assert any(row["kind"] == "persist_failed" for row in rows(stemma, "toy.h5", "events"))
    stemma("verify", "toy.h5")


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_damaged_snapshots_are_trained_again(stemma, mpi, job, damage):
    def segments():
        return list(stemma.folder.glob("toy.h5.snapshots/*.segment"))

    started = stemma.start(
        3, "run", job, "--output", "toy.h5", "--set", "trainer.cost=10ms", "--set", "run.budget.members=60"
    )
    wait_until(
        lambda: sum(file.stat().st_size for file in segments()) > 2000 or started.process.poll() is not None,
        "there are snapshots",
    )
    started.kill()
    before = committed(stemma)
    assert segments()
    for file in segments():
        content = bytearray(file.read_bytes())
        if damage == "cut":
            file.write_bytes(content[: len(content) // 2])
        elif damage == "gone":
            file.unlink()
        else:
            for place in range(100, len(content), 97):
                content[place] ^= 0x10
            file.write_bytes(content)

    stemma("resume", "toy.h5", "-n", 2, "-q")

    assert committed(stemma)[: len(before)] == before
    assert len(rows(stemma, "toy.h5", "members")) == 60
    stemma("verify", "toy.h5")


def test_a_flipped_bit_in_the_run_file_is_told_or_harmless(stemma, job):
    stemma("run", job, "-n", 2, "-q", "--output", "whole.h5")
    content = (stemma.folder / "whole.h5").read_bytes()
    expected = committed(stemma, "whole.h5")
    for place in range(0, len(content), max(1, len(content) // 15)):  # unit tests try every place
        damaged = bytearray(content)
        damaged[place] ^= 0x04
        (stemma.folder / "damaged.h5").write_bytes(damaged)
        done = stemma("verify", "damaged.h5", code=(OK, USER_ERROR))
        if done.returncode == OK:
            assert committed(stemma, "damaged.h5") == expected, f"byte {place}: other reports, and nobody noticed"
        else:
            assert "damaged.h5" in done.stderr


def test_two_jobs_on_one_file(stemma, mpi, job):
    started = stemma.start(
        2, "run", job, "--output", "toy.h5", "--set", "trainer.cost=10ms", "--set", "run.budget.members=100000"
    )
    wait_until(lambda: (stemma.folder / "toy.h5").exists() and len(committed(stemma)) > 3, "there are reports")

    refused = stemma("resume", "toy.h5", "-n", 1, code=USER_ERROR)
    assert f"process {started.ranks()[0]} on host" in refused.stderr and "stemma stop" in refused.stderr

    started.kill()
    assert (stemma.folder / "toy.h5.lock").exists(), "a killed job leaves its lock"
    resumed = stemma("resume", "toy.h5", "-n", 1, "--members", len(rows(stemma, "toy.h5", "members")))
    assert "which no longer runs" in resumed.stderr


def test_the_live_file_may_be_elsewhere(stemma, job):
    done = stemma("run", job, "-n", 2, "--output", "toy.h5", "--node-local", "node")

    assert "is written in node of this node" in done.stderr
    assert list((stemma.folder / "node").iterdir()) == []
    assert len(rows(stemma, "toy.h5", "members")) == 40
    stemma("verify", "toy.h5")


@pytest.mark.parametrize("node", ["stays", "is gone"])
def test_a_kill_with_the_live_file_elsewhere(stemma, mpi, job, node):
    words = [
        "run",
        job,
        "--output",
        "toy.h5",
        "--continue",
        "--node-local",
        "node",
        "--set",
        "trainer.cost=20ms",
        "--set",
        "run.budget.members=300",
    ]
    started = stemma.start(3, *words)
    wait_until(
        lambda: (stemma.folder / "toy.h5").exists() and len(committed(stemma)) > 20, "there is a copy with reports", 60
    )
    started.kill()
    (live,) = (path for path in (stemma.folder / "node").iterdir() if path.suffix != ".lock")
    if node == "is gone":
        for path in (stemma.folder / "node").iterdir():
            path.unlink()
        before = committed(stemma)
    else:
        before = committed(stemma, live)
        assert len(before) >= len(committed(stemma))

    stemma("run", job, *words[2:], "-n", "2", "-q")

    assert committed(stemma)[: len(before)] == before
    assert len(rows(stemma, "toy.h5", "members")) == 300
    stemma("verify", "toy.h5")


def test_the_second_signal_ends_it_at_once_and_loses_nothing(stemma, job):
    started = subprocess.Popen(
        [stemma.binary, "run", str(job), "-n", "1", "-q", "--output", "toy.h5", "--set", "trainer.cost=30s"],
        cwd=stemma.folder,
        env=stemma.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: Path(stemma.folder / "toy.h5").exists(), "there is a run file")
    os.kill(started.pid, signal.SIGINT)
    os.kill(started.pid, signal.SIGTERM)
    assert started.wait(TIMEOUT_S) == REQUEUE
    stemma("verify", "toy.h5")
