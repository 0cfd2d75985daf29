"""Searches whose members are trained by programs: the examples of docs/examples/python, and programs that misbehave."""

import ctypes.util
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from harness import FAILED, PROGRAM_JOB, ROOT, USER_ERROR, alive, wait_until

from record import rows

EXAMPLES = ROOT / "docs/examples/python"

TORCH_PYTHON = os.environ.get("STEMMA_TORCH_PYTHON", sys.executable)  # a Python that has PyTorch

GPBT = PROGRAM_JOB.replace(
    'type = "asha"\nmin = 1\nmax = 3\neta = 3', 'type = "gpbt"\nchildren = 4\nfounders = 2\ninterval = 2\nmax = 6'
).replace("budget = { members = 6 }", "seed = 4294967303")

LOOP = """\
import os, sys, time
import stemma
for trial in stemma.trials():
    with trial:
        for unit in trial:
            pass
        {body}
        open(trial.save_path, "wb").write(b"state")
        trial.report(valid_loss=trial["lr"])
"""


@pytest.fixture
def program(stemma):
    """Makes a job whose members are trained by the given body of a loop."""
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")

    def make(body="pass", job=PROGRAM_JOB):
        (stemma.folder / "program.py").write_text(LOOP.format(body=body))
        path = stemma.folder / "program.toml"
        path.write_text(job.replace("PYTHON", sys.executable))
        return path

    return make


def example(stemma, name, python=sys.executable):
    """The job of an example, copied to the test's folder, to be run with `python`."""
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")
    shutil.copy(EXAMPLES / f"{name}.py", stemma.folder)
    path = stemma.folder / f"{name}.toml"
    path.write_text((EXAMPLES / f"{name}.toml").read_text().replace('"python3"', f'"{python}"'))
    return path


def assert_conforms(stemma, job):
    """Also in children, with their parents' values and with other values."""
    said = stemma("conform", "--job", job, "--units", 4).stdout
    assert "FAILED" not in said and "no effect" not in said, said
    assert (
        "ok      goes on from a snapshot" in said
        and "ok      a child with its parent's values trains as the parent would go on" in said
    ), said


def test_the_numpy_example_learns(stemma):
    pytest.importorskip("numpy")
    job = example(stemma, "numpy_mlp")

    done = stemma("run", job, "-n", 2, "-o", "run.h5")

    assert "test_loss" in done.stdout and "held out" in done.stdout
    assert "every decision is the same" in stemma("verify", "run.h5").stdout
    reports = rows(stemma, "run.h5", "reports")
    assert len(reports) > 8
    losses = [report["valid_loss"] for report in reports]
    assert min(losses) < 0.05 < max(losses)
    assert (stemma.folder / "run.h5.logs").is_dir()


def test_the_numpy_example_conforms(stemma):
    pytest.importorskip("numpy")
    done = stemma("conform", "--job", example(stemma, "numpy_mlp"), "--units", 4)

    assert "FAILED" not in done.stdout
    assert (
        "ok      goes on from a snapshot" in done.stdout
        and "ok      a new start of the program gives the same metrics" in done.stdout
    )


