"""Small synthetic runs with results known by hand."""

import numpy as np
import pytest
import stemma
from run_files import write_run
from stemma import derive, workers

# Member 0 is trained to 2 and has a child, 2, that goes on to 4, while 0 itself goes on to 4 too; 1 diverges.
FAMILY = {
    "members": {
        "member": [0, 1, 2],
        "parent": [-1, -1, 0],
        "cause": [1, 1, 3],
        "generation": [0, 0, 1],
        "time": [0, 0, 3],
        "lr": [0.1, 0.5, 0.05],
        "width": [16, 32, 16],
        "activation": [0, 1, 0],
    },
    "leases": {
        "lease": [0, 1, 2, 3],
        "member": [0, 1, 2, 0],
        "worker": [1, 2, 1, 2],
        "from": [0, 0, 2, 2],
        "to": [2, 2, 4, 4],
        "time": [0, 0, 3, 3],
    },
    "lease_ends": {"lease": [0, 1, 2, 3], "time": [2, 3, 6, 7], "outcome": [1, 1, 1, 1]},
    "reports": {
        "member": [0, 1, 2, 0],
        "lease": [0, 1, 2, 3],
        "time": [2, 3, 6, 7],
        "worker": [1, 2, 1, 2],
        "resource": [2, 2, 4, 4],
        "asked": [2, 2, 4, 4],
        "seconds": [1.5, 3, 3, 4],
        "status": [1, 1, 1, 1],
        "valid_loss": [0.5, np.nan, 0.2, 0.3],
        "test_loss": [0.6, np.nan, 0.25, 0.35],
    },
    "units": {
        "report": [0, 0, 1, 1, 2, 2, 3, 3],
        "member": [0, 0, 1, 1, 2, 2, 0, 0],
        "resource": [1, 2, 1, 2, 3, 4, 3, 4],
        "valid_loss": [0.7, 0.5, 0.9, np.nan, 0.3, 0.2, 0.4, 0.3],
        "test_loss": [0.7, 0.6, 0.9, np.nan, 0.4, 0.25, 0.5, 0.35],
    },
    "workers": {"worker": [1, 2], "change": [1, 1], "time": [0, 0]},
    "events": {"time": [2, 3, 6], "kind": [8, 4, 8], "member": [0, 1, 2], "value": [0.5, 0, 0.2]},
}


# The family's workers with two GPUs and one.
DEVICES = b"cuda:0 H200 (GPU-a), cuda:1 H200 (GPU-b)cuda:0 H200 (GPU-c)"
ON_GPUS = {**FAMILY, "workers": {**FAMILY["workers"], "device_offset": [0, 40], "device_length": [40, 20]}}


@pytest.fixture
def family(tmp_path):
    write_run(tmp_path / "family.h5", FAMILY, seconds=8.0)
    return stemma.open(tmp_path / "family.h5")


def test_summary(family):
    told = family.summary
    assert told["founder"].tolist() == [0, 1, 0]
    assert told["descendants"].tolist() == [2, 1, 1]
    assert told["start"].tolist() == [0, 0, 2]
    assert told["reached"].tolist() == [4, 2, 4]
    assert told["best"].tolist()[::2] == [0.3, 0.2] and np.isnan(told["best"][1])
    assert told["seconds"].tolist() == [5.5, 3, 3]
    assert told["state"].tolist() == ["reported", "diverged", "reported"]


def test_an_ancestor_counts_up_to_the_birth_only(family):
    curve = family.lineage(2)
    assert curve["member"].tolist() == [0, 0, 2, 2]
    assert curve["valid_loss"].tolist() == [0.7, 0.5, 0.3, 0.2]
    schedule = family.schedule()
    assert schedule[["member", "start", "to", "metric"]].to_numpy().tolist() == [[0, 0, 2, 0.5], [2, 2, 4, 0.2]]
    assert schedule["lr"].tolist() == [0.1, 0.05] and schedule["activation"].tolist() == ["relu", "relu"]


