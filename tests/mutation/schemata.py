"""All mutants of a file in one text, each switched by its number at run time (switch.hpp).

A relation becomes a chain through a switch of the same precedence, so that no expression has to be parsed:
`a < b` is `a < stemma_mutants::lt(17, stemma_mutants::Op::ge) < b`. A constant, a condition and a statement are
wrapped.
Where the language does not take the first form, the next one is tried: FORMS says how many there are.
"""

import re

from mutants import CONDITION, NUMBER, RELATION

NAMES = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
SPACE = "stemma_mutants::"
# For constants: an expression of the literal's type; an object that turns into any type, for braces that take no
# narrowing expression; and the first form in a line that is not constexpr any more.
FORMS = {"relation": 1, "bound": 1, "constant+1": 3, "constant-1": 3, "negation": 1, "statement": 1}


def switched(line, numbered):
    """`line` with the mutants [(number, form, Mutant)] of it, all of them off unless their number is chosen."""
    edits = []  # (start, end, rank, text): the ranks order what is inserted at one place
    statement = []
    relations, constants = {}, {}
    plain = False
    for number, form, mutant in numbered:
        if mutant.kind in ("relation", "bound"):
            relation = RELATION.match(mutant.text, mutant.column).group(1)
            relations.setdefault(mutant.column, []).append((number, relation))
        elif mutant.kind.startswith("constant"):
            constants.setdefault(mutant.column, []).append((number, form, NUMBER.match(mutant.text, mutant.column)))
            plain = plain or form == 2
        elif mutant.kind == "negation":
            match = CONDITION.match(line)
            edits.append((match.start(2), match.start(2), 0, f"{SPACE}on({number}) != static_cast<bool>("))
            edits.append((match.end(2), match.end(2), 2, ")"))
        else:
            statement.append(number)
    for column, changed in relations.items():
        word = RELATION.match(line, column).group(1)
        choices = ", ".join(f"{number}, {SPACE}Op::{NAMES[to]}" for number, to in changed)
        edits.append((column, column + len(word), 1, f"{word} {SPACE}{NAMES[word]}({choices}) {word}"))
    for column, changed in constants.items():
        match = NUMBER.match(line, column)
        text = match.group()
        for number, form, to in changed:
            text = f"({SPACE}on({number}) ? {to.group()} : {text})" if form != 1 else text
        if any(form == 1 for _, form, _ in changed):
            choices = "".join(f", {number}, {to.group()}" for number, form, to in changed if form == 1)
            text = f"{SPACE}number({match.group()}{choices})"
        edits.append((match.start(), match.end(), 1, text))
    out, at = "", 0
    for start, end, _, text in sorted(edits, key=lambda edit: (edit[0], edit[2])):
        out += line[at:start] + text
        at = end
    out += line[at:]
    if plain:
        out = re.sub(r"\bconstexpr\b", "const", out)
    if statement:
        out = f"{{ if (!({' || '.join(f'{SPACE}on({number})' for number in statement)})) {out.strip()} }}"
    return out
