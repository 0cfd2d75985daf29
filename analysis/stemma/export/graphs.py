"""Genealogies for programs that draw trees and graphs."""

import io
import math
import re
import sys

from stemma.columns import appended
from stemma.errors import StemmaError
from stemma.export.needed import needed
from stemma.files import whole_file
from stemma.printable import printable_line, say

_STANDARD_OUTPUT = "-"
_OF_A_NODE = ("member", "donor", "cause", "generation", "from", "to", "metric", "best")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 has no way to write these


def to_graphml(run, path):
    """GraphML: a directed graph with an edge from each parent to each of its children (attribute `cause`). Nodes n0,
    n1, ... have member, donor, cause, generation, from and to [unit], metric, best, and each active hyperparameter.
    `from` and `to` are what the member was trained itself, `metric` is its last, `best` tells the run's best member. A
    hyperparameter has its name, with _ appended where that is taken. What is not there (NaN, no donor) is left out."""
    networkx = needed("networkx", "networkx", "GraphML")
    graph, donors, best = run.genealogy(), run.file.table("members")["donor"].tolist(), run.best_member()
    columns = list(
        zip(
            map(_xml, appended([parameter.name for parameter in run.parameters], _OF_A_NODE)),
            run.parameters,
            _values(run),
        )
    )
    out = networkx.DiGraph(id=_xml(run.name))
    for member, told in graph.nodes(data=True):
        node = {
            "member": member,
            "donor": donors[member],
            "cause": told["cause"],
            "generation": told["generation"],
            "from": told["start"],
            "to": told["reached"],
            "metric": told["metric"],
            "best": member == best,
        }
        if donors[member] < 0:
            del node["donor"]
        if math.isnan(told["metric"]):
            del node["metric"]
        node |= {name: _xml(values[member]) for name, _, values in columns if values[member] is not None}
        out.add_node(f"n{member}", **node)
    for parent, child in graph.edges:
        out.add_edge(f"n{parent}", f"n{child}", cause=graph.nodes[child]["cause"])
    text = io.BytesIO()
    networkx.write_graphml(out, text)
    return _write(path, text.getvalue().decode(), f"{len(out)} members: {path}")


def to_newick(run, path):
    """Newick: one tree a line for each member without a parent. A node is a member, labeled "NUMBER NAME=VALUE ..." in
    quotes; its branch length is its own training [unit]. Children in order of birth."""
    return _write(path, newick(run), f"{len(run)} members: {path}")


def newick(run):
    parents, told = run.file.table("members")["parent"].tolist(), run.summary
    lengths, columns = (told["reached"] - told["start"]).tolist(), list(zip(run.parameters, _values(run)))
    children = [[] for _ in parents]
    for member, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(member)
    pieces = []
    for root in (member for member, parent in enumerate(parents) if parent < 0):
        waiting = [(root, 0)]  # members, and which child of each comes next: lineages may be as long as the run
        while waiting:
            member, number = waiting.pop()
            if number < len(children[member]):
                pieces.append("," if number else "(")
                waiting += [(member, number + 1), (children[member][number], 0)]
                continue
            words = [
                str(member),
                *(
                    f"{parameter.name}={_short(values[member])}"
                    for parameter, values in columns
                    if values[member] is not None
                ),
            ]
            label = printable_line(" ".join(words)).replace("'", "''")
            pieces.append(f"{')' if number else ''}'{label}':{lengths[member]}")
        pieces.append(";\n")
    return "".join(pieces)


def _values(run):
    """Of each hyperparameter its value in each member: a number, the text of a choice, or None where it is inactive."""
    rows = run.file.table("members")
    for parameter in run.parameters:
        numbers = rows[parameter.column].tolist()
        if parameter.choices:
            yield [None if math.isnan(number) else parameter.choices[int(number)] for number in numbers]
        else:
            kind = int if parameter.type == "integer" else float
            yield [None if math.isnan(number) else kind(number) for number in numbers]


def _short(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _xml(value):
    return _NO_XML.sub("\ufffd", value) if isinstance(value, str) else value


def _write(path, text, told):
    """Returns what to print, if anything."""
    if path == _STANDARD_OUTPUT:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")
        say(text.removesuffix("\n"))
        return None
    try:
        with whole_file(path) as place:
            place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StemmaError(
            f"{path}: cannot be written ({error.strerror}). Choose another file, and see whether the disk is full"
        ) from None
    return told
