"""Durable snapshots: a large one is an HDF5 file, every array a dataset under its own name; small ones stand one after
another in segments (docs/SCHEMA.md)."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from stemma.errors import StemmaError

_SEGMENT = struct.Struct("<8sII")  # magic, version, zero
_RECORD = struct.Struct("<8sQQqQII")  # magic, snapshot, member, resource, bytes, CRC-32 of content, of the rest
_BLOCK = struct.Struct("<IIQQQ")  # magic, version, XXH3, bytes of data, number of arrays
_BLOCK_HEAD = 64
_ALIGNMENT = 64
_TYPES = {1: "u1", 2: "<i4", 3: "<i8", 4: "<f2", 5: "bfloat16", 6: "<f4", 7: "<f8", 8: "?"}


def snapshot_folder(run_file):
    """Where a run keeps its durable snapshots."""
    return Path(f"{run_file}.snapshots")


@dataclass
class SnapshotPlace:
    """Where a durable snapshot is. `offset`: of its content in a segment; None for an HDF5 file."""

    path: Path
    resource: int | None
    offset: int | None = None
    bytes: int = 0
    crc: int = 0

    def __str__(self):
        return str(self.path)

    def read(self):
        """All arrays by name."""
        return read_snapshot(self.path) if self.offset is None else self._of_segment()

    def _of_segment(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                content = file.read(self.bytes)
        except OSError as error:
            raise StemmaError(f"{self.path}: cannot be read ({error})") from None
        if len(content) != self.bytes or zlib.crc32(content) != self.crc:
            raise StemmaError(f"{self.path}: cannot be read as a snapshot: cut short, or damaged")
        return _arrays_of_block(content)


def find_snapshots(run_file, numbers):
    """{number: SnapshotPlace} of those that are kept."""
    folder = snapshot_folder(run_file)
    wanted = set(map(int, numbers))
    places = {}
    for path in sorted(folder.glob("*.segment")):
        for snapshot, resource, offset, size, crc in _records(path):
            if snapshot in wanted:
                places[snapshot] = SnapshotPlace(path, resource, offset, size, crc)
    for number in wanted:
        path = folder / f"{number:08d}.h5"
        if path.exists():
            places[number] = SnapshotPlace(path, resource_of(path))
    return places


def _records(path):
    """(snapshot, resource, offset, bytes, CRC-32) of the whole records of a segment."""
    try:
        file = open(path, "rb")
    except OSError:  # moved to another segment while a search runs
        return
    with file:
        size = path.stat().st_size
        head = file.read(_SEGMENT.size)
        if len(head) < _SEGMENT.size or _SEGMENT.unpack(head)[:2] != (b"STM-SEG\n", 1):
            return
        offset = _SEGMENT.size
        while len(head := file.read(_RECORD.size)) == _RECORD.size:
            magic, snapshot, _, resource, length, crc, own = _RECORD.unpack(head)
            offset += _RECORD.size
            if magic != b"STM-REC\n" or zlib.crc32(head[:-4]) != own or offset + length > size:
                return
            yield snapshot, resource, offset, length, crc
            offset += length
            file.seek(offset)


def _arrays_of_block(block):
    """Arrays by name of a block that travels between workers (src/trainer/snapshot.cpp)."""
    magic, version, _, data_bytes, count = _BLOCK.unpack_from(block)
    if (magic, version) != (0x50414E53, 2):
        raise StemmaError(f"a snapshot has version {version}; this package reads version 2")
    arrays = {}
    place = _BLOCK_HEAD + data_bytes
    end = 0
    for _ in range(count):
        (length,) = struct.unpack_from("<I", block, place)
        name = block[place + 4 : place + 4 + length].decode()
        place += 4 + length
        kind, rank = struct.unpack_from("<BI", block, place)
        shape = struct.unpack_from(f"<{rank}q", block, place + 5)
        place += 5 + 8 * rank
        offset = -(-end // _ALIGNMENT) * _ALIGNMENT
        bfloat16 = _TYPES[kind] == "bfloat16"
        dtype = np.dtype("<u2" if bfloat16 else _TYPES[kind])
        items = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(block, dtype, items, _BLOCK_HEAD + offset).reshape(shape).copy()
        arrays[name] = _of_bfloat16(array) if bfloat16 else array
        end = offset + items * dtype.itemsize
    return arrays


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
    return _of_bfloat16(array) if _text(dataset.attrs.get("dtype", "")) == "bfloat16" else array


def _of_bfloat16(array):
    """It is the upper half of a float32."""
    return (array.astype(np.uint32) << 16).view(np.float32)
