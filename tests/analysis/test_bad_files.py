"""Files that are no runs, or hardly: a message that names what is wrong, or a sensible page."""

import shutil

import h5py
import numpy as np
import pytest
import stemma
from run_files import population, write_run
from stemma.cli import run as command
from test_derived import FAMILY

NAUGHTY = (
    '</script><script>document.title="owned"</script><img src=x onerror=alert(1)> "quoted" \'single\' ü 日本 {{DATA}}'
)


def no_file(folder):
    return folder / "missing.h5"


def a_folder(folder):
    (folder / "folder.h5").mkdir()
    return folder / "folder.h5"


def empty_file(folder):
    (folder / "empty.h5").touch()
    return folder / "empty.h5"


def text_file(folder):
    (folder / "text.h5").write_text("this is no HDF5 file")
    return folder / "text.h5"


def cut_file(folder):
    write_run(folder / "cut.h5", population(200, 5))
    content = (folder / "cut.h5").read_bytes()
    (folder / "cut.h5").write_bytes(content[: len(content) // 3])
    return folder / "cut.h5"


def other_program(folder):
    with h5py.File(folder / "other.h5", "w") as file:
        file["x"] = np.arange(3)
    return folder / "other.h5"


def newer_version(folder):
    write_run(folder / "newer.h5", FAMILY, version=99)
    return folder / "newer.h5"


def missing_table(folder):
    write_run(folder / "less.h5", FAMILY)
    with h5py.File(folder / "less.h5", "a") as file:
        del file["reports"]
    return folder / "less.h5"


def damaged_commits(folder):
    write_run(folder / "commits.h5", FAMILY)
    with h5py.File(folder / "commits.h5", "a") as file:
        rows = file["commits"][:]
        rows["crc32"] += 1
        file["commits"][:] = rows
    return folder / "commits.h5"


@pytest.mark.parametrize(
    "make, says",
    [
        (no_file, "no such file"),
        (a_folder, "is not a file"),
        (empty_file, "is empty"),
        (text_file, "not an HDF5 file"),
        (cut_file, "cut short, or damaged"),
        (other_program, "of another program"),
        (newer_version, "version 99"),
        (missing_table, "no table reports"),
        (damaged_commits, "none of its commits is whole"),
    ],
)
def test_what_is_no_run_is_refused_with_its_name(make, says, tmp_path, capsys):
    path = make(tmp_path)
    with pytest.raises(stemma.StemmaError) as error:
        stemma.open(path)
    assert says in str(error.value) and str(path) in str(error.value)
    for words in (["report", str(path)], ["watch", "--once", str(path)]):
        assert command(words) == 2
        assert says in capsys.readouterr().err


NOTHING = {"workers": {"worker": [1], "change": [1]}}
UNREPORTED = {
    **NOTHING,
    "members": {name: values[:1] for name, values in FAMILY["members"].items()},
    "leases": {name: values[:1] for name, values in FAMILY["leases"].items()},
}
ALL_NAN = {
    **FAMILY,
    "events": {},
    "reports": {**FAMILY["reports"], "valid_loss": [np.nan] * 4},
    "units": {**FAMILY["units"], "valid_loss": [np.nan] * 8},
}
ONE = {table: {name: values[:1] for name, values in FAMILY[table].items()} for table in FAMILY}
ONE["units"] = {name: values[:2] for name, values in FAMILY["units"].items()}
THIN = {"empty": {}, "no member": NOTHING, "none reported": UNREPORTED, "only NaN": ALL_NAN, "one member": ONE}


@pytest.mark.parametrize("name", THIN)
def test_thin_runs_have_pages_plots_and_lines(name, tmp_path, capsys):
    path = tmp_path / "thin.h5"
    write_run(path, THIN[name], finished=False, seconds=9.0)
    run = stemma.open(path)
    known = name == "one member"
    assert (run.best_member() is None) == (not known)
    assert len(run.best(5)) == int(known)
    assert command(["report", str(path), "-o", str(tmp_path / "thin.html")]) == 0
    assert command(["watch", "--once", str(path)]) == 0
    assert ("none yet" in capsys.readouterr().out) == (not known)
    if not known:
        with pytest.raises(stemma.StemmaError, match="none is the best"):
            run.schedule()
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    for plot in (
        "best_so_far",
        "learning_curves",
        "lineages",
        "tree",
        "schedules",
        "muller",
        "importance",
        "slices",
        "parallel",
        "rungs",
        "gantt",
        "utilization",
        "failures",
    ):
        getattr(stemma.plots, plot)(run)
        pyplot.close("all")


def test_unknown_members_are_named(tmp_path):
    write_run(tmp_path / "run.h5", FAMILY)
    with pytest.raises(stemma.StemmaError, match=r"no member 3; its members are 0 \.\. 2"):
        stemma.open(tmp_path / "run.h5").lineage(3)


def test_names_are_never_markup(tmp_path):
    space = [
        {
            "name": NAUGHTY,
            "type": "categorical",
            "role": "fixed",
            "choices": [NAUGHTY, "b"],
            "default": None,
            "when": [],
        }
    ]
    tables = {
        **FAMILY,
        "members": {
            **{k: v for k, v in FAMILY["members"].items() if k not in ("lr", "width", "activation")},
            NAUGHTY: [0, 1, 0],
        },
    }
    write_run(tmp_path / "naughty.h5", tables, name=NAUGHTY, parameters=space, job=f'name = "{NAUGHTY}"')
    html = stemma.report.page([stemma.open(tmp_path / "naughty.h5")])
    assert html.count("<script") == 3 and html.count("</script>") == 3
    assert "<img" not in html
    assert "document.title=" in html  # it is there, as text


def test_numbers_of_later_versions_keep_their_digits(tmp_path):
    write_run(tmp_path / "run.h5", {**FAMILY, "events": {"time": [1], "kind": [250], "member": [0]}})
    assert stemma.open(tmp_path / "run.h5").events["kind"].tolist() == ["250"]


def test_a_run_may_be_moved_without_its_folders(tmp_path, run_of):
    shutil.copy(run_of("asha"), tmp_path / "moved.h5")
    run = stemma.open(tmp_path / "moved.h5")
    with pytest.raises(stemma.StemmaError, match="no durable snapshot"):
        run.snapshot()
    assert stemma.report.page([run])
