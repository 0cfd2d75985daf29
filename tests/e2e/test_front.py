"""Searches with several metrics: [[metric]], the front, and what reports must have."""

import pytest
from harness import JOB

from record import rows

TWO = """\
[[metric]]
name = "loss"
direction = "minimize"
[[metric]]
name = "speed"
direction = "maximize"
"""
SPACE = """\
[space.width]
type = "real"
low = 0.0
high = 1.0
[space.waste]
type = "real"
low = 0.0
high = 1.0
"""
PROGRAM = """
import stemma
for trial in stemma.trials():
    for unit in trial:
        values = {"loss": 1 - trial["width"] + trial["waste"] + 1 / unit}
        if trial["width"] < LACKS:
            values["speed"] = 2 - trial["width"] - trial["waste"]
        trial.report(**values)
"""
SCHEDULERS = {
    "asha": 'type = "asha"\nmax = 9\n',
    "asha_hyperband": 'type = "asha_hyperband"\nmax = 9\n',
    "sha": 'type = "sha"\nmax = 9\nmembers = 27\n',
    "hyperband": 'type = "hyperband"\nmax = 9\n',
    "random": 'type = "random"\nmax = 3\n',
}


@pytest.fixture
def job(tmp_path):
    def write(scheduler, lacks="2"):
        (tmp_path / "train.py").write_text(PROGRAM.replace("LACKS", lacks))
        trainer = '[trainer]\ntype = "process"\ncommand = ["python3", "train.py"]\n'
        path = tmp_path / "two.toml"
        budget = "[run]\nseed = 5\n[run.budget]\nmembers = 27\n"
        path.write_text(budget + TWO + SPACE + "[scheduler]\n" + SCHEDULERS[scheduler] + trainer)
        return path

    return write


def expected_front(reports):
    """By the definition, apart from the program: (member, resource) of each report that no other dominates."""
    points = [(row["member"], row["resource"], row["loss"], -row["speed"]) for row in reports]

    def dominated(a):
        return any(b[2] <= a[2] and b[3] <= a[3] and b[2:] != a[2:] for b in points)

    return sorted((point for point in points if not dominated(point)), key=lambda point: (point[2], point[3], point[0]))


def table_of(text):
    lines = text.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.split()[:2] == ["member", "epochs"])
    return [tuple(int(word) for word in line.split()[:2]) for line in lines[begin + 1 :] if line.split()]


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_front_is_that_of_all_reports(stemma, job, scheduler):
    done = stemma("run", job(scheduler), "-n", 2, "--output", "a.h5")

    reports = rows(stemma, "a.h5", "reports")
    front = [point[:2] for point in expected_front(reports)]
    assert table_of(stemma("front", "a.h5").stdout) == front
    text = f"front: {len(front)} of {len(reports)} results"
    assert text in done.stdout
    assert text in stemma("status", "a.h5").stdout
    best = min(row["loss"] for row in reports)
    assert f"best loss: member {front[0][0]} after {front[0][1]} epochs" in done.stdout
    assert min(point[2] for point in expected_front(reports)) == best
    assert "every decision is the same" in stemma("verify", "a.h5").stdout


def test_a_resumed_search_has_the_same_order(stemma, job):
    stemma("run", job("asha"), "-n", 2, "--output", "a.h5")
    stemma("resume", "a.h5", "-n", 2, "--members", 40)

    reports = rows(stemma, "a.h5", "reports")
    assert len(rows(stemma, "a.h5", "members")) == 40
    assert table_of(stemma("front", "a.h5").stdout) == [point[:2] for point in expected_front(reports)]
    assert "every decision is the same" in stemma("verify", "a.h5").stdout
    first = [row for row in reports if row["resource"] == 1]
    third = [row for row in reports if row["resource"] == 3]
    assert len(third) <= len(first) // 3, "a rung of asha promotes at most a third"


def test_a_report_without_one_of_the_metrics_is_an_error(stemma, job):
    done = stemma("run", job("asha", lacks="-1"), "-n", 1, "--output", "a.h5", code=1)

    assert "the report lacks speed, by which the job ranks members" in done.stdout + done.stderr


def test_a_search_with_one_metric_has_no_front(stemma, tmp_path):
    path = tmp_path / "one.toml"
    path.write_text(JOB)
    stemma("run", path, "-n", 2, "--output", "one.h5")

    refused = stemma("front", "one.h5", code=2)
    assert "optimizes one metric, valid_loss, and has no front; see `stemma status" in refused.stderr


def test_a_simulation_has_values_for_each_metric(stemma, job):
    text = stemma("simulate", job("asha"), "-n", 4).stdout
    assert "27 born, 0 given up" in text
    assert "0 late" in text
    assert "0.000000" not in text.split("best")[1].splitlines()[0]
