"""The English of the tree: comments, docstrings, messages and pages, as sentences with the line where each begins."""

import ast
import io
import json
import re
import tokenize

import tree

# A paragraph is [(line number, text)]. Tables are paragraphs too; a caller that counts words leaves them out.
NUMBERED = re.compile(r"\b\d+ [a-z_]+(?:, \d+ [a-z_]+){2,}")
LIST_ITEM = re.compile(r"^\s*(?:[-*]|\d+\.|[a-z]\))\s+")
ABBREVIATIONS = re.compile(r"\b(et al|e\.g|i\.e|vs|cf|resp|Fig|Eq|Sec|sec|approx|No|pp|p|Ch)\.")
HASH_NAMES = {".toml", ".sbatch", ".sh", ".cmake", ".in", ".def", ".yaml", ".supp"}
CXX_TOKEN = re.compile(
    r'(?P<line>//[^\n]*)|(?P<block>/\*.*?\*/)|(?P<raw>R"(?P<d>\w*)\(.*?\)(?P=d)")|(?P<text>"(?:\\.|[^"\\\n])*")'
    r"|(?P<char>'(?:\\.|[^'\\\n])')|(?P<open>\n\s*#[^\n]*)",
    re.DOTALL,
)


def paragraphs_of_lines(lines):
    """Lines [(number, text)] of one comment or page, cut at empty lines, list items and indented diagrams."""
    paragraph = []
    for number, text in lines:
        starts_anew = LIST_ITEM.match(text) or not text.strip() or re.search(r"->|\s{3,}\S", text.strip())
        if starts_anew and paragraph:
            yield paragraph
            paragraph = []
        if text.strip():
            paragraph.append((number, LIST_ITEM.sub("", text, count=1).strip()))
        if text.strip() and re.search(r"\s{3,}\S", text.strip()):
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph


def runs_of(comments, lines):
    """Comments [(line, column, text)] joined where a comment continues: on a line of its own, in the same column."""
    run, last = [], None
    for number, column, text in comments:
        behind_code = column >= 0 and lines[number - 1][:column].strip()
        if run and (behind_code or (number, column) != (last[0] + 1, last[1])):
            yield run
            run = []
        run.append((number, text))
        last = (number, column)
    if run:
        yield run


def of_cxx(source):
    """Comments, and string literals of more than three words with adjacent literals joined."""
    comments, literals, after = [], [], None
    for match in CXX_TOKEN.finditer(source):
        number = source.count("\n", 0, match.start()) + 1
        if match["line"]:
            text = re.sub(r"^//[/!]?<?", "", match["line"])
            comments.append((number, match.start() - source.rfind("\n", 0, match.start()) - 1, text))
        elif match["block"]:
            comments += [(number + i, -1, text.strip("/* ")) for i, text in enumerate(match["block"].split("\n"))]
        elif match["text"]:
            text = match["text"][1:-1].replace('\\"', '"')
            if after is not None and not source[after : match.start()].strip():
                literals[-1].append((number, text))
            else:
                literals.append([(number, text)])
            after = match.end()
    for run in runs_of(comments, source.split("\n")):
        yield from paragraphs_of_lines(run)
    for literal in literals:
        yield from of_message("".join(text for _, text in literal), literal[0][0], r"\\n")


def of_message(text, number, line_end="\n"):
    """A message's lines, if it reads as text: three words and more, no code."""
    for line in re.split(line_end, text):
        words = line.split()
        if len(words) > 3 and not re.search(r"[{};]$|^\s*[#<]|\w = ", line.strip().replace("{}", "")):
            yield [(number, line)]


def of_python(source, messages):
    """Docstrings and comments; with `messages`, string constants too."""
    comments = [
        (t.start[0], t.start[1], t.string.lstrip("#"))
        for t in tokenize.generate_tokens(io.StringIO(source).readline)
        if t.type == tokenize.COMMENT
    ]
    for run in runs_of(comments, source.split("\n")):
        yield from paragraphs_of_lines(run)
    docstrings = set()
    nodes = ast.parse(source)
    for node in ast.walk(nodes):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False):
            text = node.body[0].value
            docstrings.add(id(text))
            yield from paragraphs_of_lines(list(enumerate(text.value.split("\n"), text.lineno)))
    parts = {id(part) for node in ast.walk(nodes) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(nodes) if messages else ():
        if isinstance(node, ast.JoinedStr):
            text = "".join(p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
            yield from of_message(text, node.lineno)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | parts:
            yield from of_message(node.value, node.lineno)


def of_markdown(source):
    lines, in_code = [], False
    for number, text in enumerate(source.split("\n"), 1):
        if text.strip().startswith("```"):
            in_code = not in_code
            lines.append((number, ""))
        elif in_code or text.startswith("<!--"):
            lines.append((number, ""))
        elif text.startswith(("#", "|")):
            lines += [(number, ""), (number, text), (number, "")]
        else:
            lines.append((number, text))
    yield from paragraphs_of_lines(lines)


def of_hash_comments(source):
    comments = [
        (number, match.start(1), match.group(1)[1:])
        for number, text in enumerate(source.split("\n"), 1)
        if (match := re.search(r"(?:^|\s)(#(?!!|SBATCH).*)", text))
    ]
    for run in runs_of(comments, source.split("\n")):
        yield from paragraphs_of_lines(run)


def of_notebook(source):
    for cell in json.loads(source)["cells"]:
        if cell["cell_type"] == "markdown":
            yield from of_markdown("".join(cell["source"]))


def of_file(path):
    name = path.relative_to(tree.ROOT).as_posix()
    if path.suffix in (".hpp", ".cpp", ".js", ".css"):
        return of_cxx(path.read_text())
    if path.suffix == ".py":
        return of_python(path.read_text(), messages=name.startswith("analysis/"))
    if path.suffix == ".md":
        return of_markdown(path.read_text())
    if path.suffix == ".ipynb":
        return of_notebook(path.read_text())
    if path.suffix in HASH_NAMES or name in ("run", "test", ".ci/run") or path.name == "CMakeLists.txt":
        return of_hash_comments(path.read_text())
    return ()


def plain(text):
    """Without what is not prose: code spans and addresses count as one word, formatting as none."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"`[^`]*`", "CODE", text)
    text = re.sub(r"https?://\S+", "LINK", text)
    return re.sub(r"[*_]{2}|\\n", " ", text)


def sentences_of(paragraph):
    """[(line, sentence)]. A full stop, question or exclamation mark, semicolon or colon ends a sentence."""
    text, starts = "", []
    for number, line in paragraph:
        starts.append((len(text), number))
        text += line + " "
    # Code spans may hold full stops and may cross lines: blanked to the same length, so that places stay.
    masked = re.sub(r"`[^`]*`", lambda m: "`" + "x" * (len(m.group()) - 2) + "`", text)
    masked = ABBREVIATIONS.sub(lambda m: m.group().replace(".", "x"), masked)
    begin = 0
    for end in [m.end() for m in re.finditer(r"[.!?;:][\"')*_]*(?=\s)", masked)] + [len(text)]:
        if sentence := text[begin:end].strip():
            number = max(
                line for at, line in starts if at <= begin + len(text[begin:end]) - len(text[begin:end].lstrip())
            )
            yield number, sentence
        begin = end


def words(sentence):
    """How many words a reader counts: what has a letter or a digit. A list of numbers with their names is a table."""
    return sum(1 for word in NUMBERED.sub("", plain(sentence)).split() if re.search(r"[A-Za-z0-9]", word))
