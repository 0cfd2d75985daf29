"""Looking at a run in a folder that is full of another user's files: nothing there is executed."""

import importlib.util
import os
import sys

import pytest
from harness import OK, USER_ERROR

pytest.importorskip("pandas")

# Modules of Python itself, of the libraries that the commands need, and of the package, its submodules by their short
# names too.
NAMES = (
    *(name for name in sys.stdlib_module_names if not name.startswith("_")),
    "numpy",
    "pandas",
    "h5py",
    "networkx",
    "lxml",
    "pyarrow",
    "dateutil",
    "pytz",
    "six",
    "sitecustomize",
    "usercustomize",
    "apport_python_hook",
    "stemma",
    "schema",
    "errors",
    "cli",
    "run",
    "runfile",
    "log",
    "hdf5",
    "derive",
    "watch",
    "report",
)
LOOKS = {
    "report": ("report", "toy.h5", "-o", "page.html"),
    "watch": ("watch", "toy.h5", "--once"),
    "csv": ("export", "toy.h5", "--csv", "csv"),
    "graphml": ("export", "toy.h5", "--graphml", "graph"),
    "newick": ("export", "toy.h5", "--newick", "tree"),
    "parquet": ("export", "toy.h5", "--parquet", "parquet"),
    "help": ("report", "--help"),
    "after check": ("status", "toy.h5"),
}


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    from harness import JOB, Stemma

    program = Stemma(tmp_path_factory.mktemp("foreign"))
    if not os.access(program.binary, os.X_OK):
        pytest.skip(f"{program.binary} is not built")
    (program.folder / "job.toml").write_text(JOB)
    program("run", "job.toml", "-q", "-n", 2, "-o", "toy.h5")
    return program.folder / "toy.h5"


def fill(folder, run_file, kind):
    """Returns the file that code in the folder makes when it is executed."""
    marker = folder / "marker"
    code = f"import builtins\nbuiltins.open({str(marker)!r}, 'a').write(__name__ + ' ')\n"
    for name in NAMES:
        if kind == "packages":
            (folder / name).mkdir()
        (folder / name / "__init__.py" if kind == "packages" else folder / f"{name}.py").write_text(code)
    (folder / "toy.h5").write_bytes(run_file.read_bytes())
    return marker


@pytest.mark.parametrize("kind", ("modules", "packages"))
def test_nothing_in_the_folder_is_executed(stemma, run_file, tmp_path, kind):
    marker = fill(tmp_path, run_file, kind)
    stemma.env.pop("PYTHONPATH", None)
    no_parquet = importlib.util.find_spec("pyarrow") is None
    for name, words in LOOKS.items():
        stemma(*words, code=USER_ERROR if name == "parquet" and no_parquet else OK)
        assert not marker.exists(), (name, marker.read_text())
    assert (tmp_path / "page.html").exists()


@pytest.mark.parametrize("path", ("", ":", ".", "/none:", ":/none", "..:."))
def test_not_by_habits_in_pythonpath_either(stemma, run_file, tmp_path, path):
    marker = fill(tmp_path, run_file, "modules")
    stemma.env["PYTHONPATH"] = path
    assert "best" in stemma("watch", "toy.h5", "--once").stdout
    assert not marker.exists(), marker.read_text()


@pytest.mark.parametrize("habit", (":{}", ".:{}", "{}:", "bin:.:{}", "."))
def test_nor_by_habits_in_path(stemma, run_file, tmp_path, habit):
    marker = fill(tmp_path, run_file, "modules")
    (tmp_path / "python3").write_text(f"#!/bin/sh\necho python3 >> {marker}\n")
    (tmp_path / "python3").chmod(0o755)
    stemma.env["PATH"] = habit.format(stemma.env["PATH"])
    assert "best" in stemma("watch", "toy.h5", "--once").stdout
    assert not marker.exists(), marker.read_text()


def test_what_stemma_starts_for_its_user_keeps_pythons_own_rules(stemma, tmp_path):
    """A training program imports the modules beside it, and the modules that PYTHONPATH names."""
    from harness import PROGRAM_JOB, ROOT

    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/helper.py").write_text("value = 0.5\n")
    (tmp_path / "beside.py").write_text("value = 0.25\n")
    (tmp_path / "program.py").write_text(
        "import beside, helper, stemma\nfor trial in stemma.trials():\n    with trial:\n        for step in trial:\n"
        "            trial.report(valid_loss=beside.value + helper.value)\n"
    )
    (tmp_path / "job.toml").write_text(PROGRAM_JOB.replace("PYTHON", sys.executable))
    stemma.env["PYTHONPATH"] = f"elsewhere:{ROOT / 'analysis'}"
    stemma("run", "job.toml", "-q", "-n", 1, "-o", "program.h5")
    assert "0.75" in stemma("status", "program.h5").stdout
