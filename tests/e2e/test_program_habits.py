"""Habits of users' training programs: they end after each training, break their device, start children, leave folders
behind."""

import subprocess
import sys

import pytest
from harness import FAILED, OK, PROGRAM_JOB, REQUEUE, ROOT, STOPPED, USER_ERROR, alive, wait_until

from record import rows

JOB = (
    PROGRAM_JOB.replace("members = 6", "members = 12")
    .replace("max = 3\neta = 3", "max = 4\neta = 2")
    .replace('heartbeat = "200ms"\nlost_after = "5s"\n', "")
)

# Its state is a number that training changes.
PRELUDE = """\
import json, os, subprocess, sys, time
import stemma

def train(trial):
    state = json.load(open(trial.start))["state"] if trial.start else 1.0
    for unit in trial:
        state *= 1 - trial["lr"] / 2
        trial.report(valid_loss=state)
    json.dump({"state": state}, open(trial.save_path, "w"))

"""


@pytest.fixture
def program(stemma):
    """Makes the job of a program."""
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")

    def make(text):
        (stemma.folder / "program.py").write_text(PRELUDE + text)
        path = stemma.folder / "program.toml"
        path.write_text(JOB.replace("PYTHON", sys.executable))
        return path

    return make


def failed_members(stemma, file="run.h5"):
    return {row["member"] for row in rows(stemma, file, "events") if row["kind"] == "member_failed"}


# ---- programs that end after each training -------------------------------------------------------------------------

ONE_EACH = {
    "break": "for trial in stemma.trials():\n    with trial:\n        train(trial)\n    break\n",
    "break, and a slow end": "for trial in stemma.trials():\n    with trial:\n        train(trial)\n    break\n"
    "time.sleep(0.3)\n",
    "sys.exit": "for trial in stemma.trials():\n    with trial:\n        train(trial)\n    sys.exit()\n",
    "os._exit": "for trial in stemma.trials():\n    with trial:\n        train(trial)\n    os._exit(3)\n",
    "trials() for each": "def one():\n    for trial in stemma.trials():\n        with trial:\n"
    "            train(trial)\n        return\nwhile True:\n    one()\n",
}


@pytest.mark.parametrize("again", range(2))
@pytest.mark.parametrize("how", ONE_EACH)
def test_a_program_that_trains_once_loses_no_member(stemma, program, how, again):
    stemma("run", program(ONE_EACH[how]), "-n", 2, "-o", "run.h5", "--set", f"run.seed={again}")

    assert len(rows(stemma, "run.h5", "members")) == 12
    assert not rows(stemma, "run.h5", "failures")
    assert not [row for row in rows(stemma, "run.h5", "events") if row["kind"] in ("retry", "member_failed")]


def test_one_that_always_ends_at_once_ends_the_search_with_its_error(stemma, program):
    job = program("for trial in stemma.trials():\n    sys.exit('no data here')\n")

    done = stemma("run", job, "-n", 2, "-o", "run.h5", code=FAILED)

    assert "no data here" in done.stderr and "exit code 1" in done.stderr


def test_a_process_for_each_training(stemma, program):
    count = (
        "trained = 0\nfor trial in stemma.trials():\n    with trial:\n        trained += 1\n"
        "        assert trained == 1, 'state in globals'\n        train(trial)\n"
    )
    job = program(count)

    stemma("run", job, "-n", 2, "-o", "run.h5", "--set", "trainer.restart=each training")
    assert len(rows(stemma, "run.h5", "members")) == 12
    assert not rows(stemma, "run.h5", "failures")

    stemma("run", job, "-n", 2, "-o", "kept.h5", code=(OK, FAILED))
    assert rows(stemma, "kept.h5", "failures"), "the program is kept unless the job says otherwise"
    assert "each training" in stemma("check", job, "--set", "trainer.restart=each", code=USER_ERROR).stderr


# ---- devices --------------------------------------------------------------------------------------------------------

STICKY = """\
class AcceleratorError(RuntimeError):
    pass

broken = False
for trial in stemma.trials():
    with trial:
        if broken or BAD:
            broken = True
            raise ERROR
        train(trial)
"""


