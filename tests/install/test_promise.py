"""The promise of README: from `pip install` to the model, without root, on a Debian that has Python alone."""

import json
import time

import pytest
from debian_root import USER, debian_root

pytestmark = pytest.mark.install

SECONDS_MAX = 300  # of all commands together; without the download of PyTorch

# A model of two weights, in Python's standard library: y = 3 x - 1, with noise.
TRAIN = """\
import json, random
import stemma

def rows(count, seed):
    draw = random.Random(seed)
    return [(x, 3 * x - 1 + draw.gauss(0, 0.1)) for x in (draw.uniform(-1, 1) for _ in range(count))]

train_set, valid_set = rows(200, 1), rows(100, 2)
for trial in stemma.trials():
    with trial:
        trial.seed()
        model = json.load(open(trial.start)) if trial.start else {"slope": 0.0, "shift": 0.0}
        for epoch in trial:
            for x, y in train_set:
                error = model["slope"] * x + model["shift"] - y
                model["slope"] -= trial["lr"] * error * x
                model["shift"] -= trial["lr"] * error
            loss = sum((model["slope"] * x + model["shift"] - y) ** 2 for x, y in valid_set) / len(valid_set)
            trial.report(valid_loss=loss)
        json.dump(model, open(trial.save_path, "w"))
"""
TORCH_TRAIN = """\
import stemma
import torch

torch.manual_seed(1)
x = torch.rand(400, 1) * 2 - 1
y = 3 * x - 1 + 0.1 * torch.randn(400, 1)
for trial in stemma.trials():
    with trial:
        trial.seed()
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=trial["lr"])
        trial.restore(model=model, optimizer=optimizer)
        for epoch in trial:
            for rows in torch.randperm(300).split(30):
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                trial.report(valid_loss=torch.nn.functional.mse_loss(model(x[300:]), y[300:]).item())
"""
JOB = """\
metric = { name = "valid_loss", direction = "minimize" }
space.lr = { type = "real", low = 1e-3, high = 1e-1, scale = "log" }
run.budget = { members = 20 }
scheduler = { type = "asha", min = 1, max = 9, eta = 3 }
[trainer]
type = "process"
command = ["PYTHON", "train.py"]
"""
LOAD = """\
import sys, torch
saved = torch.load(sys.argv[1], weights_only=False)
model = torch.nn.Linear(1, 1)
model.load_state_dict(saved["model"])
assert abs(model.weight.item() - 3) < 0.3 and abs(model.bias.item() + 1) < 0.3, saved
"""


class Person:
    """An ordinary user of the root, in a folder of his or her own."""

    def __init__(self, root, wheel, name):
        self.root = root
        self.outside, self.inside = root.home(name)
        self.binds = [(wheel.parent, "/mnt/dist", "ro")]
        self.wheel = f"/mnt/dist/{wheel.name}"

    def __call__(self, *words):
        return self.root.run(*words, user=USER, binds=self.binds, cwd=self.inside, timeout=900)

    def write(self, **files):
        for name, text in files.items():
            path = self.outside / name.replace("__", ".")
            path.write_text(text)


def install(person, name="venv"):
    person("python3", "-m", "venv", name)
    person(f"{name}/bin/pip", "install", "--no-index", person.wheel)


@pytest.mark.parametrize("own_environment", [True, False], ids=["one environment", "two environments"])
def test_a_script_of_the_standard_library(bare, wheel, own_environment):
    """In the second case the program's Python is another environment's, which has not installed Stemma."""
    person = Person(bare, wheel, "promise")
    started = time.monotonic()
    install(person)
    python = f"{person.inside}/venv/bin/python"
    if not own_environment:
        person("python3", "-m", "venv", "other")
        python = f"{person.inside}/other/bin/python"
        assert "No module" in bare.run(python, "-c", "import stemma", user=USER, check=False).stderr
    person.write(train__py=TRAIN, job__toml=JOB.replace("PYTHON", python))
    person("venv/bin/stemma", "run", "job.toml", "-q", "-o", "first.h5")
    person("venv/bin/stemma", "export", "first.h5", "--weights", "best.json")
    model = json.loads((person.outside / "best.json").read_text())
    seconds = time.monotonic() - started
    print(f"from pip install to the model: {seconds:.0f} s")

    assert abs(model["slope"] - 3) < 0.3 and abs(model["shift"] + 1) < 0.3
    assert seconds < SECONDS_MAX


def test_a_new_project_runs_in_any_folder(bare, wheel):
    person = Person(bare, wheel, "project")
    install(person)
    person("venv/bin/stemma", "new", "demo", "--python")
    person("venv/bin/stemma", "run", "demo/job.toml", "-q")


@pytest.mark.long
def test_a_pytorch_script(wheel):
    """PyTorch of Debian 13, in an interpreter that has not installed Stemma."""
    root = debian_root("trixie", ["python3-venv", "python3-torch"])
    person = Person(root, wheel, "promise")
    started = time.monotonic()
    install(person)
    person.write(train__py=TORCH_TRAIN, job__toml=JOB.replace("PYTHON", "/usr/bin/python3"), load__py=LOAD)
    person("venv/bin/stemma", "run", "job.toml", "-q", "-o", "first.h5")
    person("venv/bin/stemma", "export", "first.h5", "--weights", "best.pt")
    person("/usr/bin/python3", "load.py", "best.pt")
    seconds = time.monotonic() - started
    print(f"from pip install to the model: {seconds:.0f} s")

    assert seconds < SECONDS_MAX
