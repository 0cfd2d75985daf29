"""Snapshots of PyTorch trainings: a training in two parts equals a training in one. Wrong calls are told from broken
files."""

import pickle
import random
import subprocess
import sys
import warnings

import numpy
import pytest
import stemma
import torch
from analysis_jobs import ROOT
from lone_trials import trial_of
from stemma import torch_snapshot
from stemma.trial import ProtocolError
from torch.utils.data import DataLoader, TensorDataset


@pytest.fixture
def trial(tmp_path):
    def make(first, last, start=None, save="unused", adopted=False, parent=None, seed=7, **configuration):
        return trial_of(
            {
                "from": first,
                "to": last,
                "start": start and str(tmp_path / start),
                "save": str(tmp_path / save),
                "adopted": adopted,
                "configuration": configuration,
                "parent_configuration": parent,
                "seed": seed,
            }
        )

    return make


def draws():
    return random.random(), numpy.random.rand(), torch.rand(1).item()


def test_seed_has_the_same_effect_in_each_training(trial):
    seen = []
    for one in (trial(0, 1), trial(1, 2, "start")):
        assert one.seed() == 7
        seen.append(draws())

    assert seen[0] == seen[1]
    assert trial(0, 1, seed=8).seed() == 8 and draws() != seen[0]


def test_seed_after_restore_would_undo_it(trial):
    one = trial(0, 1)
    one.restore(model=torch.nn.Linear(1, 1))
    with pytest.raises(ProtocolError, match="before trial.restore"):
        one.seed()


def test_the_random_streams_go_on(trial):
    trial(0, 1).seed()
    trial(0, 1, save="start").save()
    went_on = draws()
    trial(1, 2).seed()

    trial(1, 2, "start").restore()

    assert draws() == went_on


def test_from_scratch_nothing_is_loaded_or_seeded(trial):
    torch.manual_seed(3)
    wanted = draws_of_torch()
    torch.manual_seed(3)

    assert trial(0, 1).restore(model=torch.nn.BatchNorm1d(1)) == {}
    assert draws_of_torch() == wanted


def draws_of_torch():
    return torch.rand(4).tolist()


class Noisy(torch.utils.data.Dataset):
    """Augments at random, in the loader's workers."""

    def __len__(self):
        return 12

    def __getitem__(self, at):
        return torch.tensor([at, random.random(), numpy.random.rand(), torch.rand(1).item()], dtype=torch.float64)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("own_generator", [False, True])
def test_loaders_give_the_same_rows_in_two_trainings_as_in_one(trial, workers, own_generator):
    def training(one):
        with one:
            seed = one.seed()
            generator = torch.Generator().manual_seed(seed) if own_generator else None
            parts = {"generator": generator} if own_generator else {}
            loader = DataLoader(Noisy(), batch_size=4, shuffle=True, num_workers=workers, generator=generator)
            one.restore(model=torch.nn.Linear(1, 1), **parts)
            rows = []
            for _ in one:
                rows += [batch.tolist() for batch in loader]
                one.report(valid_loss=1)
        return rows

    whole = training(trial(0, 3))

    assert training(trial(0, 1, save="one")) + training(trial(1, 3, "one")) == whole


GENERATORS = {
    "torch": (lambda: torch.Generator().manual_seed(1), lambda one: torch.rand(1, generator=one).item()),
    "numpy": (lambda: numpy.random.default_rng(1), lambda one: one.random()),
    "numpy, the old kind": (lambda: numpy.random.RandomState(1), lambda one: one.rand()),
    "python": (lambda: random.Random(1), lambda one: one.random()),
}


@pytest.mark.parametrize("kind", GENERATORS)
def test_generators_of_each_library_go_on(trial, kind):
    make, draw = GENERATORS[kind]
    one = make()
    before = trial(0, 1, save="start")
    before.restore(generator=one)
    draw(one)
    before.save()
    other = make()

    trial(1, 2, "start").restore(generator=other)

    assert draw(other) == draw(one)


def make_scaler():
    """PyTorch 1.13 has scalers for CUDA alone: without CUDA it switches them off, and their state is empty."""
    if hasattr(torch.amp, "GradScaler"):
        return torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.cuda.amp.GradScaler(init_scale=1024.0, growth_interval=3)


