"""lineage, schedule, export --newick and --graphml: on a population, and on a search without parents."""

import re
import xml.etree.ElementTree as ET

import pytest
import tomllib
from harness import JOB, ROOT, USER_ERROR

from record import rows

PBT = JOB.replace("members = 40", "members = 200").replace(
    'type = "asha"\nmin = 1\nmax = 27\neta = 3', 'type = "pbt"\npopulation = 8\ninterval = 3\nmax = 24'
)
GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"


@pytest.fixture
def population(stemma, job):
    job.write_text(PBT)
    stemma.env["LC_ALL"] = "C"
    stemma("run", job, "-n", 2, "-q")
    return "runs/toy.h5"


@pytest.fixture
def members(stemma, population):
    return rows(stemma, population, "members")


def best_of(stemma, file):
    return int(re.search(r"best member: (\d+)", stemma("status", file).stdout)[1])


def ancestors(members, member):
    found = [member]
    while members[found[-1]]["parent"] is not None:
        found.append(members[found[-1]]["parent"])
    return found[::-1]


def drawn(text):
    """Numbers of the members that have a line of their own, in order."""
    return [int(number) for number in re.findall(r"^[|` -]*[o*] (\d+) ", text, re.MULTILINE)]


def test_there_are_children(members):
    assert any(member["cause"] == "exploit" for member in members)


STANDING_STILL = f"""
[run]
name = "still"
[run.budget]
members = 30
[metric]
name = "valid_loss"
direction = "minimize"
[space]
lr = {{ type = "real", low = 1e-12, high = 2e-12 }}
[scheduler]
type = "gpbt"
children = 4
max = 6
[trainer]
type = "torch"
data = "csv"
path = "{ROOT}/tests/data/uci_energy/energy.csv"
model = "mlp"
layers = 1
width = 16
"""


@pytest.mark.parametrize("ranks", [2, 4])
def test_a_lineages_curve_is_continuous(stemma, mpi, tmp_path, ranks):
    """Networks that hardly learn keep their initial loss: a child's loss is its parent's, on any worker."""
    if "no LibTorch" in stemma("--version").stdout:
        pytest.skip("built without LibTorch")
    (tmp_path / "still.toml").write_text(STANDING_STILL)
    mpi(ranks, "run", "still.toml", "-q", "--set", 'run.output="still.h5"')
    losses = {}
    for row in rows(stemma, "still.h5", "units"):
        losses.setdefault(row["member"], row["valid_loss"])
    members = rows(stemma, "still.h5", "members")
    founders = [losses[one["member"]] for one in members if one["parent"] is None]
    children = [one for one in members if one["parent"] is not None and one["member"] in losses]

    assert len(children) >= 16 and len(founders) == 12
    assert min(abs(a - b) for a in founders for b in founders if a is not b) > 1e-5
    for child in children:
        assert losses[child["member"]] == pytest.approx(losses[child["parent"]], rel=1e-7)


def test_the_forest_has_everybody(stemma, population, members):
    text = stemma("lineage", population, "--all").stdout

    assert sorted(drawn(text)) == [member["member"] for member in members]
    assert text.startswith(f"toy: {len(members)} members from 8 roots; best member {best_of(stemma, population)}\n")


def test_the_forest_fits_a_terminal(stemma, population):
    for width in (40, 80):
        text = stemma("lineage", population, "--width", width).stdout
        assert all(len(line) <= width for line in text.splitlines()[1:]), text
        assert len(text.splitlines()) <= 104


def test_box_drawing_where_the_locale_allows(stemma, population):
    assert stemma("lineage", population).stdout.isascii()
    stemma.env["LC_ALL"] = "C.UTF-8"
    assert "●" in stemma("lineage", population).stdout


def test_the_way_to_a_member(stemma, population, members):
    best = best_of(stemma, population)
    text = stemma("lineage", population, "--best").stdout

    assert drawn(text) == ancestors(members, best)
    assert text == stemma("lineage", population, best).stdout


