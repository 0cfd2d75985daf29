"""What the mutation pass would change."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "layering"))
import tree
from mutants import mutants_of


def changes(line):
    source = f"{line}\n"
    return {
        (mutant.kind, mutant.text.strip())
        for mutant in mutants_of("a.cpp", source, tree.without_comments_and_texts(source))
    }


@pytest.mark.parametrize(
    "line, wanted",
    [
        (
            "    if (a < b) return;",
            {
                ("relation", "if (a >= b) return;"),
                ("bound", "if (a <= b) return;"),
                ("negation", "if (!(a < b)) return;"),
            },
        ),
        (
            "    const int a = 7;  // of 9",
            {("constant+1", "const int a = 8;  // of 9"), ("constant-1", "const int a = 6;  // of 9")},
        ),
        (
            "    const auto x = y == 0U;",
            {("relation", "const auto x = y != 0U;"), ("constant+1", "const auto x = y == 1U;")},
        ),
        ("    ready_.erase(member);", {("statement", ";")}),
        ("    count += other;", {("statement", ";")}),
        ("    ++count;", {("statement", ";")}),
        ("    std::vector<std::uint64_t> a;", set()),
        ('    return std::string("a < b");', set()),
        ('    ensure(a < b, "in order");', set()),
        ("    const auto* p = s->next;", set()),
    ],
)
def test_changes_of_a_line(line, wanted):
    assert changes(line) == wanted


def test_the_search_has_many():
    found = []
    for path in tree.cxx_files(tree.SRC / "manager", tree.SRC / "scheduler"):
        found += mutants_of(path.name, path.read_text(), tree.without_comments_and_texts(path.read_text()))
    assert len(found) > 1000
    assert {mutant.kind for mutant in found} == {
        "relation",
        "bound",
        "constant+1",
        "constant-1",
        "negation",
        "statement",
    }
