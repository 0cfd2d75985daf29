"""Real searches of every format stay readable: shown, and, while their rules hold, verified and resumed."""

import re
import shutil
import sys

import pytest
from harness import OTHER_RULES, ROOT, USER_ERROR, Stemma

GOLDEN = ROOT / "tests/data/golden"
FILES = sorted(GOLDEN.glob("v*/*.h5"))
OLDER_RULES = {"v1": 1, "v2": 1, "v2_rules2": 2}  # of which version of the rules

sys.path.insert(0, str(GOLDEN))
import make  # noqa: E402

# What each search needs to go on: most have spent their members budget.
MORE = {
    "grid_grid": ["--max", "3"],
    "replay": ["--max", "7"],
    "resource_budget": ["--resource", "60"],
    "target_maximise": ["--members", "30", "--target", "1000"],
    **dict.fromkeys(["killed", "member_stopped"], ["--members", "35"]),
    "killed_and_resumed": ["--members", "105"],
    "sha_tpe": ["--max", "27"],
}

# What proposals learn from failures has changed since, before a release.
LACKS = {"v2_rules3": {"program_failures"}}


def more(name):
    if name in MORE:
        return MORE[name]
    return ["--max", "40"] if name.startswith(("pbt", "gpbt", "torch")) else ["--members", "30"]


def test_every_search_is_there():
    for folder in GOLDEN.glob("v*"):
        there, today = {file.stem for file in folder.glob("*.h5")}, {*make.JOBS, *make.SESSIONS}
        assert there <= today, folder
        assert there | LACKS.get(folder.name, set()) == today or folder.name in OLDER_RULES, folder


def of_rules(old):
    """Parameters of a test: the searches that this program's rules decided, or those of older rules."""
    files = [file for file in FILES if (file.parent.name in OLDER_RULES) == old]
    return pytest.mark.parametrize("path", files, ids=lambda file: f"{file.parent.name}/{file.stem}")


@pytest.fixture
def golden(path, tmp_path):
    """A copy in a folder that has what the search needs to go on."""
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    copy.chmod(0o644)
    (tmp_path / "program.py").write_text(make.PROGRAM)
    shutil.copy(ROOT / "tests/data/uci_energy/energy.csv", tmp_path)
    return copy


def test_no_file_names_a_machine():
    """Made where the only host is `node1` (tests/data/golden/README.md)."""
    h5py = pytest.importorskip("h5py")
    for path in FILES:
        with h5py.File(path, "r", swmr=True) as file:
            workers, text = file["workers"][:], file["text"][:].tobytes()
        hosts = {text[row["host_offset"] : row["host_offset"] + row["host_length"]] for row in workers}
        assert hosts <= {b"", b"node1", b"asked"}, path


def members(text):
    return int(re.search(r"^(\d+) members?, ", text, re.MULTILINE).group(1))


def is_shown(stemma, name):
    assert members(stemma("status", name).stdout) >= 1
    assert "lr" in stemma("lineage", name, "--best").stdout
    assert "lr" in stemma("schedule", name, "--best").stdout
    assert '"members"' in stemma("export", name, "--json", "-").stdout
    assert "report: page.html" in stemma("report", name, "-o", "page.html").stdout


@of_rules(old=False)
def test_it_is_verified_and_shown(golden):
    stemma = Stemma(golden.parent)
    assert "every decision is the same" in stemma("verify", golden.name).stdout
    is_shown(stemma, golden.name)


@of_rules(old=False)
def test_it_goes_on(golden):
    stemma = Stemma(golden.parent)
    if golden.stem == "asked_and_told":
        stemma("ask", golden.name)
    else:
        before = members(stemma("status", golden.name).stdout)
        stemma("resume", golden.name, "-n", "2", "-q", *more(golden.stem))
        assert members(stemma("status", golden.name).stdout) >= before
    stemma("verify", golden.name)


@of_rules(old=True)
def test_of_older_rules_it_is_whole_and_shown(path, golden):
    stemma = Stemma(golden.parent)
    assert "its log and tables are whole" in stemma("verify", golden.name, code=OTHER_RULES).stdout
    is_shown(stemma, golden.name)
    words = ["ask", golden.name] if golden.stem == "asked_and_told" else ["resume", golden.name, "-n", "2", "-q"]
    assert f"was decided by rules {OLDER_RULES[path.parent.name]}" in stemma(*words, code=USER_ERROR).stderr
