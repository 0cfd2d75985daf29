"""The examples of docs/examples/cpp, built against an installed tree as a user would: find_package(Stemma)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import JOB, ROOT, USER_ERROR, Stemma

from record import rows

EXAMPLES = ROOT / "docs/examples/cpp"


def ran(*words, **options):
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=900, check=False, **options
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An installed tree with the examples built against it, in a folder without access to the source tree."""
    build = Path(os.environ.get("STEMMA_BUILD", ROOT / "build"))
    if not (build / "cmake_install.cmake").exists() or not (build / "stemma").exists():
        pytest.skip(f"{build} is not built")
    folder = tmp_path_factory.mktemp("installed")
    ran("cmake", "--install", build, "--prefix", folder / "prefix")
    shutil.copytree(EXAMPLES, folder / "examples", ignore=shutil.ignore_patterns("build"))
    ran(
        "cmake",
        "-S",
        folder / "examples",
        "-B",
        folder / "build",
        f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}",
        "-DCMAKE_BUILD_TYPE=Release",
    )
    ran("cmake", "--build", folder / "build")
    return folder


@pytest.fixture
def program(installed, tmp_path):
    """The user's own program."""
    shutil.copy(EXAMPLES / "own_everything.toml", tmp_path)
    one = Stemma(tmp_path)
    one.binary = str(installed / "build/own_everything")
    return one


