"""HDF5 files that another process may be writing, or was writing when it was killed: read without endless waiting.

HDF5's own way of reading such a file (SWMR) tries damaged metadata a hundred times, each time after twice the pause
before. That never ends, and h5py cannot set another number. Opened in the ordinary way, a damaged block is an error at
once. But a file that is marked as being written is then refused. A file that grew since its head was written is taken
for damaged. So HDF5 reads through `Reader`, which gives it another head."""

import io
import os
import struct
import time

import h5py

UNREADABLE = (OSError, RuntimeError, KeyError, ValueError, TypeError)  # what h5py raises for damaged files
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SUPERBLOCK_BYTES = 48  # version 3, the only one with the mark: signature, version, sizes, mark, addresses, checksum
_VERSION_AT, _SIZES_AT, _MARK_AT, _END_AT, _CHECKSUM_AT = 8, 9, 11, 28, 44
_FAR = 1 << 50  # end of a file that is being written: beyond any size
_WORD = 0xFFFFFFFF
_MIX = ((0, 2, 4), (1, 0, 6), (2, 1, 8), (0, 2, 16), (1, 0, 19), (2, 1, 4))
_FINAL = ((2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24))
_PAUSES = (0.0, 0.001, 0.004, 0.016, 0.064, 0.25)  # [s] before each attempt to read a file with a half-written block


class Reader(io.RawIOBase):
    """The bytes of a file. For a file that is marked as being written, the mark is removed and the end is set further
    away than it will ever grow."""

    def __init__(self, path):
        self._file, self._at = io.FileIO(path), 0
        head = self._file.read(_SUPERBLOCK_BYTES)
        self.is_hdf5 = head[:8] == _SIGNATURE
        whole = (
            len(head) == _SUPERBLOCK_BYTES and head[_VERSION_AT] == 3 and head[_SIZES_AT : _SIZES_AT + 2] == b"\x08\x08"
        )
        self.marked = whole and head[_MARK_AT] != 0
        self._head = _unmarked(head) if self.marked else b""

    def size(self):
        return os.fstat(self._file.fileno()).st_size

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=os.SEEK_SET):
        end = _FAR if self._head else self.size()
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: end}[whence]
        return self._at

    def tell(self):
        return self._at

    def readinto(self, buffer):
        """Fills the buffer. Bytes beyond the end read as zeros: a chunk has its final length from the beginning."""
        view = memoryview(buffer).cast("B")
        self._file.seek(self._at)
        filled = 0
        while filled < len(view):
            got = self._file.readinto(view[filled:])
            if not got:
                view[filled:] = bytes(len(view) - filled)
                break
            filled += got
        if self._at < len(self._head):
            piece = self._head[self._at : self._at + len(view)]
            view[: len(piece)] = piece
        self._at += len(view)
        return len(view)

    def close(self):
        if not self.closed and hasattr(self, "_file"):  # the constructor may have failed
            self._file.close()
        super().close()


def open_file(reader):
    """The file, opened by h5py. Raises OSError if it is damaged."""
    return h5py.File(reader, "r")


def rows_in_file(dataset, size):
    """Rows of a one-dimensional dataset up to the first row beyond the end of a file of `size` bytes: rows lost with
    the file's end would read as zeros. Only the last chunks are checked, because a table's chunks are laid down in
    order."""
    rows, width = dataset.shape[0], dataset.dtype.itemsize
    while rows > 0 and dataset.chunks:
        first = (rows - 1) // dataset.chunks[0] * dataset.chunks[0]
        chunk = dataset.id.get_chunk_info_by_coord((first,))
        left = 0 if chunk.byte_offset is None else size - chunk.byte_offset
        # A compressed chunk is complete or not there. Of other chunks the written rows are there.
        there = (dataset.chunks[0] if left >= chunk.size else 0) if dataset.compression else max(0, left // width)
        if there > 0:
            return min(rows, first + there)
        rows = first
    return rows


def patiently(look, reader):
    """What `look()` returns. It is called several times, for half a second in all, if the file is marked as being
    written: a block of its metadata may have been half written. Raises what the last call raised."""
    pauses = _PAUSES if reader.marked else (0.0,)
    for pause in pauses:
        time.sleep(pause)
        try:
            return look()
        except UNREADABLE as error:
            last = error
    raise last


def _unmarked(head):
    if struct.unpack_from("<I", head, _CHECKSUM_AT)[0] != _lookup3(head[:_CHECKSUM_AT]):
        return b""  # damaged: HDF5 reads the bytes unchanged
    plain = (
        head[:_MARK_AT]
        + b"\0"
        + head[_MARK_AT + 1 : _END_AT]
        + struct.pack("<Q", _FAR)
        + head[_END_AT + 8 : _CHECKSUM_AT]
    )
    return plain + struct.pack("<I", _lookup3(plain))


def _lookup3(data):
    """Bob Jenkins' lookup3 of whole words: HDF5's checksum of metadata."""
    words = struct.unpack(f"<{len(data) // 4}I", data)
    state = [(0xDEADBEEF + len(data)) & _WORD] * 3
    for at in range(0, len(words), 3):
        for i, word in enumerate(words[at : at + 3]):
            state[i] = (state[i] + word) & _WORD
        if at + 3 < len(words):
            for into, of, turn in _MIX:
                state[into] = ((state[into] - state[of]) & _WORD) ^ _turned(state[of], turn)
                state[of] = (state[of] + state[3 - into - of]) & _WORD
    for into, of, turn in _FINAL:
        state[into] = ((state[into] ^ state[of]) - _turned(state[of], turn)) & _WORD
    return state[2]


def _turned(word, bits):
    return (word << bits | word >> (32 - bits)) & _WORD
