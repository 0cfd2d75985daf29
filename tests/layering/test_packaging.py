"""Recipes that no test can run here: their syntax, and that what they name is there."""

import ast
import re
import subprocess

import tree
from test_docs import apt_words

RECIPE = (tree.ROOT / "cmake/spack/packages/stemma/package.py").read_text()
IMAGE = (tree.ROOT / "cmake/apptainer/stemma.def").read_text()
# Of the packages that ./run installs: not needed to build and run the program itself.
NOT_IN_THE_IMAGE = {"ccache", "libgtest-dev", "libgmock-dev", "libbenchmark-dev"}
OPTIONS = set(re.findall(r"^(?:option|set)\((STEMMA_\w+)", (tree.ROOT / "CMakeLists.txt").read_text(), re.MULTILINE))


def sections(image):
    """{name: text} of the sections of an Apptainer definition."""
    parts = re.split(r"^%(\w+)$", image, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def test_the_image_installs_what_the_build_wants():
    script = re.search(r"packages=\((.*?)\)", (tree.ROOT / ".ci/setup.sh").read_text(), re.DOTALL).group(1)
    libraries = {word for word in apt_words(script) if not word.startswith("python3-")}
    assert libraries - NOT_IN_THE_IMAGE <= apt_words(sections(IMAGE)["post"])


def test_the_image_s_sections_are_shell():
    for name in ("post", "environment", "runscript", "test"):
        done = subprocess.run(["bash", "-n"], input=sections(IMAGE)[name], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"%{name}: {done.stderr}"


def test_the_recipe_is_python_and_has_one_package():
    classes = [node for node in ast.parse(RECIPE).body if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes] == ["Stemma"]


def test_options_and_files_that_are_named_are_there():
    for text in (RECIPE, IMAGE):
        assert set(re.findall(r"STEMMA_\w+", text)) - {"STEMMA"} <= OPTIONS
        for job in re.findall(r"(\w+\.toml)", text):
            assert (tree.ROOT / "jobs" / job).exists() or job == "JOB.toml", job


def test_the_recipe_has_the_libraries_that_the_build_looks_for():
    build = "".join(
        (tree.ROOT / "cmake" / name).read_text() for name in ("StemmaDependencies.cmake", "StemmaTorch.cmake")
    ).lower()
    wanted = set(re.findall(r"find_package\((\w+)", build)) - {"threads", "benchmark", "torch"}
    named = re.sub(
        r"[^a-z0-9]",
        "",
        " ".join(re.findall(r'depends_on\("([^"]+)"', RECIPE))
        .replace("googletest", "gtest")
        .replace("zlib-api", "zlib"),
    )
    assert not [name for name in wanted if name.replace("_", "") not in named]