def test_the_python_package_is_installed_once_and_whole(program, installed):
    program.binary, program.env["PYTHONPATH"] = str(installed / "prefix/bin/stemma"), ""
    packages = list((installed / "prefix").rglob("stemma/training.py"))
    assert len(packages) == 1
    source, there = ROOT / "analysis/stemma", packages[0].parent
    wanted = {
        path.relative_to(source) for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted == {
        path.relative_to(there) for path in there.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }

    (program.folder / "toy.toml").write_text(JOB)
    program("run", "toy.toml", "-n", 2, "-o", "toy.h5", "-q")
    assert "report: toy.html" in program("report", "toy.h5").stdout
    assert "<script>" in (program.folder / "toy.html").read_text()
    (there / "report/assets/tree.js").rename(there / "report/assets/moved.js")
    try:
        told = program("report", "toy.h5", "-o", "other.html", code=USER_ERROR).stderr
    finally:
        (there / "report/assets/moved.js").rename(there / "report/assets/tree.js")
    assert (
        "assets/tree.js: cannot be read" in told
        and "other.html" not in told
        and not (program.folder / "other.html").exists()
    )


def test_programs_of_an_installed_tree_find_the_package(program, installed):
    """No PYTHONPATH: the package that belongs to the program is there for training programs."""
    program.binary = str(installed / "prefix/bin/stemma")
    program.env.pop("PYTHONPATH", None)
    script = "import stemma.training, sys; print(stemma.training.__file__, file=sys.stderr); sys.exit(3)"
    told = program("conform", "--", "/usr/bin/python3", "-c", script, code=(1, USER_ERROR))
    assert str(installed / "prefix/share/stemma/analysis/stemma/training.py") in told.stdout + told.stderr


def test_a_program_of_ones_own_is_all_that_stemma_is(program):
    program("check", "own_everything.toml")
    program("run", "own_everything.toml", "-n", 2, "-o", "run.h5", "-q")

    assert "every decision is the same" in program("verify", "run.h5").stdout
    losses = [report["valid_loss"] for report in rows(program, "run.h5", "reports")]
    assert min(losses) < 0.35 < max(losses)


def test_the_same_as_a_shared_library(program, installed):
    program.binary = str(installed / "prefix/bin/stemma")
    library = f"trainer.library={installed / 'build/libown_everything.so'}"

    program("run", "own_everything.toml", "--set", library, "-n", 2, "-o", "run.h5", "-q")

    assert min(report["valid_loss"] for report in rows(program, "run.h5", "reports")) < 0.35


def test_libraries_are_checked(program, installed):
    program.binary = str(installed / "prefix/bin/stemma")
    job = "own_everything.toml"

    assert "has no tasks of its own" in program("check", job, code=USER_ERROR).stderr
    assert "cannot be loaded" in program("check", job, "--set", "trainer.library=nowhere.so", code=USER_ERROR).stderr
    good = f"trainer.library={installed / 'build/libown_everything.so'}"
    assert (
        'did you mean "logistic"'
        in program("check", job, "--set", good, "--set", "trainer.task=logistik", code=USER_ERROR).stderr
    )


def test_a_library_for_another_stemma_is_refused(program, installed, tmp_path):
    program.binary = str(installed / "prefix/bin/stemma")
    source = tmp_path / "old.cpp"
    source.write_text(
        "struct Stamp { int version = 999, compiler = 0, standard = 0, request = 0, task = 0; };\n"
        'extern "C" Stamp stemma_abi() { return {}; }\nextern "C" void stemma_library(void*) {}\n'
    )
    ran("c++", "-shared", "-fPIC", source, "-o", tmp_path / "libold.so")
    ran("c++", "-shared", "-fPIC", "-x", "c++", "/dev/null", "-o", tmp_path / "libempty.so")

    for name, part in (("libold.so", "another version of Stemma"), ("libempty.so", "is no library for Stemma")):
        done = program("check", "own_everything.toml", "--set", f"trainer.library={name}", code=USER_ERROR)
        assert part in done.stderr


@pytest.mark.parametrize("example", ["own_model", "own_steps"])
def test_the_examples_on_libtorch(program, installed, example):
    program.binary = str(installed / "build" / example)
    if not Path(program.binary).exists():
        pytest.skip("this build has no LibTorch")
    shutil.copy(EXAMPLES / f"{example}.toml", program.folder)

    program("run", f"{example}.toml", "-n", 1, "-o", "run.h5", "-q")

    losses = [report["valid_loss"] for report in rows(program, "run.h5", "reports")]
    assert min(losses) < 0.5 * max(losses)
    assert "every decision is the same" in program("verify", "run.h5").stdout


def test_hyperparameters_move_in_a_task(program, installed):
    program.binary = str(installed / "build" / "own_model")
    if not Path(program.binary).exists():
        pytest.skip("this build has no LibTorch")
    shutil.copy(EXAMPLES / "own_model.toml", program.folder)
    moving = (
        "--set",
        'space.lr.role="hypergradient"',
        "--set",
        'space.momentum.role="hypergradient"',
        "--set",
        'space.width.role="mutable"',
        "--set",
        'scheduler={type="random", max=3}',
        "--set",
        "run.budget.members=3",
    )

    program("run", "own_model.toml", "-n", 1, "-o", "run.h5", "-q", *moving)

    for report in rows(program, "run.h5", "reports"):
        assert report["hyper_steps"] > 0 and 0 < report["hyper_lr"] < 10
    assert "every decision is the same" in program("verify", "run.h5").stdout
    moved = [row["hyper_lr"] for row in rows(program, "run.h5", "units") if row["hyper_lr"] is not None]
    assert len(set(moved)) > 10, "the trajectory is in the record"


def test_a_task_counts_steps(program, installed):
    program.binary = str(installed / "build" / "own_model")
    if not Path(program.binary).exists():
        pytest.skip("this build has no LibTorch")
    shutil.copy(EXAMPLES / "own_model.toml", program.folder)
    steps = (
        "--set",
        'trainer.unit="step"',
        "--set",
        'scheduler={type="asha", min=4, max=36, eta=3}',
        "--set",
        "run.budget.members=9",
    )

    program("run", "own_model.toml", "-n", 1, "-o", "run.h5", "-q", *steps)

    reports = rows(program, "run.h5", "reports")
    assert {report["resource"] for report in reports} == {4, 12, 36}, "members went on from their snapshots"
    losses = [report["valid_loss"] for report in reports]
    assert min(losses) < 0.5 * max(losses)
    assert "every decision is the same" in program("verify", "run.h5").stdout


def test_a_missing_hyperparameter_is_named(program):
    job = program.folder / "own_everything.toml"
    job.write_text(job.read_text().replace("[space.lr]", "[space.learning_rate]"))

    program("run", job, "-n", 1, "-o", "run.h5", "-q", code=(1,))

    text = program("show", "run.h5", 0).stdout
    line = job.read_text().splitlines().index("[space.learning_rate]") + 1
    assert f"own_everything.toml:{line}:" in text and 'hyperparameter "lr" is needed but not in [space]' in text


def test_a_new_cpp_project_builds_and_runs(program, installed):
    program.binary = str(installed / "prefix/bin/stemma")
    program("new", "my_task", "--cpp")
    folder = program.folder / "my_task"
    ran("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={installed / 'prefix'}")
    ran("cmake", "--build", folder / "build")
    program.binary, program.folder = str(folder / "build/my_task"), folder

    program("run", "my_task.toml", "-n", 2, "-o", "run.h5", "-q")

    assert len(rows(program, "run.h5", "reports")) >= 30
