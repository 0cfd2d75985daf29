"""A lease as a program sees it: its hyperparameters, its units, and what it refuses to send."""

import operator

import pytest
import stemma
from stemma.lease import Lease, ProtocolError


class Messages(list):
    """Stands in for the worker."""

    def send(self, **message):
        self.append(message)

    def waiting(self):
        return False


@pytest.fixture
def sent():
    return Messages()


@pytest.fixture
def lease(sent, tmp_path):
    def make(first=0, last=3):
        message = {
            "lease": 1,
            "member": 2,
            "seed": 3,
            "seed64": 2**40 + 3,
            "run_seed": 5,
            "from": first,
            "to": last,
            "max": 9,
            "adopted": False,
        }
        message |= {
            "configuration": {"lr": 0.1, "layers": 2},
            "parent_configuration": None,
            "start": None,
            "save": str(tmp_path / "save"),
        }
        return Lease(sent, message, metrics=["valid_loss", "test_loss"])

    return make


def test_hyperparameters_are_read_like_a_dict_and_no_unit_is_used_up(lease):
    one = lease()

    assert "lr" in one and "momentum" not in one and 1 not in one
    assert dict(one) == {**one} == {"lr": 0.1, "layers": 2}
    assert list(one.keys()) == ["lr", "layers"] and list(one.values()) == [0.1, 2] and dict(one.items()) == dict(one)
    assert one.get("momentum", 0.5) == 0.5 and one.get("lr") == one["lr"]
    with pytest.raises(KeyError, match="there are: lr, layers"):
        one["momentum"]
    assert [*iter(one)] == [1, 2, 3]


def test_it_knows_its_seeds_and_its_end(lease):
    one = lease()

    assert (one.seed, one.seed64, one.run_seed, one.max) == (3, 2**40 + 3, 5, 9)


def test_a_loop_trains_and_reports_at_its_end(lease, sent):
    one = lease()
    for unit in one:
        assert one.at == unit
        one.progress(valid_loss=1 / unit)
    one.report()

    assert [(message["type"], message["at"]) for message in sent] == [
        ("progress", 1),
        ("progress", 2),
        ("progress", 3),
        ("report", 3),
    ]


def test_a_loop_without_progress_is_well(lease, sent):
    one = lease(2, 5)
    for _ in one:
        pass
    one.report(valid_loss=1)

    assert [(message["type"], message["at"]) for message in sent] == [("report", 5)]


def test_a_report_may_be_made_in_the_last_units_body(lease, sent):
    one = lease()
    for unit in one:
        if unit == one.last:
            one.report(valid_loss=1)

    assert sent[-1]["at"] == 3


def test_a_unit_is_used_up_when_its_body_has_ended(lease):
    one = lease()
    assert next(iter(one)) == 1
    for unit in one:
        if unit == 2:
            break

    assert list(iter(one)) == [2, 3]


def test_a_unit_that_was_told_of_is_used_up(lease):
    one = lease()
    for _ in one:
        one.progress(valid_loss=1)
        break

    assert list(iter(one)) == [2, 3]


@pytest.mark.parametrize(
    ("first", "last", "asked"), [(0, 3, r"3 epochs \(1 to 3\)"), (4, 5, "epoch 5"), (1, 3, r"2 epochs \(2 to 3\)")]
)
def test_a_training_without_an_iteration_is_refused(lease, sent, first, last, asked):
    one = lease(first, last)

    with pytest.raises(ProtocolError, match=f"asked for {asked}, iterated over none"):
        one.report(valid_loss=1)
    assert sent == []
    one.report(at=last, valid_loss=1)
    assert sent[0]["at"] == last


@pytest.mark.parametrize("take", [list, tuple, sorted, lambda one: [*one]])
def test_units_that_were_only_listed_are_not_trained(lease, sent, take):
    one = lease()
    take(one)

    with pytest.raises(ProtocolError, match=r"asked for 3 epochs \(1 to 3\), iterated over none"):
        one.report(valid_loss=1)
    assert sent == []


def test_listed_units_that_are_each_told_of_are_trained(lease, sent):
    one = lease()
    for unit in list(one):
        one.progress(at=unit, valid_loss=1)
    one.report()

    assert [message["at"] for message in sent] == [1, 2, 3, 3]


def test_a_listed_unit_has_to_be_named(lease, sent):
    one = lease()
    units = list(one)
    with pytest.raises(ValueError, match=r"name the one, progress\(at=...\)"):
        one.progress(valid_loss=1)
    one.progress(at=units[0], valid_loss=1)
    one.progress(at=units[2], valid_loss=1)
    with pytest.raises(ProtocolError, match="iterated over 2"):
        one.report()


def test_a_progress_bar_may_ask_for_the_length(lease, sent):
    one = lease()
    assert operator.length_hint(one) == 3
    for _ in one:
        one.progress(valid_loss=1)
    one.report()

    assert [message["at"] for message in sent] == [1, 2, 3, 3]


def test_units_are_named_where_a_library_has_the_loop(lease, sent):
    one = lease()
    for epoch in range(one.first, one.last):
        one.progress(at=epoch + 1, valid_loss=1)
    one.report()

    assert [message["at"] for message in sent] == [1, 2, 3, 3] and "at" not in sent[0]["metrics"]


@pytest.mark.parametrize("at", [0, 4])
@pytest.mark.parametrize("how", ["progress", "report"])
def test_a_unit_of_another_lease_is_refused(lease, sent, at, how):
    with pytest.raises(ValueError, match=f"epoch {at}, but the lease is for"):
        getattr(lease(), how)(at=at, valid_loss=1)
    assert sent == []


def test_progress_before_the_loop_is_refused(lease, sent):
    with pytest.raises(ValueError, match="loop over it, or name the epoch"):
        lease().progress(valid_loss=1)
    assert sent == []


@pytest.mark.parametrize("how", ["progress", "report"])
def test_a_metric_that_the_job_does_not_list_is_refused_and_the_training_stays_open(lease, sent, how):
    one = lease(0, 1)
    for _ in one:
        with pytest.raises(
            ValueError,
            match='metric "val_loss" is not in trainer.metrics of the job, which has valid_loss, test_loss; '
            'did you mean "valid_loss"?',
        ):
            getattr(one, how)(val_loss=1, test_loss=2)
        with pytest.raises(
            ValueError, match='metric "zzz" is not in trainer.metrics of the job, which has valid_loss, test_loss$'
        ):
            getattr(one, how)(zzz=1)
        assert sent == []
        getattr(one, how)(valid_loss=1)

    assert sent[0]["metrics"] == {"valid_loss": 1.0}


def test_a_trial_takes_any_metric(capsys):
    for lease in stemma.leases(trial={"lr": 0.1}, last=2):
        for unit in lease:
            lease.progress(anything=unit)
        assert lease.max == 2
        lease.report(anything=1)

    assert capsys.readouterr().out.count("progress") == 2