def test_the_schedule_is_that_of_the_ancestors(stemma, population, members):
    best = best_of(stemma, population)
    found = tomllib.loads(stemma("schedule", population, "--best", "--toml").stdout)
    text = stemma("schedule", population).stdout

    assert found["scheduler"] == {"type": "schedule"}
    stages = found["schedule"]
    lineage = ancestors(members, best)
    assert len(stages) == len(lineage)
    for stage, member in zip(stages, lineage):
        assert (stage["lr"], stage["momentum"]) == (
            members[member]["configuration"]["lr"],
            members[member]["configuration"]["momentum"],
        )
    ends = [stage["to"] for stage in stages]
    assert ends == sorted(set(ends))
    values = [{key: value for key, value in stage.items() if key != "to"} for stage in stages]
    changes = [end for end, one, following in zip(ends, values, [*values[1:], None]) if one != following]
    assert re.findall(r"^ *\d+ +(\d+) ", text, re.MULTILINE) == [str(end) for end in changes]


def test_the_schedule_of_the_result_ends_at_its_report(stemma, job):
    """If noise alone decides, the best member is trained on and loses the metric that made it the best."""
    stemma.env["LC_ALL"] = "C"
    job.write_text(PBT.replace('type = "toy"', 'type = "toy"\nnoise = 1.0\nsurface = "flat"'))
    told = stemma("run", job, "-n", 1, "-q").stdout
    file = "runs/toy.h5"
    member, resource, metric = re.search(
        r"best member: (\d+) after (\d+) steps\n(?:.*\n)*? +valid_loss +(\S+)", told
    ).groups()
    reached = max(row["resource"] for row in rows(stemma, file, "reports") if row["member"] == int(member))
    assert reached > int(resource), "else this tests nothing"

    best = tomllib.loads(stemma("schedule", file, "--best", "--toml").stdout)["schedule"]
    assert best[-1]["to"] == int(resource)
    assert f"member {member}, {resource} steps in" in stemma("schedule", file).stdout
    assert tomllib.loads(stemma("schedule", file, member, "--toml").stdout)["schedule"][-1]["to"] == reached
    star = re.search(r"^\* (\d+) .* (\S+) at (\d+) ", stemma("lineage", file, "--best").stdout, re.MULTILINE)
    assert star[1] == member and float(star[2]) == pytest.approx(float(metric), rel=1e-3) and star[3] == resource
    if len(best) > 1:
        assert star[0] in told and f"member {member}, {resource} steps in" in told, "the end of the run shows the same"


def test_graphml(stemma, population, members):
    stemma("export", population, "--graphml", "family.graphml")
    root = ET.parse(stemma.folder / "family.graphml").getroot()
    names = {key.get("id"): key.get("attr.name") for key in root.iter(GRAPHML + "key")}
    nodes = [{names[data.get("key")]: data.text for data in node} for node in root.iter(GRAPHML + "node")]
    edges = [(edge.get("source"), edge.get("target")) for edge in root.iter(GRAPHML + "edge")]

    assert [int(node["member"]) for node in nodes] == [member["member"] for member in members]
    assert [float(node["lr"]) for node in nodes] == [member["configuration"]["lr"] for member in members]
    assert sorted(edges) == sorted(
        (f"n{member['parent']}", f"n{member['member']}") for member in members if member["parent"] is not None
    )


def test_graphml_for_networkx(stemma, population, members):
    networkx = pytest.importorskip("networkx")
    stemma("export", population, "--graphml", "family.graphml")
    graph = networkx.read_graphml(stemma.folder / "family.graphml")

    assert networkx.is_forest(graph) and len(graph) == len(members)
    assert graph.nodes["n0"]["lr"] == members[0]["configuration"]["lr"]
    assert [node for node, best in graph.nodes(data="best") if best] == [f"n{best_of(stemma, population)}"]


