"""What docs/bring-your-model.md promises of a Python script: the example as it stands there, scripts with a main
function, searches from a script and from a notebook, and the model back."""

import json
import os
import re
import subprocess
import sys
import time

import pytest
from harness import FAILED, OK, PROGRAM_JOB, ROOT

from record import rows

DOC = (ROOT / "docs/bring-your-model.md").read_text()
SCRIPT = re.search(r"```python\n(import stemma .*?)```", DOC, re.DOTALL).group(1)
JOB = re.search(r"```toml\n(\[run\].*?)```", DOC, re.DOTALL).group(1)

GPBT = 'type = "gpbt"\nchildren = 4\nfounders = 2\ninterval = 2\nmax = 6\n'


def values(*overrides):
    return [word for override in overrides for word in ("--set", override)]


@pytest.fixture
def typed(stemma):
    """Job and script as they stand in the documentation, in the test's folder."""
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")
    stemma.env["PATH"] = f"{os.path.dirname(sys.executable)}:{stemma.env['PATH']}"
    (stemma.folder / "train.py").write_text(SCRIPT)
    (stemma.folder / "job.toml").write_text(JOB)
    return stemma


@pytest.fixture
def program(stemma):
    """Makes the job of a script."""
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")

    def make(text):
        (stemma.folder / "program.py").write_text(text)
        (stemma.folder / "program.toml").write_text(PROGRAM_JOB.replace("PYTHON", sys.executable))
        return "program.toml"

    return make


# ---- the example ---------------------------------------------------------------------------------------------------


def test_the_example_passes_conform_without_a_note(typed):
    said = typed("conform", "--job", "job.toml").stdout

    assert "FAILED" not in said and not re.search(r"^note", said, re.MULTILINE), said
    assert "ok      goes on from a snapshot" in said


def test_two_trainings_of_the_example_give_the_bits_of_one(typed):
    """Dropout, StepLR, and a shuffled loader with two workers: 2 + 2 epochs are 4 epochs."""
    (typed.folder / "train.py").write_text(SCRIPT.replace("shuffle=True", "shuffle=True, num_workers=2"))
    budget = "run.budget.members=3"
    typed("run", "job.toml", "-n", 1, "-q", "-o", "parts.h5", *values("scheduler.min=2", budget))
    whole = JOB.replace('type = "asha"\nmin = 1\nmax = 4\neta = 2', 'type = "random"\nmax = 4')
    (typed.folder / "whole.toml").write_text(whole)
    typed("run", "whole.toml", "-n", 1, "-q", "-o", "whole.h5", *values(budget))

    members = [rows(typed, file, "members") for file in ("parts.h5", "whole.h5")]
    assert [one["configuration"] for one in members[0]] == [one["configuration"] for one in members[1]]
    parts, whole = (
        {
            (row["member"], row["resource"]): (row["valid_loss"], row["valid_accuracy"])
            for row in rows(typed, file, "units")
        }
        for file in ("parts.h5", "whole.h5")
    )
    assert {at for _, at in parts} == {1, 2, 3, 4} and parts.items() <= whole.items()
    assert {row["source"] for row in rows(typed, "parts.h5", "leases")} & {"local", "peer", "disk"}


def test_the_example_breeds(typed):
    job = JOB.replace('type = "asha"\nmin = 1\nmax = 4\neta = 2\n', GPBT).replace(
        "budget = { members = 12 }", "seed = 3"
    )
    (typed.folder / "job.toml").write_text(job)

    typed("run", "job.toml", "-n", 2, "-q", "-o", "run.h5")

    assert not rows(typed, "run.h5", "failures")
    assert sum(member["parent"] is not None for member in rows(typed, "run.h5", "members")) == 8
    assert "every decision is the same" in typed("verify", "run.h5").stdout


