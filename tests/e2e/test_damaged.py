"""Damaged run files: `verify` compares every table with the log, and no command gives a wrong answer or hangs."""

import json
import os
import random
import shutil
import subprocess

import pytest
from harness import MISMATCH, OK, USER_ERROR, wait_until

from record import rows

h5py = pytest.importorskip("h5py")

TABLES = "members reports epochs leases lease_ends workers events incarnations snapshots budgets".split()
LOOKS = ["status", "verify", "export"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished run, a killed run, and a copy of a run that was still going."""
    from harness import JOB, Stemma

    stemma = Stemma(tmp_path_factory.mktemp("runs"))
    if not os.access(stemma.binary, os.X_OK):
        pytest.skip(f"{stemma.binary} is not built")
    job = stemma.folder / "toy.toml"
    job.write_text(JOB)
    stemma("run", job, "-n", 2, "-q", "-o", "finished.h5")
    search = subprocess.Popen(
        [
            stemma.binary,
            "run",
            str(job),
            "-n",
            "2",
            "-q",
            "-o",
            "killed.h5",
            "--set",
            "run.budget.members=100000",
            "--set",
            "trainer.cost=1ms",
        ],
        cwd=stemma.folder,
        env=stemma.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(
            lambda: (stemma.folder / "killed.h5").exists() and len(rows(stemma, "killed.h5", "reports")) > 100,
            "there are reports",
        )
        shutil.copy(stemma.folder / "killed.h5", stemma.folder / "live.h5")
    finally:
        search.kill()
        search.wait()
    return stemma


@pytest.mark.parametrize("file", ["finished.h5", "killed.h5", "live.h5"])
def test_verify_passes_what_is_whole(runs, file):
    assert "every decision is the same" in runs("verify", file).stdout


def flip(source, target, table, row, column):
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
        flip(source, runs.folder / "flipped.h5", table, row, column)
        told = runs("verify", "flipped.h5", code=MISMATCH).stdout
        assert f"flipped.h5: table {table}, row {row}, column {column}: holds " in told


def test_what_verify_finds_a_resume_repairs(runs):
    flip(runs.folder / "killed.h5", runs.folder / "repaired.h5", "reports", 40, "valid_loss")
    assert rows(runs, "repaired.h5", "reports") == rows(runs, "killed.h5", "reports"), "export reads the log"
    runs("verify", "repaired.h5", code=MISMATCH)
    runs("resume", "repaired.h5", "-n", 1, "-q", "--members", 1)
    runs("verify", "repaired.h5")


def damaged(content, number):
    """Flips bits, many of them in HDF5's own structures, or cuts the end off; drawn from `number`."""
    draw = random.Random(number)
    if number % 3 == 0:
        return content[: draw.randrange(len(content))]
    content = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 8))):
        place = draw.randrange(min(20_000, len(content)) if draw.random() < 0.5 else len(content))
        content[place] ^= 1 << draw.randrange(8)
    return bytes(content)


def prefix_of(part, whole):
    """The state at an earlier commit: each table is a beginning of the whole table."""
    return all(part[name] == whole[name][: len(part[name])] for name in whole if name != "header")


def campaign(runs, numbers):
    whole = {}
    for file in ("finished.h5", "killed.h5", "live.h5"):
        whole[file] = json.loads(runs("export", file, "--json", "-").stdout)
    read = refused = 0
    for number in numbers:
        file = ("finished.h5", "killed.h5", "live.h5")[number // 3 % 3]
        (runs.folder / "damaged.h5").write_bytes(damaged((runs.folder / file).read_bytes(), number))
        look = LOOKS[number % 2] if number % 5 == 0 else "export"
        words = ["export", "damaged.h5", "--json", "-"] if look == "export" else [look, "damaged.h5"]
        # A reader has seconds: a hang fails here.
        done = subprocess.run(
            [runs.binary, *words],
            cwd=runs.folder,
            env=runs.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        told = f"damage {number} of {file}: {done.returncode} {done.stderr[:500]}"
        assert done.returncode in (OK, USER_ERROR, MISMATCH if look == "verify" else OK), told
        if done.returncode != OK:
            assert b"damaged.h5" in done.stderr + done.stdout, told
            refused += 1
            continue
        read += 1
        if look == "export":
            found = json.loads(done.stdout)
            assert found["header"] == whole[file]["header"], told
            assert found == whole[file] or prefix_of(found, whole[file]), told
    return read, refused


def test_damage_is_never_wrong_and_never_a_hang(runs):
    read, refused = campaign(runs, range(100))
    assert read > 10 and refused > 10


@pytest.mark.long
@pytest.mark.parametrize("share", range(8))
def test_much_damage_is_never_wrong_and_never_a_hang(runs, share):
    campaign(runs, range(1000 + 300 * share, 1300 + 300 * share))
