"""The ways of docs/frameworks.md, with the frameworks themselves. Also PyTorch's snapshots with a PyTorch newer than
Debian's."""

import json
import os
import subprocess

import pytest
from harness import REQUEUE, ROOT, STOPPED, Started, wait_until
from test_several_processes import processes_of

pytestmark = [pytest.mark.frameworks, pytest.mark.long]

JOB = """\
[run]
name = "children"

[metric]
name = "valid_loss"
direction = "minimize"

[space.lr]
type = "real"
low = 0.001
high = 0.05
[space.weight_decay]
type = "real"
low = 0.0
high = 0.2
[space.dropout]
type = "real"
low = 0.0
high = 0.5

[scheduler]
type = "gpbt"
children = 4
max = 6

[trainer]
type = "process"
command = ["PYTHON", "PROGRAM"]

[workers]
threads = 1
"""


@pytest.mark.parametrize("name", ["lightning", "transformers", "keras"])
def test_children_train_with_their_own_values(stemma, name):
    job = stemma.folder / "job.toml"
    program = ROOT / f"tests/e2e/frameworks/train_{name}.py"
    job.write_text(JOB.replace("PYTHON", os.environ["STEMMA_FRAMEWORKS"]).replace("PROGRAM", str(program)))
    stemma.env |= {"PYTHONPATH": str(ROOT / "analysis")}

    said = stemma("conform", "--job", job, "--units", 4).stdout

    wanted = ["goes on from a snapshot", "a child with its parent's values trains as the parent would go on"]
    for what in [*wanted, *(f"a child trains with another {value}" for value in ("lr", "weight_decay", "dropout"))]:
        assert f"ok      {what}\n" in said, said


@pytest.mark.parametrize("launcher", [[], ["torchrun", "--nproc-per-node", "2"]])
@pytest.mark.parametrize("name", ["lightning", "accelerate"])
def test_two_processes_train_a_member_together(stemma, name, launcher):
    job = stemma.folder / "job.toml"
    program = ROOT / f"tests/e2e/frameworks/train_{name}.py"
    python = os.environ["STEMMA_FRAMEWORKS"]
    start = [os.path.join(os.path.dirname(python), launcher[0]), *launcher[1:]] if launcher else [python]
    text = JOB.replace('["PYTHON", "PROGRAM"]', json.dumps([*start, str(program)]))
    job.write_text(text if launcher else text.replace("[workers]", "processes = 2\n[workers]"))
    stemma.env |= {"PYTHONPATH": str(ROOT / "analysis")}

    said = stemma("conform", "--job", job, "--units", 4).stdout

    assert "FAILED" not in said and "note" not in said, said


MISBEHAVES = """\
import os, signal, sys, time
import stemma, torch
import torch.distributed as dist

what, rank = sys.argv[1].split("-")
for trial in stemma.trials():
    with trial:
        stemma.process_group()
        for epoch in trial:
            if (trial.member, epoch, trial.rank) == (0, 2, int(rank)):
                if what == "killed":
                    os.kill(os.getpid(), signal.SIGKILL)
                if what == "exits":
                    os._exit(3)
                if what == "raises":
                    raise ValueError("a row of this process is damaged")
                if what == "hangs":
                    time.sleep(3600)
            if what == "slow":
                open("trains", "w")
                time.sleep(0.2)
            total = torch.ones(1)
            dist.all_reduce(total)
            trial.report(valid_loss=total.item())
"""
LAUNCHERS = {
    "torchrun": ["torchrun", "--nproc-per-node", "2"],
    "accelerate": ["accelerate", "launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", "0"],
}


def launched(stemma, launcher, how):
    """A job of two members whose two processes a launcher of PyTorch starts."""
    (stemma.folder / "program.py").write_text(MISBEHAVES)
    tool, *options = LAUNCHERS[launcher]
    tool = os.path.join(os.path.dirname(os.environ["STEMMA_FRAMEWORKS"]), tool)
    command = [tool, *options, str(stemma.folder / "program.py"), how]
    text = JOB.replace('["PYTHON", "PROGRAM"]', json.dumps(command) + '\nsilence_timeout = "8s"')
    text = text.replace('type = "gpbt"\nchildren = 4\nmax = 6', 'type = "random"\nmax = 3')
    text = text.replace('name = "children"', 'name = "children"\nbudget = { members = 2 }')
    (stemma.folder / "job.toml").write_text(text.replace("threads = 1", "threads = 1\nretries = 0"))
    stemma.env |= {"PYTHONPATH": str(ROOT / "analysis")}
    return stemma.folder / "job.toml"


