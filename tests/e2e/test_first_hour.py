"""What a new user meets in the first hour: help, mistakes of the command line and of the job, the model back."""

import re
import subprocess
import sys

import pytest
from harness import FAILED, INSTANT_PROGRAM, OK, PROGRAM_JOB, ROOT, USER_ERROR, wait_until


@pytest.fixture
def ran(stemma, job):
    stemma("run", job, "-n", "1", "-o", "run.h5")
    return stemma


def test_help_is_grouped_and_has_examples(stemma):
    text = stemma("--help").stdout
    assert text.startswith("Stemma searches hyperparameters")
    headings = re.findall(r"^(.+):$", text, re.MULTILINE)
    assert headings[-5:] == ["Prepare a search", "Run it", "Look at it", "Check", "Examples"]
    assert "stemma new demo --python" in text and "sbatch-options" not in text and "run-script" not in text


@pytest.mark.parametrize(
    "word, remedy",
    [
        ("resum", 'resum is no command (did you mean "resume"?)'),
        ("job.toml", "for a job file: stemma run job.toml"),
        ("frobnicate", "stemma --help lists the commands"),
    ],
)
def test_a_word_that_is_no_command(stemma, word, remedy):
    assert remedy in stemma(word, "x", code=USER_ERROR).stderr


def test_one_set_with_two_values(stemma, job):
    told = stemma("check", job, "--set", "run.seed=1", "scheduler.eta=2", code=USER_ERROR).stderr
    assert "--set takes one PATH=VALUE: repeat it for each" in told


def test_explain_finds_a_key_without_its_section(stemma):
    told = stemma("check", "--explain", "eta").stdout
    assert told.startswith("[scheduler]\n") and "eta" in told
    assert stemma("check", "--explain").stdout == stemma("check").stdout
    assert "did you mean" in stemma("check", "--explain", "sheduler", code=USER_ERROR).stderr


def test_the_best_member_has_a_name(ran):
    best = ran("show", "run.h5", "best").stdout
    number = re.match(r"member (\d+) of", best).group(1)
    assert ran("show", "run.h5", number).stdout == best
    assert ran("lineage", "run.h5", "best").stdout == ran("lineage", "run.h5", "--best").stdout
    for wrong in ("worst", "40", "-1x", "1.5"):
        told = ran("show", "run.h5", wrong, code=USER_ERROR).stderr
        assert f'has no member {wrong}; its members are 0 .. 39, and "best"' in told


def test_a_file_or_folder_in_the_place_of_the_run_file(ran, job):
    told = ran("run", job, "-n", "1", "-o", "run.h5", code=USER_ERROR).stderr
    assert "stemma resume run.h5" in told and "or delete it" in told
    (ran.folder / "runs2").mkdir()
    told = ran("run", job, "-n", "1", "-o", "runs2", code=USER_ERROR).stderr
    assert "runs2: is a folder; give the name of a file in it, such as runs2/toy.h5" in told


TORCH = """\
run = { budget = { members = 2 } }
metric = { name = "valid_los", direction = "minimize" }
scheduler = { type = "random", max = 1 }
[space.lr]
type = "real"
low = 0.01
high = 0.1
[trainer]
type = "torch"
data = "csv"
path = "table.csv"
model = "mlp"
width = 4
"""


def test_check_finds_a_wrong_metric_and_missing_data_at_once_with_their_places(stemma):
    (stemma.folder / "job.toml").write_text(TORCH)
    told = stemma("check", "job.toml", code=USER_ERROR).stderr
    assert re.search(r'job.toml:2:\d+: .*"valid_los".*did you mean "valid_loss"', told)
    assert re.search(r"job.toml:11:8: .*table.csv.*does not exist", told)


@pytest.fixture
def trained(stemma):
    """A job of the built-in trainer in a folder of its own, run from another one."""
    folder = stemma.folder / "project"
    folder.mkdir()
    (folder / "table.csv").write_text("x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(40)))
    (folder / "job.toml").write_text(TORCH.replace("valid_los", "valid_loss"))
    stemma("run", "project/job.toml", "-n", "1", "-o", "run.h5")
    return stemma


def test_weights_of_a_built_in_network_as_a_state_dict(trained):
    trained.env["STEMMA_PYTHON"] = "/usr/bin/python3"
    assert "a state_dict of PyTorch" in trained("export", "run.h5", "--weights", "best.pt").stdout
    code = (
        "import torch; weights = torch.load('best.pt'); "
        "print(sorted(weights)); print(sum(value.numel() for value in weights.values()))"
    )
    told = subprocess.run(
        ["/usr/bin/python3", "-c", code], cwd=trained.folder, capture_output=True, text=True, check=True
    ).stdout
    assert "weight" in told and int(told.split("\n")[1]) == 4 + 4 + 16 + 4 + 4 + 1


def test_weights_of_a_built_in_network_as_hdf5(trained):
    import h5py

    trained("export", "run.h5", "--weights", "best.h5")
    with h5py.File(trained.folder / "best.h5") as file:
        assert "model" in file or any("model" in name.decode() for name in file["_names"][:])


def test_a_run_file_without_its_snapshots_says_which_folder_is_missing(trained):
    (trained.folder / "alone").mkdir()
    (trained.folder / "run.h5").rename(trained.folder / "alone" / "run.h5")
    told = trained("export", "alone/run.h5", "--weights", "best.h5", code=USER_ERROR).stderr
    assert "alone/run.h5.snapshots, a folder that is not there: it belongs to the run file" in told


def program(stemma, text):
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")
    (stemma.folder / "program.py").write_text(text)
    (stemma.folder / "job.toml").write_text(PROGRAM_JOB.replace("PYTHON", sys.executable))
    return "job.toml"


def test_the_report_of_a_search_that_failed_repeats_the_error(stemma):
    fault = "raise RuntimeError('no such column')\n        for unit in trial:"
    text = INSTANT_PROGRAM.replace("for unit in trial:", fault)
    told = stemma("run", program(stemma, text), "-n", "1", "-o", "run.h5", code=FAILED).stdout
    end = told[told.index("last error: ") :]
    assert end.startswith("last error: exception RuntimeError: no such column")
    assert "output of the trainings: run.h5.logs/" in end and "repair the error, then delete run.h5" in end
    assert "larger budget" not in told
    assert "last error: exception RuntimeError: no such column" in stemma("status", "run.h5").stdout


def test_the_report_names_what_belongs_to_the_run_file(stemma):
    told = stemma("run", program(stemma, INSTANT_PROGRAM), "-n", "1", "-o", "run.h5").stdout
    assert "beside it, to be moved with it: run.h5.logs/, run.h5.snapshots/ (models)" in told
    assert re.search(r"export run.h5 --weights best.pt +its model, as the program saved it", told)
    stemma("export", "run.h5", "--weights", "best.pt")
    assert (stemma.folder / "best.pt").read_bytes() == b"state"


def test_status_tells_a_search_that_was_cut_off(mpi, stemma, job):
    started = stemma.start(2, "run", job, "-o", "run.h5", "--set", "trainer.cost=50ms")
    try:
        wait_until(
            lambda: "running, " in stemma("status", "run.h5", code=(OK, USER_ERROR)).stdout, "status says that it runs"
        )
    finally:
        started.kill()
    assert "not running: it was cut off, and can be resumed" in stemma("status", "run.h5").stdout