def test_a_gradient_scaler_goes_on(trial):
    def training(one):
        with one:
            one.seed()
            model = torch.nn.Linear(3, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            scaler = make_scaler()
            one.restore(model=model, optimizer=optimizer, scaler=scaler)
            seen = []
            for _ in one:
                for _ in range(2):
                    optimizer.zero_grad()
                    with torch.autocast("cpu", torch.bfloat16):
                        loss = model(torch.randn(4, 3)).pow(2).mean()
                    scaler.scale(loss).backward()
                    scaler.step(optimizer)
                    scaler.update()
                seen.append((scaler.get_scale(), *model.weight.flatten().tolist()))
                one.report(valid_loss=loss)
        return seen

    whole = training(trial(0, 4))

    assert len({scale for scale, *_ in whole}) > 1 or not make_scaler().is_enabled()
    assert training(trial(0, 2, save="half")) + training(trial(2, 4, "half")) == whole


# ---- the end of the block --------------------------------------------------------------------------------------------


def test_the_end_of_the_block_saves_what_restore_was_given(trial):
    model = torch.nn.Linear(1, 1)
    with trial(0, 2, save="start") as one:
        one.restore(model=model)
        for _ in one:
            one.report(valid_loss=1)
            torch.nn.init.normal_(model.weight)
    other = torch.nn.Linear(1, 1)

    assert one._channel[-1]["snapshot"] is True
    assert trial(2, 3, "start").restore(model=other) == {} and torch.equal(other.weight, model.weight)


def test_values_that_save_was_given_are_returned(trial):
    with trial(0, 1, save="start") as one:
        model = torch.nn.Linear(1, 1)
        one.restore(model=model)
        one.report(at=1, valid_loss=1)
        one.save(best=0.25, history=[1, 2], averaged=model)
    averaged = torch.nn.Linear(1, 1)

    values = trial(1, 2, "start").restore(model=torch.nn.Linear(1, 1), averaged=averaged)

    assert values == {"best": 0.25, "history": [1, 2]} and torch.equal(averaged.weight, model.weight)


def test_a_stale_snapshot_is_refused(trial):
    with pytest.raises(ProtocolError, match="with values of its own at epoch 1, and not after epoch 3"):
        with trial(0, 3) as one:
            one.restore(model=torch.nn.Linear(1, 1))
            for epoch in one:
                one.report(valid_loss=1)
                if epoch == 1:
                    one.save(best=1)
    assert [message["type"] for message in one._channel] == ["progress", "progress", "progress", "failure"]


def test_an_earlier_save_of_the_parts_alone_is_saved_anew(trial):
    model = torch.nn.Linear(1, 1)
    with trial(0, 2, save="start") as one:
        one.restore(model=model)
        for epoch in one:
            one.report(valid_loss=1)
            if epoch == 1:
                one.save()
        torch.nn.init.normal_(model.weight)
    other = torch.nn.Linear(1, 1)
    trial(2, 3, "start").restore(model=other)

    assert torch.equal(other.weight, model.weight)


def test_what_was_saved_by_hand_stays(trial, tmp_path):
    with trial(0, 1, save="by_hand") as one:
        one.restore(model=torch.nn.Linear(1, 1))
        one.report(at=1, valid_loss=1)
        torch.save({"mine": 1}, one.save_path)

    assert torch.load(tmp_path / "by_hand") == {"mine": 1} and one._channel[-1]["snapshot"] is True


def test_what_cannot_be_saved_is_the_trainings_failure(trial):
    with trial(0, 1) as one:
        one.report(at=1, valid_loss=1)
        one.save(function=lambda: 1)

    assert one._channel[-1]["type"] == "failure" and "lambda" in one._channel[-1]["message"]


# ---- broken files and wrong calls ------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"this is no snapshot", b"PK\x03\x04cut"])
def test_a_broken_file_is_a_snapshot_that_cannot_be_used(trial, tmp_path, content):
    (tmp_path / "start").write_bytes(content)

    with pytest.raises(stemma.SnapshotUnavailable, match=r"^\w+Error: ."):
        trial(1, 2, "start").restore(model=torch.nn.Linear(1, 1))


def test_so_is_a_file_that_is_not_there_or_another_ones(trial, tmp_path):
    with pytest.raises(stemma.SnapshotUnavailable, match="No such file"):
        trial(1, 2, "missing").restore()
    torch.save({"model": {}}, tmp_path / "other")
    with pytest.raises(stemma.SnapshotUnavailable, match="not written by trial.save"):
        trial(1, 2, "other").restore()


@pytest.fixture
def snapshot(trial):
    trial(0, 1, save="start").save(
        model=torch.nn.Linear(2, 1),
        optimizer=torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), lr=0.1),
    )
    return trial(1, 2, "start")


