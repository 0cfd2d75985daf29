"""Run files of other versions: other columns and tables, other rules of decisions, a job with other defaults."""

import re
import shutil
import sys
import zlib

import pytest
from harness import OTHER_RULES, ROOT, USER_ERROR, Stemma

from record import rows

h5py = pytest.importorskip("h5py")
np = pytest.importorskip("numpy")

sys.path.insert(0, str(ROOT / "analysis"))
from stemma.header import header_crc32  # noqa: E402

# Older files have no sampler "auto".
HALF = ["--set", "run.budget.reports=10", "--set", "sampler.type=random"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    from harness import JOB

    stemma = Stemma(tmp_path_factory.mktemp("runs"))
    (stemma.folder / "toy.toml").write_text(JOB)
    stemma("run", "toy.toml", "-n", 2, "-q", "-o", "run.h5")
    stemma("run", "toy.toml", "-n", 2, "-q", "-o", "half.h5", *HALF)
    return stemma


MORE = {"members": 2, "reports": 3, "units": 3}  # parameters or metrics, the last columns


def reordered(table, drop=(), add=(), of=""):
    """Table `of` with its fixed columns reversed, some left out, others added. Parameters and metrics stay last."""
    fixed = len(table.dtype.names) - MORE.get(of, 0)
    names = [
        *add,
        *(name for name in reversed(table.dtype.names[:fixed]) if name not in drop),
        *table.dtype.names[fixed:],
    ]
    out = np.zeros(len(table), [(name, table.dtype[name] if name in table.dtype.names else "f4") for name in names])
    for name in names:
        out[name] = table[name] if name in table.dtype.names else 7.5
    return out


def with_checksums(commits, tables):
    """Rows of /commits with the right checksums, those of the tables and their own, which is the last column."""
    names = [name for name in commits.dtype.names if name != "crc32"] + ["crc32"]
    out = np.zeros(len(commits), [(name, commits.dtype[name]) for name in names])
    for name in names:
        out[name] = commits[name]
    for row in range(len(out)):
        for name, table in tables.items():
            if f"{name}_crc32" in names:
                out[f"{name}_crc32"][row] = zlib.crc32(table[: int(out[name][row])].tobytes())
        out["crc32"][row] = zlib.crc32(out[row].tobytes()[:-4])
    return out


def rewritten(source, target, change=lambda name, table: table, attributes=(), more=(), checksums=True):
    """A copy of a run file of a changed kind: `change` gets each table, and leaves one out by None."""
    with h5py.File(source, "r") as old, h5py.File(target, "w", libver="latest") as new:
        for name, value in old.attrs.items():
            new.attrs.create(name, value, dtype=old.attrs.get_id(name).dtype)
        tables = {
            name: change(name, data[()]) if data.dtype.names else data[()] for name, data in old.items() if data.chunks
        }
        tables = {name: table for name, table in tables.items() if table is not None}
        tables["commits"] = with_checksums(
            tables["commits"], {name: table for name, table in tables.items() if name != "commits" and checksums}
        )
        for name, table in tables.items():
            new.create_dataset(name, data=table, chunks=(512,), maxshape=(None,))
        for name, data in old.items():
            if not data.chunks:
                new.create_dataset(name, data=data[()], dtype=data.dtype)
        for name, table in dict(more).items():
            new[name] = table
        for name, value in dict(attributes).items():
            new.attrs.modify(name, np.uint32(value))
        new.attrs.modify("header_crc32", np.uint32(header_crc32(new)))
    return target


def looks(stemma, file):
    """What commands print, but for the line that says what an older file lacks."""
    return [
        re.sub(r"\n*FILE: begun by .*; lacks .*\n", "\n", stemma(*words).stdout.replace(file, "FILE"))
        for words in (
            ("status", file),
            ("lineage", file),
            ("schedule", file, "--best"),
            ("show", file, 0),
            ("export", file, "--json", "-"),
        )
    ]


def test_a_newer_file_with_more_of_everything_is_read(runs):
    """More columns, in another order, one more table, and a version that says that this program may read it."""

    def change(name, table):
        return reordered(table, add=("news", "note"), of=name)

    rewritten(runs.folder / "run.h5", runs.folder / "newer.h5", change, {"format_version": 99}, {"news": np.arange(5)})
    assert looks(runs, "newer.h5") == looks(runs, "run.h5")
    assert "every decision is the same" in runs("verify", "newer.h5").stdout


def test_a_newer_file_that_must_not_be_read_says_what_it_needs(runs):
    rewritten(
        runs.folder / "run.h5", runs.folder / "hard.h5", attributes={"format_version": 99, "format_readable_by": 98}
    )
    for words in (["status"], ["verify"], ["resume", "-n", 1]):
        told = runs(words[0], "hard.h5", *words[1:], code=USER_ERROR).stderr
        assert (
            "hard.h5: has format version 99, which only programs read that know version 98 or newer; "
            "this program knows version 3" in told
        )


def test_an_older_file_without_what_came_later_is_read(runs):
    def change(name, table):
        later = [
            column
            for column in table.dtype.names
            if column.endswith("_crc32") or column in ("generation", "asked", "attempt")
        ]
        return None if name == "budgets" else reordered(table, drop=[*later, "budgets"], of=name)

    older = rewritten(runs.folder / "half.h5", runs.folder / "older.h5", change)
    with h5py.File(
        older, "r+"
    ) as file:  # a table of version 2 is missing only in files of version 1, and these have less of a header
        file.attrs.modify("format_version", np.uint32(1))
        for name in [
            *(name for name in file.attrs if name.startswith("limit_")),
            "format_readable_by",
            "rules_version",
        ]:
            del file.attrs[name]
        del file["job_resolved"]
        file.attrs.modify("header_crc32", np.uint32(header_crc32(file)))
    budgets = re.compile(r'"budgets": \[.*?\]\}', re.S)
    without_budgets = [budgets.sub('"budgets": []}', text) for text in looks(runs, "half.h5")]
    told = looks(runs, "older.h5")
    assert told[1:] == without_budgets[1:]
    # Of other rules the best member is shown, and no state of the search.
    assert told[0].split("\n\n")[1].splitlines()[:2] == without_budgets[0].split("\n\n")[1].splitlines()[:2]
    for words in (("status", "older.h5"), ("show", "older.h5", 0)):
        told = runs(*words).stdout
        begun = r"^older.h5: begun by stemma \S+, format 1 \(this program: 3\); lacks table budgets, "
        assert re.search(begun, told, re.M)
        assert "column generation of table members, " in told and told.endswith(", checksums of its tables\n")
        assert "lacks" not in runs(words[0], "half.h5", *words[2:]).stdout
    # Format 1 is of rules 1.
    assert "its log and tables are whole" in runs("verify", "older.h5", code=OTHER_RULES).stdout
    assert "was decided by rules 1" in runs("resume", "older.h5", "-n", 1, "-q", code=USER_ERROR).stderr


def test_a_table_of_this_version_that_is_missing_is_damage(runs):
    rewritten(runs.folder / "run.h5", runs.folder / "less.h5", lambda name, table: None if name == "members" else table)
    assert "table /members is missing" in runs("status", "less.h5", code=USER_ERROR).stderr


def test_a_column_of_another_type_is_refused(runs):
    def change(name, table):
        if name != "inputs":
            return table
        out = np.zeros(
            len(table), [(column, "f4" if column == "time" else table.dtype[column]) for column in table.dtype.names]
        )
        for column in table.dtype.names:
            out[column] = table[column]
        return out

    rewritten(runs.folder / "run.h5", runs.folder / "odd.h5", change)
    assert "column time of table /inputs has another type" in runs("status", "odd.h5", code=USER_ERROR).stderr


# ---- checksums of tables -------------------------------------------------------------------------------------------


def test_checksums_are_those_of_the_committed_bytes(runs):
    for name in ("run.h5", "half.h5"):
        with h5py.File(runs.folder / name, "r") as file:
            commits = file["commits"]
            for row in (0, len(commits) // 2, -1):
                for table in (column[: -len("_crc32")] for column in commits.dtype.names if column.endswith("_crc32")):
                    committed = file[table][: int(commits[row][table])].tobytes()
                    assert zlib.crc32(committed) == commits[row][f"{table}_crc32"], (name, row, table)


def test_verify_sees_damage_in_columns_that_it_does_not_know(runs):
    """Only the checksum of the last commit can tell."""

    def change(name, table):
        return reordered(table, add=("news",), of=name) if name == "members" else table

    source = rewritten(runs.folder / "run.h5", runs.folder / "unknown.h5", change, checksums=False)
    assert "unknown.h5: table members: its checksum is wrong" in runs("verify", source.name, code=3).stdout


# ---- rules of decisions --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def other_rules(runs):
    rewritten(runs.folder / "half.h5", runs.folder / "rules.h5", attributes={"rules_version": 77})
    return runs


def test_a_run_of_other_rules_is_shown(other_rules):
    told = other_rules("status", "rules.h5").stdout
    best = other_rules("status", "half.h5").stdout
    assert best.split("\n\n")[1].splitlines()[:2] == told.split("\n\n")[1].splitlines()[:2], "the same best member"
    assert "decided by rules 77, this program has rules 3" in told
    assert looks(other_rules, "rules.h5")[1:] == looks(other_rules, "half.h5")[1:]


def test_a_run_of_other_rules_is_not_verified_but_its_tables_are(other_rules):
    told = other_rules("verify", "rules.h5", code=OTHER_RULES).stdout
    assert "rules.h5: decided by rules 77, this program has rules 3: its log and tables are whole" in told


@pytest.mark.parametrize(
    "words",
    [
        ["resume", "rules.h5", "-n", 1, "--reports", 12],
        ["run", "toy.toml", "--continue", "-o", "rules.h5", "-n", 1, *HALF],
    ],
)
def test_a_run_of_other_rules_does_not_go_on(other_rules, words):
    told = other_rules(*words, code=USER_ERROR).stderr
    assert "rules.h5: was decided by rules 77, this program (" in told
    assert "not go on with it. Use stemma " in told


# ---- the job as it was understood ----------------------------------------------------------------------------------


def test_the_job_with_all_defaults_is_a_job(runs):
    with h5py.File(runs.folder / "run.h5", "r") as file:
        (runs.folder / "resolved.toml").write_bytes(file["job_resolved"][()])
    runs("check", "resolved.toml")
    runs("run", "resolved.toml", "-n", 1, "-q", "-o", "again.h5")
    with h5py.File(runs.folder / "again.h5", "r") as file:
        assert file["job_resolved"][()] == (runs.folder / "resolved.toml").read_bytes()


def test_an_old_run_goes_on_with_its_own_defaults(runs):
    """Its job says eta = 2, as a default that was another one then; the text does not say it."""
    text = (runs.folder / "toy.toml").read_text()
    runs("run", "toy.toml", "-n", 1, "-q", "-o", "eta.h5", "--set", "scheduler.eta=2", "--set", "run.budget.reports=10")
    with h5py.File(runs.folder / "eta.h5", "r+") as file:
        for name, content in {"job": text.replace("eta = 3\n", ""), "overrides": ""}.items():
            del file[name]
            file.create_dataset(name, data=content, dtype=h5py.string_dtype("utf-8", max(1, len(content))))
        file.attrs.modify("header_crc32", np.uint32(header_crc32(file)))
    runs("verify", "eta.h5")
    runs("resume", "eta.h5", "-n", 1, "-q", "--reports", 14)
    assert 2 in {row["to"] for row in rows(runs, "eta.h5", "leases")}
    runs("verify", "eta.h5")


# ---- budgets -------------------------------------------------------------------------------------------------------


def test_budgets_has_the_first_limits_and_each_change(runs):
    shutil.copy(runs.folder / "half.h5", runs.folder / "more.h5")
    runs("resume", "more.h5", "-n", 1, "-q", "--reports", 12)
    runs("resume", "more.h5", "-n", 1, "-q", "--reports", 14, "--max", 81)
    with h5py.File(runs.folder / "more.h5", "r") as file:
        table = file["budgets"][:]
        assert list(table["members"]) == [40, 40, 40] and list(table["reports"]) == [10, 12, 14]
        assert list(table["max_resource"]) == [27, 27, 81] and np.isnan(table["target"]).all()
        assert table["sequence"][0] == 0 and (np.diff(table["sequence"].astype(int)) > 0).all()
