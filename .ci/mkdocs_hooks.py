"""Hooks of .ci/mkdocs.yml. The pages are written for a Git host: README.md is the first page, a list or table may
follow a line of text, and links may lead to any file of the tree."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<!!)\[((?:[^\]\[]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
LIST_ITEM = re.compile(r"(?:[*-]|\d+\.) ")


def on_files(files, config):
    """README.md becomes the first page, with links as from a file in docs/."""
    text = re.sub(r"\]\((?!docs/|[a-z]+:|#)", "](../", (ROOT / "README.md").read_text())
    files.append(File.generated(config, "index.md", content=text.replace("](docs/", "](")))
    return files


def on_page_markdown(markdown, page, config, files):
    """Blank lines before lists and tables, and links that leave the site as text."""
    folder = posixpath.dirname(page.file.src_uri)
    return "\n".join(lines_of(markdown, folder, files))


def lines_of(markdown, folder, files):
    in_code, before = False, ""
    for line in markdown.split("\n"):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code:
            if before.strip() and (begins_list(line, before) or (line.startswith("|") and not before.startswith("|"))):
                yield ""
            line = LINK.sub(lambda match: link_of(match, folder, files), line)
        yield line
        before = line


def begins_list(line, before):
    return LIST_ITEM.match(line) and not LIST_ITEM.match(before) and not before.startswith(" ")


def link_of(match, folder, files):
    """A link as it is, or as text with the file's name, if the file is not in the site."""
    text, target = match.groups()
    if re.match(r"[a-z]+:|#", target):
        return match.group()
    path, _, anchor = target.partition("#")
    place = posixpath.normpath(posixpath.join("docs", folder, path))
    if place == "README.md":
        return f"[{text}]({posixpath.relpath('index.md', folder or '.')})"
    if files.get_file_from_path(posixpath.relpath(place, "docs")) is not None:
        return match.group()
    return f"`{place}`" if text.strip("`") == place else f"{text} (`{place}`)"
