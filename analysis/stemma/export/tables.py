"""Tables as files: one each, named after the table, enumerations by name."""

from pathlib import Path

from stemma.errors import StemmaError
from stemma.export.needed import needed
from stemma.files import whole_file

TABLES = ("members", "reports", "epochs", "leases", "workers", "events", "failures", "snapshots", "incarnations")


def to_csv(run, folder):
    """TABLE.csv each, UTF-8, with a header line."""
    return _write(run, folder, "csv", lambda frame, path: frame.to_csv(path, index=False))


def to_json(run, folder):
    """TABLE.json each: a list of records."""
    return _write(run, folder, "json", lambda frame, path: frame.to_json(path, orient="records", force_ascii=False))


def to_parquet(run, folder):
    """TABLE.parquet each, by pyarrow."""
    needed("pyarrow", "pyarrow", "Parquet")
    return _write(run, folder, "parquet", lambda frame, path: frame.to_parquet(path, index=False))


def _write(run, folder, ending, write):
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            with whole_file(folder / f"{table}.{ending}") as path:
                write(getattr(run, table), path)
        with whole_file(folder / f"summary.{ending}") as path:
            write(run.summary.rename_axis("member").reset_index(), path)
    except OSError as error:
        raise StemmaError(f"{folder}: cannot be written ({error.strerror}). Choose another folder, and see whether the disk is full") from None
    return f"{len(TABLES) + 1} tables: {folder}/*.{ending}"
