"""Genealogies as Newick and GraphML: texts known by hand, and what other programs read of them."""

import networkx
import numpy as np
import pytest
import stemma
from run_files import write_run
from stemma import schema
from stemma.cli import run as command
from stemma.export.graphs import newick

AWKWARD = 'it\'s "a" <b> & c\n\t\x01\x1b[2J ü 日 \U0001f98a'  # all that needs care
SPACE = [
    {"name": "lr", "type": "real", "low": 0.0, "high": 1.0},
    {"name": "optimizer", "type": "categorical", "choices": ["sgd", AWKWARD, True, 0.5, 3]},
    {"name": "to", "type": "integer", "low": 0, "high": 9},
]
EXPLOIT = schema.BirthCause.EXPLOIT
# Member 0 goes on beside its children 2 and 3; 3 has a child, 5. Member 1 has a child that was not trained.
MEMBERS = {
    "member": range(6),
    "parent": [-1, -1, 0, 0, 1, 3],
    "donor": [-1, -1, -1, 1, -1, -1],
    "cause": [1, 1, EXPLOIT, EXPLOIT, EXPLOIT, EXPLOIT],
    "generation": [0, 0, 1, 1, 1, 2],
    "sequence": [0, 0, 10, 10, 10, 20],
    "lr": [0.1, 0.5, 0.2, 0.15, 0.5, 1 / 3],
    "optimizer": [0, 0, 1, 2, 3, 4],
    "to": [4, np.nan, 4, 4, 0, 9],
}
TRAININGS = [
    (0, 0, 3, 0.9),
    (1, 0, 3, np.inf),
    (0, 3, 6, 0.8),
    (2, 3, 6, 0.7),
    (3, 3, 6, 0.6),
    (5, 6, 9, np.nan),
]  # member, from, to, metric


def family(folder, members=MEMBERS, trainings=TRAININGS, space=SPACE, name="family <1>"):
    who, begin, end, metric = (list(column) for column in zip(*trainings))
    ids = list(range(len(who)))
    write_run(
        folder / "family.h5",
        {
            "members": {key: list(values) for key, values in members.items()},
            "leases": {"lease": ids, "member": who, "from": begin, "to": end},
            "reports": {
                "lease": ids,
                "member": who,
                "resource": end,
                "asked": end,
                "status": [1] * len(ids),
                "valid_loss": metric,
                "sequence": [5 * i for i in ids],
            },
            "units": {"report": ids, "member": who, "resource": end, "valid_loss": metric},
            "events": {"kind": [schema.EventKind.NEW_BEST], "member": [3], "sequence": [20], "value": [0.6]},
        },
        parameters=space,
        name=name,
    )
    return stemma.open(folder / "family.h5")


def test_newick_is_a_tree_a_line(tmp_path):
    assert newick(family(tmp_path)) == (
        "('2 lr=0.2 optimizer=it''s \"a\" <b> & c  ??[2J ü 日 \U0001f98a to=4':3,('5 lr=0.3333 optimizer=3 to=9':3)'3 "
        "lr=0.15 optimizer=true to=4':3)"
        "'0 lr=0.1 optimizer=sgd to=4':6;\n"
        "('4 lr=0.5 optimizer=0.5 to=0':0)'1 lr=0.5 optimizer=sgd':3;\n"
    )


def test_lineages_of_newick_may_be_as_long_as_the_run(tmp_path):
    count = 20_000
    members = {
        "member": range(count),
        "parent": range(-1, count - 1),
        "cause": [1] + [EXPLOIT] * (count - 1),
        "lr": [0.5] * count,
    }
    run = family(tmp_path, members, [(i, i, i + 1, 0.5) for i in range(count)], SPACE[:1])
    text = newick(run)
    assert text.startswith("(" * (count - 1) + f"'{count - 1} lr=0.5':1)") and text.endswith("'0 lr=0.5':1;\n")


def test_newick_is_read_by_biopython(tmp_path):
    phylo = pytest.importorskip("Bio.Phylo")
    run = family(tmp_path)
    run.file.path.with_suffix(".nwk").write_text(newick(run))
    trees = list(phylo.parse(run.file.path.with_suffix(".nwk"), "newick"))
    assert [sum(1 for _ in tree.find_clades()) for tree in trees] == [4, 2]
    assert [tree.root.branch_length for tree in trees] == [6, 3]


