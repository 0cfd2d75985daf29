"""A trial as a program sees it: its hyperparameters, its units, and what it refuses to send."""

import copy
import json
import operator
import pickle

import pytest
import stemma
from lone_trials import Messages, trial_of
from stemma.trial import ProtocolError


@pytest.fixture
def sent():
    return Messages()


@pytest.fixture
def trial(sent, tmp_path):
    def make(first=0, last=3):
        fields = {"from": first, "to": last, "configuration": {"lr": 0.1, "layers": 2}, "save": str(tmp_path / "save")}
        return trial_of(fields, sent, ["valid_loss", "test_loss"])

    return make


def said(sent):
    return [(message["type"], message["at"], message["metrics"]) for message in sent]


# ---- hyperparameters -------------------------------------------------------------------------------------------------


def test_hyperparameters_are_read_like_a_dict_and_no_unit_is_used_up(trial):
    one = trial()

    assert "lr" in one and "momentum" not in one and 1 not in one
    assert dict(one) == {**one} == {"lr": 0.1, "layers": 2}
    assert list(one.keys()) == ["lr", "layers"] and list(one.values()) == [0.1, 2] and dict(one.items()) == dict(one)
    assert one.get("momentum", 0.5) == 0.5 and one.get("lr") == one["lr"]
    with pytest.raises(KeyError, match="there are: lr, layers"):
        one["momentum"]
    assert [*iter(one)] == [1, 2, 3]


READS = {
    "by name": lambda one: (one["lr"], one["layers"]),
    "get": lambda one: (one.get("lr"), one.configuration.get("layers")),
    "a question": lambda one: "lr" in one and "layers" in one.configuration,
    "dict": dict,
    "two stars": lambda one: {**one},
    "two stars of the configuration": lambda one: (lambda **values: values)(**one.configuration),
    "dict of the configuration": lambda one: dict(one.configuration),
    "items": lambda one: one.items(),
    "values": lambda one: one.configuration.values(),
    "JSON": lambda one: json.dumps(one.configuration),
    "a copy": lambda one: copy.deepcopy(one.configuration),
    "pickled": lambda one: pickle.dumps(one.configuration),
    "an update": lambda one: {}.update(one.configuration),
}


@pytest.mark.parametrize("how", READS)
def test_a_name_that_is_read_in_any_way_is_not_said_to_be_unread(trial, sent, how):
    with trial() as one:
        READS[how](one)
        one.report(at=3, valid_loss=1)

    assert "unread" not in sent[-1]


def test_names_that_are_never_read_go_with_the_result(trial, sent):
    with trial() as one:
        str(one.configuration), one.keys(), len(one.configuration)
        assert one["lr"] == 0.1
        one.report(at=3, valid_loss=1)

    assert sent[-1]["unread"] == ["layers"] and "unread" not in sent[0]


def test_it_knows_its_seeds_and_its_end(trial):
    one = trial()

    assert (one.member_seed, one.member_seed64, one.run_seed, one.max) == (7, 2**40 + 7, 5, 9)


# ---- units and results -----------------------------------------------------------------------------------------------


def test_a_loop_trains_and_the_end_of_the_block_sends_the_result(trial, sent):
    with trial() as one:
        for unit in one:
            assert one.at == unit
            one.report(valid_loss=1 / unit)
            assert said(sent)[-1] == ("progress", unit, {"valid_loss": 1 / unit})

    assert [what[:2] for what in said(sent)] == [("progress", 1), ("progress", 2), ("progress", 3), ("report", 3)]
    assert sent[-1]["snapshot"] is False


def test_a_report_after_the_loop_is_the_result(trial, sent):
    with trial(2, 5) as one:
        for _ in one:
            pass
        one.report(valid_loss=1)

    assert said(sent) == [("progress", 5, {"valid_loss": 1}), ("report", 5, {})]


def test_more_metrics_of_the_last_unit_go_with_the_result(trial, sent):
    with trial() as one:
        for _ in one:
            one.report(valid_loss=1)
        one.report(test_loss=2)
        one.report(at=3, valid_loss=3)

    assert [at for _, at, _ in said(sent)] == [1, 2, 3, 3]
    assert sent[-1]["metrics"] == {"test_loss": 2, "valid_loss": 3}


def test_so_they_do_where_the_search_stopped_it(trial, sent):
    with trial() as one:
        for unit in one:
            one.report(valid_loss=1)
            sent.stops = unit == 2
        one.report(test_loss=2)

    assert said(sent)[1:] == [("progress", 2, {"valid_loss": 1}), ("report", 2, {"test_loss": 2})]


def test_a_second_report_at_an_earlier_unit_is_refused(trial, sent):
    one = trial()
    for _ in one:
        one.report(valid_loss=1)
        with pytest.raises(ValueError, match="twice at epoch 1: give all metrics of one epoch in one call"):
            one.report(test_loss=1)
        break


def test_a_unit_is_used_up_when_its_body_has_ended(trial):
    one = trial()
    assert next(iter(one)) == 1
    for unit in one:
        if unit == 2:
            break

    assert list(iter(one)) == [2, 3]


def test_a_unit_that_was_reported_is_used_up(trial):
    one = trial()
    for _ in one:
        one.report(valid_loss=1)
        break

    assert list(iter(one)) == [2, 3]


@pytest.mark.parametrize(
    ("first", "last", "asked"), [(0, 3, r"3 epochs \(1 to 3\)"), (4, 5, "epoch 5"), (1, 3, r"2 epochs \(2 to 3\)")]
)
def test_a_training_without_an_iteration_is_refused(trial, sent, first, last, asked):
    one = trial(first, last)

    with pytest.raises(ProtocolError, match=f"asked for {asked}, iterated over none"):
        one.report(valid_loss=1)
    assert sent == []
    one.report(at=last, valid_loss=1)
    assert sent[0]["at"] == last


