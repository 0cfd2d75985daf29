"""Subcommands that are written in Python, as a user types them."""

import json
import re
import shutil
import subprocess
import urllib.request

import pytest
from harness import TIMEOUT_S, USER_ERROR, wait_until

pytest.importorskip("pandas")


@pytest.fixture
def run_file(stemma, job):
    stemma("run", job, "-q", "-n", 2, "-o", "toy.h5")
    return "toy.h5"


def test_report_writes_one_page(stemma, run_file, tmp_path):
    told = stemma("report", run_file)
    page = (tmp_path / "toy.html").read_text()
    assert "report: toy.html" in told.stdout
    assert page.startswith("<!DOCTYPE html>") and "http://" not in page and "https://" not in page
    assert "stemma report toy.h5" in stemma("status", run_file).stdout


def test_watch_prints_once_into_a_pipe(stemma, run_file):
    told = stemma("watch", run_file).stdout
    best = next(line for line in stemma("status", run_file).stdout.splitlines() if line.startswith("best member:"))
    assert f"member {best.split()[2]} after" in told and "ended    budget members" in told


def test_options_and_help_are_those_of_the_python_side(stemma, run_file):
    assert "--follow" in stemma("report", "--help").stdout
    assert "--interval" in stemma("watch", "--help").stdout
    assert "no such file" in stemma("report", "missing.h5", code=USER_ERROR).stderr
    assert "unrecognized" in stemma("watch", run_file, "--nonsense", code=USER_ERROR).stderr


def test_an_export_may_need_a_library(stemma, run_file):
    try:
        import optuna  # noqa: F401
    except ImportError:
        assert "pip install optuna" in stemma("export", run_file, "--optuna", "sqlite:///s.db", code=USER_ERROR).stderr
    else:
        assert "trials" in stemma("export", run_file, "--optuna", "sqlite:///s.db").stdout


def test_a_missing_interpreter_is_named(stemma, run_file):
    stemma.env |= {"STEMMA_PYTHON": "no-such-python"}
    assert "STEMMA_PYTHON" in stemma("report", run_file, code=USER_ERROR).stderr


def test_the_package_is_found_where_the_program_is_installed(stemma, run_file, tmp_path):
    from harness import ROOT

    (tmp_path / "prefix/bin").mkdir(parents=True)
    shutil.copy(stemma.binary, tmp_path / "prefix/bin/stemma")
    shutil.copytree(
        ROOT / "analysis", tmp_path / "prefix/share/stemma/analysis", ignore=shutil.ignore_patterns("__pycache__")
    )
    stemma.binary = str(tmp_path / "prefix/bin/stemma")
    assert "report: page.html" in stemma("report", run_file, "-o", "page.html").stdout


def test_a_search_is_followed_while_it_runs(stemma, job, tmp_path):
    search = subprocess.Popen(
        [stemma.binary, "run", str(job), "-q", "-n", "2", "-o", "slow.h5", "--set", "trainer.cost=500ms"],
        cwd=tmp_path,
        env=stemma.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = None
    try:
        wait_until((tmp_path / "slow.h5").exists, "there is a run file")
        server = subprocess.Popen(
            [stemma.binary, "report", "slow.h5", "--follow", "--port", "0"],
            cwd=tmp_path,
            env=stemma.env,
            stdout=subprocess.PIPE,
            text=True,
        )
        address = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/", server.stdout.readline()).group(0)

        def told(name):
            return json.loads(urllib.request.urlopen(address + name, timeout=60).read())

        wait_until(lambda: told("data.json")["meta"]["reports"] >= 3, "three reports are shown")
        assert not told("state.json")["finished"]
        stemma("stop", "slow.h5")
        search.wait(TIMEOUT_S)
        wait_until(lambda: told("data.json")["meta"]["reason"] == "stopped", "the end is shown")
        best = stemma("status", "slow.h5").stdout.split("best member: ")[1].split()[0]
        assert told("data.json")["best"][0]["member"] == int(best)
    finally:
        for process in (search, server):
            if process:
                process.kill()
                process.wait()