def test_graphml_has_all_of_a_member(tmp_path):
    stemma.export.to_graphml(family(tmp_path), tmp_path / "family.graphml")
    graph = networkx.read_graphml(tmp_path / "family.graphml")
    nodes = dict(graph.nodes(data=True))
    assert nodes["n0"] == {
        "member": 0,
        "cause": "sampled",
        "generation": 0,
        "from": 0,
        "to": 6,
        "metric": 0.8,
        "best": False,
        "lr": 0.1,
        "optimizer": "sgd",
        "to_": 4,
    }
    assert nodes["n1"] == {
        "member": 1,
        "cause": "sampled",
        "generation": 0,
        "from": 0,
        "to": 3,
        "metric": np.inf,
        "best": False,
        "lr": 0.5,
        "optimizer": "sgd",
    }
    assert nodes["n3"] == {
        "member": 3,
        "donor": 1,
        "cause": "exploit",
        "generation": 1,
        "from": 3,
        "to": 6,
        "metric": 0.6,
        "best": True,
        "lr": 0.15,
        "optimizer": "true",
        "to_": 4,
    }
    assert nodes["n4"] == {
        "member": 4,
        "cause": "exploit",
        "generation": 1,
        "from": 3,
        "to": 3,
        "best": False,
        "lr": 0.5,
        "optimizer": "0.5",
        "to_": 0,
    }
    assert "metric" not in nodes["n5"] and nodes["n5"]["lr"] == 1 / 3
    assert nodes["n2"]["optimizer"] == AWKWARD.replace("\x01", "\ufffd").replace("\x1b", "\ufffd")
    assert list(graph.edges(data="cause")) == [
        ("n0", "n2", "exploit"),
        ("n0", "n3", "exploit"),
        ("n1", "n4", "exploit"),
        ("n3", "n5", "exploit"),
    ]
    text = (tmp_path / "family.graphml").read_text()
    assert 'id="family &lt;1&gt;"' in text and text.count('attr.type="double"') == 2


def test_names_of_hyperparameters_need_care_too(tmp_path):
    space = [
        {"name": name, "type": "real", "low": 0.0, "high": 1.0} for name in ("member", "best", "a<b>&'\"", "x\x02y")
    ]
    members = {key: MEMBERS[key] for key in ("member", "parent", "cause")} | {
        name: [0.5] * 6 for name in ("member_", "best", "a<b>&'\"", "x\x02y")
    }
    run = family(tmp_path, members, space=space)
    stemma.export.to_graphml(run, tmp_path / "family.graphml")
    node = networkx.read_graphml(tmp_path / "family.graphml").nodes["n3"]
    assert (node["member"], node["best"]) == (3, True) and node["member_"] == node["best_"] == node["a<b>&'\""] == node[
        "x\ufffdy"
    ] == 0.5
    assert "'1 member=0.5 best=0.5 a<b>&''\"=0.5 x?y=0.5':3" in newick(run)


def test_standard_output(tmp_path, capsys):
    run = family(tmp_path)
    assert command(["export", str(run.path), "--newick", "-"]) == 0
    assert capsys.readouterr().out == newick(run)
    assert (
        command(
            ["export", str(run.path), "--newick", str(tmp_path / "f.nwk"), "--graphml", str(tmp_path / "f.graphml")]
        )
        == 0
    )
    assert capsys.readouterr().out.count("6 members: ") == 2
    assert (tmp_path / "f.nwk").read_text() == newick(run)


def test_a_file_that_cannot_be_written_is_named(tmp_path, capsys):
    run = family(tmp_path)
    for option in ("--newick", "--graphml"):
        assert command(["export", str(run.path), option, str(tmp_path / "no/such/folder")]) == 2
        assert "no/such/folder: cannot be written" in capsys.readouterr().err


def test_graphml_without_networkx_says_what_to_install(tmp_path, monkeypatch, capsys):
    import sys

    run = family(tmp_path)
    monkeypatch.setitem(sys.modules, "networkx", None)
    assert command(["export", str(run.path), "--graphml", "-"]) == 2
    assert "GraphML needs the library networkx (pip install networkx)" in capsys.readouterr().err
    assert command(["export", str(run.path), "--newick", "-"]) == 0


def test_a_run_without_members(tmp_path):
    write_run(tmp_path / "run.h5", {})
    run = stemma.open(tmp_path / "run.h5")
    stemma.export.to_graphml(run, tmp_path / "empty.graphml")
    assert newick(run) == "" and len(networkx.read_graphml(tmp_path / "empty.graphml")) == 0
