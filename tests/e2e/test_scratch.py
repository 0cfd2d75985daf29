"""Full folders for snapshots to and from programs. Docker's /dev/shm has 64 MiB; here it has 4."""

import json
import subprocess
import sys

import pytest
from harness import FAILED, OK, PROGRAM_JOB, ROOT, TIMEOUT_S, USER_ERROR, wait_until

from record import rows

PROGRAM = """\
import stemma
for trial in stemma.trials():
    with trial:
        for unit in trial:
            pass
        with open(trial.save_path, "wb") as file:
            file.write(b"x" * 3_000_000)
        trial.report(valid_loss=trial["lr"])
"""


def write_job(folder, program):
    """The program's text is in the command, so that no program file has to be found."""
    (folder / "job.toml").write_text(
        PROGRAM_JOB.replace('["PYTHON", "program.py"]', json.dumps([sys.executable, "-c", program]))
    )


@pytest.fixture
def start(stemma, tmp_path):
    """Starts `stemma WORDS...` with 4 MiB each in /dev/shm and in the folders of `small`."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("unshare --mount is not permitted here")
    write_job(tmp_path, PROGRAM)
    for folder in ("tmp", "other"):
        (tmp_path / folder).mkdir()
    stemma.env |= {
        "PYTHONPATH": str(ROOT / "analysis"),
        "TMPDIR": str(tmp_path / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def begin(*words, small=()):
        mounts = " && ".join(f"mount -t tmpfs -o size=4m tmpfs {folder}" for folder in ("/dev/shm", *small))
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "-", stemma.binary, *map(str, words)],
            cwd=tmp_path,
            env=stemma.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


def told(search, code):
    out, error = search.communicate(timeout=TIMEOUT_S)
    assert search.returncode == code, f"{search.returncode}\n{out}\n{error}"
    return error


def test_a_full_shared_memory_is_left_for_another_folder(stemma, start, tmp_path):
    error = told(start("run", "job.toml", "-n", 2, "-o", "r.h5", "--set", "run.budget.members=12"), OK)
    assert error.count("has no room left for snapshots") == 1 and f"go through {tmp_path / 'tmp'}" in error
    assert len(rows(stemma, "r.h5", "members")) == 12 and not rows(stemma, "r.h5", "failures")
    assert not list((tmp_path / "tmp").iterdir()), "nothing stays behind"
    stemma("verify", "r.h5")


@pytest.mark.parametrize(
    "words, small",
    [
        ((), ("/tmp",)),  # hides the test's own folder, which stays the working folder
        (("--set", "trainer.scratch=other"), ("other",)),
    ],
)
def test_where_no_folder_has_room_the_user_is_told_what_to_set(stemma, start, tmp_path, words, small):
    if not words:
        stemma.env["TMPDIR"] = "/tmp"
    # One worker: the second member's snapshot fails after the first one's report. Without a report no file would stay.
    error = told(
        start("run", "job.toml", "-n", 1, "-o", "r.h5", "--set", "run.budget.members=12", *words, small=small),
        USER_ERROR,
    )
    assert "no worker is left" in error and "Set trainer.scratch" in error and "MiB free" in error
    assert (tmp_path / "r.h5").exists()
    stemma.env["TMPDIR"] = str(tmp_path / "tmp")
    stemma("resume", "r.h5", "-n", 2, "-q")
    assert len(rows(stemma, "r.h5", "members")) == 12


def test_nothing_stays_of_a_search_that_moved_and_was_killed(start, tmp_path):
    write_job(tmp_path, PROGRAM.replace("trial.report", "__import__('time').sleep(0.05); trial.report"))
    search = start("run", "job.toml", "-n", 1, "-q", "-o", "r.h5", "--set", "run.budget.members=1000")
    wait_until(
        lambda: list((tmp_path / "tmp").glob("stemma-*/save")) or search.poll() is not None,
        "snapshots go through the other folder",
    )
    search.kill()
    wait_until(lambda: not list((tmp_path / "tmp").iterdir()), "the helper has removed it")


def test_a_mistake_of_the_programs_own_is_none_of_the_folders(stemma, start, tmp_path):
    write_job(
        tmp_path,
        PROGRAM.replace("trial.report(", "raise OSError(28, 'No space left on device')\n        trial.report("),
    )
    error = told(start("run", "job.toml", "-n", 2, "-q", "-o", "r.h5", "--set", "run.budget.members=12"), FAILED)
    assert "Set trainer.scratch" not in error
    assert rows(stemma, "r.h5", "failures")
