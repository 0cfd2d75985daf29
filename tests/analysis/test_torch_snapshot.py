"""Snapshots of PyTorch trainings: a training in two leases equals a training in one. Wrong calls are told from broken
files."""

import random
from types import SimpleNamespace

import numpy
import pytest
import stemma
import torch
from torch.utils.data import DataLoader, TensorDataset


@pytest.fixture
def lease(tmp_path):
    def make(first, last, start=None, save="unused", adopted=False, **configuration):
        start = start and tmp_path / start
        return SimpleNamespace(
            first=first,
            last=last,
            start=start,
            save=tmp_path / save,
            adopted=adopted,
            configuration=configuration,
            parent_configuration=None,
            seed=7,
        )

    return make


def draws():
    return random.random(), numpy.random.rand(), torch.rand(1).item()


def test_seed_has_the_same_effect_in_each_training(lease):
    seen = []
    for one in (lease(0, 1), lease(1, 2, "start")):
        assert stemma.seed(one) == 7
        seen.append(draws())

    assert seen[0] == seen[1]
    assert stemma.seed(SimpleNamespace(seed=8)) == 8 and draws() != seen[0]


def test_the_random_streams_go_on(lease):
    stemma.seed(lease(0, 1))
    stemma.save_torch(lease(0, 1, save="start"))
    went_on = draws()
    stemma.seed(lease(1, 2))

    stemma.load_torch(lease(1, 2, "start"))

    assert draws() == went_on


def test_from_scratch_nothing_is_loaded_or_seeded(lease):
    torch.manual_seed(3)
    wanted = draws_of_torch()
    torch.manual_seed(3)

    assert stemma.load_torch(lease(0, 1), model=torch.nn.BatchNorm1d(1)) == {}
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
def test_loaders_give_the_same_rows_in_two_leases_as_in_one(lease, workers, own_generator):
    def training(one):
        stemma.seed(one)
        generator = torch.Generator().manual_seed(one.seed) if own_generator else None
        parts = {"generator": generator} if own_generator else {}
        loader = DataLoader(Noisy(), batch_size=4, shuffle=True, num_workers=workers, generator=generator)
        stemma.load_torch(one, **parts)
        rows = [batch.tolist() for _ in range(one.first, one.last) for batch in loader]
        stemma.save_torch(one, **parts)
        return rows

    whole = training(lease(0, 3))

    assert training(lease(0, 1, save="one")) + training(lease(1, 3, "one")) == whole


def test_values_without_a_state_are_returned(lease):
    stemma.save_torch(lease(0, 1, save="start"), model=torch.nn.Linear(1, 1), best=0.25, history=[1, 2])

    assert stemma.load_torch(lease(1, 2, "start"), model=torch.nn.Linear(1, 1)) == {"best": 0.25, "history": [1, 2]}


def test_a_path_serves_as_a_lease(tmp_path):
    model = torch.nn.Linear(2, 1)
    stemma.save_torch(tmp_path / "file", model=model)
    other = torch.nn.Linear(2, 1)

    stemma.load_torch(tmp_path / "file", model=other)

    assert other.weight.tolist() == model.weight.tolist()


@pytest.mark.parametrize("content", [b"", b"this is no snapshot", b"PK\x03\x04cut"])
def test_a_broken_file_is_a_snapshot_that_cannot_be_used(lease, tmp_path, content):
    (tmp_path / "start").write_bytes(content)

    with pytest.raises(stemma.SnapshotUnavailable, match=r"^\w+Error: ."):
        stemma.load_torch(lease(1, 2, "start"), model=torch.nn.Linear(1, 1))


def test_so_is_a_file_that_is_not_there_or_not_save_torchs(lease, tmp_path):
    with pytest.raises(stemma.SnapshotUnavailable, match="No such file"):
        stemma.load_torch(lease(1, 2, "missing"))
    torch.save({"model": {}}, tmp_path / "other")
    with pytest.raises(stemma.SnapshotUnavailable, match="not written by save_torch"):
        stemma.load_torch(lease(1, 2, "other"))


@pytest.fixture
def snapshot(lease):
    stemma.save_torch(
        lease(0, 1, save="start"),
        model=torch.nn.Linear(2, 1),
        optimizer=torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), lr=0.1),
    )
    return lease(1, 2, "start")


def test_a_name_that_the_snapshot_lacks_is_the_callers_mistake(snapshot):
    with pytest.raises(KeyError, match='no "scheduler"; save_torch.. was given model, optimizer'):
        stemma.load_torch(snapshot, scheduler=torch.nn.Linear(1, 1))


def test_so_is_a_part_of_a_wrong_type_from_the_first_training_on(lease, snapshot):
    for one in (snapshot, lease(0, 1)):
        with pytest.raises(TypeError, match="best is a float, which has no load_state_dict"):
            stemma.load_torch(one, best=0.5)


def test_so_is_a_model_of_another_shape(snapshot):
    with pytest.raises(RuntimeError, match="size mismatch"):
        stemma.load_torch(snapshot, model=torch.nn.Linear(3, 1))


def test_the_name_of_what_is_saved_by_itself_is_refused(lease):
    with pytest.raises(ValueError, match='"stemma" is the name'):
        stemma.save_torch(lease(0, 1), stemma=1)


def test_a_snapshot_saved_without_a_lease_is_compared_with_the_lease_that_adopts_it(lease, tmp_path):
    def training(lr):
        optimizer = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=lr)
        return {"optimizer": optimizer, "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)}

    stemma.save_torch(tmp_path / "start", **training(0.4))
    for parent, initial in (({"lr": 0.4}, 0.4), ({"lr": 0.1}, 0.2)):
        child = training(0.2)
        one = lease(1, 2, "start", adopted=True, lr=0.4)
        one.parent_configuration = parent
        stemma.load_torch(one, **child)
        assert child["scheduler"].base_lrs == [initial]


def test_every_row_of_a_split_by_the_runs_seed_stays_on_its_side(lease):
    """random_split after seed() gives each member its split; by the run's seed all members have one."""
    splits = []
    for member in (7, 8):
        one = lease(0, 1)
        one.seed, one.run_seed = member, 5
        stemma.seed(one)
        data = TensorDataset(torch.arange(100))
        splits.append(
            [
                torch.utils.data.random_split(data, [80, 20], generator=g)[1].indices
                for g in (torch.default_generator, torch.Generator().manual_seed(5))
            ]
        )

    assert splits[0][1] == splits[1][1] and splits[0][0] != splits[1][0]
