"""The pages as a site (./run --docs): MkDocs finds each link and each heading, and nothing of Markdown is left over."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
import tree


class Page(HTMLParser):
    """Links, names and text of a page. The text of code is left out."""

    def __init__(self, path):
        super().__init__()
        self.links, self.names, self.text = [], set(), []
        self._code = 0
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]
        self.names.add(attributes.get("id"))
        self._code += tag in ("code", "script", "style", "pre")

    def handle_endtag(self, tag):
        self._code -= tag in ("code", "script", "style", "pre")

    def handle_data(self, data):
        if not self._code:
            self.text.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    made = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", tree.ROOT / ".ci/mkdocs.yml", "-d", folder],
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert "WARNING" not in made.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def test_each_page_is_in_the_navigation():
    pages = {str(path.relative_to(tree.ROOT / "docs")) for path in (tree.ROOT / "docs").rglob("*.md")}
    listed = set(re.findall(r"^ +- [^:\n]+: (\S+\.md)$", (tree.ROOT / ".ci/mkdocs.yml").read_text(), re.M))
    assert listed - {"index.md"} == pages


@pytest.mark.pypi
def test_each_page_is_in_the_site(site):
    pages = [path.relative_to(tree.ROOT / "docs") for path in (tree.ROOT / "docs").rglob("*.md")]
    missing = [
        str(path) for path in pages if path.name != "README.md" and not (site / path.with_suffix(".html")).exists()
    ]
    assert len(pages) > 30 and not missing
    assert "Stemma" in (site / "index.html").read_text()


@pytest.mark.pypi
def test_links_and_names_are_there_without_a_server(pages):
    wrong, count = [], 0
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            file, _, name = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            count += 1
            if not target.exists():
                wrong.append(f"{path.name}: {link}")
            elif name and target in pages and name not in pages[target].names:
                wrong.append(f"{path.name}: {link}: no such name")
    assert count > 1000 and not wrong, "\n".join(wrong)


@pytest.mark.pypi
def test_no_markdown_is_left_over(pages):
    """A list, a table or a block that MkDocs did not understand stands in the text of the page."""
    left = [
        f"{path.name}: {text.strip()[:80]}"
        for path, page in pages.items()
        for text in page.text
        if re.search(r"^\s*[*|] |\]\(|```|\| ---", text, re.MULTILINE)
    ]
    assert not left, "\n".join(left)


@pytest.mark.pypi
def test_nothing_is_loaded_from_elsewhere(site):
    for path in site.rglob("*.html"):
        text = path.read_text()
        assert not re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="?https?://[^">]+', text), path.name
