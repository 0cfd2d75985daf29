"""Tables as Parquet files: one each, named after the table, enumerations by name."""

from pathlib import Path

from stemma.errors import StemmaError
from stemma.export.needed import needed
from stemma.files import whole_file

TABLES = (
    "members",
    "reports",
    "units",
    "leases",
    "workers",
    "events",
    "failures",
    "snapshots",
    "incarnations",
)
RECORDED = ("lease_ends", "budgets")  # as they stand in the file; an older file lacks some


def to_parquet(run, folder):
    """TABLE.parquet each, by pyarrow."""
    needed("pyarrow", "pyarrow", "Parquet")
    folder = Path(folder)
    frames = {
        **{table: getattr(run, table) for table in TABLES},
        **{table: run.table(table) for table in RECORDED if table in run.file.tables()},
        "summary": run.summary.rename_axis("member").reset_index(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            with whole_file(folder / f"{name}.parquet") as path:
                frame.to_parquet(path, index=False)
    except OSError as error:
        raise StemmaError(
            f"{folder}: cannot be written ({error.strerror}). Choose another folder, and see whether the disk is full"
        ) from None
    return f"{len(frames)} tables: {folder}/*.parquet"
