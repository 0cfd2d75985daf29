"""Output that cannot be written is reported, and no file stays that looks whole."""

import os
import subprocess
import sys

import pytest
from analysis_jobs import ROOT
from run_files import population, write_run
from stemma.cli import run as command


@pytest.fixture
def path(tmp_path):
    write_run(tmp_path / "run.h5", population(300, 5))
    return tmp_path / "run.h5"


@pytest.mark.parametrize("words", (["watch", "RUN", "--once"], ["report", "RUN"], ["export", "RUN", "--newick", "-"]))
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_standard_output_is_told(path, words):
    words = [str(path) if word == "RUN" else word for word in words]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, str(ROOT / "analysis/stemma/__main__.py"), *words],
            cwd=path.parent,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (
        done.returncode == 2
        and done.stderr == "stemma: standard output: not all could be written (No space left on device)\n"
    )


@pytest.mark.parametrize(
    "words, kept",
    ((["report", "RUN", "-o", "page.html"], "page.html"), (["export", "RUN", "--newick", "tree"], "tree")),
)
def test_of_a_file_that_fails_nothing_stays(path, words, kept, capsys, monkeypatch):
    monkeypatch.chdir(path.parent)
    (path.parent / kept).write_text("before")
    replace = os.replace

    def full(source, target):
        raise OSError(28, "No space left on device") if str(target).endswith(kept) else replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    assert command([str(path) if word == "RUN" else word for word in words]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert (path.parent / kept).read_text() == "before" and not list(path.parent.glob("*.partial"))


def test_links_and_devices_are_written_through(path):
    (path.parent / "link.html").symlink_to("real.html")
    assert command(["report", str(path), "-o", str(path.parent / "link.html")]) == 0
    assert (path.parent / "link.html").is_symlink() and (path.parent / "real.html").read_bytes().startswith(
        b"<!DOCTYPE"
    )
    assert command(["report", str(path), "-o", os.devnull]) == 0
