"""The source tree as the checks see it: files, folders that are libraries, and what those declare to depend on."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
KEYWORDS = {"NAME", "SOURCES", "DEPENDS", "LIBRARIES", "PRIVATE_LIBRARIES", "HEADERS_ONLY"}


def cxx_files(*folders):
    """All C++ files below the folders, headers too, sorted."""
    return sorted(path for folder in folders for path in Path(folder).rglob("*") if path.suffix in (".hpp", ".cpp"))


def without_comments_and_texts(source):
    """C++ source with comments and the contents of string literals blanked; line numbers stay."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"', re.DOTALL)

    def blank(match):
        text = match.group()
        if text[0] == "/":
            return "\n" * text.count("\n")
        return '"' + "\n" * text.count("\n") + '"'

    return pattern.sub(blank, source)


def includes(path):
    """(line number, what stands between the quotes or angle brackets, True for quotes) of each #include."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(2), match.group(1) == '"'


def declared_libraries():
    """{folder relative to src: (library name, names it DEPENDS on)} from the stemma_library() calls."""
    libraries = {}
    for path in SRC.rglob("CMakeLists.txt"):
        text = re.sub(r"#[^\n]*", "", path.read_text())
        for call in re.findall(r"stemma_library\(([^)]*)\)", text):
            lists, current = {}, None
            for word in call.split():
                if word in KEYWORDS:
                    current = lists.setdefault(word, [])
                else:
                    current.append(word)
            libraries[path.parent.relative_to(SRC).as_posix()] = (lists["NAME"][0], lists.get("DEPENDS", []))
    return libraries


def owner(path, folders):
    """The innermost library folder that a file of src/ lies in, or None (the program itself, in app/). A header
    NAME.hpp beside a folder NAME belongs to that folder."""
    beside = Path(path).relative_to(SRC).with_suffix("").as_posix()
    if beside in folders and Path(path).suffix == ".hpp":
        return beside
    for parent in Path(path).relative_to(SRC).parents:
        if parent.as_posix() in folders:
            return parent.as_posix()
    return None


def place(path, number):
    return f"{path.relative_to(ROOT)}:{number}"
