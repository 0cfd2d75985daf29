"""`stemma new --from`: jobs from sweeps of Weights & Biases and from studies of Optuna. The program itself checks them,
and a search of such a job runs."""

import sys
from pathlib import Path

import pytest
from harness import USER_ERROR

from record import rows

SWEEP = """\
program: fit.py
method: bayes
project: nets
metric: {name: val/loss, goal: minimize}
run_cap: 8
parameters:
  lr: {distribution: log_uniform_values, min: 0.0001, max: 0.1}
  decay: {distribution: log_uniform, min: -9.0, max: -2.0}
  batch: {distribution: q_uniform, min: 16, max: 128, q: 16}
  dropout: {min: 0.0, max: 0.5}
  layers: {min: 1, max: 4}
  optimizer: {values: [adam, sgd]}
  sync: {value: true}
  epochs: {value: 9}
  model: {parameters: {width: {values: [64, 128], probabilities: [0.9, 0.1]}, act: {value: relu}}}
  noise: {distribution: normal, mu: 1, sigma: 0.1}
early_terminate: {type: hyperband, min_iter: 3, eta: 3, strict: true}
controller: {type: local}
"""

SCRIPT = """\
import argparse, json
parser = argparse.ArgumentParser()
for name in ("lr", "decay", "dropout", "noise"):
    parser.add_argument(f"--{name}", type=float, required=True)
for name in ("batch", "layers", "epochs", "model.width"):
    parser.add_argument(f"--{name}", type=int, required=True)
for name in ("optimizer", "sync", "model.act"):
    parser.add_argument(f"--{name}", required=True)
options = parser.parse_args()
assert options.batch % 16 == 0 and 16 <= options.batch <= 128 and options.optimizer in ("adam", "sgd")
print(json.dumps({"val/loss": options.lr / options.epochs}))
"""


@pytest.fixture
def sweep(stemma):
    """Makes a project from a sweep's text."""
    pytest.importorskip("yaml")

    def make(text, code=0):
        (stemma.folder / "sweep.yaml").write_text(text)
        done = stemma("new", "mine", "--from", "sweep.yaml", code=code)
        return done.stdout + done.stderr

    return make


