"""Exports, read back by the libraries that others use to read them."""

import json

import numpy as np
import pandas as pd
import pytest
import stemma
from stemma.cli import run as command


@pytest.fixture
def run(run_of):
    return stemma.open(run_of("gpbt"))


def test_csv_and_json_hold_all_tables(run, tmp_path, capsys):
    assert command(["export", str(run.path), "--csv", str(tmp_path / "csv"), "--json", str(tmp_path / "json")]) == 0
    assert "10 tables" in capsys.readouterr().out
    reports = pd.read_csv(tmp_path / "csv/reports.csv")
    assert np.allclose(reports["valid_loss"], run.reports["valid_loss"], equal_nan=True)
    assert len(json.loads((tmp_path / "json/members.json").read_text())) == len(run)


@pytest.mark.pypi
def test_parquet(run, tmp_path):
    stemma.export.to_parquet(run, tmp_path)
    members = pd.read_parquet(tmp_path / "members.parquet")
    assert members["activation"].astype(str).tolist() == run.members["activation"].astype(str).tolist()


@pytest.mark.pypi
def test_tensorboard_shows_a_curve_a_lineage_over_births(run, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    stemma.export.to_tensorboard(run, tmp_path)
    member = run.best_member()
    events = EventAccumulator(str(tmp_path / f"member-{member:06d}"))
    events.Reload()
    curve = events.Scalars("metric/valid_loss")
    assert [event.step for event in curve] == run.lineage(member)["resource"].tolist()
    assert np.allclose([event.value for event in curve], run.lineage(member)["valid_loss"], rtol=1e-6)
    rates = {event.step: event.value for event in events.Scalars("hyperparameter/lr")}
    assert np.allclose([rates[stage] for stage in run.schedule()["to"]], run.schedule()["lr"], rtol=1e-6)


@pytest.mark.pypi
def test_optuna_study(run, tmp_path):
    import optuna

    storage = f"sqlite:///{tmp_path}/study.db"
    assert "optuna-dashboard" in stemma.export.to_optuna(run, storage)
    study = optuna.load_study(study_name=None, storage=storage)
    assert len(study.trials) == len(run)
    best = run.best(1)
    assert study.best_trial.user_attrs["member"] == best.index[0] and study.best_value == best["best"].iloc[0]
    assert study.best_params["lr"] == best["lr"].iloc[0]
    with pytest.raises(stemma.StemmaError, match="already"):
        stemma.export.to_optuna(run, storage)


@pytest.mark.pypi
def test_mlflow_experiment(run, tmp_path):
    from mlflow.tracking import MlflowClient

    address = f"sqlite:///{tmp_path}/mlflow.db"
    stemma.export.to_mlflow(run, address)
    client = MlflowClient(tracking_uri=address)
    experiment = next(item for item in client.search_experiments() if item.name.startswith(run.name))
    found = client.search_runs([experiment.experiment_id], max_results=1000)
    assert len(found) == len(run)
    best = next(item for item in found if item.data.tags["mlflow.runName"] == f"member {run.best_member()}")
    assert best.data.metrics["valid_loss"] == run.best(1)["best"].iloc[0]


def test_a_missing_library_is_named(run, monkeypatch, capsys):
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    assert command(["export", str(run.path), "--optuna", "sqlite://"]) == 2
    assert "pip install optuna" in capsys.readouterr().err


def test_newick_and_graphml_of_the_program_are_read_by_others(program, run, tmp_path):
    import networkx
    from Bio import Phylo

    program("export", run.path, "--graphml", tmp_path / "tree.graphml", "--newick", tmp_path / "tree.nwk")
    graph = networkx.read_graphml(tmp_path / "tree.graphml")
    assert len(graph) == len(run) and graph.number_of_edges() == run.genealogy().number_of_edges()
    trees = list(Phylo.parse(tmp_path / "tree.nwk", "newick"))
    assert sum(len(list(tree.find_clades())) for tree in trees) >= len(run)