def test_an_heir_that_waits_stands_where_its_parent_stood(tmp_path):
    """Members 3 and 4 have not been trained yet: 3 was born of member 0 before its second report, 4 of member 2 after
    its only one."""
    waiting = {
        "member": [3, 4],
        "parent": [0, 2],
        "cause": [3, 3],
        "generation": [1, 2],
        "time": [3, 7],
        "lr": [0.1, 0.1],
        "width": [16, 16],
        "activation": [0, 0],
    }
    members = {name: [*values, *waiting[name]] for name, values in FAMILY["members"].items()} | {
        "sequence": [0, 0, 1, 1, 9]
    }
    write_run(
        tmp_path / "run.h5", {**FAMILY, "members": members, "reports": {**FAMILY["reports"], "sequence": [1, 2, 6, 7]}}
    )
    told = stemma.open(tmp_path / "run.h5").summary
    assert (
        told["start"].tolist() == told["reached"].where(told["reports"] == 0, told["start"]).tolist() == [0, 0, 2, 2, 4]
    )


def test_a_training_that_was_ended_before_it_measured_anything_says_nothing(tmp_path):
    stopped = {
        "member": 2,
        "lease": 4,
        "time": 8,
        "worker": 1,
        "resource": 4,
        "asked": 6,
        "seconds": 0,
        "status": 2,
        "valid_loss": np.nan,
        "test_loss": np.nan,
    }
    reports = {name: [*values, stopped[name]] for name, values in FAMILY["reports"].items()}
    leases = {
        name: [*values, {"lease": 4, "member": 2, "worker": 1, "from": 4, "to": 6, "time": 7}[name]]
        for name, values in FAMILY["leases"].items()
    }
    write_run(tmp_path / "run.h5", {**FAMILY, "reports": reports, "leases": leases})
    told = stemma.open(tmp_path / "run.h5").summary
    assert (told["metric"][2], told["reached"][2], told["state"][2]) == (0.2, 4, "reported")


def test_progress(family):
    progress = family.progress
    assert progress["spent"].tolist() == [2, 4, 6, 8]
    assert progress["best"].tolist() == [0.5, 0.5, 0.2, 0.2]
    assert progress["best_member"].tolist() == [0, 0, 2, 2]
    assert progress["best_test_loss"].tolist() == [0.6, 0.6, 0.25, 0.25]


def test_training_counts_for_each_gpu_of_a_worker(tmp_path, family):
    write_run(tmp_path / "gpus.h5", ON_GPUS, seconds=8.0, text=DEVICES)
    run = stemma.open(tmp_path / "gpus.h5")

    assert run.workers["device"].tolist() == ["cuda:0 H200 (GPU-a), cuda:1 H200 (GPU-b)", "cuda:0 H200 (GPU-c)"]
    assert run.progress["busy"].tolist() == [1.5, 4.5, 7.5, 11.5]
    assert run.progress["gpu"].tolist() == [3, 6, 12, 16]
    assert family.progress["gpu"].tolist() == [0, 0, 0, 0], "no worker had one"


def test_rungs(family):
    rungs = family.rungs
    assert rungs.index.tolist() == [2, 4]
    assert rungs["entered"].tolist() == [2, 2] and rungs["reported"].tolist() == [2, 2]
    assert rungs["went_on"].tolist() == [1, 0]  # member 0 went on, itself and in its child
    assert rungs["failed"].tolist() == [1, 0] and rungs["best"].tolist() == [0.5, 0.2]


def test_utilization(family):
    use = family.utilization
    assert use["present"].tolist() == [8, 8]
    assert use["training"].tolist() == [4.5, 7] and use["exchange"].tolist() == [0.5, 0]
    assert use["waiting"].tolist() == [3, 1]


def test_maximized_metrics_are_ranked_the_other_way(tmp_path):
    tables = {**FAMILY, "events": {}}
    write_run(tmp_path / "up.h5", tables, maximize=True)
    run = stemma.open(tmp_path / "up.h5")
    assert run.best_member() == 0 and run.best(2)["best"].tolist() == [0.5, 0.2]
    assert run.progress["best"].tolist() == [0.5, 0.5, 0.5, 0.5]


def test_late_reports_are_never_ranked(tmp_path):
    tables = {**FAMILY, "events": {}, "reports": {**FAMILY["reports"], "status": [1, 1, 3, 1]}}
    write_run(tmp_path / "late.h5", tables)
    assert stemma.open(tmp_path / "late.h5").best_member() == 0


def test_interrupted_trainings_are_in_curves_but_never_ranked(tmp_path):
    tables = {**FAMILY, "events": {}, "reports": {**FAMILY["reports"], "status": [1, 1, 2, 1]}}
    write_run(tmp_path / "partial.h5", tables)
    run = stemma.open(tmp_path / "partial.h5")
    assert run.best_member() == 0 and run.best(3).index.tolist() == [0]
    assert run.progress["best"].tolist() == [0.5, 0.5, 0.5, 0.3]
    assert np.isnan(run.summary["best"][2]) and run.summary["reached"][2] == 4
    assert run.lineage(2)["valid_loss"].tolist() == [0.7, 0.5, 0.3, 0.2]


