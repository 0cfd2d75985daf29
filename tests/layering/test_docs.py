"""What is said twice must be said alike."""

import re

import tree


def apt_words(text):
    return set(re.findall(r"[a-z0-9][a-z0-9+.-]+", text))


def test_install_page_names_the_packages_that_the_scripts_install():
    script = re.search(r"packages=\((.*?)\)", (tree.ROOT / ".ci/setup.sh").read_text(), re.DOTALL).group(1)
    page = re.search(
        r"apt-get install --no-install-recommends(.*?)```", (tree.ROOT / "docs/install.md").read_text(), re.DOTALL
    ).group(1)
    assert apt_words(script) == apt_words(page)


def test_versions_agree():
    version = re.search(r"VERSION (\d+\.\d+\.\d+)", (tree.ROOT / "CMakeLists.txt").read_text()).group(1)
    assert f"version: {version}\n" in (tree.ROOT / "CITATION.cff").read_text()
    suffix = re.search(
        r"STEMMA_VERSION \$\{PROJECT_VERSION\}([\w.]*)\)", (tree.ROOT / "CMakeLists.txt").read_text()
    ).group(1)
    python = re.search(r'^version = "(.*)"', (tree.ROOT / "analysis/pyproject.toml").read_text(), re.MULTILINE).group(1)
    assert python == version + {".dev": ".dev0", "": ""}[suffix]  # as PEP 440 writes it
    assert f"## {version} (unreleased)" in (tree.ROOT / "CHANGELOG.md").read_text() or not suffix


def test_the_site_is_tested_with_the_packages_that_make_it():
    wanted, tested = (
        {line for line in (tree.ROOT / ".ci" / name).read_text().split("\n") if line and line[0] != "#"}
        for name in ("docs.txt", "pypi.txt")
    )
    assert wanted and wanted <= tested
