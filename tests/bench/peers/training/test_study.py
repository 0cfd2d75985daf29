"""The table of the study of peers. The searches themselves need PyTorch, Ray and Optuna, and hours."""

import json
import os
import sys
from pathlib import Path

import pytest
import study
import tomllib

HERE = Path(__file__).resolve().parent


def row(arm, seed, test, small=True):
    return {
        "arm": arm,
        "seed": seed,
        "small": small,
        "epochs": 80,
        "valid": test,
        "test": test,
        "wall": 100.0,
        "training": 0.9,
    }


def test_the_table_has_means_and_the_worst():
    text = study.table([row("ray-pbt", 1, 0.8), row("ray-pbt", 2, 0.9), row("stemma-gpbt", 1, 0.85)])
    lines = text.splitlines()
    assert lines[2].startswith("| stemma-gpbt | 1 | 0.8500 (nan) | 0.8500 | 80 | 100 | 90 % |")
    assert lines[3].startswith("| ray-pbt | 2 | 0.8500 (0.0707) | 0.8000 | 80 | 100 | 90 % |")
    assert len(lines) == 4


def test_lines_that_a_user_writes_are_counted_in_what_runs():
    for arm in study.ARMS:
        assert 10 < study.lines_of(arm) < 80
        for command in study.commands(arm, 1, HERE):
            named = [Path(word) for word in map(str, command) if str(word).startswith(str(HERE)) and word != HERE]
            assert all(path.exists() for path in named if path.suffix in (".py", ".toml"))


def test_all_searches_have_one_space_and_one_budget():
    job = tomllib.loads((HERE / "stemma_job.toml").read_text())
    space = {name: (one["low"], one["high"], one.get("scale") == "log") for name, one in job["space"].items()}
    names = {}
    code = (HERE / "lenet.py").read_text()
    exec(code[code.index("SPACE = ") : code.index("\n}\n", code.index("SPACE = ")) + 2], names)
    assert space == names["SPACE"]
    assert job["run"]["budget"]["epochs"] == study.BUDGET
    assert f"left = {study.BUDGET}" in (HERE / "ray_search.py").read_text()
    assert f">= {study.BUDGET}:" in (HERE / "optuna_search.py").read_text()


def test_a_search_reads_what_its_trainings_wrote(tmp_path, monkeypatch):
    epochs = [(0.0, 1.0, 0.6, 0.5), (1.0, 3.0, 0.8, 0.7), (3.0, 4.0, 0.7, 0.9)]
    lines = [json.dumps({"pid": 1, "begun": b, "ended": e, "valid": v, "test": t}) + "\n" for b, e, v, t in epochs]
    program = f"import os; open(os.environ['EPOCHS'], 'a').write({''.join(lines)!r})"
    monkeypatch.setattr(study, "commands", lambda *_: [[sys.executable, "-c", program]])
    found = study.search("ray-pbt", 3, tmp_path / "search", True)
    assert (found["epochs"], found["valid"], found["test"]) == (3, 0.8, 0.7)
    assert found["training"] == pytest.approx(4 / found["wall"] / study.WORKERS)


def test_a_failed_search_is_no_result(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "commands", lambda *_: [[sys.executable, "-c", "raise SystemExit(3)"]])
    with pytest.raises(SystemExit, match="output.txt"):
        study.search("ray-pbt", 3, tmp_path / "search", True)
    assert os.path.exists(tmp_path / "search/output.txt")