def test_newick(stemma, population, members):
    trees = stemma("export", population, "--newick", "-").stdout.splitlines()

    assert len(trees) == 8
    for tree in trees:
        bare = re.sub(r"'(?:[^']|'')*'", "X", tree)
        assert re.fullmatch(r"[(),;X:\d]+", bare) and bare.count("(") == bare.count(")")
    labels = re.findall(r"'(\d+) lr=[^']*':", "".join(trees))
    assert sorted(map(int, labels)) == [member["member"] for member in members]


def test_a_search_without_parents_is_a_forest_of_roots(stemma, job):
    stemma.env["LC_ALL"] = "C"
    stemma("run", job, "-n", 2, "-q")

    assert sorted(drawn(stemma("lineage", "runs/toy.h5").stdout)) == list(range(40))
    assert len(tomllib.loads(stemma("schedule", "runs/toy.h5", "--toml").stdout)["schedule"]) == 1


def test_mistakes(stemma, job):
    stemma("run", job, "-n", 2, "-q")

    assert "0 .. 39" in stemma("lineage", "runs/toy.h5", 40, code=USER_ERROR).stderr
    stemma("schedule", "runs/toy.h5", 1, "--best", code=USER_ERROR)
    stemma("lineage", "nowhere.h5", code=USER_ERROR)
    assert "--newick" in stemma("export", "runs/toy.h5", code=USER_ERROR).stderr
    assert (
        "cannot be written" in stemma("export", "runs/toy.h5", "--newick", "no/such/folder.nwk", code=USER_ERROR).stderr
    )


def test_a_schedule_is_trained_again_from_scratch(stemma, population):
    """`schedule --toml` in place of [scheduler] and [sampler] is a job: one lineage, the same stages."""
    schedule = stemma("schedule", population, "--best", "--toml").stdout
    without = re.sub(r"\[(scheduler|sampler)\]\n(?:[^\[\n].*\n|\n)*", "", PBT)
    (stemma.folder / "again.toml").write_text(without + schedule)

    stemma("run", "again.toml", "-n", 1, "--output", "again.h5")

    stages = [int(line.split("=")[1]) for line in schedule.splitlines() if line.startswith("to = ")]
    members = rows(stemma, "again.h5", "members")
    assert len(members) == len(stages)
    assert [row["parent"] for row in members] == [None, *range(len(stages) - 1)]
    ends = [row["resource"] for row in rows(stemma, "again.h5", "reports")]
    assert ends == stages
    stemma("verify", "again.h5")


def test_a_schedule_trains_as_a_search_with_a_preset_did(stemma):
    """Trainer settings that depend on the search's [scheduler] stand in the job of the schedule."""
    if "no LibTorch" in stemma("--version").stdout:
        pytest.skip("built without LibTorch")
    text = (ROOT / "jobs/energy_asha.toml").read_text().replace("../tests/data", str(ROOT / "tests/data"))
    text = text.replace('[trainer]\ntype = "torch"', '[trainer]\ntype = "torch"\nlr_schedule = "cosine"')
    before = '[scheduler]\ntype = "asha"\neta = 3\nmin = 3\nmax = 81\n'
    assert before in text
    published = '[scheduler]\ntype = "gpbt"\npreset = "published"\nchildren = 4\nmax = 3\n'
    (stemma.folder / "search.toml").write_text(text.replace(before, published))
    stemma("run", "search.toml", "-n", 1, "-q", "-o", "search.h5")

    schedule = stemma("schedule", "search.h5", "--toml").stdout
    assert tomllib.loads(schedule)["scheduler"] == {"type": "schedule", "inherit_optimizer": False, "horizon": 3.0}
    (stemma.folder / "again.toml").write_text(text.replace(before, "") + schedule)
    stemma("run", "again.toml", "-n", 1, "-q", "-o", "again.h5")
    assert len(rows(stemma, "again.h5", "members")) == len(tomllib.loads(schedule)["schedule"])
