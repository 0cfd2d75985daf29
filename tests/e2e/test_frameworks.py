"""The ways of docs/frameworks.md, with the frameworks themselves. Also PyTorch's snapshots with a PyTorch newer than
Debian's."""

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
