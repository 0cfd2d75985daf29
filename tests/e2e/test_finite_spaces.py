"""A finite search space is used up: each configuration is trained once, and the search ends and says so."""

import pytest
from harness import JOB

from record import rows

FINITE = (
    JOB[: JOB.index("[space.lr]")].replace("members = 40", "members = 100")
    + """\
[space.kind]
type = "categorical"
choices = ["a", "b"]
[space.width]
type = "ordinal"
levels = [8, 16, 32]
[space.momentum]
type = "real"
low = 0.1
high = 0.3
step = 0.1
when = { kind = ["b"] }
"""
    + JOB[JOB.index("[scheduler]") :].replace('"asha"\nmin = 1\nmax = 27\neta = 3', '"random"\nmax = 1')
)
COUNT = 3 + 9
SAMPLERS = ["auto", "random", "sobol", "tpe", "gp"]


@pytest.fixture
def finite(tmp_path):
    path = tmp_path / "finite.toml"
    path.write_text(FINITE)
    return path


def configurations(stemma, file):
    return [
        repr(sorted((key, repr(value)) for key, value in row.items() if key in ("kind", "width", "momentum")))
        for row in rows(stemma, file, "configurations")
    ]


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("workers", [1, 16])
def test_a_used_up_space_ends_the_search(stemma, finite, sampler, workers):
    done = stemma("run", finite, "-n", workers, "--output", "a.h5", "--set", f"sampler.type={sampler}")

    expected = f"nothing is left to try: the space has {COUNT} configurations, and all have been tried"
    assert expected in done.stdout
    assert expected in stemma("status", "a.h5").stdout
    assert "every decision is the same" in stemma("verify", "a.h5").stdout
    assert len(rows(stemma, "a.h5", "members")) == COUNT
    used_up = [row for row in rows(stemma, "a.h5", "events") if row["kind"] in (17, "used_up")]
    assert [row["value"] for row in used_up] == [COUNT]


def test_it_stays_used_up_with_a_larger_budget(stemma, finite):
    stemma("run", finite, "-n", 2, "--output", "a.h5", "--set", "run.budget.members=5")
    assert len(rows(stemma, "a.h5", "members")) == 5

    for _ in range(2):
        done = stemma("resume", "a.h5", "-n", "4", "--members", "50")
        assert "and all have been tried" in done.stdout
        assert len(rows(stemma, "a.h5", "members")) == COUNT


def test_duplicates_can_be_allowed(stemma, finite):
    stemma("run", finite, "-n", 2, "--output", "a.h5", "--set", "sampler.allow_duplicates=true")

    assert len(rows(stemma, "a.h5", "members")) == 100


def test_preview_says_how_many_there_are(stemma, finite):
    text = stemma("preview", finite).stdout
    assert f"the space has {COUNT} configurations: the search ends when all have been tried" in text
    assert f"{COUNT} reports" in text
    assert "search ends when" not in stemma("preview", finite, "--set", "run.budget.members=5").stdout


def test_a_population_goes_on(stemma, finite):
    words = ["scheduler.type=pbt", "scheduler.population=20", "scheduler.max=4", "space.kind.role=mutable"]
    sets = [word for one in words for word in ("--set", one)]
    done = stemma("run", finite, "-n", 2, "--output", "a.h5", *sets)

    assert "and all have been tried" not in done.stdout
    assert len(rows(stemma, "a.h5", "members")) >= 20
