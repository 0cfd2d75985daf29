"""Run files of other versions: with fewer columns and tables, with more, in another order. Shared parts are read
unchanged. Missing parts are reported. A column is never taken for another column."""

import h5py
import numpy as np
import pytest
import stemma
from run_files import with_checksums, write_run
from stemma import schema
from stemma.columns import columns_named
from test_derived import FAMILY

TABLES = [name for name, columns in schema.TABLES.items() if columns and name != "commits"]
HELD = {"inputs", "decisions", "commits"}  # without whose columns no run is read


def rewritten(source, target, change=None, version=None, readable_by=None, commits=lambda rows: rows, drop=()):
    """A copy of a run file as a program of another version would have written it. change: {table: function of its
    rows}."""
    with h5py.File(source, "r") as old, h5py.File(target, "w", libver="latest") as new:
        new.attrs.update(old.attrs)
        for name, value in (("format_version", version), ("format_readable_by", readable_by)):
            if value is not None:
                new.attrs[name] = np.uint32(value)
            elif version is not None and name in new.attrs:
                del new.attrs[name]
        tables = {name: made(old[name][:] if name in old else None) for name, made in (change or {}).items()}
        for name in {*old, *tables} - {"commits", *drop}:
            if name in tables:
                new.create_dataset(name, data=tables[name], chunks=(64,), maxshape=(None,), fletcher32=True)
            else:
                old.copy(name, new)
        rows = with_checksums(commits(old["commits"][:]), new)
        new.create_dataset("commits", data=rows, chunks=(64,), maxshape=(None,), fletcher32=True)
    return target


def picked(columns):
    """A change of a table: `columns` is given the names of its columns and tells those to write. New ones are 7
    everywhere."""

    def change(rows):
        kind = rows.dtype
        out = np.full(
            len(rows), 7, [(name, kind[name] if name in kind.names else "f8") for name in columns(kind.names)]
        )
        for name in set(out.dtype.names) & set(kind.names):
            out[name] = rows[name]
        return out

    return change


def without(name):
    return picked(lambda names: [other for other in names if other != name])


def with_one_more(table, name="added"):
    """As the program does: behind the table's own columns, before those of hyperparameters and metrics."""
    own = len(schema.TABLES[table])
    return picked(lambda names: [*names[:own], name, *names[own:]])


def shown(run):
    """What the package makes of a run, table by table."""
    return {
        "members": run.members,
        "reports": run.reports,
        "units": run.units,
        "leases": run.leases,
        "summary": run.summary,
        "rungs": run.rungs,
        "progress": run.progress,
        "failures": run.failures,
        "best": run.best(3),
        "lineage": run.lineage(),
        "schedule": run.schedule(),
        "utilization": run.utilization,
    }


def same(one, other, but=()):
    for name, frame in one.items():
        columns = [column for column in frame.columns if column not in but]
        assert frame[columns].equals(other[name][columns]), name


@pytest.fixture(params=("gpbt", "failing"))
def source(request, run_of):
    return run_of(request.param)


@pytest.mark.parametrize("table", TABLES)
def test_a_column_more_changes_nothing(source, table, tmp_path):
    run = stemma.open(
        rewritten(
            source,
            tmp_path / "newer.h5",
            {table: with_one_more(table)},
            version=schema.FORMAT_VERSION + 1,
            readable_by=schema.FORMAT_VERSION,
        )
    )
    truth = stemma.open(source)
    assert run.parameters == truth.parameters and run.metrics == truth.metrics
    same(shown(truth), shown(run))
    assert (run.file.table(table)["added"] == 7).all() and not run.lacks


@pytest.mark.parametrize("table", [name for name in TABLES if name not in HELD])
def test_a_column_less_is_said_and_shifts_nothing(source, table, tmp_path):
    truth = stemma.open(source)
    for column in schema.TABLES[table]:
        path = rewritten(source, tmp_path / f"without-{column}.h5", {table: without(column)})
        run = stemma.open(path)
        assert run.lacks == (f"column {column} of table {table}",)
        assert run.parameters == truth.parameters and run.metrics == truth.metrics
        rows, whole = run.file.table(table), truth.file.table(table)
        for other in whole.dtype.names:
            if other == column:
                with pytest.raises(
                    stemma.StemmaError,
                    match=f"without-{column}.h5: is of format version .* table {table} has no column {column}",
                ):
                    rows[other]
            else:
                assert np.array_equal(rows[other], whole[other], equal_nan=True), (column, other)


@pytest.mark.parametrize("order", ("reversed", "sorted"))
def test_the_order_of_columns_does_not_matter(source, order, tmp_path):
    turned = reversed if order == "reversed" else sorted
    last = picked(
        lambda names: [*(name for name in turned(names) if name != "crc32"), "crc32"]
    )  # which covers what is before it
    run = stemma.open(
        rewritten(
            source,
            tmp_path / "turned.h5",
            dict.fromkeys(TABLES, picked(lambda names: list(turned(names)))),
            commits=last,
        )
    )
    same(shown(stemma.open(source)), shown(run))


@pytest.mark.parametrize("table", ("failures", "snapshots", "incarnations", "workers"))
def test_a_missing_table_is_said(source, table, tmp_path):
    run = stemma.open(rewritten(source, tmp_path / "less.h5", drop=(table,), commits=without(table)))
    truth = stemma.open(source)
    assert run.lacks == (f"table {table}",)
    same({"members": truth.members, "reports": truth.reports}, {"members": run.members, "reports": run.reports})
    with pytest.raises(stemma.StemmaError, match=f"less.h5: is of format version .*: the file has no table {table}"):
        run.table(table)


