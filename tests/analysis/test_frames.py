"""Runs as data frames, against what the program itself says of them."""

import json

import numpy as np
import pytest
import stemma

pytestmark = pytest.mark.parametrize("name", ["asha", "pbt", "gpbt", "failing"])


@pytest.fixture
def told(program, run_of, name):
    return json.loads(program("export", run_of(name), "--json", "-").stdout)


@pytest.fixture
def run(run_of, name):
    return stemma.open(run_of(name))


def test_tables_have_the_rows_that_the_program_exports(run, told):
    for table in ("members", "reports", "units", "leases", "events", "failures"):
        content = told[table]
        count = len(next(iter(content.values()))) if isinstance(content, dict) else len(content)
        assert len(getattr(run, table)) == count, table
    assert run.finished


def test_best_member_is_the_programs(run, program, run_of, name):
    status = program("status", run_of(name)).stdout
    assert f"best member: {run.best_member()} after" in status
    best = run.best(3)
    assert best.index[0] == run.best_member()
    assert f"{best['best'].iloc[0]:.6g}" in status
    assert best["best"].is_monotonic_increasing


def test_schedule_is_the_programs(run, program, run_of, name):
    tomllib = pytest.importorskip("tomllib")
    stages = tomllib.loads(program("schedule", run_of(name), "--best", "--toml").stdout)["schedule"]
    mine = run.schedule()
    assert mine["to"].tolist() == [stage["to"] for stage in stages]
    for stage, (_, row) in zip(stages, mine.iterrows()):
        assert stage["lr"] == pytest.approx(row["lr"], rel=0, abs=0)
        assert stage["activation"] == row["activation"]


def test_lineages_go_on_over_births_without_gaps(run):
    member = run.best_member()
    curve = run.lineage(member)
    assert curve["resource"].tolist() == list(range(1, int(run.summary["reached"][member]) + 1))
    assert curve["member"].iloc[-1] == member and curve["member"].iloc[0] == run.path_to(member)[0]


def test_genealogy_is_a_forest_of_all_members(run):
    networkx = pytest.importorskip("networkx")
    graph = run.genealogy()
    assert len(graph) == len(run)
    assert networkx.is_forest(graph)
    assert graph.number_of_edges() == (run.members["parent"] >= 0).sum()
    assert graph.nodes[run.best_member()]["best"] == run.best(1)["best"].iloc[0]


def test_time_of_workers_adds_up(run):
    use = run.utilization
    assert len(use) == 3
    parts = use[["training", "exchange", "lost", "waiting"]].sum(axis=1)
    assert np.allclose(parts, use["present"], rtol=0.15)


def test_snapshot_of_the_best_is_arrays(run):
    arrays = run.snapshot()
    assert arrays and all(isinstance(array, np.ndarray) for array in arrays.values())


def test_refresh_and_open_again_give_the_same(run, run_of, name):
    before = run.summary.copy()
    assert run.refresh().summary.equals(before)
    assert stemma.open(run_of(name)).summary.equals(before)
