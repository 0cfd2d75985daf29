"""Exports, read back by the libraries that others use to read them."""

import signal
import subprocess
import sys

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


@pytest.mark.pypi
def test_tensorboard_and_mlflow_follow_a_search(program, tmp_path):
    from analysis_jobs import JOBS, SPACE
    from harness import wait_until
    from mlflow.tracking import MlflowClient
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    job, file, address = tmp_path / "slow.toml", tmp_path / "slow.h5", f"sqlite:///{tmp_path}/mlflow.db"
    job.write_text(JOBS["gpbt"] + SPACE.replace('cost = "1ms"', 'cost = "30ms"'))
    env = program.env | {"STEMMA_PYTHON": sys.executable}
    settings = {"env": env, "cwd": tmp_path, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([program.binary, "run", job, "-q", "-n", "2", "-o", file], **settings) as search:
        wait_until(file.exists, "there is a run file")
        run = stemma.open(file)
        wait_until(lambda: len(run.refresh().reports), "a report is in it")
        search.send_signal(signal.SIGSTOP)  # however long the follower takes to start
        words = ["--follow", "--tensorboard", tmp_path / "board", "--mlflow", address]
        with subprocess.Popen([program.binary, "export", file, *words], **settings) as follower:
            wait_until(lambda: list(tmp_path.glob("board/*/events*")), "a member's curve is there")
            assert not run.refresh().finished and follower.poll() is None
            search.send_signal(signal.SIGCONT)
            said = follower.communicate(timeout=120)[0]
        assert search.wait() == 0

    run = stemma.open(file)
    assert f"{len(run)} runs in experiment" in said and f"{len(run)} members: tensorboard" in said
    for member in range(len(run)):
        events = EventAccumulator(str(tmp_path / f"board/member-{member:06d}"))
        events.Reload()
        curve = events.Scalars("metric/valid_loss")
        assert [event.step for event in curve] == run.lineage(member)["resource"].tolist()
        assert np.allclose([event.value for event in curve], run.lineage(member)["valid_loss"], rtol=1e-6)
    client = MlflowClient(tracking_uri=address)
    experiment = next(item for item in client.search_experiments() if item.name.startswith(run.name))
    found = {
        item.data.tags["mlflow.runName"]: item
        for item in client.search_runs([experiment.experiment_id], max_results=999)
    }
    best = run.best_member()
    history = client.get_metric_history(found[f"member {best}"].info.run_id, "valid_loss")
    own = run.units[run.units["member"] == best]
    assert [one.step for one in history] == own["resource"].tolist()
    assert {item.info.status for item in found.values()} == {"FINISHED"}
    parent = int(run.members["parent"][best])
    assert found[f"member {best}"].data.tags["mlflow.parentRunId"] == found[f"member {parent}"].info.run_id


@pytest.mark.pypi
def test_following_shows_a_training_that_has_not_ended(program, tmp_path):
    from analysis_jobs import SPACE
    from harness import wait_until
    from mlflow.tracking import MlflowClient
    from stemma.export.following import under_way
    from stemma.export.mlflow import Mlflow
    from stemma.export.tensorboard import TensorBoard
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    job, file, address = tmp_path / "slow.toml", tmp_path / "slow.h5", f"sqlite:///{tmp_path}/mlflow.db"
    job.write_text(
        "[run.budget]\nmembers = 2\n[scheduler]\ntype = 'random'\nmax = 12\n" + SPACE.replace('"1ms"', '"300ms"')
    )
    words = [program.binary, "run", job, "-q", "-n", "1", "-o", file]
    with subprocess.Popen(words, env=program.env, cwd=tmp_path, stdout=subprocess.DEVNULL) as search:
        wait_until(file.exists, "there is a run file")
        run = stemma.open(file)
        wait_until(lambda: len(under_way(run.refresh())) >= 4, "four units of a training are shown")
        shown = under_way(run)
        assert len(run.refresh().reports) == 0
        writers = TensorBoard(tmp_path / "board"), Mlflow(run, address)
        for writer in writers:
            writer.update(run)
            writer.begin(run, shown)
        early = EventAccumulator(str(tmp_path / "board/member-000000")).Reload().Scalars("metric/valid_loss")
        assert [event.step for event in early] == [one.resource for one in shown] == list(range(1, len(shown) + 1))
        wait_until(lambda: len(run.refresh().reports) == 2, "both trainings have ended")
        search.wait()

    run.refresh()
    for writer in writers:
        writer.update(run)
        writer.begin(run, under_way(run))
        writer.close(run)
    assert not (tmp_path / "slow.h5.running").exists()
    own = run.units[run.units["member"] == 0]
    curve = EventAccumulator(str(tmp_path / "board/member-000000")).Reload().Scalars("metric/valid_loss")
    assert [event.step for event in curve] == own["resource"].tolist() == list(range(1, 13))
    assert np.allclose([event.value for event in curve], own["valid_loss"], rtol=1e-6)
    client = MlflowClient(tracking_uri=address)
    experiment = next(item for item in client.search_experiments() if item.name.startswith(run.name))
    member = next(
        item
        for item in client.search_runs([experiment.experiment_id])
        if item.data.tags["mlflow.runName"] == "member 0"
    )
    history = client.get_metric_history(member.info.run_id, "valid_loss")
    assert [one.step for one in history] == own["resource"].tolist()


def test_only_some_formats_follow(run, capsys):
    assert command(["export", str(run.path), "--follow", "--graphml", "-"]) == 2
    assert "--follow goes with --tensorboard and --mlflow only" in capsys.readouterr().err


@pytest.fixture(params=[(0.125, 0), (np.nan, 0.125), (0.125, -0.125)])
def failed_attempt(run, request):
    """What a failed attempt showed of a member that was trained again: the recorded values plus an offset a step."""
    from stemma.export.following import Shown

    own = run.units[run.units["member"] == run.best_member()]
    values = own[[metric.units_column for metric in run.metrics]].to_numpy()
    return [
        Shown(run.best_member(), step, float(second), list(row + offset))
        for second, (step, row, offset) in enumerate(zip(own["resource"].tolist(), values, request.param, strict=True))
    ]


class Early:
    """A run as it was before anything of `member` was recorded."""

    def __init__(self, run, member):
        self._run, self._member = run, member

    @property
    def units(self):
        return self._run.units.iloc[:0]

    def lineage(self, member):
        curve = self._run.lineage(member)
        return curve[curve["member"] != member]

    def __getattr__(self, name):
        return getattr(self._run, name)


@pytest.mark.pypi
def test_mlflow_shows_the_recorded_value_after_a_failed_attempt(run, tmp_path, failed_attempt):
    from mlflow.tracking import MlflowClient
    from stemma.export.mlflow import Mlflow

    address = f"sqlite:///{tmp_path}/mlflow.db"
    member = run.best_member()
    writer = Mlflow(run, address)
    early = Early(run, member)
    writer.update(early)
    writer.begin(early, failed_attempt)
    writer.begin(early, failed_attempt[:1])  # the second attempt begins
    for _ in range(2):
        writer.update(run)
    writer.close(run)
    client = MlflowClient(tracking_uri=address)
    experiment = next(item for item in client.search_experiments() if item.name.startswith(run.name))
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    found = next(item for item in runs if item.data.tags["mlflow.runName"] == f"member {member}")
    history = client.get_metric_history(found.info.run_id, "valid_loss")
    latest = {}
    for one in sorted(history, key=lambda one: (one.step, one.timestamp)):
        latest[one.step] = one.value
    own = run.units[run.units["member"] == member]
    assert latest == dict(zip(own["resource"], own["valid_loss"]))
    assert len(history) == len(set((one.step, one.timestamp) for one in history))
    shown = {one.resource: one.values[0] for one in failed_attempt}
    appended = [step for step, value in latest.items() if np.isfinite(shown[step]) and shown[step] != value]
    assert len(history) == len(own) + len(appended), "equal values are not repeated"
    assert found.data.metrics["valid_loss"] == own["valid_loss"].iloc[-1]


@pytest.mark.pypi
def test_tensorboard_shows_the_recorded_value_after_a_failed_attempt(run, tmp_path, failed_attempt):
    from stemma.export.tensorboard import TensorBoard
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    member = run.best_member()
    folder = tmp_path / f"member-{member:06d}"
    writer = TensorBoard(tmp_path)
    early = Early(run, member)
    writer.write(early, member)
    writer.begin(early, failed_attempt)
    reader = EventAccumulator(str(folder))
    reader.Reload()
    assert failed_attempt[-1].resource == reader.Scalars("metric/valid_loss")[-1].step
    files = list(folder.glob("events*"))
    writer.write(run, member)
    again = list(folder.glob("events*"))
    assert len(again) == 2 and set(files) < set(again)
    writer.write(run, member)
    assert list(folder.glob("events*")) == again, "the record is in it"
    curve = run.lineage(member)
    reader.Reload()
    for events in reader, EventAccumulator(str(folder)).Reload():
        scalars = events.Scalars("metric/valid_loss")
        assert [event.step for event in scalars] == curve["resource"].tolist()
        assert np.allclose([event.value for event in scalars], curve["valid_loss"], rtol=1e-6)


@pytest.mark.pypi
def test_tensorboard_keeps_the_file_where_the_record_is_what_was_shown(run, tmp_path):
    from stemma.export.following import Shown
    from stemma.export.tensorboard import TensorBoard

    member = run.best_member()
    own = run.units[run.units["member"] == member]
    writer = TensorBoard(tmp_path)
    early = Early(run, member)
    writer.write(early, member)
    values = own[[metric.units_column for metric in run.metrics]].to_numpy().tolist()
    writer.begin(early, [Shown(member, step, 1.0, row) for step, row in zip(own["resource"].tolist(), values)])
    files = list(tmp_path.glob("*/events*"))
    writer.write(run, member)
    assert list(tmp_path.glob("*/events*")) == files
