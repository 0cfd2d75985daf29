"""The package itself: cheap to import, complete, and in agreement with its project file."""

import re
import subprocess
import sys

import stemma
from analysis_jobs import ROOT


def test_importing_it_needs_numpy_at_most():
    code = (
        "import sys, stemma; stemma.schema; heavy = {'h5py', 'pandas', 'matplotlib', 'networkx', 'sklearn'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(ROOT / "analysis")}, timeout=60)


def test_every_name_is_there():
    for name, place in stemma._NAMES.items():
        folder = ROOT / "analysis" / place.partition(":")[0].replace(".", "/")
        if folder.with_suffix(".py").exists() or folder.is_dir():
            assert getattr(stemma, name) is not None
    assert "open" in dir(stemma)


def test_a_wrong_name_tells_the_right_ones():
    try:
        assert stemma.opne
    except AttributeError as error:
        assert "open" in str(error)
    else:
        raise AssertionError("stemma.opne exists")


def test_functions_keep_their_names_when_their_modules_are_loaded():
    import stemma.report

    assert callable(stemma.compare) and callable(stemma.open)


def test_version_is_that_of_the_program():
    version = re.search(r"VERSION (\d+\.\d+\.\d+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    assert re.search(rf'^version = "{version}(\.dev0)?"$', (ROOT / "analysis/pyproject.toml").read_text(), re.MULTILINE)


def test_files_are_short():
    wrong = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for path in sorted((ROOT / "analysis/stemma").rglob("*"))
        if path.suffix in (".py", ".js", ".css")
        for count in [len(path.read_text().splitlines())]
        if count > 400
    ]
    assert not wrong


def test_kinds_and_states_go_by_name():
    """Numbers of a file's enumerations are those of schema.py, and stand nowhere else."""
    columns = "|".join(sorted({column for _, column in stemma.schema.DECODERS}))
    bare = re.compile(rf"""["'](?:{columns})["']\]?\s*(?:[=!]=|:|in)\s*[(\[]*\d""")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "analysis").rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line)
    ]
    assert not found
    assert bare.search('rows["status"] == 3') and bare.search('"cause": [1, 4]')


def test_the_page_knows_the_same_names():
    """data.js has the names of what the page is sent as numbers."""
    text = (ROOT / "analysis/stemma/report/assets/data.js").read_text()
    schema = stemma.schema

    def names(constant):
        return dict(
            re.findall(r"(\d+): \"([\w ]+)\"", re.search(rf"const {constant} = {{(.*?)}}", text, re.DOTALL).group(1))
        )

    def of(kinds):
        return {str(kind.value): kind.name.lower().replace("_", " ") for kind in kinds}

    assert names("CAUSES") == of(schema.BirthCause)
    assert names("OUTCOMES") == {"0": "running", **of(schema.LeaseOutcome)}
    sources = re.search(r"const SOURCES = \[(.*?)\]", text, re.DOTALL).group(1).count('"') // 2
    assert [kind.value for kind in schema.SourceKind] == list(range(sources))
