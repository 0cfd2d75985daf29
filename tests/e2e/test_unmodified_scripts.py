"""Scripts that do not know Stemma: trainer.command with placeholders."""

import ast
import json
import os
import pickle
import sys

import pytest
from harness import FAILED, PROGRAM_JOB, USER_ERROR

from record import rows

# Plain argparse. Its state is a number that training changes; the value at an epoch tells whether it went on.
SCRIPT = """\
import argparse, json, os, pickle, sys
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--epochs", type=int)
parser.add_argument("--resume")
parser.add_argument("--save")
parser.add_argument("--metrics")
args = parser.parse_args()
epoch, state = pickle.load(open(args.resume, "rb")) if args.resume else (0, 1.0)
print(f"begins at {epoch} in {os.getcwd()}")
while epoch < args.epochs:
    epoch, state = epoch + 1, state * (1 - args.lr / 2)
    print(f"epoch {epoch}: valid_loss={state}")
if args.save:
    pickle.dump((epoch, state), open(args.save, "wb"))
"""
COMMAND = ["{python}", "train.py", "--lr={lr}", "--epochs={to}", "--resume={start}", "--save={save}"]


@pytest.fixture
def project(stemma, tmp_path):
    """A folder beside the one that the program is started in."""
    folder = tmp_path / "project"
    folder.mkdir()

    def make(command=COMMAND, script=SCRIPT, job=PROGRAM_JOB):
        (folder / "train.py").write_text(script)
        words = json.dumps([sys.executable if word == "{python}" else word for word in command])
        (folder / "job.toml").write_text(job.replace('["PYTHON", "program.py"]', words))
        return folder / "job.toml"

    make.folder = folder
    return make


def log_of(stemma, file="run.h5"):
    return "".join(path.read_text() for path in sorted((stemma.folder / f"{file}.logs").iterdir()))


def test_a_script_trains_and_goes_on_from_its_snapshots(stemma, project):
    job = project()
    stemma("check", job)
    stemma("run", job, "-n", "2", "-o", "run.h5")
    reports = rows(stemma, "run.h5", "reports")
    members = {row["member"]: row for row in rows(stemma, "run.h5", "members")}
    for row in reports:
        state = 1.0
        for _ in range(int(row["resource"])):
            state *= 1 - members[row["member"]]["configuration"]["lr"] / 2
        assert float(row["valid_loss"]) == state
    log = log_of(stemma)
    assert "begins at 1 in" in log and str(project.folder) not in log.split("begins at 0 in")[1].split("\n")[0]
    stemma("verify", "run.h5")


def test_each_member_goes_on_from_its_own_snapshot_on_any_worker(mpi, stemma, project):
    mpi(3, "run", project(), "-o", "run.h5")
    reports = rows(stemma, "run.h5", "reports")
    assert len(reports) > 6 and max(row["resource"] for row in reports) == 3
    stemma("verify", "run.h5")


def test_conform_tries_a_script(stemma, project):
    ran = stemma("conform", "--job", project())
    assert "goes on from a snapshot" in ran.stdout and "FAILED" not in ran.stdout
    assert "reads every hyperparameter" in ran.stdout and "has not read" not in ran.stdout


@pytest.mark.parametrize(
    "printed",
    [
        'print(json.dumps({"valid_loss": state, "epochs": 3}))',
        'print(json.dumps({"valid_loss": state}, indent=2), end="")',
        'print({"valid_loss": state})',
        'print("acc: 3 | valid_loss:", state)',
        'sys.stdout.write("\\rvalid_loss=9\\rvalid_loss=%r" % state)',
    ],
)
def test_metrics_are_what_was_printed_last(stemma, project, printed):
    job = project(script=SCRIPT.replace("valid_loss={state}", "valid_loss={state + 1}") + printed + "\n")
    stemma("run", job, "-n", "1", "-o", "run.h5")
    assert all(float(row["valid_loss"]) < 1 for row in rows(stemma, "run.h5", "reports"))


def test_metrics_from_a_file(stemma, project):
    script = SCRIPT + 'json.dump({"valid_loss": 7 + state}, open(args.metrics, "w"))\n'
    stemma("run", project([*COMMAND, "--metrics={metrics}"], script), "-n", "1", "-o", "run.h5")
    assert all(float(row["valid_loss"]) > 7 for row in rows(stemma, "run.h5", "reports"))


