"""Run files that were cut short, or have a bit flipped: what is shown is what was written, or an earlier whole state of
it, or the file is refused with the place. Never wrong numbers, never a hang, never a traceback."""

import json
import random
import re
import shutil
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest
import stemma
from analysis_jobs import JOBS, ROOT, SPACE
from harness import wait_until

LOOK_S = 240  # for many files together, far more than they take
CUTS, FLIPS = 27, 60

# Prints for each file, in a line of JSON, what the package shows of it: its header, and a digest of each table.
LOOK = r"""
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
import stemma
from stemma import schema
for path in sys.argv[2:]:
    try:
        run = stemma.open(path)
        read = {name: run.file.table(name) for name in schema.TABLES}
        tables = {name: (len(rows), hashlib.sha256(rows.tobytes()).hexdigest()) for name, rows in read.items()}
        run.best(3), run.summary, run.leases, run.members, run.failures
        told = {"header": repr(run.file.header), "tables": tables, "finished": run.finished}
    except stemma.StemmaError as error:
        told = {"refused": str(error)}
    print(json.dumps(told), flush=True)
"""


def looked_at(paths):
    """What is shown of each file. Runs in a process of its own, because damage might hang or kill it."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(ROOT / "analysis"), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=LOOK_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="session")
def states(program, tmp_path_factory):
    """The same search as a copy of its file while it runs, killed, and finished."""
    folder = tmp_path_factory.mktemp("states")
    files = {name: folder / f"{name}.h5" for name in ("live", "killed", "finished")}
    job = folder / "job.toml"
    job.write_text(
        JOBS["asha"].replace("members = 40", "members = 400")
        + SPACE.replace('cost = "1ms"', 'cost = "5ms"')
        + "failure_rate = 0.05\n"
    )
    process = subprocess.Popen(
        [program.binary, "run", str(job), "-q", "-n", "3", "-o", str(files["killed"])],
        env=program.env,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(files["killed"].exists, "there is a run file")
        run = stemma.open(files["killed"])
        wait_until(lambda: len(run.refresh().reports) >= 60, "sixty reports are in it")
        shutil.copy(files["killed"], files["live"])
        wait_until(lambda: len(run.refresh().reports) >= 120, "as many again are in it")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    shutil.copy(files["killed"], files["finished"])
    program("resume", files["finished"], "-q", "-n", 3)
    return files


def truth_of(path):
    run = stemma.open(path)
    return {"header": repr(run.file.header), "tables": {name: run.file.table(name) for name in stemma.schema.TABLES}}


def check(told, truth, path):
    """Refused with the file's name, or all tables as of one of its commits. Returns which."""
    import hashlib

    if "refused" in told:
        assert str(path) in told["refused"] and (
            "damaged" in told["refused"]
            or "not an HDF5 file" in told["refused"]
            or "of another program" in told["refused"]
            or "version" in told["refused"]
        ), told["refused"]
        return "refused"
    assert told["header"] == truth["header"]
    commits = truth["tables"]["commits"]
    count = told["tables"]["commits"][0]
    for name, (rows, digest) in told["tables"].items():
        assert rows == (count if name == "commits" else int(commits[count - 1][name])), (name, rows)
        assert hashlib.sha256(truth["tables"][name][:rows].tobytes()).hexdigest() == digest, name
    return "whole" if count == len(commits) else "earlier"