def none_is_left(stemma):
    program = str(stemma.folder / "program.py")
    wait_until(lambda: not processes_of(program), "the processes are gone")


@pytest.mark.parametrize(
    "launcher, how",
    [("torchrun", how) for how in ("killed-0", "killed-1", "exits-1", "raises-1", "hangs-1")]
    + [("accelerate", how) for how in ("killed-1", "hangs-0")],
)
def test_a_fault_under_a_launcher_costs_one_training(stemma, launcher, how):
    stemma("run", "-q", "-n", 1, "-o", "run.h5", launched(stemma, launcher, how))

    tables = json.loads(stemma("export", "run.h5", "--json", "-").stdout)
    assert [row["member"] for row in tables["failures"]] == [0], tables["failures"]
    assert [row["resource"] for row in tables["reports"] if row["member"] == 1][-1] == 3
    assert all(row["valid_loss"] == 2 for row in tables["reports"] if row["member"] == 1)
    none_is_left(stemma)


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_stop_under_a_launcher_is_agreed(stemma, launcher):
    job = launched(stemma, launcher, "slow-0")
    job.write_text(job.read_text().replace("max = 3", "max = 1000"))
    search = Started([stemma.binary, "run", "-q", "-n", "1", "-o", "run.h5", str(job)], stemma.folder, stemma.env)
    wait_until(lambda: (stemma.folder / "trains").exists(), "the processes train")
    search.process.terminate()

    assert search.communicate_all().returncode in (STOPPED, REQUEUE), search.stderr
    none_is_left(stemma)
    tables = json.loads(stemma("export", "run.h5", "--json", "-").stdout)
    assert not tables["failures"]
    assert tables["reports"][-1]["resource"] > 0


SCHEDULERS = {"asha": "max = 4\neta = 2", "pbt": "max = 8\npopulation = 4"}
LOADED = {
    "lightning": "import torch; print(*torch.load('best', weights_only=True)['state_dict'])",
    "transformers": "from transformers import AutoModelForSequenceClassification as Auto; "
    "print(*Auto.from_pretrained('best').state_dict())",
}


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("name", LOADED)
def test_a_search_with_the_callback(stemma, name, scheduler):
    job = stemma.folder / "job.toml"
    program = ROOT / f"tests/e2e/frameworks/train_{name}.py"
    text = JOB.replace("PYTHON", os.environ["STEMMA_FRAMEWORKS"]).replace("PROGRAM", str(program))
    text = text.replace("children = 4\nmax = 6", SCHEDULERS[scheduler]).replace('"gpbt"', f'"{scheduler}"')
    job.write_text(text.replace('name = "children"', 'name = "children"\nbudget = { members = 10 }'))
    stemma.env |= {"PYTHONPATH": str(ROOT / "analysis")}

    stemma("run", "-q", "-n", 1, "-o", "run.h5", job)

    tables = json.loads(stemma("export", "run.h5", "--json", "-").stdout)
    assert not tables["failures"]
    assert any(lease["from"] > 0 for lease in tables["leases"])
    assert any(lease["adopted_from"] is not None for lease in tables["leases"]) == (scheduler == "pbt")
    assert "every decision is the same" in stemma("verify", "run.h5").stdout
    stemma("export", "run.h5", "--weights", "best")
    words = [os.environ["STEMMA_FRAMEWORKS"], "-c", LOADED[name]]
    done = subprocess.run(words, cwd=stemma.folder, capture_output=True, text=True, timeout=300, check=True)
    assert "weight" in done.stdout


@pytest.mark.parametrize("file", ["test_torch_adoption.py", "test_torch_snapshot.py"])
def test_snapshots_of_a_newer_pytorch(file):
    command = [
        os.environ["STEMMA_FRAMEWORKS"],
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        ROOT / "tests/analysis" / file,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )

    assert done.returncode == 0 and " passed" in done.stdout, done.stdout[-3000:]


def test_the_documentations_example_with_a_newer_pytorch(stemma):
    from test_trials import JOB as EXAMPLE_JOB
    from test_trials import SCRIPT

    (stemma.folder / "train.py").write_text(SCRIPT)
    python = os.environ["STEMMA_FRAMEWORKS"]
    (stemma.folder / "job.toml").write_text(EXAMPLE_JOB.replace('"python3"', f'"{python}"'))
    stemma.env |= {"PYTHONPATH": str(ROOT / "analysis")}

    said = stemma("conform", "--job", "job.toml").stdout

    assert "ok      goes on from a snapshot" in said and "FAILED" not in said and "\nnote" not in said, said
