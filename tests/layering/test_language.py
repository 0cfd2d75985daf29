"""Comments, docstrings, messages and pages are plain technical English: short sentences, the field's words."""

import re
import subprocess

import prose
import tree

WORDS_MAX = 25

# Where the words are meant: the lists of what is forbidden.
EXCEPT = ("tests/layering/test_language.py",)

# (pattern over prose without code spans, what to write instead). Identifiers are no prose: words with `_`, `::` or `(`.
FORBIDDEN = [
    (r"\b(no|some|any)body('s)?\b", "name the object: no process, a user, another program"),
    (r"\b(whoever|whomever|whom|whosever)\b", "name the object: the process that ..., the worker that ..."),
    (r"\blikewise\b", "repeat the statement with its nouns"),
    (r"\bas ever\b", "as before, or nothing"),
    (r"\bhang(s|ing)? on\b|\bhung on\b", "depend on"),
    (r"\bbe had\b", "be computed, be obtained, be available"),
    (r"\b(hear|hears|heard) of\b", "receive a message about, know"),
    (r"\bbegot(ten)?\b|\bbeget(s|ting)?\b", "had as children, created"),
    (r"\b(sent|send|sends|sending) home\b", "released, told to end"),
    (r"\bdesks?\b", "ask/tell session"),
    (r"\bbells?\b", "wakeup"),
    (r"\b(the|a|an|its|each|this|every) lead\b(?! (time|byte))", "manager setup"),
    (r"\bwish(es|ed)?\b", "request"),
    (
        r"\b(the|its|own|two|these|of|in|all|no|keeps?|kept|both|manager's) books?\b|\bbooks of\b",
        "table, records, state",
    ),
    (r"\bseats?\b", "slot"),
    (r"\bworkers?'s? places?\b", "slot, device assignment"),
]


def texts():
    """(path, paragraph) of all files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=tree.ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    for name in filter(None, listed):
        path = tree.ROOT / name
        if path.is_file() and not path.is_symlink() and name not in EXCEPT:
            for paragraph in prose.of_file(path):
                yield path, paragraph


def forbidden_in(text):
    """(word, what to write instead) of each forbidden word in a line of prose."""
    text = re.sub(r"`[^`]*`|[\w.]*(?:::|_)\w[\w:]*|\w+\(|\"[^\"]{1,20}\"", "CODE", text)
    for pattern, instead in FORBIDDEN:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            yield match.group(), instead


def test_no_private_words():
    wrong = [
        f'{tree.place(path, number)}: "{word}" in: {sentence}\n    instead: {instead}'
        for path, paragraph in texts()
        for number, sentence in prose.sentences_of(paragraph)
        for word, instead in forbidden_in(sentence)
    ]
    assert not wrong, "\n".join(wrong)


def test_sentences_are_short():
    wrong = [
        f"{tree.place(path, number)}: {prose.words(sentence)} words (at most {WORDS_MAX}): {sentence}"
        for path, paragraph in texts()
        if not paragraph[0][1].startswith("|")
        for number, sentence in prose.sentences_of(paragraph)
        if prose.words(sentence) > WORDS_MAX
    ]
    assert not wrong, "\n".join(wrong)


def test_the_checks_see_faults():
    """Each kind of text, with a fault in it: a check that finds nothing anywhere would pass everything."""
    long = " ".join(["word"] * (WORDS_MAX + 1))
    for paragraphs in (
        prose.of_cxx(f"// {long}\n"),
        prose.of_cxx(f'throw UserError("{long[:60]}"\n  "{long[60:]}");'),
        prose.of_python(f'"""{long}"""\n', False),
        prose.of_python(f"x = f'{long} {{y}}'\n", True),
        prose.of_markdown(f"# Title\n{long[:50]}\n{long[50:]}\n"),
        prose.of_hash_comments(f"a = 1  # {long}\n"),
    ):
        assert max(prose.words(s) for p in paragraphs for _, s in prose.sentences_of(p)) > WORDS_MAX
    assert list(prose.paragraphs_of_lines([(1, "Is 3. Yes"), (2, "25. An item")])) == [
        [(1, "Is 3. Yes")],
        [(2, "An item")],
    ]
    short = "One sentence of `code. With` a stop; another: a third, of Rudin et al. (1992). A fourth"
    assert [s.split()[0] for _, s in prose.sentences_of([(1, short)])] == ["One", "another:", "a", "A"]
    assert [
        word for word, _ in forbidden_in("Nobody hears of `wish`, warning_wish or Desk::ask(); the books hang on it")
    ] == ["Nobody", "hang on", "hears of", "the books"]
