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


@pytest.mark.parametrize(
    ("job", "more", "trainer"),
    [
        ('[space.type]\ntype = "real"\n[trainer] # mine\n  type = "process" # a program\n', [], "process"),
        ('trainer = { command = ["a"], type = "process" }\n[run]\n', [], "process"),
        ('trainer.type="torch"\n[scheduler]\ntype = "asha"\n', [], "torch"),
        ('[trainer]\ntype = "torch"\n', ['trainer.type="process"'], "process"),
        ('[scheduler]\ntype = "asha"\n', [], ""),
    ],
)
def test_whether_libtorch_trains_is_read_from_the_job(job, more, trainer, tmp_path):
    """On a machine with a GPU, only a job that LibTorch trains needs a LibTorch with CUDA."""
    (tmp_path / "job.toml").write_text(job)
    script = f'root={ROOT}; source "$root/.ci/setup.sh"; trainer_of "$@"'
    words = ["bash", "-c", script, "bash", str(tmp_path / "job.toml"), *more]
    assert subprocess.run(words, capture_output=True, text=True, check=True, timeout=20).stdout.strip() == trainer


def test_a_package_that_the_distribution_lacks_is_left_out_and_said():
    script = f"""root={ROOT}; source "$root/.ci/setup.sh"
optional+=(no-such-package); missing=(no-such-package g++)
leave_out_unavailable && echo "${{missing[*]}}" """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    if "no-such-package" in done.stdout:
        pytest.skip("no lists of packages here")
    assert done.stdout.split() == ["g++"]
    assert "no-such-package: going on without" in done.stderr