@pytest.mark.parametrize("take", [list, tuple, sorted, lambda one: [*one]])
def test_units_that_were_only_listed_are_not_trained(trial, sent, take):
    one = trial()
    take(one)

    with pytest.raises(ProtocolError, match=r"asked for 3 epochs \(1 to 3\), iterated over none"):
        one.report(valid_loss=1)
    with pytest.raises(ProtocolError, match="taken all at once"), one:
        pass
    assert [message["type"] for message in sent] == ["failure"]


def test_listed_units_that_are_each_named_are_trained(trial, sent):
    with trial() as one:
        for unit in list(one):
            one.report(at=unit, valid_loss=1)

    assert [message["at"] for message in sent] == [1, 2, 3, 3]


def test_a_progress_bar_may_ask_for_the_length(trial, sent):
    with trial() as one:
        assert operator.length_hint(one) == 3
        for _ in one:
            one.report(valid_loss=1)

    assert [message["at"] for message in sent] == [1, 2, 3, 3]


def test_units_are_named_where_a_library_has_the_loop(trial, sent):
    with trial() as one:
        for epoch in range(one.first, one.last):
            one.report(at=epoch + 1, valid_loss=1)

    assert [message["at"] for message in sent] == [1, 2, 3, 3] and "at" not in sent[0]["metrics"]


@pytest.mark.parametrize("at", [0, 4])
def test_a_unit_of_another_training_is_refused(trial, sent, at):
    with pytest.raises(ValueError, match=f"epoch {at}, but the trial is for"):
        trial().report(at=at, valid_loss=1)
    assert sent == []


def test_a_metric_that_the_job_does_not_list_is_refused_and_the_training_stays_open(trial, sent):
    one = trial(0, 1)
    for _ in one:
        with pytest.raises(
            ValueError,
            match='metric "val_loss" is not in trainer.metrics of the job, which has valid_loss, test_loss; '
            'did you mean "valid_loss"?',
        ):
            one.report(val_loss=1, test_loss=2)
        with pytest.raises(
            ValueError, match='metric "zzz" is not in trainer.metrics of the job, which has valid_loss, test_loss$'
        ):
            one.report(zzz=1)
        assert sent == []
        one.report(valid_loss=1)

    assert sent[0]["metrics"] == {"valid_loss": 1.0}


# ---- the block -------------------------------------------------------------------------------------------------------

NO_RESULT = {
    "nothing": (lambda one: None, "iterated over none"),
    "no report": (lambda one: [None for _ in one], "without report.. at epoch 3"),
    "no report at the last epoch": (lambda one: [unit < 3 and one.report(valid_loss=1) for unit in one], "at epoch 3"),
    "left early": (lambda one: one.report(at=1, valid_loss=1), "ended after epoch 1, and the search had not asked"),
}


@pytest.mark.parametrize("how", NO_RESULT)
def test_a_block_without_a_result_is_the_programs_mistake(trial, sent, how):
    act, part = NO_RESULT[how]
    with pytest.raises(ProtocolError, match=part), trial() as one:
        units = iter(one)
        act(units if how == "nothing" else one)

    assert (sent[-1]["type"], sent[-1]["kind"], sent[-1]["error"]) == ("failure", "exception", "ProtocolError")


def test_an_exception_is_the_trainings_failure_and_the_program_goes_on(trial, sent, capsys):
    with trial() as one:
        one.report(at=1, valid_loss=1)
        raise stemma.Infeasible("too wide")

    assert {"type": "failure", "kind": "infeasible", "error": "Infeasible", "message": "too wide"}.items() <= sent[
        -1
    ].items()
    assert "too wide" in capsys.readouterr().err


def test_a_device_error_ends_the_program(trial, sent):
    with pytest.raises(RuntimeError, match="device-side"), trial():
        raise RuntimeError("CUDA error: device-side assert triggered")

    assert sent[-1]["kind"] == "device"


def test_nothing_comes_after_the_end(trial, sent):
    with trial() as one:
        one.fail("infeasible")
    with pytest.raises(ProtocolError, match="has ended"):
        one.report(at=3, valid_loss=1)
    with pytest.raises(ProtocolError, match="has ended"):
        one.restore()
    assert len(sent) == 1


def test_exit_without_an_error_ends_a_training_that_has_a_result(trial, sent):
    for code, messages in ((0, ["progress", "report"]), (None, ["progress", "report"]), (2, ["progress"])):
        sent.clear()
        with pytest.raises(SystemExit), trial() as one:
            one.report(at=3, valid_loss=1)
            raise SystemExit(code)
        assert [message["type"] for message in sent] == messages


# ---- by itself -------------------------------------------------------------------------------------------------------


def test_a_program_that_is_tried_by_itself_takes_any_metric(capsys):
    for trial in stemma.trials(try_with={"lr": 0.1, "width": 8}, last=2):
        with trial:
            for unit in trial:
                trial.report(anything=unit / trial["lr"])
            assert trial.max == 2
            trial.report(more=1)

    assert capsys.readouterr().out.splitlines() == [
        "stemma: epoch 1 of 2: anything 10",
        "stemma: epoch 2 of 2: anything 20",
        "stemma: the training ended well, without a snapshot: more 1",
        "stemma: never read: width",
    ]


def test_its_mistakes_are_exceptions(capsys):
    with pytest.raises(ZeroDivisionError):
        stemma.run_trials(lambda trial: 1 / 0, try_with={"lr": 0.1})


def test_without_a_configuration_to_try_it_says_what_to_do():
    with pytest.raises(RuntimeError, match="try_with="):
        next(stemma.trials())