def test_the_examples_model_comes_back(typed):
    typed("run", "job.toml", "-n", 2, "-q", "-o", "run.h5", *values("run.budget.members=4"))
    back = """\
import stemma, torch
from torch import nn
run = stemma.open("run.h5")
width = int(run.best(1)["width"].iloc[0])
model = nn.Sequential(nn.Linear(10, width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, 2))
states = stemma.load_best("run.h5", model)
assert list(states) == ["model", "optimizer", "scheduler"], list(states)
import train
with torch.no_grad():
    loss = nn.functional.cross_entropy(model.eval()(train.valid_x), train.valid_y).item()
print(loss, run.reports["valid_loss"].min())
"""
    done = subprocess.run(
        [sys.executable, "-c", back], cwd=typed.folder, env=typed.env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loss, best = map(float, done.stdout.split())
    assert loss == pytest.approx(best, rel=1e-5)


# ---- scripts with a main function ----------------------------------------------------------------------------------

MAIN = """\
import argparse, sys
import stemma

def main(trial):
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, required=True)
    options = parser.parse_args()
    for epoch in trial:
        trial.report(valid_loss=options.scale * trial["lr"])
    EXIT

if __name__ == "__main__":
    stemma.run_trials(main)
"""


@pytest.mark.parametrize("how", ["sys.exit()", "sys.exit(0)", "return 7"])
def test_a_main_function_may_parse_arguments_and_exit(stemma, program, how):
    job = program(MAIN.replace("EXIT", how))
    command = f'trainer.command=["{sys.executable}", "program.py", "--scale", "2"]'

    stemma("run", job, "-n", 1, "-q", "-o", "run.h5", *values(command))

    assert not rows(stemma, "run.h5", "failures")
    configurations = {row["member"]: row["configuration"]["lr"] for row in rows(stemma, "run.h5", "members")}
    assert all(row["valid_loss"] == 2 * configurations[row["member"]] for row in rows(stemma, "run.h5", "reports"))
    starts = len(re.findall("leases", json.dumps(configurations)))
    assert starts == 0 and len(configurations) == 6


def test_another_exit_code_fails_the_member_only(stemma, program):
    exits = 'if trial.member in (1, 4): sys.exit("no such data")'

    stemma(
        "run",
        program(MAIN.replace("EXIT", exits)),
        "-n",
        1,
        "-q",
        "-o",
        "run.h5",
        *values(f'trainer.command=["{sys.executable}", "program.py", "--scale", "2"]'),
    )

    failures = rows(stemma, "run.h5", "failures")
    assert {row["member"] for row in failures} == {1, 4} and all("no such data" in str(row) for row in failures)


def test_an_argument_that_is_missing_is_said(stemma, program):
    done = stemma("run", program(MAIN.replace("EXIT", "pass")), "-n", 1, "-o", "run.h5", code=FAILED)

    assert "--scale" in done.stdout + done.stderr + (stemma.folder / "run.h5.logs/rank-1.program.log").read_text()


def test_exit_in_the_block_ends_the_program_and_no_member_is_lost(stemma, program):
    text = (
        "import sys, stemma\nfor trial in stemma.trials():\n    with trial:\n"
        "        for epoch in trial: trial.report(valid_loss=trial['lr'])\n        sys.exit()\n"
    )
    stemma("run", program(text), "-n", 2, "-q", "-o", "run.h5")

    assert not rows(stemma, "run.h5", "failures") and len(rows(stemma, "run.h5", "members")) == 6


def test_a_stale_snapshot_ends_the_search_with_what_to_do(stemma, program):
    text = (
        "import stemma\nfor trial in stemma.trials():\n    with trial:\n        trial.restore()\n"
        "        for epoch in trial:\n            trial.report(valid_loss=1)\n"
        "            if epoch == 1: trial.save(best=1)\n"
    )
    done = stemma("run", program(text), "-n", 1, "-o", "run.h5", *values("scheduler.min=3"), code=FAILED)

    assert "its snapshot is not that of the result" in done.stdout + done.stderr + stemma("show", "run.h5", 0).stdout


# ---- searches from Python ------------------------------------------------------------------------------------------

CALL = """\
import math
import stemma

TARGET = 2
JOB = {
    "run": {"name": "noted", "budget": {"members": 6}},
    "metric": {"name": "valid_loss", "direction": "minimize"},
    "space": {"lr": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"},
              "kind": {"type": "categorical", "choices": ["a", 'b "quoted"']}},
    "scheduler": {"type": "asha", "min": 1, "max": 9, "eta": 3},
    "workers": {"threads": 1},
}

def train(trial):
    loss = trial.restore().get("loss", 1.0)
    for epoch in trial:
        loss *= 0.5 + abs(math.log10(trial["lr"]) + TARGET) / 4 + 0 * len(trial["kind"])
        trial.report(valid_loss=loss)
    trial.save(loss=loss)

"""


@pytest.fixture
def python(stemma):
    """Runs a script of that text."""
    pytest.importorskip("cloudpickle")
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")
    stemma.env["PATH"] = f"{os.path.dirname(stemma.binary)}:{stemma.env['PATH']}"

    def run(text, code=0):
        (stemma.folder / "script.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "script.py"],
            cwd=stemma.folder,
            env=stemma.env,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def test_a_script_searches_with_its_own_function(stemma, python):
    done = python(
        CALL + "run = stemma.search(train, JOB, workers=2)\nprint(run.best_member(), stemma.load_best(run))\n"
    )

    assert "best member" in done.stdout, "the program's own words are passed on"
    reports = rows(stemma, "noted.h5", "reports")
    assert len(reports) > 6 and not rows(stemma, "noted.h5", "failures")
    best = min(reports, key=lambda row: row["valid_loss"])
    assert done.stdout.splitlines()[-1] == f"{best['member']} {{'loss': {best['valid_loss']!r}}}"
    assert "every decision is the same" in stemma("verify", "noted.h5").stdout


def test_a_second_call_makes_another_file_and_with_an_output_goes_on(stemma, python):
    call = CALL + "JOB['run']['budget'] = {'members': 3}\nstemma.search(train, JOB, workers=1OUTPUT)\n"
    python(call.replace("OUTPUT", ""))
    python(call.replace("OUTPUT", ""))
    assert sorted(path.name for path in stemma.folder.glob("*.h5")) == ["noted-2.h5", "noted.h5"]
    before = len(rows(stemma, "noted.h5", "reports"))

    python(call.replace("OUTPUT", ", output='noted.h5'"))
    assert len(rows(stemma, "noted.h5", "reports")) == before


def test_a_function_of_a_module_is_sent_by_its_name(stemma, python):
    (stemma.folder / "module.py").write_text(CALL)
    python(
        "import sys\nsys.modules['cloudpickle'] = None\nimport module, stemma\n"
        "print(stemma.search(module.train, module.JOB, workers=1))\n"
    )
    done = python("import sys\nsys.modules['cloudpickle'] = None\n" + CALL + "stemma.search(train, JOB)\n", code=1)
    assert "pip install cloudpickle" in done.stderr


def test_what_is_wrong_with_the_job_is_in_the_exception(stemma, python):
    done = python(CALL + "JOB['scheduler']['eta'] = 1\nstemma.search(train, JOB)\n", code=1)

    assert "StemmaError: the search ended with exit code 2" in done.stderr and "scheduler.eta" in done.stderr


def test_the_shell_says_how_to_go_on_with_such_a_run(stemma, python):
    python(CALL + "stemma.search(train, JOB, workers=1)\n")

    done = stemma("resume", "noted.h5", "-n", 1, "--members", 9, code=(OK, FAILED))
    assert "call search() again" in done.stdout + done.stderr


def test_a_notebook_searches(stemma, tmp_path):
    """In a real kernel. The status line comes into the cell."""
    client = pytest.importorskip("jupyter_client")
    pytest.importorskip("ipykernel")
    pytest.importorskip("cloudpickle")
    environment = stemma.env | {
        "PYTHONPATH": str(ROOT / "analysis"),
        "PATH": f"{os.path.dirname(stemma.binary)}:{stemma.env['PATH']}",
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    spec = client.kernelspec.KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    manager = client.KernelManager()
    manager._kernel_spec = spec
    manager.start_kernel(cwd=str(stemma.folder), env=environment)
    kernel = manager.client()
    kernel.start_channels()
    try:
        kernel.wait_for_ready(timeout=60)
        printed, results = [], []

        def take(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                printed.append(content["text"])
            elif message["msg_type"] == "execute_result":
                results.append(content["data"]["text/plain"])

        for cell in (CALL, "run = stemma.search(train, JOB, workers=2)", "run.finished, len(run)"):
            reply = kernel.execute_interactive(cell, timeout=100, output_hook=take)
            assert reply["content"]["status"] == "ok", reply["content"]
        assert results == ["(True, 6)"]
        assert "best member" in "".join(printed)
        kernel.execute_interactive("JOB['run']['budget']['members'] = 4000; import time", timeout=20)
        kernel.execute("stemma.search(train, JOB, workers=1, output='long.h5')")
        end = time.monotonic() + 60
        while not (stemma.folder / "long.h5").exists() and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(1)
        manager.interrupt_kernel()  # the stop button
        reply = kernel.execute_interactive("stemma.open('long.h5').finished", timeout=60, output_hook=take)
        assert reply["content"]["status"] == "ok" and results[-1] == "False"
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