def test_a_name_that_the_snapshot_lacks_is_the_callers_mistake(snapshot):
    with pytest.raises(KeyError, match='no "scheduler"; it has model, optimizer'):
        snapshot.restore(scheduler=torch.nn.Linear(1, 1))


def test_so_is_a_part_of_a_wrong_type_from_the_first_training_on(trial, snapshot):
    for one in (snapshot, trial(0, 1)):
        for value in (0.5, torch.zeros(1), {"a": 1}, torch.nn.Linear):
            with pytest.raises(TypeError, match=r"best is a \w+, which has neither state_dict.*trial.save\(best=...\)"):
                one.restore(best=value)


def test_so_is_a_model_of_another_shape(snapshot):
    with pytest.raises(RuntimeError, match="size mismatch"):
        snapshot.restore(model=torch.nn.Linear(3, 1))


def test_the_name_of_what_is_saved_by_itself_is_refused(trial):
    with pytest.raises(ValueError, match='"stemma" is the name'):
        trial(0, 1).save(stemma=1)
    with pytest.raises(ValueError, match='"stemma" is the name'):
        trial(0, 1).restore(stemma=torch.nn.Linear(1, 1))


def test_a_snapshot_saved_without_a_trial_is_compared_with_the_trial_that_adopts_it(trial, tmp_path):
    def training(lr):
        optimizer = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=lr)
        return {"optimizer": optimizer, "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)}

    torch_snapshot.save(tmp_path / "start", training(0.4))
    for parent, initial in (({"lr": 0.4}, 0.4), ({"lr": 0.1}, 0.2)):
        child = training(0.2)
        trial(1, 2, "start", adopted=True, parent=parent, lr=0.4).restore(**child)
        assert child["scheduler"].base_lrs == [initial]


def test_every_row_of_a_split_by_the_runs_seed_stays_on_its_side(trial):
    """random_split after seed() gives each member its split; by the run's seed all members have one."""
    splits = []
    for member in (7, 8):
        one = trial(0, 1, seed=member)
        one.seed()
        data = TensorDataset(torch.arange(100))
        splits.append(
            [
                torch.utils.data.random_split(data, [80, 20], generator=g)[1].indices
                for g in (torch.default_generator, torch.Generator().manual_seed(one.run_seed))
            ]
        )

    assert splits[0][1] == splits[1][1] and splits[0][0] != splits[1][0]


# ---- without PyTorch -------------------------------------------------------------------------------------------------

WITHOUT = """import random, sys
sys.path[:0] = [PATHS]
from lone_trials import trial_of


class Model:
    def __init__(self):
        self.weight = random.random()

    def state_dict(self):
        return {"weight": self.weight}

    def load_state_dict(self, state):
        self.weight = state["weight"]


def train(first, last, start, save):
    with trial_of({"from": first, "to": last, "start": start, "save": save}) as trial:
        trial.seed()
        model, generator = Model(), random.Random(3)
        seen = trial.restore(model=model, generator=generator).get("seen", 0)
        for _ in trial:
            model.weight *= random.random() + generator.random()
            seen += 1
            trial.report(valid_loss=1)
            trial.save(seen=seen)
    return model.weight, seen


assert train(0, 4, None, "whole") == (train(0, 2, None, "half"), train(2, 4, "half", "end"))[1]
assert train(0, 4, None, "whole")[1] == 4
assert not {"torch", "numpy"} & set(sys.modules)
"""


def test_a_snapshot_needs_the_standard_library_alone(tmp_path):
    paths = f"{str(ROOT / 'analysis')!r}, {str(ROOT / 'tests/analysis')!r}"
    subprocess.run(
        [sys.executable, "-c", WITHOUT.replace("PATHS", paths)], cwd=tmp_path, env={}, check=True, timeout=60
    )
    assert pickle.loads((tmp_path / "whole").read_bytes())["seen"] == 4
    assert torch_snapshot.read(tmp_path / "whole")["model"].keys() == {"weight"}, "which this process has PyTorch for"