def test_a_sweep_becomes_a_job_that_runs_with_the_sweeps_script(stemma, sweep):
    (stemma.folder / "fit.py").write_text(SCRIPT)
    said = sweep(SWEEP)

    job = (stemma.folder / "mine/job.toml").read_text()
    for line in (
        'name = "mine"',
        "budget = { members = 8 }",
        'name = "val/loss"',
        'lr = { type = "real", low = 0.0001, high = 0.1, scale = "log" }',
        'batch = { type = "integer", low = 16, high = 128, step = 16 }',
        'dropout = { type = "real", low = 0.0, high = 0.5 }',
        'layers = { type = "integer", low = 1, high = 4 }',
        'optimizer = { type = "categorical", choices = ["adam", "sgd"] }',
        'sync = { type = "constant", value = true }',
        '"model.width" = { type = "categorical", choices = [64, 128] }',
        'type = "gp"',
        "min = 3",
        "max = 9",
        '"../fit.py"',
        '"--epochs={to}"',
    ):
        assert line in job, f"{line}\n{job}"
    for part in (
        "probabilities",
        "normal has no counterpart",
        "strict",
        "`controller` has no counterpart",
        "wandb.log",
    ):
        assert part in said and part in job.replace("\n#   ", " "), part

    python = f'trainer.command=["{sys.executable}"' + job.split('command = ["python3"')[1].split("\n")[0]
    stemma("check", "mine/job.toml", "--set", python)
    stemma("run", "mine/job.toml", "-n", 1, "-q", "-o", "run.h5", "--set", python)
    members = {row["member"]: row["configuration"] for row in rows(stemma, "run.h5", "members")}
    reports = rows(stemma, "run.h5", "reports")
    assert len(members) == 8 and not rows(stemma, "run.h5", "failures")
    assert all(row["val/loss"] == members[row["member"]]["lr"] / row["resource"] for row in reports)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("parameters: [1]", "no table `parameters`"),
        ("parameters: {lr: {min: 1e-3, max: 0.1}}", "write 1.0e-3"),
        ("parameters: {lr: {distribution: beta, min: 0, max: 1}}", "'beta' has no counterpart"),
        ("parameters: {lr: 3}", "parameters.lr must be a table"),
        ("parameters: {lr: {values: [1, 2]}}\nmetric: {goal: smallest}", "must be minimize or maximize"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_what_is_no_sweep_is_refused_and_leaves_nothing(stemma, sweep, text, part):
    assert part in sweep(text, USER_ERROR)
    assert not (stemma.folder / "mine").exists()


METHODS = {
    "grid": ("method: grid\nparameters: {a: {values: [1, 2]}, epochs: {value: 4}}", ('type = "grid"', "max = 4")),
    "random": ("method: random\nparameters: {a: {values: [1, 2]}}", ('type = "random"', "members = 50", "max = 10")),
    "max_iter": (
        "parameters: {a: {values: [1, 2]}}\nearly_terminate: {type: hyperband, max_iter: 27, s: 2}",
        ("min = 3", "max = 27"),
    ),
}


@pytest.mark.parametrize("method", METHODS)
def test_methods_and_early_ends(stemma, sweep, method):
    text, parts = METHODS[method]
    sweep(text)

    job = (stemma.folder / "mine/job.toml").read_text()
    assert all(part in job for part in parts), job
    stemma("check", "--no-program", "mine/job.toml")


def test_other_files_are_refused_with_what_to_do(stemma):
    (stemma.folder / "study.pkl").write_bytes(b"")
    assert "copy_study" in stemma("new", "mine", "--from", "study.pkl", code=USER_ERROR).stderr
    assert "is not there" in stemma("new", "mine", "--from", "study.db", code=USER_ERROR).stderr
    (stemma.folder / "other.db").write_bytes(b"not a database, but long enough to be taken for one" * 20)
    assert "storage of Optuna" in stemma("new", "mine", "--from", "other.db", code=USER_ERROR).stderr
    assert "--python, --cpp and --from" in stemma("new", "m", "--cpp", "--from", "a.yaml", code=USER_ERROR).stderr


@pytest.mark.pypi
def test_a_study_of_optuna_becomes_a_job(stemma):
    optuna = pytest.importorskip("optuna")
    storage = f"sqlite:///{stemma.folder / 'study.db'}"

    def objective(trial):
        optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam"])
        value = trial.suggest_float("lr", 1e-5, 1e-1, log=True) + trial.suggest_int("layers", 1, 4)
        value += trial.suggest_int("width", 16, 128, step=16) + trial.suggest_float("dropout", 0, 0.5, step=0.1)
        if optimizer == "sgd":
            value += trial.suggest_float("momentum", 0.0, 0.99)
        for step in range(1, 10):
            trial.report(value, step)
        return value

    study = optuna.create_study(storage=storage, study_name="first", direction="maximize")
    study.set_metric_names(["valid_accuracy"])
    study.optimize(objective, n_trials=12)

    said = stemma("new", "mine", "--from", "study.db").stdout
    job = Path(stemma.folder / "mine/job.toml").read_text()
    for line in (
        'name = "valid_accuracy"',
        'direction = "maximize"',
        'optimizer = { type = "categorical", choices = ["sgd", "adam"] }',
        'lr = { type = "real", low = 1e-05, high = 0.1, scale = "log" }',
        'layers = { type = "integer", low = 1, high = 4 }',
        'width = { type = "integer", low = 16, high = 128, step = 16 }',
        'dropout = { type = "real", low = 0.0, high = 0.5, step = 0.1 }',
        "max = 9",
        'type = "tpe"',
    ):
        assert line in job, f"{line}\n{job}"
    assert "parameter momentum: only" in said and "pruner" in said
    stemma("check", "--no-program", "mine/job.toml")

    optuna.create_study(storage=storage, study_name="second")
    assert "--study NAME" in stemma("new", "other", "--from", storage, code=USER_ERROR).stderr
    stemma("new", "other", "--from", storage, "--study", "first")