@pytest.mark.parametrize(
    "error", ['RuntimeError("CUDA error: device-side assert triggered")', 'AcceleratorError("an asynchronous error")']
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_broken_device_costs_the_bad_member_only(stemma, program, error, workers):
    job = program(STICKY.replace("BAD", "trial.member in (3, 7)").replace("ERROR", error))

    done = stemma("run", job, "-n", workers, "-o", "run.h5")

    assert failed_members(stemma) == {3, 7}
    assert len(rows(stemma, "run.h5", "members")) == 12
    assert "2 members failed: 2 with broken programs\nfailed: members 3, 7" in done.stdout
    assert {row["kind"] for row in rows(stemma, "run.h5", "failures")} == {"broken_program"}


def test_a_device_that_breaks_every_program_retires_its_worker_and_is_a_failure(stemma, program):
    job = program(
        STICKY.replace("BAD", "True").replace(
            "ERROR", 'RuntimeError("CUDA error: uncorrectable ECC error encountered")'
        )
    )

    done = stemma("run", job, "-n", 1, "-o", "run.h5", code=FAILED)

    assert "worker 1 is retired" in done.stderr
    assert "no training gave a finite valid_loss" in done.stdout
    stemma("resume", "run.h5", "-n", 1, code=FAILED)


# ---- exit codes -----------------------------------------------------------------------------------------------------

NOTHING = {
    "an exception": "for trial in stemma.trials():\n    with trial:\n        raise ValueError('a typo')\n",
    "a metric that the job does not have": "for trial in stemma.trials():\n    with trial:\n"
    "        for unit in trial: trial.report(valid_los=1.0)\n",
    "not a number": "for trial in stemma.trials():\n    with trial:\n"
    "        for unit in trial: trial.report(valid_loss=float('nan'))\n",
    "out of memory": "for trial in stemma.trials():\n    with trial:\n        raise MemoryError()\n",
}


@pytest.mark.parametrize("members", [1, 6, 9, 12])
@pytest.mark.parametrize("what", NOTHING)
def test_a_search_without_any_result_has_failed(stemma, program, what, members):
    done = stemma(
        "run", program(NOTHING[what]), "-n", 2, "-o", "run.h5", "--set", f"run.budget.members={members}", code=FAILED
    )

    assert "no training gave a finite valid_loss" in done.stdout


def test_a_search_that_is_stopped_before_any_result_has_not(stemma, program):
    job = program(
        "for trial in stemma.trials():\n    with trial:\n"
        "        open('trains', 'w').close()\n        time.sleep(3600)\n"
    )
    words = [stemma.binary, "run", str(job), "-q", "-n", "1", "-o", "run.h5", "--set", "trainer.stop_timeout=100ms"]
    for stop, code in (("signal", REQUEUE), ("stop", STOPPED)):
        (stemma.folder / "run.h5").unlink(missing_ok=True)
        (stemma.folder / "trains").unlink(missing_ok=True)
        started = subprocess.Popen(
            words, cwd=stemma.folder, env=stemma.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until((stemma.folder / "trains").exists, "it trains")
        if stop == "signal":
            started.terminate()
        else:
            stemma("stop", "run.h5")
        assert started.wait(60) == code


def test_a_mistake_that_every_worker_refuses_is_the_users(stemma, program):
    job = program(ONE_EACH["break"])
    stemma.env["CUDA_VISIBLE_DEVICES"] = ""

    done = stemma("run", job, "-n", 2, "-o", "run.h5", "--set", "workers.device=cuda", code=USER_ERROR)

    assert "no GPU is visible here" in done.stderr
    assert not (stemma.folder / "run.h5").exists(), "a repaired job starts under the same name"


def test_a_mistake_that_every_rank_refuses_is_the_users(stemma, mpi, job):
    stemma.env["CUDA_VISIBLE_DEVICES"] = ""
    # A job whose trainer is checked by the ranks alone.
    text = job.read_text().replace(
        'type = "toy"\nunit = "step"', f'type = "process"\ncommand = ["{sys.executable}", "program.py"]'
    )
    job.write_text(text)
    (stemma.folder / "program.py").write_text(PRELUDE + ONE_EACH["break"])
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")

    done = stemma.mpirun(3, "run", job, "-o", "run.h5", "--set", "workers.device=cuda", code=USER_ERROR)

    assert "no GPU is visible here" in done.stderr
    assert not (stemma.folder / "run.h5").exists()


TABLES = {
    "a column that is not there": ("a,price\n" + "1,2\n" * 40, ("trainer.target=prise",), 'did you mean "price"'),
    "no header": ("1,2\n" * 40, (), "must name the columns"),
    "text in a cell": ("a,price\n" + "1,2\n" * 40 + "1,red\n", (), '"red" in column "price"'),
    "no CUDA": ("a,price\n" + "1,2\n" * 40, ("workers.device=cuda",), "cuda"),
}


@pytest.mark.parametrize("what", TABLES)
def test_mistakes_of_torch_jobs_are_found_by_check_and_before_the_start(stemma, job, what):
    if "no LibTorch" in stemma("--version").stdout:
        pytest.skip("built without LibTorch")
    content, overrides, part = TABLES[what]
    stemma.env["CUDA_VISIBLE_DEVICES"] = ""
    (stemma.folder / "table.csv").write_text(content)
    text = (
        job.read_text()
        .replace('type = "toy"\nunit = "step"', 'type = "torch"\ndata = "csv"\npath = "table.csv"')
        .replace("momentum", "weight_decay")
    )
    job.write_text(text)
    words = [word for override in overrides for word in ("--set", override)]

    if what != "no CUDA" or "CUDA" not in stemma("--version").stdout:
        assert part in stemma("check", job, *words, code=USER_ERROR).stderr
    done = stemma("run", job, "-n", 2, "-o", "run.h5", *words, code=USER_ERROR)
    assert part in done.stderr
    assert not (stemma.folder / "run.h5").exists()


# ---- what a user sees -----------------------------------------------------------------------------------------------


def test_the_end_of_what_a_program_printed_is_shown(stemma, program):
    job = program(
        "for trial in stemma.trials():\n    if trial.member == 2:\n        print('epoch\\n' * 2000)\n"
        "        sys.exit('the very last word')\n    with trial:\n        train(trial)\n"
    )

    done = stemma("run", job, "-n", 1, "-o", "run.h5")

    assert "the program ended in the middle of a lease" in done.stderr
    assert "the very last word" in done.stderr
    assert done.stderr.count("epoch") < 200
    assert "1 member failed: 1 with an exception\nfailed: member 2\n" in done.stdout


def test_members_that_wait_for_their_retry_are_named(stemma, program):
    job = program(
        "for trial in stemma.trials():\n    with trial:\n        assert trial.member != 0\n        train(trial)\n"
        "        time.sleep(0.2)\n"
    )

    done = stemma("run", job, "-n", 2, "-o", "run.h5", "--set", "run.budget.reports=1")

    assert "failed, and waiting to be tried once more: member 0" in done.stdout or failed_members(stemma) == {0}


def test_a_search_starts_each_workers_program_once(stemma, program):
    job = program(
        "open(f'start-{os.getpid()}', 'w').close()\n"
        "import glob\nwhile len(glob.glob('start-*')) < 3: time.sleep(0.01)\n"
        + "for trial in stemma.trials():\n    with trial:\n        train(trial)\n"
    )

    stemma("run", job, "-n", 3, "-o", "run.h5")

    assert len(list(stemma.folder.glob("start-*"))) == 3
    assert len(rows(stemma, "run.h5", "members")) == 12


def test_a_job_can_be_checked_without_its_program(stemma, program):
    job = program("open(f'start-{os.getpid()}', 'w').close()\nfor trial in stemma.trials():\n    train(trial)\n")

    stemma("check", "--no-program", job)
    assert not list(stemma.folder.glob("start-*"))
    assert "eta" in stemma("check", "--no-program", job, "--set", "scheduler.eta=1", code=USER_ERROR).stderr
    stemma("check", job)
    assert len(list(stemma.folder.glob("start-*"))) == 1


def test_over_mpi_rank_zero_starts_one_more_at_the_same_time(stemma, mpi, program):
    # Each program waits for the others: the check does not run before the workers' own programs.
    job = program(
        "open(f'start-{os.getpid()}', 'w').close()\n"
        "import glob\nwhile len(glob.glob('start-*')) < 3: time.sleep(0.01)\n"
        "for trial in stemma.trials():\n    with trial:\n        train(trial)\n"
    )

    mpi(3, "run", job, "-o", "run.h5")

    assert len(list(stemma.folder.glob("start-*"))) == 3
    assert len(rows(stemma, "run.h5", "members")) == 12


# ---- children -------------------------------------------------------------------------------------------------------


def test_memory_counts_what_the_program_started(stemma, program):
    job = program(
        "import multiprocessing\n"
        "def eat(mib):\n    block = bytearray(os.urandom(1 << 20) * mib)\n    time.sleep(30)\n"
        "for trial in stemma.trials():\n    with trial:\n"
        "        with multiprocessing.get_context('fork').Pool(2) as pool: pool.map(eat, [150, 150])\n"
    )

    stemma(
        "run",
        job,
        "-n",
        1,
        "-o",
        "run.h5",
        "--set",
        "trainer.memory=250MiB",
        "--set",
        "run.budget.members=1",
        code=FAILED,
    )

    (failure,) = rows(stemma, "run.h5", "failures")
    assert failure["kind"] == "out_of_memory" and failure["type"] == "trainer.memory"


def test_memory_that_children_share_is_counted_once(stemma, program):
    job = program(
        "import multiprocessing\n"
        "data = bytearray(os.urandom(1 << 20) * 150)\n"
        "def look(_):\n    total = sum(data[:: 4096])\n    time.sleep(1.5)\n    return total\n"
        "for trial in stemma.trials():\n    with trial:\n"
        "        with multiprocessing.get_context('fork').Pool(4) as pool: pool.map(look, range(4))\n"
        "        train(trial)\n"
    )

    stemma(
        "run",
        job,
        "-n",
        1,
        "-o",
        "run.h5",
        "--set",
        "trainer.memory=400MiB",
        "--set",
        "run.budget.members=1",
        "--set",
        "scheduler.max=1",
    )

    assert not rows(stemma, "run.h5", "failures")


def test_children_in_sessions_of_their_own_end_with_the_program(stemma, program):
    job = program(
        "for trial in stemma.trials():\n    with trial:\n"
        "        child = subprocess.Popen(['sh', '-c', 'sleep 3600 & echo $! > orphan-$$; wait'], "
        "start_new_session=True)\n"
        "        while not os.path.exists(f'orphan-{child.pid}') or not open(f'orphan-{child.pid}').read(): "
        "time.sleep(0.01)\n"
        "        if trial.member % 2: child.kill()  # whose own child lives on\n"
        "        train(trial)\n"
    )

    stemma("run", job, "-n", 2, "-o", "run.h5", "--set", "run.budget.members=4")

    started = [path for path in stemma.folder.glob("orphan-*")]
    assert len(started) >= 4
    pids = [int(path.name.split("-")[1]) for path in started] + [int(path.read_text()) for path in started]
    wait_until(lambda: not any(alive(pid) for pid in pids), "all that the programs started is gone")


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_children_by_spawn_import_the_script_and_are_given_no_training(stemma, program, method):
    start = (
        f"import multiprocessing\nsquare = abs\ndef work():\n"
        f"    with multiprocessing.get_context('{method}').Pool(2) as pool: assert pool.map(square, [-2]) == [2]\n"
    )
    guarded = (
        start
        + "if __name__ == '__main__':\n    for trial in stemma.trials():\n        with trial:\n            work()\n"
        "            train(trial)\n"
    )
    stemma("run", program(guarded), "-n", 1, "-o", "run.h5", "--set", "run.budget.members=2")
    assert not rows(stemma, "run.h5", "failures")

    unguarded = start + "for trial in stemma.trials():\n    with trial:\n        work()\n        train(trial)\n"
    done = stemma("run", program(unguarded), "-n", 1, "-o", "bad.h5", "--set", "run.budget.members=1", code=FAILED)
    assert "if __name__ ==" in done.stderr and "is given no trainings" in done.stderr


def test_a_program_behind_another_one_is_given_trainings(stemma, program):
    """The wrapper does not pass the descriptors on: the program comes to the worker's socket."""
    program(ONE_EACH["break"])
    (stemma.folder / "wrapper.py").write_text(
        f"import subprocess, sys\nsys.exit(subprocess.run([{sys.executable!r}, 'program.py']).returncode)\n"
    )

    stemma("run", "program.toml", "-o", "run.h5", "--set", f'trainer.command=["{sys.executable}", "wrapper.py"]')

    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_a_program_that_lost_its_descriptors_and_its_socket_says_so(stemma, program):
    start = "import os, sys\nos.close(3)\nos.unlink(os.environ['STEMMA_SOCKET'])\nimport stemma\n"
    program("for trial in stemma.trials():\n    pass\n")
    (stemma.folder / "lost.py").write_text(start + "list(stemma.trials())\n")

    words = ["run", "program.toml", "-o", "run.h5", "--set", f'trainer.command=["{sys.executable}", "lost.py"]']
    done = stemma(*words, code=USER_ERROR)

    assert "did not come to this process" in done.stderr


# ---- snapshots ------------------------------------------------------------------------------------------------------

FOLDER = """\
for trial in stemma.trials():
    with trial:
        state = 1.0
        if trial.start:
            state = json.load(open(trial.start + "/deep/er/state.json"))["state"]
            assert sorted(os.listdir(trial.start)) == ["deep", "empty", f"of-{trial.first}"], os.listdir(trial.start)
        for unit in trial:
            state *= 1 - trial["lr"] / 2
            trial.report(valid_loss=state)
        os.makedirs(trial.save_path + "/deep/er")
        os.makedirs(trial.save_path + "/empty")
        open(f"{trial.save_path}/of-{unit}", "w").close()
        json.dump({"state": state}, open(trial.save_path + "/deep/er/state.json", "w"))
"""


def test_a_folder_is_a_snapshot_like_a_file(stemma, program):
    job = program(FOLDER)
    stemma("run", job, "-n", 2, "-o", "run.h5", "--set", "workers.durable=all")
    assert not rows(stemma, "run.h5", "failures")
    assert not [row for row in rows(stemma, "run.h5", "events") if row["kind"] == "retrain"]
    assert {row["source"] for row in rows(stemma, "run.h5", "leases")} & {"local", "peer"}

    # From the durable copies, too: another process goes on with the members.
    stemma("resume", "run.h5", "-n", 1, "--members", 16, "--max", 8)
    assert not rows(stemma, "run.h5", "failures")
    assert "disk" in {row["source"] for row in rows(stemma, "run.h5", "leases")}


def test_files_and_folders_in_turn(stemma, program):
    stemma(
        "run",
        program(
            FOLDER.replace(
                "for trial in stemma.trials():\n    with trial:\n",
                "for trial in stemma.trials():\n    with trial:\n        if trial.member % 2:\n"
                "            train(trial)\n            continue\n",
            )
        ),
        "-n",
        1,
        "-o",
        "run.h5",
    )

    assert not rows(stemma, "run.h5", "failures")


SAVEZ = """\
import numpy
for trial in stemma.trials():
    with trial:
        state = float(numpy.load(trial.start)["state"]) if trial.start else 1.0
        for unit in trial:
            state *= 1 - trial["lr"] / 2
            trial.report(valid_loss=state)
        numpy.savez(trial.save_path, state=state)
        MORE
"""


def test_an_ending_that_a_library_puts_to_the_name_is_found(stemma, program):
    pytest.importorskip("numpy")
    stemma("run", program(SAVEZ.replace("MORE", "pass")), "-n", 1, "-o", "run.h5")
    assert not rows(stemma, "run.h5", "failures")
    assert not [row for row in rows(stemma, "run.h5", "events") if row["kind"] == "retrain"]

    done = stemma(
        "run",
        program(SAVEZ.replace("MORE", 'open(trial.save_path + ".pt", "w").close()')),
        "-n",
        1,
        "-o",
        "two.h5",
        code=FAILED,
    )
    assert "there are save.npz, save.pt" in done.stderr
