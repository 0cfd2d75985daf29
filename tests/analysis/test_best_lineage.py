"""The lineage of a run's result ends at the report that made it the best, though the member was trained on."""

import numpy as np
import stemma
from run_files import write_run
from stemma.report.payload import payload
from test_derived import FAMILY
from test_trajectories import METRICS, SPACE, UNITS

# Member 2 was the best at 3 and is trained on to 4, where it is worse.
REPORTS = {name: [*values[:2], values[2], *values[2:]] for name, values in FAMILY["reports"].items()}
REPORTS |= {"sequence": [1, 2, 3, 4, 5], "resource": [2, 2, 3, 4, 4], "valid_loss": [0.5, np.nan, 0.1, 0.2, 0.3]}
EVENTS = {**FAMILY["events"], "sequence": [1, 2, 3]}


def test_by_default_it_is_that_of_the_result(tmp_path):
    units = {**FAMILY["units"], "valid_loss": [0.7, 0.5, 0.9, np.nan, 0.1, 0.2, 0.4, 0.3]}
    write_run(tmp_path / "run.h5", {**FAMILY, "reports": REPORTS, "events": EVENTS, "units": units})
    run = stemma.open(tmp_path / "run.h5")

    assert run.best_member() == 2
    assert run.lineage()["resource"].tolist() == [1, 2, 3]
    assert run.schedule()[["member", "start", "to", "metric"]].to_numpy().tolist() == [[0, 0, 2, 0.5], [2, 2, 3, 0.1]]
    assert [stage["to"] for stage in payload([run])[0]["schedules"][0]["stages"]] == [2, 3]


def test_a_member_by_its_number_shows_all_of_its_training(tmp_path):
    write_run(tmp_path / "run.h5", {**FAMILY, "reports": REPORTS, "events": EVENTS})
    run = stemma.open(tmp_path / "run.h5")

    assert run.lineage(2)["resource"].tolist() == [1, 2, 3, 4]
    assert run.schedule(2)["to"].tolist() == [2, 4]
    assert run.schedule(2, until=1)["to"].tolist() == [1]


def test_the_way_of_what_moved_ends_there_too(tmp_path):
    tables = {**FAMILY, "reports": REPORTS, "events": EVENTS, "units": UNITS}
    write_run(tmp_path / "run.h5", tables, parameters=SPACE, metrics=METRICS, held_out=(0, 1, 1, 1, 1, 1))
    run = stemma.open(tmp_path / "run.h5")

    assert run.trajectory()["step"].tolist() == [5, 10, 15, 20, 25, 30]
    assert run.trajectory(2)["step"].tolist() == [5, 10, 15, 20, 25, 30, 35, 40]
    assert payload([run])[0]["schedules"][0]["moved"][0][-1][0] == 3


def test_what_came_before_the_largest_resource_is_no_result(tmp_path):
    """With scheduler.final = "max" the run's own result counts, even if an earlier report was better."""
    events = {"time": [6], "kind": [8], "member": [2], "value": [0.2], "sequence": [4]}
    write_run(tmp_path / "run.h5", {**FAMILY, "reports": REPORTS, "events": events})
    run = stemma.open(tmp_path / "run.h5")

    assert run.schedule()["to"].tolist() == [2, 4]
    assert [stage["to"] for stage in payload([run])[0]["schedules"][0]["stages"]] == [2, 4]
