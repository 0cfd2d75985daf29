"""Damaged run files: `verify` compares every table with the log, and no command gives a wrong answer or hangs."""

import os
import random

import pytest
from damage import FILES, Looks, cut, flip, make_runs
from harness import MISMATCH

from record import rows

h5py = pytest.importorskip("h5py")

TABLES = "members reports units leases lease_ends workers events incarnations snapshots budgets".split()
LOOKS = ["status", "verify", "export"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    from harness import Stemma

    stemma = Stemma(tmp_path_factory.mktemp("runs"))
    if not os.access(stemma.binary, os.X_OK):
        pytest.skip(f"{stemma.binary} is not built")
    make_runs(stemma)
    return stemma


@pytest.mark.parametrize("file", FILES)
def test_verify_passes_what_is_whole(runs, file):
    assert "every decision is the same" in runs("verify", file).stdout


def flip_cell(source, target, table, row, column):
    """Flips a bit of one cell of an uncompressed table. Returns the value that stands there then."""
    with h5py.File(source, "r", swmr=True) as file:
        data = file[table]
        kind, offset = data.dtype.fields[column]
        chunk = data.id.get_chunk_info(row // data.chunks[0])
        place = chunk.byte_offset + row % data.chunks[0] * data.dtype.itemsize + offset
    content = bytearray(source.read_bytes())
    content[place + kind.itemsize // 2] ^= 0x40
    target.write_bytes(content)


@pytest.mark.parametrize("table", TABLES)
def test_verify_names_the_cell_that_was_changed(runs, table):
    source = runs.folder / "killed.h5"
    with h5py.File(source, "r", swmr=True) as file:
        count = int(file["commits"][-1][table])
        names = file[table].dtype.names
    for number, column in enumerate(names if count else []):
        row = number * 7919 % count
        flip_cell(source, runs.folder / "flipped.h5", table, row, column)
        told = runs("verify", "flipped.h5", code=MISMATCH).stdout
        assert f"flipped.h5: table {table}, row {row}, column {column}: holds " in told


def test_what_verify_finds_a_resume_repairs(runs):
    flip_cell(runs.folder / "killed.h5", runs.folder / "repaired.h5", "reports", 40, "valid_loss")
    assert rows(runs, "repaired.h5", "reports") == rows(runs, "killed.h5", "reports"), "export reads the log"
    runs("verify", "repaired.h5", code=MISMATCH)
    runs("resume", "repaired.h5", "-n", 1, "-q", "--members", 1)
    runs("verify", "repaired.h5")


def damaged(content, number):
    """Flips bits, many of them in HDF5's own structures, or cuts the end off; drawn from `number`."""
    draw = random.Random(number)
    if number % 3 == 0:
        return cut(content, draw)
    return flip(content, draw, draw.choice((1, 1, 1, 2, 8)))


def campaign(runs, numbers):
    looks, outcomes = Looks(runs), []
    for number in numbers:
        file = FILES[number // 3 % 3]
        command = LOOKS[number % 2] if number % 5 == 0 else "export"
        outcomes.append(looks.look(file, damaged(looks.content[file], number), command, f"damage {number}"))
    refused = sum(outcome in ("refused", "difference found") for outcome in outcomes)
    return len(outcomes) - refused, refused


def test_damage_is_never_wrong_and_never_a_hang(runs):
    read, refused = campaign(runs, range(100))
    assert read > 10 and refused > 10


@pytest.mark.long
@pytest.mark.parametrize("share", range(8))
def test_much_damage_is_never_wrong_and_never_a_hang(runs, share):
    campaign(runs, range(1000 + 300 * share, 1300 + 300 * share))