def test_a_table_that_the_commits_count_must_be_there(source, tmp_path):
    with pytest.raises(stemma.StemmaError, match="no table failures"):
        stemma.open(rewritten(source, tmp_path / "cut.h5", drop=("failures",)))


def test_an_unknown_table_can_be_read(source, tmp_path):
    rows = np.array([(1, 2.5), (3, 4.5)], [("member", "i8"), ("hypervolume", "f8")])

    def counted(commits):
        commits = picked(lambda names: [*names[:-2], "fronts", "fronts_crc32", *names[-2:]])(commits)
        commits["fronts"] = 1  # the second row is not committed
        return commits

    run = stemma.open(
        rewritten(
            source,
            tmp_path / "newer.h5",
            {"fronts": lambda _: rows},
            version=schema.FORMAT_VERSION + 1,
            readable_by=schema.FORMAT_VERSION,
            commits=counted,
        )
    )
    same(shown(stemma.open(source)), shown(run))
    assert run.table("fronts").to_dict("records") == [{"member": 1, "hypervolume": 2.5}]
    with pytest.raises(stemma.StemmaError, match="no table 'front'; there are .*fronts"):
        run.table("front")


@pytest.mark.parametrize(
    "version, readable_by, says",
    [
        (schema.FORMAT_VERSION, None, None),
        (99, schema.FORMAT_VERSION, None),
        (99, None, "needs a package that reads version 99"),
        (99, 98, f"run file version 99, .* version 98; this package reads versions up to {schema.FORMAT_VERSION}"),
    ],
)
def test_a_newer_file_is_read_where_it_can_be(version, readable_by, says, tmp_path):
    write_run(tmp_path / "made.h5", FAMILY)
    path = rewritten(tmp_path / "made.h5", tmp_path / "newer.h5", version=version, readable_by=readable_by)
    if says is None:
        same({"best": stemma.open(tmp_path / "made.h5").best(3)}, {"best": stemma.open(path).best(3)})
        return
    with pytest.raises(stemma.StemmaError, match=says):
        stemma.open(path)


def test_numbers_without_a_name_keep_their_digits(tmp_path):
    tables = {name: dict(columns) for name, columns in FAMILY.items()}
    tables["events"] = {**tables["events"], "kind": [250] * len(tables["events"]["kind"])}
    tables["lease_ends"] = {**tables["lease_ends"], "outcome": [77] * len(tables["lease_ends"]["outcome"])}
    write_run(tmp_path / "run.h5", tables)
    run = stemma.open(tmp_path / "run.h5")
    assert set(run.events["kind"]) == {"250"} and set(run.leases["outcome"][run.leases["end"].notna()]) == {"77"}
    assert len(run.best(1)) == 1  # by the reports, where no event says it
    wide = rewritten(tmp_path / "run.h5", tmp_path / "wide.h5", {"events": lambda rows: with_kind(rows, 1000)})
    assert set(stemma.open(wide).events["kind"]) == {"1000"}


def with_kind(rows, number):
    out = np.zeros(len(rows), [(name, "u2" if name == "kind" else rows.dtype[name]) for name in rows.dtype.names])
    for name in rows.dtype.names:
        out[name] = rows[name]
    out["kind"] = number
    return out


def test_a_table_of_another_name_is_the_same(source, tmp_path):
    known, other = "units", "epochs"
    path = tmp_path / "renamed.h5"
    rewritten(source, path)
    with h5py.File(path, "a") as file:
        file.move(known, other)
        commits = file["commits"][:]
        del file["commits"]
        commits.dtype.names = [
            name.replace(known, other) if name in (known, f"{known}_crc32") else name for name in commits.dtype.names
        ]
        file.create_dataset("commits", data=with_checksums(commits, file), chunks=(64,), maxshape=(None,))
    same(shown(stemma.open(source)), shown(stemma.open(path)))


@pytest.mark.parametrize(
    "names, columns, known, found",
    [
        (["lr"], ["member", "lr"], ["member"], ["lr"]),
        (["time", "lr"], ["member", "time", "time_", "lr"], ["member", "time"], ["time_", "lr"]),
        (["bracket"], ["member", "bracket", "bracket_"], ["member"], ["bracket_"]),  # an own column that is not known
        (["generation"], ["member", "generation"], ["member", "generation"], ["generation"]),  # one that is gone
        (["lr_", "lr"], ["lr", "lr_", "lr__"], ["lr"], ["lr_", "lr__"]),
        (["lr", "lr_"], ["member", "lr", "lr_", "lr__"], ["member"], ["lr_", "lr__"]),
        (["b", "a"], ["a", "b", "member"], ["member"], ["b", "a"]),
        ([], ["member"], ["member"], []),
    ],
)
def test_columns_are_found_by_the_names_of_what_they_hold(names, columns, known, found):
    assert columns_named(names, columns, known) == found


@pytest.mark.parametrize(
    "names, columns", [(["lr"], ["member"]), (["lr"], ["lr", "unknown", "member"]), (["lr", "width"], ["member", "lr"])]
)
def test_columns_that_leave_it_open_are_refused(names, columns):
    with pytest.raises(ValueError, match="not clear"):
        columns_named(names, columns, ["member"])
