"""Run files of other users: looking at a file runs no code that it names, and `resume` says what it will run."""

import os
import shutil
import subprocess
import sys

import pytest
from harness import INSTANT_PROGRAM, JOB, OK, PROGRAM_JOB, ROOT, USER_ERROR

h5py = pytest.importorskip("h5py")
sys.path.insert(0, str(ROOT / "analysis"))
from stemma.header import header_crc32  # noqa: E402

MARKER = """\
#include <fstream>
struct Marker { Marker() { std::ofstream("library_ran") << "the author's code ran\\n"; } };
static Marker marker;
"""

LOOKING = [
    ["status"],
    ["verify"],
    ["show", 3],
    ["lineage"],
    ["lineage", "--best"],
    ["schedule"],
    ["schedule", "--toml"],
    ["export", "--csv", "csv"],
    ["export", "--json", "all.json"],
    ["export", "--weights", "best.h5"],
    ["export", "--newick", "tree"],
    ["export", "--graphml", "graph"],
    ["report"],
    ["watch", "--once"],
    ["stop"],
    ["budget", "--members", 50],
]


def with_job(source, target, text):
    """A copy of a run file with another job in it, as another user might hand it over: its header's checksum is
    right."""
    shutil.copy(source, target)
    with h5py.File(target, "r+") as file:
        content = text.encode()
        for name in ("job", "job_resolved"):
            del file[name]
            file.create_dataset(name, data=content, dtype=h5py.string_dtype("utf-8", len(content)))
        del file.attrs["header_crc32"]
        file.attrs.create("header_crc32", header_crc32(file), dtype="<u4")


def of_task(library):
    return JOB.replace('type = "toy"', f'type = "task"\nlibrary = "{library}"\ntask = "theirs"').replace(
        'unit = "step"\n', ""
    )


@pytest.fixture
def foreign(stemma, job, tmp_path):
    """A run whose job names a library and has snapshots. The search was stopped, so that more commands look at it."""
    (tmp_path / "marker.cpp").write_text(MARKER)
    subprocess.run(["g++", "-shared", "-fPIC", "marker.cpp", "-o", "marker.so"], cwd=tmp_path, check=True)
    job.write_text(JOB.replace('unit = "step"\n', ""))
    stemma("run", job, "-n", 2, "-q", "-o", "toy.h5", "--set", "sampler.type=random")
    with_job(tmp_path / "toy.h5", tmp_path / "foreign.h5", of_task("./marker.so"))
    shutil.copytree(tmp_path / "toy.h5.snapshots", tmp_path / "foreign.h5.snapshots")
    return "foreign.h5"


@pytest.mark.parametrize("library", ["is there", "is missing"])
def test_looking_loads_nothing(stemma, foreign, tmp_path, library):
    if library == "is missing":
        (tmp_path / "marker.so").unlink()
    for command, *words in LOOKING:
        if command in ("report", "watch"):
            pytest.importorskip("pandas")
        # A search that has ended takes no requests.
        stemma(command, foreign, *words, code=USER_ERROR if command in ("stop", "budget") else OK)
        assert not (tmp_path / "library_ran").exists(), f"{command} ran the library's code"


def test_looking_starts_no_program(stemma, job, tmp_path):
    (tmp_path / "evil.sh").write_text("#!/bin/sh\ntouch program_ran\n")
    (tmp_path / "evil.sh").chmod(0o755)
    job.write_text(JOB.replace('unit = "step"\n', ""))
    stemma("run", job, "-n", 2, "-q", "-o", "toy.h5", "--set", "sampler.type=random")
    text = JOB.replace(
        'type = "toy"\nunit = "step"\n', 'type = "process"\ncommand = ["./evil.sh"]\nmetrics = ["valid_loss"]\n'
    )
    with_job(tmp_path / "toy.h5", tmp_path / "foreign.h5", text)
    shutil.copytree(tmp_path / "toy.h5.snapshots", tmp_path / "foreign.h5.snapshots")
    for command, *words in LOOKING:
        if command not in ("report", "watch"):
            stemma(command, "foreign.h5", *words, code=(OK, USER_ERROR))
    assert not (tmp_path / "program_ran").exists()


def test_resume_says_what_it_loads(stemma, foreign, tmp_path):
    told = stemma("resume", foreign, "-n", 1, "-q", code=USER_ERROR).stderr
    assert "foreign.h5: loads the library ./marker.so" in told
    assert (tmp_path / "library_ran").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_resume_of_another_users_file_asks_for_trust(stemma, foreign, tmp_path):
    os.chown(tmp_path / foreign, 4242, 4242)
    told = stemma("resume", foreign, "-n", 1, "-q", code=USER_ERROR).stderr
    assert "belongs to another user" in told and "loads the library ./marker.so" in told and "--trust" in told
    assert not (tmp_path / "library_ran").exists()
    stemma("status", foreign)
    stemma("resume", foreign, "-n", 1, "-q", "--trust", code=USER_ERROR)
    assert (tmp_path / "library_ran").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_job_of_ones_own_needs_no_trust(stemma, tmp_path):
    (tmp_path / "program.py").write_text(INSTANT_PROGRAM)
    (tmp_path / "job.toml").write_text(PROGRAM_JOB.replace("PYTHON", sys.executable))
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")
    words = ("run", "job.toml", "--continue", "-n", 1, "-q", "-o", "run.h5")
    stemma(*words)
    os.chown(tmp_path / "run.h5", 4242, 4242)
    told = stemma("resume", "run.h5", "-n", 1, "-q", "--members", 8, code=USER_ERROR).stderr
    assert f"starts {sys.executable} program.py" in told and "--trust" in told
    stemma(*words)
    stemma("resume", "run.h5", "-n", 1, "-q", "--members", 8, "--trust")


def test_what_was_read_on_the_way_stays_text(stemma, job, tmp_path):
    """A name full of control characters cannot reach the terminal through the text that `resume` prints."""
    job.write_text(JOB.replace('unit = "step"\n', ""))
    stemma("run", job, "-n", 2, "-q", "-o", "toy.h5", "--set", "sampler.type=random")
    with_job(tmp_path / "toy.h5", tmp_path / "foreign.h5", of_task("./a\\u001b[2Jb.so"))
    told = stemma("resume", "foreign.h5", "-n", 1, "-q", code=USER_ERROR).stderr
    assert "\x1b" not in told.splitlines()[0]
