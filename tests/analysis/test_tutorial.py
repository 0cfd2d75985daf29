"""The tutorial's cells run, in order, and its outputs are not stored."""

import json

import pytest
from analysis_jobs import ROOT

TUTORIAL = ROOT / "analysis/tutorial.ipynb"


def test_tutorial_runs(run_of, tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    pytest.importorskip("networkx")
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEMMA_RUN", str(run_of("pbt")))
    cells = json.loads(TUTORIAL.read_text())["cells"]
    names = {}
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        assert not cell["outputs"] and cell["execution_count"] is None, f"cell {number}: clear the outputs"
        exec(compile("".join(cell["source"]), f"{TUTORIAL.name}, cell {number}", "exec"), names)
    assert (tmp_path / "report.html").stat().st_size > 50_000
    assert names["run"].finished and len(names["compared"].table) == 2


def test_tutorial_is_a_valid_notebook():
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(TUTORIAL, as_version=4))