@pytest.mark.parametrize("cause", [3, 4, 5, 6])
def test_all_births_but_samples_and_repeats_take_over_weights(tmp_path, cause):
    tables = {**FAMILY, "members": {**FAMILY["members"], "cause": [1, 1, cause]}}
    write_run(tmp_path / "born.h5", tables)
    run = stemma.open(tmp_path / "born.h5")
    assert run.path_to(2) == [0, 2] and run.lineage(2)["member"].tolist() == [0, 0, 2, 2]
    only_in_the_child = {**FAMILY["leases"], "member": [0, 1, 2, 1]}
    write_run(tmp_path / "on.h5", {**tables, "leases": only_in_the_child})
    assert stemma.open(tmp_path / "on.h5").rungs["went_on"].tolist() == [2, 0]


def test_a_repeat_has_its_parents_configuration_only(tmp_path):
    write_run(tmp_path / "repeat.h5", {**FAMILY, "members": {**FAMILY["members"], "cause": [1, 1, 2]}})
    assert stemma.open(tmp_path / "repeat.h5").path_to(2) == [2]


def test_workers_of_a_killed_start_were_there_until_its_last_input(tmp_path):
    # Both workers join at 0; killed after the input at 5; one of them joins again at 6, the other never.
    tables = {
        **FAMILY,
        "inputs": {"sequence": np.arange(6), "time": [0, 0, 0, 5, 6, 6]},
        "workers": {"worker": [1, 2, 1], "change": [1, 1, 1], "time": [0, 0, 6], "sequence": [1, 2, 5]},
        "incarnations": {"incarnation": [0, 1], "change": [1, 1], "sequence": [0, 4], "time": [0, 6], "best": [-1, -1]},
    }
    write_run(tmp_path / "killed.h5", tables, seconds=8.0)
    run = stemma.open(tmp_path / "killed.h5")
    assert workers.presence(run).to_numpy().tolist() == [[1, 0, 5], [1, 6, 8], [2, 0, 5]]
    assert run.utilization["present"].tolist() == [7, 5]

    # As it looks before any worker has joined again.
    tables["workers"] = {name: values[:2] for name, values in tables["workers"].items()}
    write_run(tmp_path / "resumed.h5", tables, seconds=8.0)
    assert workers.presence(stemma.open(tmp_path / "resumed.h5")).to_numpy().tolist() == [[1, 0, 5], [2, 0, 5]]


def test_rows_beyond_the_last_commit_do_not_count(tmp_path):
    write_run(tmp_path / "tail.h5", FAMILY, tail=7)
    run = stemma.open(tmp_path / "tail.h5")
    assert len(run) == 3 and len(run.reports) == 4


def test_founders_and_descendants_agree_with_a_walk(tmp_path):
    random = np.random.default_rng(5)
    parents = np.array([-1 if i == 0 or random.random() < 0.2 else random.integers(0, i) for i in range(500)])
    root, below = list(range(500)), [1] * 500
    for i in range(500):
        at = i
        while parents[at] >= 0:
            at = parents[at]
            below[at] += 1
        root[i] = at
    assert derive.founders(parents).tolist() == root
    assert derive.descendants(parents).tolist() == below


def test_names_that_clash_with_columns(tmp_path):
    space = [
        {
            "name": name,
            "type": "real",
            "role": "mutable",
            "low": 0.0,
            "high": 1.0,
            "scale": "linear",
            "step": None,
            "default": None,
            "when": [],
        }
        for name in ("time", "best", "metric")
    ]
    tables = {
        **FAMILY,
        "members": {
            **{k: v for k, v in FAMILY["members"].items() if k not in ("lr", "width", "activation")},
            "time_": [0.1, 0.2, 0.3],
            "best": [1, 2, 3],
            "metric": [4, 5, 6],
        },
    }
    write_run(tmp_path / "clash.h5", tables, parameters=space)
    run = stemma.open(tmp_path / "clash.h5")
    assert run.best(1)["best"].iloc[0] == 0.2 and run.best(1)["best_"].iloc[0] == 3
    assert run.schedule()["metric_"].tolist() == [4, 6]
    assert run.genealogy().nodes[2]["best"] == 0.2
