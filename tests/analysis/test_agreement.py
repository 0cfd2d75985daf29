"""The program and the Python package say the same of a run: best member, ancestors, schedules, and all tables. Over the
golden set and a few fresh searches."""

import itertools
import json
import math
import re

import pandas as pd
import pytest
import stemma
import tomllib
from analysis_jobs import ROOT
from stemma import derive, schema

pytestmark = pytest.mark.filterwarnings("ignore:.*tables have no checksums")  # files of version 1 that are not finished
GOLDEN = sorted((ROOT / "tests/data/golden").glob("v*/*.h5"))
FRESH = ("pbt", "gpbt", "failing", "hyperband")


@pytest.fixture(
    scope="module",
    params=[*GOLDEN, *FRESH],
    ids=lambda it: it if isinstance(it, str) else f"{it.parent.name}/{it.stem}",
)
def path(request):
    return request.getfixturevalue("run_of")(request.param) if isinstance(request.param, str) else request.param


@pytest.fixture(scope="module")
def run(path):
    return stemma.open(path)


@pytest.fixture(scope="module")
def told(program, path):
    """What the program exports."""
    return json.loads(program("export", path, "--json", "-").stdout)


def some_members(run):
    """The best, those with the longest lineages, and a few more."""
    depth = run.members["generation"].sort_values(ascending=False).index[:3]
    return sorted(
        {
            *([] if run.best_member() is None else [run.best_member()]),
            *depth,
            *range(0, len(run), max(1, len(run) // 6)),
        }
    )


def plain(value):
    """A cell as JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value.item() if hasattr(value, "item") else value


def test_the_best_member(program, path, run):
    found = re.search(r"^best member: (\d+) after (\d+) ", program("status", path).stdout, re.MULTILINE)
    assert (found and (int(found[1]), int(found[2]))) == (
        None if run.best_member() is None else (run.best_member(), int(run.best(1)["at"].iloc[0]))
    )


def test_all_tables(run, told):
    ids = {
        (table, column)
        for table, columns in schema.TABLES.items()
        for column, kind in columns.items()
        if kind == "int64"
    }
    for table in told:
        if table == "header" or f"table {table}" in run.lacks:  # the program makes all tables from the log
            continue
        frame = run.members if table == "members" else run.table(table)
        rows = told[table]
        assert len(frame) == len(rows), table
        for column in rows[0] if rows else ():
            if f"column {column} of table {table}" in run.lacks:
                continue
            expected = [row[column] for row in rows]
            if column == "configuration":
                for parameter in run.parameters:
                    compare_values(frame[parameter.column], [row[parameter.name] for row in expected])
                continue
            shown = [plain(value) for value in frame[column].astype(object)]
            if (table, column) in ids and expected != shown:
                shown = [None if value == schema.NONE else value for value in shown]
            assert shown == expected, (table, column)


def compare_values(column, expected):
    """Numbers of a configuration, or choices by their texts; None where inactive."""
    shown = [None if pd.isna(value) else plain(value) for value in column.astype(object)]
    assert [value if isinstance(value, str) or value is None else float(value) for value in shown] == [
        value
        if value is None
        else {True: "true", False: "false"}[value]
        if isinstance(value, bool)
        else str(value)
        if isinstance(column.dtype, pd.CategoricalDtype)
        else float(value)
        for value in expected
    ]


def test_ancestors(program, path, run):
    """The program draws those of a repeat too, whose weights it has not."""
    program.env["LC_ALL"] = "C"
    parents = run.members["parent"]
    for member in some_members(run):
        chain = [member]
        while parents[chain[-1]] >= 0:
            chain.append(int(parents[chain[-1]]))
        text = program("lineage", path, member, "--width", 200).stdout
        assert [int(number) for number in re.findall(r"^[o*] (\d+) ", text, re.MULTILINE)] == chain[::-1]
        assert run.path_to(member) == chain[::-1][-len(run.path_to(member)) :]


def stages(text):
    """Member, end and hyperparameters of each stage."""
    members = [int(number) for number in re.findall(r"^\[\[schedule\]\]  # member (\d+)", text, re.MULTILINE)]
    return [
        {"member": member, **stage}
        for member, stage in zip(members, tomllib.loads(text).get("schedule", []), strict=True)
    ]


def test_schedules(program, path, run):
    asked = [
        (member, ("schedule", path, member, "--toml"))
        for member in some_members(run)
        if run.summary["reached"][member] > 0
    ]
    asked += [] if run.best_member() is None else [(None, ("schedule", path, "--best", "--toml"))]
    for member, words in asked:
        expected, shown = stages(program(*words).stdout), run.schedule(member)
        assert shown["member"].tolist() == [stage["member"] for stage in expected], member
        assert shown["to"].tolist() == [stage["to"] for stage in expected], member
        assert shown["start"].tolist() == [0, *shown["to"].tolist()[:-1]], member
        for parameter in run.parameters:
            compare_values(
                shown[parameter.column if parameter.column in shown else parameter.column + "_"],
                [stage.get(parameter.name) for stage in expected],
            )


def test_trees_of_newick(run):
    """Every member stands once in the forest, with the length of its own training."""
    text = stemma.export.graphs.newick(run)
    lengths = dict(re.findall(r"'(\d+) (?:[^']|'')*':(\d+)", text))
    assert {int(member): int(length) for member, length in lengths.items()} == (
        run.summary["reached"] - run.summary["start"]
    ).to_dict()


def births(run):
    """Births whose places the file has: an older program recorded none."""
    return run.members[0:0] if "column replaced of table members" in run.lacks else run.members


def test_what_the_file_lacks(program, path, run):
    """The program and the package say it in the same words, and `show` as `status`."""
    for words in (("status", path), ("show", path, 0)):
        told = re.search(r"; lacks (.*)$", program(*words).stdout, re.MULTILINE)
        assert (told[1] if told else "") == ", ".join(run.lacks)
    assert ("lacks" in run.lacks_text()) == bool(run.lacks)
    assert bool(run.lacks) == (run.file.version < schema.FORMAT_VERSION)


def test_whose_place_a_child_took(program, path, run):
    born = births(run)
    if not len(born):
        return
    took = born[born["replaced"] >= 0]
    assert (took["replaced"] < took["member"]).all()
    gave_up = took[took["cause"] != "continuation"]
    kept = took[took["cause"] == "continuation"]
    assert (kept["replaced"] == kept["parent"]).all()
    given = run.leases
    for child, replaced, sequence in zip(gave_up["member"], gave_up["replaced"], gave_up["sequence"]):
        assert not ((given["member"] == replaced) & (given["sequence"] > sequence)).any(), (child, replaced)
    for child, replaced in list(zip(took["member"], took["replaced"]))[:2]:
        assert f"took place of  {replaced}\n" in program("show", path, child).stdout
        assert f"member {child} takes its place\n" in program("show", path, replaced).stdout


def test_members_of_a_bracket_begin_in_its_first_rung(path, run):
    born = births(run)
    if not len(born):
        return
    first = run.leases.drop_duplicates("member").set_index("member")["to"]
    by_bracket = born[born["bracket"] >= 0].join(first, how="inner", rsuffix="_").groupby("bracket")
    wanted = {"hyperband": 3, "hyperband_random": 3, "asha_hyperband_sobol": 3, "sha_tpe": 1}.get(path.stem, 0)
    assert by_bracket.ngroups >= wanted
    ends = by_bracket["to"].agg(["min", "max"])
    if path.stem == "gpbt_auto_interval":  # its brackets are arms, whose children begin where a parent was selected
        return
    assert (ends["min"] == ends["max"]).all() or "budget_cut" in set(run.events["kind"])


def test_who_was_selected_when(path, run):
    """A child of GPBT is born of a parent of the generation that was selected last. After a restart from new founders
    generations are counted from 1 again."""
    selected = run.events[run.events["kind"] == "selected"]
    if not len(births(run)) or not path.stem.startswith(("gpbt", "torch")):
        assert not len(selected)
        return
    assert len(selected) and (selected["value"] > 0).all()
    generations = selected.groupby("sequence")["value"].agg(["min", "max"])
    assert (generations["min"] == generations["max"]).all()
    numbers = generations["min"].tolist()
    assert numbers[0] == 1 and all(after in (before, before + 1, 1) for before, after in itertools.pairwise(numbers))
    for parent, sequence in run.members.loc[run.members["cause"] == "adoption", ["parent", "sequence"]].to_numpy():
        last = selected[selected["sequence"] <= sequence]
        assert parent in set(last[last["sequence"] == last["sequence"].max()]["member"])


def test_whose_snapshot_a_training_starts_from(run):
    """The parent's in the first training of an heir, and never a parent's in a later one."""
    given = run.table("leases")
    if "column adopted_from of table leases" in run.lacks:
        assert run.file.version < schema.FORMAT_VERSION
        return
    heirs = {int(member) for member in run.members.index[derive.heirs(run)]}
    reported = run.file.table("reports")
    for lease in given[given["adopted_from"] >= 0].itertuples():
        assert lease.member in heirs and lease.adopted_from == run.members["parent"][lease.member]
        before = reported[(reported["member"] == lease.member) & (reported["sequence"] < lease.sequence)]
        assert (before["resource"] <= given["from"][lease.Index]).all()  # interrupted before its first unit, at most
    first = given.drop_duplicates("member").set_index("member")["adopted_from"]
    assert {int(member) for member in first.index[first >= 0]} == heirs & set(first.index)


NOISY = """
[run.budget]
epochs = 600
[metric]
name = "valid_loss"
direction = "minimize"
[space.h]
type = "real"
low = 0.001
high = 1.0
scale = "log"
[scheduler]
type = "gpbt"
max = 50
interval = {interval}
children = 12
[trainer]
type = "toy"
surface = "deceptive"
noise = {noise}
"""


@pytest.mark.parametrize(("interval", "noise", "noisy"), [(1, 0.1, True), (10, 0.001, False), (1, 0, False)])
def test_whether_selection_sees_noise(program, tmp_path, interval, noise, noisy):
    (tmp_path / "noisy.toml").write_text(NOISY.format(interval=interval, noise=noise))
    file = tmp_path / "noisy.h5"
    ended = program("run", tmp_path / "noisy.toml", "--output", file).stdout
    shown = re.search(
        r"noise explains about (\d+) % .* \(standard deviation (\S+), from (\d+) families\)",
        program("status", file).stdout,
    )
    found = stemma.open(file).selection_noise
    if noisy:
        assert found.families == int(shown[3]) and f"{found.deviation:.2g}" == shown[2]
        assert f"{100 * found.share:.0f}" == shown[1] and found.share > 0.5
        assert abs(found.deviation - noise) < noise / 2
        assert shown[0] in ended
    else:
        assert shown is None and (found is None or found.share < 0.5)