def test_the_numpy_example_runs_by_itself(stemma):
    pytest.importorskip("numpy")
    import subprocess

    done = subprocess.run(
        [sys.executable, EXAMPLES / "numpy_mlp.py", "--try"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "analysis")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert done.stdout.count("stemma: epoch ") == 5 and done.stdout.count("the training ended well") == 1


def test_the_scikit_learn_example_breeds(stemma):
    pytest.importorskip("sklearn")
    job = example(stemma, "sklearn_digits")

    assert_conforms(stemma, job)
    stemma("run", job, "-n", 2, "-o", "run.h5")

    assert max(report["test_accuracy"] for report in rows(stemma, "run.h5", "reports")) > 0.9
    assert any(member["parent"] is not None for member in rows(stemma, "run.h5", "members"))
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_the_pytorch_example_conforms_and_breeds(stemma):
    job = example(stemma, "pytorch_cnn", TORCH_PYTHON)

    assert_conforms(stemma, job)
    stemma("run", job, "-n", 2, "-o", "run.h5")
    assert max(report["valid_accuracy"] for report in rows(stemma, "run.h5", "reports")) > 0.9
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_child_is_told_what_trained_its_parent(stemma, mpi, program, ranks):
    body = """
        import json
        kinds = (int, float, bool, dict, type(None))
        told = {name: value for name, value in vars(trial).items() if type(value) in kinds}
        told["configuration"] = dict(trial)
        json.dump(told, open(f"told-{trial.member}-{trial.first}", "w"))
"""
    job = program(body, GPBT)
    if ranks == 1:
        stemma("run", job, "-n", 2, "-o", "run.h5")
    else:
        mpi(ranks, "run", job, "-o", "run.h5")

    members = {member["member"]: member for member in rows(stemma, "run.h5", "members")}
    leases = [json.loads(path.read_text()) for path in stemma.folder.glob("told-*")]
    adopted = [lease for lease in leases if lease["adopted"]]
    assert len(adopted) == 8 and {lease["first"] for lease in adopted} == {2, 4}
    for lease in leases:
        parent = members[lease["member"]]["parent"]
        assert lease["configuration"] == members[lease["member"]]["configuration"]
        assert lease["parent_configuration"] == (members[parent]["configuration"] if lease["adopted"] else None)
        assert (lease["max"], lease["run_seed"], lease["member_seed"]) == (6, 7, lease["member_seed64"] % 2**31)


SCHEDULED = """\
import json
import stemma, torch
for trial in stemma.trials(mutable=["gamma"]):
    with trial:
        trial.seed()
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=trial["lr"])
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, trial["gamma"])
        trial.restore(model=model, optimizer=optimizer, scheduler=scheduler)
        rates = []
        for unit in trial:
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
            trial.report(valid_loss=trial["gamma"])
        json.dump(rates, open(f"rates-{trial.member}-{trial.first}", "w"))
"""


def test_children_train_with_the_schedule_that_the_record_says(stemma, program):
    space = '[space.lr]\ntype = "constant"\nvalue = 0.5\n[space.gamma]\ntype = "real"\nlow = 0.3\nhigh = 0.99\n'
    job = program(
        job=GPBT.replace('[space.lr]\ntype = "real"\nlow = 1e-3\nhigh = 1.0\n', space).replace(
            sys.executable, TORCH_PYTHON
        )
    )
    (stemma.folder / "program.py").write_text(SCHEDULED)

    stemma("run", job, "-n", 2, "-o", "run.h5")

    members = {member["member"]: member for member in rows(stemma, "run.h5", "members")}
    trained = {
        tuple(map(int, path.name.split("-")[1:])): json.loads(path.read_text())
        for path in stemma.folder.glob("rates-*")
    }
    begins = dict(sorted(trained, reverse=True))

    def rate(member, unit):
        """After `unit` units of the member's lineage. Each unit uses the gamma that the record has for it."""
        if unit == 0:
            return 0.5
        own = members[member]
        return (
            rate(own["parent"], unit)
            if unit <= begins[member]
            else rate(member, unit - 1) * own["configuration"]["gamma"]
        )

    for (member, first), rates in trained.items():
        assert rates == pytest.approx([rate(member, first), rate(member, first + 1)])
    assert sum(first > 0 for _, first in trained) == 8


def test_over_mpi_a_program_may_call_mpi_init(stemma, mpi, program):
    library = ctypes.util.find_library("mpi")
    if not library:
        pytest.skip("no MPI library")
    body = f"""
        import ctypes
        mpi = ctypes.CDLL("{library}", mode=ctypes.RTLD_GLOBAL)
        flag, size = ctypes.c_int(), ctypes.c_int()
        mpi.MPI_Initialized(ctypes.byref(flag))
        if not flag: assert mpi.MPI_Init(None, None) == 0
        world = ctypes.byref(ctypes.c_char.in_dll(mpi, "ompi_mpi_comm_world"))
        assert mpi.MPI_Comm_size(world, ctypes.byref(size)) == 0 and size.value == 1, size.value
"""
    mpi(3, "run", program(body), "-o", "run.h5")

    assert all(not member["failures"] for member in rows(stemma, "run.h5", "members") if "failures" in member)
    assert len(rows(stemma, "run.h5", "reports")) >= 6


def test_a_program_does_not_believe_to_be_a_task_of_slurm(stemma, mpi, program):
    stemma.env |= {
        "SLURM_NTASKS": "3",
        "SLURM_PROCID": "0",
        "SLURM_JOB_NAME": "search",
        "SLURM_JOB_ID": "17",
        "WORLD_SIZE": "3",
    }
    # As PyTorch Lightning and torch.distributed look.
    body = (
        'assert not {"SLURM_NTASKS", "SLURM_PROCID", "WORLD_SIZE", "OMPI_COMM_WORLD_SIZE"} & set(os.environ), '
        "os.environ"
    )

    mpi(2, "run", program(body), "-o", "run.h5")

    assert len(rows(stemma, "run.h5", "reports")) >= 6


def test_what_a_failed_program_printed_is_in_the_record(stemma, program):
    body = 'sys.exit("the data are on another disk") if trial.member == 2 else None'

    stemma("run", program(body), "-n", 1, "-o", "run.h5")

    story = stemma("show", "run.h5", 2).stdout
    assert "exit code 1" in story and "the data are on another disk" in story
    assert len(rows(stemma, "run.h5", "members")) == 6


def test_a_program_that_always_fails_ends_the_run(stemma, program):
    done = stemma(
        "run",
        program("raise ValueError('no such column')", PROGRAM_JOB.replace("members = 6", "members = 60")),
        "-n",
        2,
        "-o",
        "run.h5",
        code=FAILED,
    )

    assert "no such column" in done.stdout + done.stderr + stemma("show", "run.h5", 0).stdout


def test_a_question_for_a_hyperparameter_uses_up_no_unit(stemma, program):
    body = (
        'momentum = trial["momentum"] if "momentum" in trial else 0.0; assert dict(trial) == '
        'trial.configuration and "lr" in trial'
    )
    program()
    (stemma.folder / "program.py").write_text(
        f"import stemma\nfor trial in stemma.trials():\n    with trial:\n        {body}\n"
        f"        for unit in trial: open('trained', 'a').write(f'{{unit}} ')\n        trial.report(valid_loss=1)\n"
    )

    stemma("run", stemma.folder / "program.toml", "-n", 1, "-o", "run.h5")

    trained = (stemma.folder / "trained").read_text().split()
    # The program keeps no snapshots: a member that goes on is trained again from scratch.
    assert len(trained) == sum(report["resource"] for report in rows(stemma, "run.h5", "reports")) > 6


@pytest.mark.parametrize("units", ["pass", "list(trial)"])
def test_a_training_without_a_loop_fails_and_says_why(stemma, program, units):
    program()
    (stemma.folder / "program.py").write_text(
        f"import stemma\nfor trial in stemma.trials():\n    with trial:\n        {units}\n"
        f"        trial.report(valid_loss=1)\n"
    )

    done = stemma(
        "run",
        stemma.folder / "program.toml",
        "-n",
        1,
        "-o",
        "run.h5",
        "--set",
        "scheduler.min=3",
        "--set",
        "run.budget.members=60",
        code=FAILED,
    )

    assert (
        "asked for 3 epochs (1 to 3), iterated over none"
        in done.stdout + done.stderr + stemma("show", "run.h5", 0).stdout
    )


def test_a_program_that_is_not_there_is_seen_before_the_start(stemma, program):
    job = program()

    for command, part in (
        ('["/nowhere/train"]', "No such file"),
        (f'["{sys.executable}", "nothing.py"]', "nothing.py"),
    ):
        done = stemma("run", job, "--set", f"trainer.command={command}", "-o", "run.h5", code=USER_ERROR)
        assert part in done.stderr
        assert not (stemma.folder / "run.h5").exists()


def test_no_program_outlives_a_killed_search(stemma, mpi, program):
    body = 'open(f"pid-{os.getpid()}", "w").close(); time.sleep(3600) if trial.member > 0 else None'
    started = stemma.start(3, "run", program(body), "-o", "run.h5")
    wait_until(lambda: len(list(stemma.folder.glob("pid-*"))) == 2, "both programs train")
    pids = [int(path.name.split("-")[1]) for path in stemma.folder.glob("pid-*")]

    started.kill()

    wait_until(lambda: not any(alive(pid) for pid in pids), "the programs are gone")


def test_a_killed_search_goes_on_from_the_programs_snapshots(stemma, mpi, program):
    body = 'assert trial.start is None or open(trial.start, "rb").read() == b"state"; time.sleep(0.05)'
    started = stemma.start(3, "run", program(body, PROGRAM_JOB.replace("members = 6", "members = 60")), "-o", "run.h5")
    wait_until(
        lambda: (stemma.folder / "run.h5").exists() and len(list((stemma.folder).glob("run.h5*"))) > 1,
        "the run file is there",
    )
    started.kill()

    stemma("resume", "run.h5", "-n", 2, "--members", 8)

    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_conform_tells_what_is_wrong(stemma, program):
    program("print('an epoch')\n        os.write(stemma.connection.descriptors()[1], b'loss: 0.3, accuracy 0.8')")

    done = stemma("conform", "--value", "lr=0.1", "--", sys.executable, "program.py", code=FAILED)

    assert "FAILED" in done.stdout and "loss: 0.3" in done.stdout and "breaks the protocol" in done.stdout


LOADER = """\
import stemma, torch
from torch.utils.data import DataLoader, Dataset

class Noisy(Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, at):
        return torch.rand(1)

if __name__ == "__main__":
    for trial in stemma.trials():
        with trial:
            trial.seed()
            generator = torch.Generator().manual_seed(trial.member_seed)
            loader = DataLoader(Noisy(), num_workers=1, LOADER)
            parts = {"model": torch.nn.BatchNorm1d(1)}
            trial.restore(**parts)
            for unit in trial:
                for row in loader:
                    parts["model"](torch.cat([row, row + 1]))
                trial.report(valid_loss=parts["model"].running_mean)
"""


@pytest.mark.parametrize(
    ("loader", "named"),
    [("persistent_workers=True", "what persistent workers draw"), ("generator=generator", "a data loader's generator")],
)
def test_conform_says_what_of_a_data_loader_no_snapshot_has(stemma, loader, named):
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")
    (stemma.folder / "program.py").write_text(LOADER.replace("LOADER", loader))

    said = stemma("conform", "--value", "lr=0.1", "--", TORCH_PYTHON, "program.py").stdout

    line = next(line for line in said.splitlines() if "goes on from a snapshot" in line)
    assert line.startswith("note") and named in line, said


def test_jobs_are_checked(stemma, program):
    job = program()

    for override, part in (
        ("trainer.command=[]", "trainer.command"),
        ("trainer.command=[3]", "must be a list of texts"),
        ('trainer.held_out=["valid_loss"]', "must not have"),
        ("trainer.model=lenet", "has no meaning"),
    ):
        done = stemma("check", job, "--set", override, code=USER_ERROR)
        assert part in done.stderr, json.dumps(done.stderr)


def test_a_population_needs_parameters_that_the_program_can_change(stemma, program):
    job = program(
        job=PROGRAM_JOB.replace(
            'type = "asha"\nmin = 1\nmax = 3\neta = 3', 'type = "pbt"\npopulation = 4\nmax = 4'
        ).replace("budget = { members = 6 }", "")
    )
    source = Path(stemma.folder / "program.py")
    source.write_text(source.read_text().replace("stemma.trials()", "stemma.trials(mutable=[])"))

    done = stemma("run", job, "-o", "run.h5", code=USER_ERROR)

    assert "space.lr" in done.stderr and 'role = "fixed"' in done.stderr


def test_a_new_python_project_runs_at_once(stemma):
    """With the standard library alone: the interpreter is told of no other packages."""
    stemma("new", "my_model", "--python")
    folder = stemma.folder / "my_model"
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "job.toml", "train.py"]
    stemma.folder = folder
    stemma.env.pop("PYTHONPATH", None)  # the program tells Python where its own package is
    command = f'trainer.command=["{sys.executable}", "-S", "train.py"]'

    said = stemma("conform", "--job", "job.toml", "--set", command).stdout
    assert "FAILED" not in said and "note" not in said, said
    stemma("run", "job.toml", "-n", 2, "-o", "run.h5", "--set", command, "--set", "run.budget.epochs=40")

    losses = [report["valid_loss"] for report in rows(stemma, "run.h5", "reports")]
    assert len(losses) > 3 and min(losses) < 0.1
    assert 'name = "my_model"' in (folder / "job.toml").read_text()


def test_new_refuses_what_is_there_and_odd_names(stemma):
    (stemma.folder / "there").mkdir()

    assert "is there already" in stemma("new", "there", "--python", code=USER_ERROR).stderr
    assert "letters, digits" in stemma("new", "a b", "--python", code=USER_ERROR).stderr
    assert "--python, --cpp and --from" in stemma("new", "one", code=USER_ERROR).stderr
