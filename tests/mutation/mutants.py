"""All places in C++ source at which one small change makes a mutant."""

import re
from dataclasses import dataclass

OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
# `a < b` and `a > b` have blanks around them, as clang-format writes them; templates and arrows have not.
RELATION = re.compile(r"(?<= )(<=|>=|==|!=|<|>)(?= )")
NUMBER = re.compile(r"(?<![\w.'\"])(\d+)(U|UL|ULL)?(?![\w.'])")
CONDITION = re.compile(r"^(\s*(?:\} else )?(?:if|while) \()(.*)(\) ?(?:\{|[^{}]*;|continue;|\[\[unlikely\]\])?)$")
STATEMENT = re.compile(
    r"^(\s{4,})((?!return\b|break\b|continue\b|using\b|throw\b|case\b|default\b|static_assert\b|ensure\()"
    r"[\w:.\[\]>*()-]+(?:\(.*\)|\s(?:[-+|&*/^]|<<|>>)?=\s.*|\+\+|--)|\+\+[\w.>-]+|--[\w.>-]+);$"
)


@dataclass(frozen=True, order=True)
class Mutant:
    """Line `line` (from 1) of `path` becomes `text`; `kind` is the operator."""

    path: str
    line: int
    column: int
    kind: str
    text: str


def mutants_of(path, source, blanked):
    """Mutants of a file, sorted. `blanked`: the source with comments and string literals blanked, same lines."""
    found = []
    for number, (line, code) in enumerate(zip(source.splitlines(), blanked.splitlines()), 1):
        if len(code) != len(line):  # a comment or text in the line: only what stands before it
            code = common_start(line, code)
        if code.lstrip().startswith(("#", "static_assert", "template", "ensure(")) or "operator" in code:
            continue
        found += [
            Mutant(path, number, column, kind, text) for column, kind, text in changes(line, code) if text != line
        ]
    return sorted(set(found))


def common_start(line, code):
    length = 0
    while length < min(len(line), len(code)) and line[length] == code[length]:
        length += 1
    return line[:length]


def changes(line, code):
    """(column, kind, changed line) of each change of a line; `code` is its start without comments and texts."""
    for match in RELATION.finditer(code):
        yield match.start(), "relation", line[: match.start()] + OPPOSITE[match.group()] + line[match.end() :]
        if match.group() in ("<", "<=", ">", ">="):
            bound = match.group().rstrip("=") if match.group().endswith("=") else match.group() + "="
            yield match.start(), "bound", line[: match.start()] + bound + line[match.end() :]
    for match in NUMBER.finditer(code):
        for step in (1, -1):
            changed = int(match.group(1)) + step
            if changed < 0:
                continue
            yield match.start(), f"constant{step:+}", line[: match.start(1)] + str(changed) + line[match.end(1) :]
    if (match := CONDITION.match(code)) and code == line and balanced(match.group(2)) and ";" not in match.group(2):
        if " = " not in match.group(2):  # no declaration inside
            yield len(match.group(1)), "negation", f"{match.group(1)}!({match.group(2)}){match.group(3)}"
    if (match := STATEMENT.match(code)) and code == line and balanced(match.group(2)):
        yield len(match.group(1)), "statement", match.group(1) + ";"


def balanced(text):
    depth = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0:
            return False
    return depth == 0
