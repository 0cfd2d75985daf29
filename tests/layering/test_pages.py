"""Links between pages lead somewhere, and CONTRIBUTING.md names files that exist."""

import re

import pytest
import tree

PAGES = sorted(
    path
    for folder in (".", "docs", "analysis", "tests", "jobs", "slurm")
    for path in ((tree.ROOT / folder).rglob("*.md") if folder != "." else tree.ROOT.glob("*.md"))
)


def without_code(text):
    """Markdown without its blocks and spans of code, in which brackets are no links."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def anchors(path):
    """The names that headings of a page get: lower case, spaces as hyphens, without punctuation."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(path):
    """(target, anchor) of each link and image of a page that leads into the tree."""
    for target in re.findall(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)", without_code(path.read_text())):
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = target.partition("#")
            yield file, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(tree.ROOT).as_posix())
def test_links_lead_somewhere(page):
    wrong = []
    for file, anchor in links(page):
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or tree.ROOT not in (target, *target.parents):
            wrong.append(f"{file}: is not there")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            wrong.append(f"{file}#{anchor}: no such heading")
    assert not wrong, "\n".join(wrong)


def test_the_pages_have_links():
    assert sum(len(list(links(page))) for page in PAGES) > 50, "links are not understood any more"


@pytest.mark.parametrize("page, names_min", [("CONTRIBUTING.md", 40), ("docs/development/add-a-scheduler.md", 12)])
def test_files_that_a_page_names_exist(page, names_min):
    text = (tree.ROOT / page).read_text()
    named = set(re.findall(r"`((?:src|tests|docs|analysis|jobs)/[\w/.-]+|[A-Z]+\.md)`", text))
    assert len(named) >= names_min, "names of files are not understood any more"
    assert not sorted(name for name in named if not (tree.ROOT / name).exists())


def test_decisions_are_dated_and_linked():
    """Each decision page has a date and says what was refused; ARCHITECTURE.md leads to each."""
    pages = sorted((tree.ROOT / "docs/development/decisions").glob("*.md"))
    architecture = (tree.ROOT / "ARCHITECTURE.md").read_text()
    assert len(pages) >= 10
    for page in pages:
        text = page.read_text()
        sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
        assert sections, page.name
        for section in sections:
            assert re.search(r"^Decided \d{4}-\d{2}-\d{2}\b", section, re.MULTILINE), (
                f"{page.name}: {section.splitlines()[0]}: no date"
            )
            assert "Refused:" in section, f"{page.name}: {section.splitlines()[0]}: what else was thought of?"
        assert f"docs/development/decisions/{page.name}" in architecture, (
            f"ARCHITECTURE.md does not lead to {page.name}"
        )
