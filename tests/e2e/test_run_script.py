"""./run itself: what a new user types first."""

import os
import pty
import select
import signal
import subprocess
import time

import pytest
from harness import REQUEUE, ROOT, USER_ERROR


@pytest.fixture
def environment(stemma):
    if not stemma.binary.startswith(f"{ROOT}/build/"):
        pytest.skip("./run would build another program than the one under test")
    return os.environ | {"STEMMA_SKIP_PACKAGES": "1", "TERM": "xterm"}


def run(environment, *words):
    return subprocess.run(
        [ROOT / "run", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_help(environment):
    assert "--build" in run(environment, "--help").stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nowhere.toml"], "nowhere.toml"),
        (["-n", "none"], "-n"),
        (["a.toml", "b.toml"], "two jobs"),
    ],
)
def test_mistakes_are_told(environment, words, expected):
    done = run(environment, *words)

    assert done.returncode == USER_ERROR
    assert expected in done.stderr


def test_a_bad_job_is_refused_once(environment, job):
    done = run(environment, job, "--cpu", "--set", "scheduler.eta=1")

    assert done.returncode == USER_ERROR
    assert done.stderr.count("must be an integer in 2 .. 1000") == 1


def test_a_job_from_start_to_end(environment, job, tmp_path):
    done = run(environment, job, "--cpu", "-n", "2", "--output", tmp_path / "toy.h5")

    assert done.returncode == 0, done.stderr
    assert "utilization" in done.stdout
    assert "\r" not in done.stdout + done.stderr


def read_until(terminal, ready, seconds):
    """The output of the pseudo-terminal until `ready(text)`, or its end."""
    text, end = "", time.monotonic() + seconds
    while not ready(text):
        assert time.monotonic() < end, text
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # Linux: the other end was closed
                return text
            if not piece:
                return text
            text += piece.decode(errors="replace")
    return text


def test_control_c_ends_the_search_in_order(environment, job, stemma):
    words = [
        str(ROOT / "run"),
        str(job),
        "--cpu",
        "-n",
        "2",
        "--output",
        str(stemma.folder / "toy.h5"),
        "--set",
        "trainer.cost=20ms",
        "--set",
        "run.budget.members=100000",
    ]
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(
            signal.SIGINT, signal.SIG_DFL
        )  # background jobs of a shell, such as these tests, start with SIGINT ignored
        os.execve(words[0], words, environment)

    shown = read_until(terminal, lambda text: text.count("\r") > 10 and (stemma.folder / "toy.h5").exists(), 120)
    os.write(terminal, b"\x03")
    shown += read_until(terminal, lambda text: False, 120)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == REQUEUE, shown
    assert "resume" in shown
    stemma("verify", "toy.h5")