def test_a_metrics_file_that_was_not_written_is_a_failure(stemma, project):
    ran = stemma("run", project([*COMMAND, "--metrics={metrics}"]), "-n", "1", "-o", "run.h5", code=FAILED)
    assert "wrote to {metrics} none of trainer.metrics (valid_loss)" in ran.stderr + ran.stdout


def test_values_are_written_as_people_write_them(stemma, project):
    script = "import sys\nprint(sys.argv[1:])\nprint('valid_loss=1')\n"
    space = """[space]
lr = { type = "real", low = 1e-5, high = 1.0 }
n = { type = "constant", value = 3 }
flag = { type = "constant", value = true }
name = { type = "constant", value = "two words" }
small = { type = "constant", value = 1e-7 }
"""
    begin, rest = PROGRAM_JOB.split("[space.lr]")
    job = begin + space + "\n[scheduler]" + rest.split("[scheduler]")[1]
    words = ["{n}", "{flag}", "{name}", "{small}", "{from}", "{to}", "{max}", "{member}", "{seed}", "{{n}}"]
    path = project(["{python}", "train.py", *words], script, job)
    stemma("run", path, "-n", "1", "-o", "run.h5", "--set", "run.budget.members=1")
    words = ast.literal_eval(next(text for text in log_of(stemma).split("\n") if text.startswith("['3'")))
    assert words[:8] == ["3", "true", "two words", "1e-07", "0", "1", "3", "0"]
    assert 0 <= int(words[8]) < 2**31 and words[9] == "{n}"


def test_a_word_without_a_value_is_dropped(stemma, project):
    script = "import sys\nassert not any('momentum' in one for one in sys.argv)\nprint('valid_loss=1')\n"
    space = """[space.optimizer]
type = "categorical"
choices = ["sgd", "adam"]
[space.momentum]
type = "real"
low = 0.0
high = 1.0
when = { optimizer = ["sgd"] }

[scheduler]"""
    job = PROGRAM_JOB.replace("[scheduler]", space)
    first = '\n[[sampler.first]]\noptimizer = "adam"\n'
    path = project(["{python}", "train.py", "--momentum={momentum}", "{optimizer}"], script, job + first)
    stemma("run", path, "-n", "1", "-o", "run.h5", "--set", "run.budget.members=1")


FAULTS = {
    "import sys; sys.exit(3)": ("exception", "exit code 3"),
    "import os; os.kill(os.getpid(), 11)": ("exception", "signal 11"),
    "raise RuntimeError('CUDA out of memory. Tried to allocate 2 GiB')": ("out_of_memory", "exit code 1"),
    "print('valid_loss=nan')": ("nonfinite", "valid_loss"),
    "print('nothing')": ("exception", "metrics"),
}


@pytest.mark.parametrize("script", FAULTS)
def test_faults_of_a_script_are_failures_of_its_member(stemma, project, script):
    path = project(["{python}", "train.py", "{lr}"], script + "\n")
    stemma("run", path, "-n", "1", "-o", "run.h5", "--set", "run.budget.members=2", code=FAILED)
    kind, error = FAULTS[script]
    found = rows(stemma, "run.h5", "failures")
    assert found and all(row["kind"] == kind and row["type"].startswith(error) for row in found)


WRONG_COMMANDS = {
    "unknown option": (SCRIPT, "train.py: error: unrecognized arguments: --momentum=0.9"),
    "option that is needed": (SCRIPT.replace("--epochs", "--data"), "required: --data"),
    "module": ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
    "script": (None, "train.py': [Errno 2] No such file or directory"),
}


@pytest.mark.parametrize("case", WRONG_COMMANDS)
def test_a_command_that_no_training_can_begin_with_ends_the_search(stemma, project, case):
    script, said = WRONG_COMMANDS[case]
    if script is not None:
        script = script.replace('"--data", type=int', '"--data", required=True')
        script = "open('started', 'a').write('x')\n" + script
    path = project(["{python}", "train.py", "--lr={lr}", "--momentum=0.9"], script or "")
    if script is None:
        (project.folder / "train.py").unlink()
    ran = stemma("run", path, "-n", "2", "-o", "run.h5", code=USER_ERROR)
    assert "trainer.command: no training can begin: " in ran.stderr and said in ran.stderr
    assert script is None or 1 <= len((stemma.folder / "started").read_text()) <= 2  # of 6 members
    assert not (stemma.folder / "run.h5").exists()  # a repaired job starts under the same name


