"""Durable snapshots: one HDF5 file each, every array a dataset under its own name."""

from pathlib import Path

import h5py
import numpy as np

from stemma.errors import StemmaError


def snapshot_folder(run_file):
    """Where a run keeps its durable snapshots."""
    return Path(f"{run_file}.snapshots")


def read_snapshot(path):
    """All arrays of a snapshot file by name."""
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") not in (b"stemma-snapshot", "stemma-snapshot"):
                raise StemmaError(f"{path}: is not a snapshot of stemma")
            names = [_text(name) for name in file["_names"][:]]
            paths = [_text(place) for place in file["_paths"][:]]
            return {name: _array(file[place]) for name, place in zip(names, paths)}
    except (OSError, KeyError) as error:
        raise StemmaError(f"{path}: cannot be read as a snapshot ({error}): cut short, or damaged") from None


def resource_of(path):
    """The resource that the snapshot's member had been trained to; None if the file does not say."""
    try:
        with h5py.File(path, "r") as file:
            return int(file.attrs["resource"])
    except (OSError, KeyError):
        return None


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def _array(dataset):
    array = dataset[()]
    if _text(dataset.attrs.get("dtype", "")) == "bfloat16":  # the upper half of a float32
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array
