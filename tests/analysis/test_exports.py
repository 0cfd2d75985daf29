"""Exports, read back by the libraries that others use to read them."""

import numpy as np
import pandas as pd
import pytest
import stemma
from stemma.cli import run as command


@pytest.fixture
def run(run_of):
    return stemma.open(run_of("gpbt"))


def test_csv_and_json_are_the_programs(run, capsys):
    with pytest.raises(SystemExit, match="2"):
        command(["export", str(run.path), "--csv", "folder"])
    assert "unrecognized arguments: --csv folder" in capsys.readouterr().err
    assert command(["export", str(run.path)]) == 2
    assert "CSV and JSON are exports of the program `stemma`" in capsys.readouterr().err


@pytest.mark.pypi
def test_parquet(run, tmp_path):
    stemma.export.to_parquet(run, tmp_path)
    members = pd.read_parquet(tmp_path / "members.parquet")
    assert members["activation"].astype(str).tolist() == run.members["activation"].astype(str).tolist()
    for table in ("lease_ends", "budgets"):
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{table}.parquet"), run.table(table))


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
