"""Members in several processes, and programs with several members, as often as an acceptance asks for."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from harness import OK, ROOT, wait_until
from test_several_processes import JOB, TOGETHER, kill_processes, processes_of, trained, write_job

pytestmark = pytest.mark.long

LAUNCHER = ROOT / "tests/unit/trainer_process/launcher.py"


def unit_test(stemma, which):
    """A C++ test at the length of an acceptance, beside the program that is tested."""
    test = Path(stemma.binary).parent / "tests/unit/trainer_process/unit_trainer_process"
    done = subprocess.run(
        [test, f"--gtest_filter={which}"],
        env=os.environ | {"STEMMA_TEST_CAMPAIGN": "all"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0 and "[  PASSED  ]" in done.stdout, done.stdout[-4000:]
    return done.stdout


def test_five_hundred_trainings_of_one_to_four_processes_with_random_stops(stemma):
    said = unit_test(stemma, "*StopAtOneUnitWhicheverMomentTheWordComes*")

    assert "7 tests ran" in said or "7 tests from" in said


def test_a_hundred_groups_find_their_ports_at_the_same_time(stemma):
    unit_test(stemma, "*ManyGroupsFindTheirPortsAtTheSameTime")


def test_two_hundred_dead_processes_cost_a_training_each(stemma, monkeypatch):
    monkeypatch.setattr("harness.TIMEOUT_S", 600)
    kill_processes(stemma, 200)


def test_a_hello_after_seventy_seconds(stemma):
    job = write_job(stemma, JOB.replace('"trains"', '"late-70"'))

    stemma("run", "-q", "-n", 1, "-o", "run.h5", job, code=OK)


@pytest.mark.parametrize("launcher", [False, True], ids=["started here", "by a launcher"])
def test_fifty_kills_of_a_search_leave_no_process(stemma, launcher):
    slow = f'"{TOGETHER}", "slow", "{stemma.folder}"'
    text = JOB.replace(f'"{TOGETHER}", "trains"', slow)
    if launcher:
        text = text.replace("processes = 3", "").replace(
            f'"{TOGETHER}", "slow"', f'"{LAUNCHER}", "3", "{TOGETHER}", "slow"'
        )
    job = write_job(stemma, text.replace("members = 6", "members = 100000"))
    left = []
    for _ in range(50):
        for old in stemma.folder.glob("run.h5*"):
            subprocess.run(["rm", "-rf", old], check=True)
        search = subprocess.Popen(
            [stemma.binary, "run", "-q", "-n", "1", "-o", "run.h5", job],
            cwd=stemma.folder,
            env=stemma.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: trained(stemma.folder), "a training has ended")
        assert len(processes_of(str(stemma.folder))) >= 3
        os.kill(search.pid, signal.SIGKILL)
        search.wait()
        time.sleep(1)
        left.append(len(processes_of(f"slow\0{stemma.folder}")))

    assert left == [0] * 50