@pytest.mark.parametrize("state", ("live", "killed", "finished"))
def test_files_cut_short(states, state, tmp_path):
    content, truth = states[state].read_bytes(), truth_of(states[state])
    lengths = [len(content) * part // CUTS for part in range(CUTS)] + [1, 8, 47, 48, 512, len(content) - 1]
    paths = []
    for length in lengths:
        paths.append(tmp_path / f"cut-{length}.h5")
        paths[-1].write_bytes(content[:length])
    told = looked_at(paths)
    found = []
    for path, length, item in zip(paths, lengths, told):
        found.append("refused" if length == 0 and "is empty" in item.get("refused", "") else check(item, truth, path))
    assert "refused" in found
    if state != "finished":
        assert "earlier" in found, found


@pytest.mark.parametrize("state", ("live", "killed", "finished"))
def test_flipped_bits(states, state, tmp_path):
    content, truth, dice = states[state].read_bytes(), truth_of(states[state]), random.Random(7)
    paths = []
    for bit in [dice.randrange(8 * len(content)) for _ in range(FLIPS)] + [dice.randrange(8 * 48) for _ in range(12)]:
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        paths.append(tmp_path / f"bit-{bit}.h5")
        paths[-1].write_bytes(damaged)
    for path, item in zip(paths, looked_at(paths)):
        check(item, truth, path)


def places_of(path, table, column):
    """The position in the file of the column's values of the first chunk."""
    with h5py.File(path, "r", swmr=True) as file:
        rows = file[table]
        chunk = rows.id.get_chunk_info(0)
        return [
            chunk.byte_offset + row * rows.dtype.itemsize + rows.dtype.fields[column][1]
            for row in range(min(rows.shape[0], rows.chunks[0]))
        ]


@pytest.mark.parametrize(
    "table, column, byte",
    [
        ("reports", "valid_loss", 6),
        ("units", "valid_loss", 6),
        ("members", "lr", 7),
        ("leases", "member", 0),
        ("lease_ends", "outcome", 0),
        ("reports", "status", 0),
        ("events", "value", 3),
        ("incarnations", "workers", 0),
        ("workers", "host_length", 0),
        ("inputs", "time", 5),
        ("failures", "message_offset", 0),
        ("commits", "time", 3),
        ("decisions", "crc32", 1),
        ("members", "parent", 1),
        ("budgets", "members", 0),
    ],
)
def test_a_value_that_was_not_written_is_refused_with_its_place(states, table, column, byte, tmp_path):
    truth = truth_of(states["killed"])["tables"]
    for row in (0, 1):
        damaged = bytearray(states["killed"].read_bytes())
        places = places_of(states["killed"], table, column)
        if row >= len(places):
            continue
        damaged[places[row] + byte] ^= 1 << 4
        (tmp_path / "damaged.h5").write_bytes(damaged)
        run = stemma.open(tmp_path / "damaged.h5")
        with pytest.raises(stemma.StemmaError, match="damaged.h5: is damaged: .*Take a copy.*stemma resume") as error:
            run.file.table(table)
        if table == "commits":
            assert f"row {row} of table commits" in str(error.value)
            continue
        first, last = re.search(
            rf"rows (\d+) .. (\d+) of table {table} are not what was written", str(error.value)
        ).groups()
        assert int(first) <= row <= int(last)
        for other in set(truth) - {table}:  # the rest is shown
            assert run.file.table(other).tobytes() == truth[other].tobytes()


def test_a_damaged_text_is_refused(states, tmp_path):
    with h5py.File(states["killed"], "r", swmr=True) as file:
        place = file["text"].id.get_chunk_info(0).byte_offset
    damaged = bytearray(states["killed"].read_bytes())
    damaged[place + 1] ^= 1
    (tmp_path / "damaged.h5").write_bytes(damaged)
    with pytest.raises(stemma.StemmaError, match="bytes 0 .. .* of table text are not what was written"):
        assert stemma.open(tmp_path / "damaged.h5").workers is None


@pytest.mark.parametrize("words", (["report"], ["watch", "--once"], ["export", "--newick", "out"]))
def test_a_command_says_which_file_is_damaged(states, words, tmp_path, capsys, monkeypatch):
    from stemma.cli import run as command

    monkeypatch.chdir(tmp_path)
    damaged = bytearray(states["killed"].read_bytes())
    damaged[places_of(states["killed"], "reports", "valid_loss")[40] + 6] ^= 1 << 4
    (tmp_path / "one-bit.h5").write_bytes(damaged)
    assert command([words[0], "one-bit.h5", *words[1:]]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and told.err.startswith("stemma: one-bit.h5: is damaged: rows ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one-bit.h5"]


def test_what_the_log_repairs(program, states, tmp_path):
    """What the message recommends: resume writes the tables anew."""
    damaged = bytearray(states["killed"].read_bytes())
    damaged[places_of(states["killed"], "reports", "valid_loss")[3] + 6] ^= 1 << 4
    (tmp_path / "mended.h5").write_bytes(damaged)
    program("resume", tmp_path / "mended.h5", "-q", "-n", 2, "--members", 1)
    before, after = stemma.open(states["killed"]).reports, stemma.open(tmp_path / "mended.h5").reports
    assert np.array_equal(after["valid_loss"][: len(before)], before["valid_loss"], equal_nan=True)


def test_files_of_version_1_have_no_checksums_before_they_are_finished():
    golden = ROOT / "tests/data/golden/v1"
    with pytest.warns(
        stemma.StemmaWarning, match="killed.h5: is of format version 1, whose tables have no checksums.*stemma verify"
    ) as told:
        run = stemma.open(golden / "killed.h5")
        assert len(run.members) == len(run.summary) > 0 and len(run.reports) > 0
    assert len(told) == 1
    run.refresh()
    assert len(stemma.open(golden / "pbt_truncation.h5").best(1)) == 1  # compressed, with HDF5's checksums
