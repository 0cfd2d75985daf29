"""What the mutation pass would change."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "layering"))
import tree
from mutants import mutants_of
from schemata import FORMS, switched


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


def behind_switches(line, form=0):
    """The line with all its mutants, numbered from 1."""
    source = f"{line}\n"
    found = mutants_of("a.cpp", source, tree.without_comments_and_texts(source))
    text = switched(line, [(number, min(form, FORMS[one.kind] - 1), one) for number, one in enumerate(found, 1)])
    return text.replace("stemma_mutants::", "")


@pytest.mark.parametrize(
    "line, wanted",
    [
        (
            "    if (a < b) return;",
            "    if (on(1) != static_cast<bool>(a < lt(2, Op::le, 3, Op::ge) < b)) return;",
        ),
        ("    const int a = 7;  // of 9", "    const int a = (on(2) ? 6 : (on(1) ? 8 : 7));  // of 9"),
        ("    const auto x = y == 0U;", "    const auto x = y == eq(1, Op::ne) == (on(2) ? 1U : 0U);"),
        ("    ready_.erase(member);", "{ if (!(on(1))) ready_.erase(member); }"),
        ("    count += 3;", "{ if (!(on(1))) count += (on(3) ? 2 : (on(2) ? 4 : 3)); }"),
    ],
)
def test_all_mutants_of_a_line_are_in_it_and_off(line, wanted):
    assert behind_switches(line) == wanted


def test_what_cannot_be_switched_so_takes_the_next_form():
    assert behind_switches("    f({0, to});", 1) == "{ if (!(on(1))) f({number(0, 2, 1), to}); }"
    assert behind_switches("constexpr int most = 3;", 2) == "const int most = (on(2) ? 2 : (on(1) ? 4 : 3));"


PROGRAM = """
#include <cstdio>
#include <vector>
enum class State { idle, busy };
int answer(int given, State state) {
    std::vector<int> seen;
    if (given > 4 && state == State::busy) seen.push_back(given);
    for (int i = 0; i < 3; ++i) seen.push_back(i);
    return seen.size() == 4U ? 1 : 0;
}
int main() { std::printf("%d%d%d", answer(5, State::busy), answer(4, State::busy), answer(5, State::idle)); }
"""


def test_a_switched_program_is_each_of_its_mutants(tmp_path):
    """Built once with all switches, it says what each mutant says that is built alone."""
    found = mutants_of("a.cpp", PROGRAM, tree.without_comments_and_texts(PROGRAM))
    lines = PROGRAM.splitlines()
    for line in {one.line for one in found}:
        here = [(number, 0, one) for number, one in enumerate(found, 1) if one.line == line]
        lines[line - 1] = switched(lines[line - 1], here)
    header = Path(__file__).with_name("switch.hpp")
    program = built(tmp_path / "all", f'#include "{header}"\n' + "\n".join(lines))
    assert said_by(program) == "100"
    results = set()
    for number, one in enumerate(found, 1):
        text = PROGRAM.splitlines()
        text[one.line - 1] = one.text
        alone = built(tmp_path / "alone", "\n".join(text))
        assert said_by(program, str(number)) == said_by(alone), one
        results.add(said_by(alone))
    assert len(results) > 4


def built(place, source):
    place.with_suffix(".cpp").write_text(source)
    subprocess.run(["c++", "-std=c++20", "-w", "-o", place, place.with_suffix(".cpp")], check=True)
    return place


def said_by(program, mutant=""):
    done = subprocess.run(
        ["timeout", "1", "prlimit", f"--as={1 << 30}", "--core=0", program],
        capture_output=True,
        text=True,
        check=False,
        env={"STEMMA_MUTANT": mutant} if mutant else {},
    )
    return done.stdout if done.returncode == 0 else "no answer"
