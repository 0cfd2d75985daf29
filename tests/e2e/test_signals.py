"""Signals to a search without a launcher: a request to end ends the search in order, resumable."""

import os
import signal
import subprocess

import pytest
from harness import OK, REQUEUE, TIMEOUT_S, wait_until


@pytest.fixture
def start(stemma, job, tmp_path):
    """Starts a search of two workers that goes on until it is told to end."""
    started = []

    def begin(members=100_000, **options):
        words = [
            stemma.binary,
            "run",
            str(job),
            "-n",
            "2",
            "-o",
            "slow.h5",
            "--set",
            "trainer.cost=20ms",
            "--set",
            f"run.budget.members={members}",
        ]
        process = subprocess.Popen(
            words, cwd=tmp_path, env=stemma.env, **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **options}
        )
        started.append(process)
        wait_until((tmp_path / "slow.h5").exists, "there is a run file")
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def ended_in_order(stemma, process):
    out = process.communicate(timeout=TIMEOUT_S)[0]
    assert process.returncode == REQUEUE, out
    assert "it was asked to stop" in stemma("status", "slow.h5").stdout
    stemma("verify", "slow.h5")
    stemma("resume", "slow.h5", "-q", "-n", 2, "--members", 1)
    return out


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR2", "SIGXCPU", "SIGTERM"])
def test_a_signal_ends_it_in_order(stemma, start, name):
    process = start()
    process.send_signal(getattr(signal, name))
    if name != "SIGTERM":
        process.send_signal(getattr(signal, name))  # warnings repeat
    ended_in_order(stemma, process)


def test_a_terminal_that_closes_ends_it_in_order(stemma, start):
    """The kernel's own SIGHUP, when the terminal to write to is gone."""
    master, terminal = os.openpty()

    def own_terminal():
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = start(stdin=terminal, stdout=terminal, stderr=terminal, preexec_fn=own_terminal)
    os.close(terminal)
    os.close(master)
    ended_in_order(stemma, process)


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR2", "SIGXCPU"])
def test_what_was_ignored_at_the_start_stays_ignored(stemma, start, name):
    """nohup, or a script that ignores a warning."""
    process = start(members=60, preexec_fn=lambda: signal.signal(getattr(signal, name), signal.SIG_IGN))
    process.send_signal(getattr(signal, name))
    out = process.communicate(timeout=TIMEOUT_S)[0]
    assert process.returncode == OK, out
    assert "members budget is used up" in stemma("status", "slow.h5").stdout