def test_a_refusal_after_a_good_training_is_its_members(stemma, project):
    script = SCRIPT + "import no_such_module\n"
    script = script.replace("import no_such", "if os.path.exists('second'): import no_such") + "open('second', 'w')\n"
    stemma("run", project(script=script), "-n", "1", "-o", "run.h5", "--set", "run.budget.members=2")
    failed = rows(stemma, "run.h5", "failures")
    assert failed and all(row["kind"] == "exception" for row in failed)
    assert rows(stemma, "run.h5", "reports")


def test_a_script_that_is_killed_takes_its_children_with_it(stemma, project):
    script = "import os, time\nif os.fork() == 0:\n    time.sleep(1000)\nprint('valid_loss=1')\n"
    # The child holds the output.
    stemma("run", project(["{python}", "train.py", "{lr}"], script), "-n", "1", "-o", "run.h5")


MISTAKES = {
    "{lrr}": 'has {lrr}, which is no parameter of [space] (did you mean "lr"?)',
    "--s={save}": "has {save} without {start}",
}


@pytest.mark.parametrize("word", MISTAKES)
def test_check_finds_mistakes_with_their_line(stemma, project, word):
    path = project(["{python}", "train.py", "--lr={lr}", word])
    ran = stemma("check", path, code=USER_ERROR)
    line = 1 + path.read_text().split("\n").index(next(x for x in path.read_text().split("\n") if "command" in x))
    assert f"job.toml:{line}:" in ran.stderr and MISTAKES[word] in ran.stderr


def test_check_finds_an_option_that_would_be_left_alone(stemma, project):
    ran = stemma("check", project(["{python}", "train.py", "--lr={lr}", "--resume", "{start}"]), code=USER_ERROR)
    assert 'would have "--resume" without a value' in ran.stderr


def test_a_program_that_is_not_there_is_found_before_the_start(stemma, project):
    ran = stemma("run", project(["no-such-program", "{lr}"]), "-n", "1", "-o", "run.h5", code=USER_ERROR)
    assert "no-such-program: no such program" in ran.stderr
    assert not (stemma.folder / "run.h5").exists()


def test_hyperparameters_that_no_placeholder_names_are_said_once(stemma, project):
    job = PROGRAM_JOB.replace("[scheduler]", '[space.momentum]\ntype = "real"\nlow = 0.0\nhigh = 1.0\n\n[scheduler]')
    path = project(job=job)
    ran = stemma("run", path, "-n", "2", "-o", "run.h5")
    assert ran.stderr.count("has not read momentum of [space]") == 1
    assert "has not read momentum of [space]" in stemma("conform", "--job", path).stdout


def test_variables_and_the_home_folder(stemma, project):
    stemma.env |= {"SCRATCH": str(project.folder / "scratch"), "HOME": str(project.folder)}
    path = project(["{python}", "$SCRATCH/../train.py", "--lr={lr}", "--epochs={to}"])
    (project.folder / "scratch").mkdir()
    stemma("run", path, "-n", "1", "--set", "run.output=$SCRATCH/a.h5")
    assert (project.folder / "scratch" / "a.h5").exists()
    stemma("run", path, "-n", "1", "--set", "run.output=~/b.h5")
    assert (project.folder / "b.h5").exists()
    ran = stemma("check", path, "--set", "run.output=$NO_SUCH/x.h5", code=USER_ERROR)
    assert "no variable NO_SUCH" in ran.stderr


def test_resume_finds_the_script_from_any_folder(stemma, project, tmp_path):
    stemma("run", project(), "-n", "1", "-o", "run.h5")
    stemma.folder.joinpath("run.h5").rename(tmp_path / "run.h5")
    os.rename(stemma.folder / "run.h5.snapshots", tmp_path / "run.h5.snapshots")
    stemma("resume", tmp_path / "run.h5", "-n", "1", "--members", "8")
    assert len(rows(stemma, tmp_path / "run.h5", "members")) == 8


def test_the_snapshot_is_the_scripts_own_file(stemma, project):
    stemma("run", project(), "-n", "1", "-o", "run.h5")
    stemma("export", "run.h5", "--weights", "best.pkl")
    epoch, state = pickle.loads((stemma.folder / "best.pkl").read_bytes())
    assert epoch == 3 and 0 < state < 1
