"""The ways of docs/frameworks.md, with the frameworks themselves. Also PyTorch's snapshots with a PyTorch newer than
Debian's."""

import json
import os
import subprocess

import pytest
from harness import ROOT

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
