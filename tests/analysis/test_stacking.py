"""stemma.trials(at_once=n), with the worker's side of the conversation in the test."""

import os

import pytest
from stemma import stacking
from stemma.terms import Infeasible, ProtocolError
from stemma.training import Channel


class Worker:
    def __init__(self, folder):
        self._folder = folder
        read, self._to = os.pipe()
        self._from, write = os.pipe()
        self.channel = Channel(read, write)
        self._own = Channel(self._from, self._to)

    def lease(self, number, first=0, last=1):
        self._own.send(
            type="lease",
            lease=number,
            member=number,
            seed=number,
            seed64=number,
            run_seed=1,
            max=9,
            adopted=False,
            configuration={"lr": 0.1},
            parent_configuration=None,
            start=None,
            save=str(self._folder / f"{number}-save"),
            **{"from": first, "to": last},
        )

    def send(self, **message):
        self._own.send(**message)

    def said(self):
        """What the program has said so far: (type, lease)."""
        found = []
        while self._own.waiting():
            message = self._own.receive()
            found.append((message["type"], message["lease"]))
        return found


@pytest.fixture
def worker(tmp_path):
    return Worker(tmp_path)


def trials_of(worker, at_once=4):
    return stacking.trials_at_once(worker.channel, "epoch", 1, ["loss"], at_once)


def members(trials):
    return [trial.member for trial in trials]


def test_trials_join_and_leave_at_units(worker):
    worker.lease(1, last=2)
    worker.lease(2, last=1)
    stream = trials_of(worker)

    first = next(stream)
    assert members(first) == [1, 2] and all(trial.begins for trial in first)
    assert [trial.ends for trial in first] == [False, True]
    for trial in first:
        trial.report(loss=1)
    worker.lease(3)
    second = next(stream)

    assert members(second) == [1, 3] and [trial.at for trial in second] == [2, 1]
    assert worker.said() == [("progress", 1), ("progress", 2), ("report", 2)]


def test_a_lease_that_comes_while_a_trial_looks_for_its_stop_is_not_forgotten(worker):
    """The program would wait for another lease, and the worker for the program."""
    worker.lease(1, last=2)
    stream = trials_of(worker)
    (trial,) = next(stream)
    worker.send(type="stop", lease=1)
    worker.lease(2)
    assert trial.ends, "it reads all messages that have come"
    trial.report(loss=1)

    assert members(next(stream)) == [2]


def test_a_stop_is_for_one_trial_and_the_same_answer_holds_for_a_unit(worker):
    worker.lease(1, last=9)
    worker.lease(2, last=9)
    stream = trials_of(worker)
    one, two = next(stream)
    assert not one.ends
    worker.send(type="stop", lease=1)
    assert not one.ends and not two.ends
    for trial in (one, two):
        trial.report(loss=1)

    assert members(next(stream)) == [1, 2], "what a script has saved, or not, must fit"
    assert one.ends and not two.ends
    for trial in (one, two):
        trial.report(loss=1)

    assert members(next(stream)) == [2]
    assert ("report", 1) in worker.said()


def test_an_exception_in_a_block_fails_that_trial_alone(worker, capsys):
    worker.lease(1)
    worker.lease(2)
    stream = trials_of(worker)
    one, two = next(stream)
    with one:
        raise Infeasible("too wide")
    assert one.failed and not two.failed
    with pytest.raises(ProtocolError, match="look at trial.failed"), one:
        pass
    two.report(loss=1)
    worker.send(type="quit")

    assert list(stream) == []
    assert worker.said() == [("failure", 1), ("progress", 2), ("report", 2)]


def test_a_trial_has_no_loop_of_its_own(worker):
    worker.lease(1)
    (trial,) = next(trials_of(worker))

    with pytest.raises(ProtocolError, match="the loop over lists is the loop over units"):
        list(trial)


def test_the_end_of_the_worker_ends_the_trials(worker):
    worker.lease(1)
    stream = trials_of(worker)
    (trial,) = next(stream)
    trial.report(loss=1)
    worker.send(type="quit")

    assert list(stream) == []
