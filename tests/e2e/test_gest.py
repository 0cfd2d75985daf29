"""Stemma as a generator of gest-api, the standard of libEnsemble, with the package itself."""

import sys

import pytest
from harness import ROOT

sys.path.insert(0, str(ROOT / "analysis"))

pytestmark = pytest.mark.pypi


@pytest.fixture
def generator(stemma):
    """Makes a generator."""
    from gest_api.vocs import VOCS
    from stemma.integrations.gest import StemmaGenerator

    made = []

    def make(variables=None, objectives=None, constants=None, observables=None, constraints=None, **settings):
        vocs = VOCS(
            variables={"x": [0.0, 5.0]} if variables is None else variables,
            objectives=objectives or {"f": "MINIMIZE"},
            constants=constants or {},
            observables=observables or [],
            constraints=constraints or {},
        )
        made.append(StemmaGenerator(vocs, stemma=stemma.binary, **settings))
        return made[-1]

    yield make
    for one in made:
        one.finalize()


def evaluated(points):
    return [point | {"f": (point["x"] - 2) ** 2} for point in points]


def test_points_are_suggested_and_results_ingested(stemma, generator):
    import gest_api.generator

    one = generator(output=stemma.folder / "run.h5", at_once=3, constants={"alpha": 0.5}, observables=["temperature"])
    assert isinstance(one, gest_api.generator.Generator) and one.returns_id
    for _ in range(4):
        points = one.suggest(3)
        assert len({point["_id"] for point in points}) == 3
        assert all(0 <= point["x"] <= 5 and point["alpha"] == 0.5 for point in points)
        one.ingest([point | {"temperature": 20.0} for point in evaluated(points)])
    one.finalize()

    reports = stemma("export", "run.h5", "--json", "-").stdout
    assert reports.count('"temperature":20.0') + reports.count('"temperature": 20.0') >= 12
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_a_model_learns_from_the_results(generator):
    one = generator(at_once=1, sampler={"type": "tpe"})
    values = []
    for _ in range(40):
        results = evaluated(one.suggest(1))
        values.append(results[0]["f"])
        one.ingest(results)
    assert sum(values[20:]) < sum(values[:20])


def test_values_come_back_as_they_were_given(generator):
    one = generator(variables={"x": [0.0, 1.0], "depth": {8, 16, 2}, "kind": {"b", "a"}}, at_once=8)
    points = one.suggest(8)
    assert {point["depth"] for point in points} <= {2, 8, 16} and {point["kind"] for point in points} == {"a", "b"}


def test_without_a_number_it_suggests_what_can_be_out(generator):
    one = generator(at_once=3)
    first = one.suggest()
    assert len(first) == 3
    one.ingest(evaluated(first[:1]))
    assert len(one.suggest()) == 1


def test_a_number_is_kept_or_refused(generator):
    one = generator(at_once=2, points=3)
    with pytest.raises(ValueError, match="at most 2 points at once"):
        one.suggest(3)
    one.ingest(evaluated(one.suggest(2)))
    with pytest.raises(ValueError, match="2 points: "):
        one.suggest(2)  # the search has one left
    one.ingest(evaluated(one.suggest(1)))
    with pytest.raises(ValueError, match="the search has ended"):
        one.suggest(1)


def test_points_of_others_are_refused(generator):
    one = generator()
    with pytest.raises(ValueError, match="without _id"):
        one.ingest([{"x": 1.0, "f": 2.0}])
    with pytest.raises(ValueError, match="_id 7 is not known"):
        one.ingest([{"_id": 7, "x": 1.0, "f": 2.0}])


def test_rungs_are_a_fidelity(generator):
    one = generator(at_once=1, points=9, scheduler={"type": "asha", "max": 9, "eta": 3}, fidelity="epochs")
    seen = []
    while True:
        try:
            points = one.suggest(1)
        except ValueError:
            break
        seen.append((points[0]["x"], points[0]["epochs"]))
        one.ingest(evaluated(points))
    assert {epochs for _, epochs in seen} == {1, 3, 9}
    assert {x for x, epochs in seen if epochs > 1} <= {x for x, epochs in seen if epochs == 1}


def test_a_search_is_gone_on_with(stemma, generator):
    for _ in range(2):
        one = generator(output=stemma.folder / "run.h5", points=6)
        for _ in range(3):
            one.ingest(evaluated(one.suggest(1)))
        one.finalize()
    assert "6 reports" in stemma("status", "run.h5").stdout


@pytest.mark.parametrize(
    "what, said",
    [
        ({"constraints": {"c": ["LESS_THAN", 0]}}, "no constraints"),
        ({"objectives": {"f": "EXPLORE"}}, "one objective"),
        ({"objectives": {"f": "MINIMIZE", "g": "MINIMIZE"}}, "one objective"),
        ({"variables": {}}, "needs a variable"),
        ({"scheduler": {"type": "asha", "max": 9}}, "fidelity"),
    ],
)
def test_what_it_cannot_do_is_said(generator, what, said):
    with pytest.raises(ValueError, match=said):
        generator(**what)
