"""Programs that train several members at the same time: stemma.trials(at_once=n)."""

import os
import signal
import subprocess
import threading
import time

from harness import FAILED, OK, PROGRAM_JOB, ROOT, USER_ERROR, wait_until

from record import rows

JOB = (
    PROGRAM_JOB.replace('name = "program"', 'name = "stack"')
    .replace("members = 6", "members = 64")
    .replace("max = 3\n", "max = 9\n")
    .replace('command = ["PYTHON", "program.py"]', 'command = ["/usr/bin/python3", "program.py"]\nat_once = 16')
    .replace("threads = 1", "threads = 1\nretries = 2")
)

# Writes which members trained each unit together. Members whose learning rate is above a bound cannot be trained.
PROGRAM = """\
import os, sys, time
import stemma

log = open("units.txt", "a")
weights = {}
for trials in stemma.trials(at_once=16):
    print(os.getpid(), *(trial.member for trial in trials), file=log, flush=True)
    for trial in trials:
        with trial:
            if trial.begins:
                weights[trial] = trial.restore().get("weights", [])
            if trial["lr"] > 0.9 and trial.at == 1:
                raise stemma.Infeasible("too large")
    time.sleep(SECONDS)
    for trial in trials:
        if trial.failed:
            continue
        with trial:
            weights[trial].append(trial.at)
            assert weights[trial] == list(range(1, trial.at + 1)), weights[trial]
            if trial.ends:
                trial.save(weights=weights[trial])
            trial.report(valid_loss=abs(trial["lr"] - 0.3) + 1 / trial.at)
"""


def write(stemma, text=JOB, seconds=0.005):
    (stemma.folder / "program.py").write_text(PROGRAM.replace("SECONDS", str(seconds)))
    (stemma.folder / "job.toml").write_text(text)
    return stemma.folder / "job.toml"


def infeasible(members):
    return {row["member"] for row in members if row["configuration"]["lr"] > 0.9}


def units(stemma):
    path = stemma.folder / "units.txt"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def test_sixteen_members_in_one_process_are_pruned_failed_and_reported_apart(stemma):
    job = write(stemma)

    stemma("run", "-q", "-n", 1, "-o", "run.h5", job)

    stemma("verify", "run.h5")
    trained = units(stemma)
    assert max(len(unit) - 1 for unit in trained) == 16, "all places are used"
    assert len({unit[0] for unit in trained}) == 1, "in one process"
    members = rows(stemma, "run.h5", "members")
    failed = {row["member"] for row in rows(stemma, "run.h5", "failures")}
    assert failed == infeasible(members) != set()
    reached = {}
    for row in rows(stemma, "run.h5", "reports"):
        reached[row["member"]] = max(reached.get(row["member"], 0), row["resource"])
    assert set(reached) == {row["member"] for row in members} - failed
    assert set(reached.values()) == {1, 3, 9}, "ASHA promoted some and left the others"


def test_one_of_sixteen_is_stopped_by_a_user(stemma):
    endless = JOB.replace("min = 1\nmax = 9", "min = 1000\nmax = 9000").replace("members = 64", "members = 16")
    job = write(stemma, endless)
    log = (stemma.folder / "err").open("w")
    search = subprocess.Popen(
        [stemma.binary, "run", "-q", "-n", "1", "-o", "run.h5", str(job)],
        cwd=stemma.folder,
        env=stemma.env,
        stdout=subprocess.DEVNULL,
        stderr=log,
    )
    try:
        wait_until(lambda: any(len(unit) > 10 for unit in units(stemma)), "many members train")
        member = units(stemma)[-1][1]
        stemma("stop", "run.h5", "--member", member)
        wait_until(lambda: member not in units(stemma)[-1][1:], "the member is stopped")
        others = set(units(stemma)[-1][1:])
        assert len(others) > 5
        count = len(units(stemma))
        wait_until(lambda: len(units(stemma)) > count + 20, "the others go on")
        assert others <= set(units(stemma)[-1][1:])
    finally:
        search.terminate()
        search.wait(60)
    assert len({unit[0] for unit in units(stemma)}) == 1


def test_the_death_of_a_program_with_sixteen_members_costs_each_one_training(stemma):
    job = write(stemma, seconds=0.05)
    killed = threading.Event()

    def kill():
        wait_until(lambda: units(stemma) and len(units(stemma)[-1]) == 17, "16 members train")
        time.sleep(0.02)
        os.kill(int(units(stemma)[-1][0]), signal.SIGKILL)
        killed.set()

    killer = threading.Thread(target=kill)
    killer.start()
    stemma("run", "-q", "-n", 1, "-o", "run.h5", job)
    killer.join()

    assert killed.is_set()
    stemma("verify", "run.h5")
    failures = [row for row in rows(stemma, "run.h5", "failures") if row["kind"] == "exception"]
    assert 10 <= len(failures) <= 16, failures
    assert len({row["member"] for row in failures}) == len(failures), "one training of each"
    assert all("trainings were with the program" in row["message"] for row in failures)
    ended = {row["member"] for row in rows(stemma, "run.h5", "reports")}
    never = infeasible(rows(stemma, "run.h5", "members"))
    assert {row["member"] for row in failures} - never <= ended, "all were trained in the end"
    # What was with the dead program is trained alone, then all train together again.
    pids = list(dict.fromkeys(unit[0] for unit in units(stemma)))
    assert len(pids) == 2
    after = [len(unit) - 1 for unit in units(stemma) if unit[0] == pids[1]]
    assert after[0] == 1 and max(after) > 8, after


def test_check_refuses_what_does_not_go_together(stemma):
    for change, said in (
        (("at_once = 16", "at_once = 16\nprocesses = 2"), "does not go with trainer.processes = 2"),
        (("at_once = 16", 'at_once = 16\nrestart = "each training"'), 'leave out trainer.restart = "each training"'),
        (('"program.py"]', '"program.py", "{lr}"]'), "stemma.trials(at_once=n)"),
        (("threads = 1", "threads = 1\ntrainings_ahead = 3"), "must be at least 15 with trainer.at_once = 16"),
        (("at_once = 16", "at_once = 4"), "set trainer.at_once = 16"),
        (("at_once = 16", ""), "set trainer.at_once = 16"),
    ):
        text = JOB.replace(*change)
        assert text != JOB
        assert said in stemma("check", write(stemma, text), code=USER_ERROR).stderr, change
    stemma("check", write(stemma), code=OK)


def test_conform_tries_as_many_at_the_same_time(stemma):
    job = write(stemma, seconds=0)

    said = stemma("conform", "--job", job, "--units", 3).stdout

    for what in (
        "trains 16 at the same time",
        "one is stopped, and the others go on",
        "one fails, and the others go on",
    ):
        assert f"ok      {what}\n" in said, said

    said = stemma("conform", "--at-once", 4, "--", "/usr/bin/python3", "program.py", code=FAILED).stdout
    assert "set trainer.at_once = 16" in said


def test_a_stacked_program_by_itself(stemma):
    write(stemma, seconds=0)
    text = (stemma.folder / "program.py").read_text()
    tries = "at_once=16, try_with=[{'lr': 0.1}, {'lr': 0.2}], last=2"
    (stemma.folder / "program.py").write_text(text.replace("at_once=16", tries))

    done = subprocess.run(
        ["/usr/bin/python3", "program.py"],
        cwd=stemma.folder,
        env=stemma.env | {"PYTHONPATH": str(ROOT / "analysis")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.count("epoch 1 of 2") == 2 and done.stdout.count("the training ended well") == 2, done.stdout
