"""What a foreign run file, job or training program makes Stemma print: text, and no control sequences."""

import json
import os
import struct
import subprocess
import sys
import unicodedata
import zlib

import pytest
from harness import OK, ROOT, TIMEOUT_S

h5py = pytest.importorskip("h5py")
np = pytest.importorskip("numpy")

# A title, a cleared screen, the cursor up, a BEL character; the second set of control characters; text from right to
# left; a line that looks like a line of Stemma's.
EVIL = "\x1b]0;owned\x07\x1b[2J\x1b[A\x9b31m\x85\u202egnp.exe\u2066\u2028\r\x7f\ufeff"
QUIET = "\x9b31m\u202egnp.exe\u2066"  # the part of it that a job file lets through

JOB = f"""\
[run]
name = "naughty {QUIET}"
budget = {{ members = 8 }}
[metric]
name = "valid_loss"
direction = "minimize"
[space."lr{QUIET}"]
type = "real"
low = 1e-3
high = 1.0
[space.kind]
type = "categorical"
choices = ["a{QUIET}", "b{QUIET}"]
[scheduler]
type = "asha"
min = 1
max = 3
[trainer]
type = "process"
command = ["{sys.executable}", "program.py"]
metrics = ["valid_loss", "other{QUIET}"]
[workers]
threads = 1
retries = 0
"""
PROGRAM = f"""\
import sys, stemma
for trial in stemma.trials():
    with trial:
        print({EVIL!r}, flush=True)
        sys.stdout.buffer.write(b"latin \\xe9 \\xff\\n"); sys.stdout.flush()
        for step in trial:
            if trial.member % 3 == 1:
                raise RuntimeError({EVIL!r} + "\\nbest member: 99 after 1 epoch")
            trial.report(**{{"valid_loss": 0.1 * (trial.member + 1), "other{QUIET}": 1.0}})
"""


def is_text(character):
    direction = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return character in "\n\t" or (
        unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") and character not in direction + "\ufeff"
    )


def check(output, what):
    shown = output.decode()  # raises if it is no UTF-8
    assert not [character for character in shown if not is_text(character)], (what, shown)
    return shown


@pytest.fixture(scope="module")
def naughty(tmp_path_factory):
    """A folder with a run whose names and texts are full of EVIL. In run.h5 the texts come through a program and a job;
    in forged.h5 a forger has written them into the file."""
    from harness import Stemma

    program = Stemma(tmp_path_factory.mktemp("naughty"))
    if not os.access(program.binary, os.X_OK):
        pytest.skip(f"{program.binary} is not built")
    (program.folder / "job.toml").write_text(JOB, encoding="utf-8")
    (program.folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    program.env["PYTHONPATH"] = str(ROOT / "analysis")
    done = subprocess.run(
        [program.binary, "run", "job.toml", "-n", "1", "-o", "run.h5"],
        cwd=program.folder,
        env=program.env,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == OK, done
    told = check(done.stdout + done.stderr, "run")
    assert "first failure of this kind" in told and "owned" in told
    forge(program.folder / "run.h5", program.folder / "forged.h5")
    return program


def forge(source, target):
    """Other names in the header, and other bytes in the log's host field, with all checksums corrected."""
    sys.path[:0] = [str(ROOT / "analysis"), str(ROOT / "tests/analysis")]
    from run_files import with_checksums
    from stemma.header import header_crc32

    target.write_bytes(source.read_bytes())
    with h5py.File(target, "r+") as file:
        for name, value in (
            ("name", EVIL + "\nbest member: 98"),
            ("machines", EVIL),
            ("program_version", EVIL),
            ("git_hash", EVIL),
        ):
            del file.attrs[name]
            file.attrs.create(name, np.bytes_(value.encode()))
        inputs, payload, text = file["inputs"][:], file["payload"][:], file["text"][:]
        row = file["workers"][0]
        length = int(row["host_length"])
        host = (b"\x1b\x9b\xff\r" * 64)[:length]
        joined = next(row for row in inputs if row["kind"] == 1)
        at = int(joined["offset"]) + 17 + 8 + 4  # behind sequence, time, kind, worker and the length
        payload[at : at + length] = text[int(row["host_offset"]) : int(row["host_offset"]) + length] = np.frombuffer(
            host, np.uint8
        )
        inputs["crc32"][int(joined["sequence"])] = zlib.crc32(
            payload[int(joined["offset"]) : int(joined["offset"]) + int(joined["length"])].tobytes()
        )
        file["inputs"][:], file["payload"][:], file["text"][:] = inputs, payload, text
        file["commits"][:] = with_checksums(file["commits"][:], file)
        file.attrs["header_crc32"] = np.uint32(header_crc32(file))
    assert struct.unpack_from("<I", payload[at - 4 : at].tobytes())[0] == length


LOOKS = [
    ("status",),
    ("verify",),
    ("show", 0),
    ("show", 1),
    ("show", 99),
    ("lineage",),
    ("lineage", 0),
    ("schedule", "--best"),
    ("schedule", 0, "--toml"),
    ("export", "--newick", "-"),
    ("export", "--graphml", "-"),
    ("export", "--json", "-"),
    ("export", "--csv", "tables"),
    ("watch", "--once"),
    ("report", "-o", "page.html"),
    ("stop",),
    ("budget", "--members", 3),
    ("resume", "-n", 1, "--members", 9),
    ("ask",),
    ("tell", 3, "valid_loss=0.1"),
]


@pytest.mark.parametrize("words", LOOKS, ids=lambda words: "-".join(map(str, words)))
@pytest.mark.parametrize("file", ["run.h5", "forged.h5"])
def test_commands_print_nothing_but_text(naughty, words, file):
    done = subprocess.run(
        [naughty.binary, words[0], file, *map(str, words[1:])],
        cwd=naughty.folder,
        env=naughty.env,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    told = check(done.stdout, words) + check(done.stderr, words)
    assert done.returncode in (0, 1, 2, 5, 6, 75) and "/analysis/stemma/" not in told, told  # no traceback of Stemma's
    assert not any(line.startswith(("best member: 98", "best member: 99")) for line in told.splitlines()), told


@pytest.mark.parametrize(
    "words",
    [
        ("check", "job.toml"),
        ("preview", "job.toml"),
        ("simulate", "job.toml"),
        ("sbatch", "job.toml"),
        ("run", "job.toml", "-o", "run.h5"),
        ("check", "missing\x1b[2J\x9b.toml"),
        ("status", "missing\x1b[2J.h5"),
        ("watch", "missing\x1b[2J.h5"),
        ("conform", "--", sys.executable, "-c", f"print({EVIL!r}); raise SystemExit(3)"),
    ],
    ids=lambda words: words[0],
)
def test_jobs_and_errors_print_nothing_but_text(naughty, words):
    done = subprocess.run(
        [naughty.binary, *words],
        cwd=naughty.folder,
        env=naughty.env,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    told = check(done.stdout, words) + check(done.stderr, words)
    assert "/analysis/stemma/" not in told


def test_logs_are_text(naughty):
    logs = [
        path for path in (naughty.folder / "run.h5.logs").glob("rank-*.log") if not path.name.endswith(".program.log")
    ]
    assert logs
    for path in logs:
        assert "owned" in check(path.read_bytes(), path) or "rank-0" not in path.name


def test_the_run_file_keeps_what_was_said(naughty):
    told = json.loads(
        subprocess.run(
            [naughty.binary, "export", "run.h5", "--json", "-"],
            cwd=naughty.folder,
            env=naughty.env,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=True,
        ).stdout
    )
    assert EVIL in told["failures"][0]["message"]
    assert told["header"]["name"] == f"naughty {QUIET}"
    toml = subprocess.run(
        [naughty.binary, "schedule", "run.h5", "0", "--toml"],
        cwd=naughty.folder,
        env=naughty.env,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=True,
    ).stdout.decode()
    try:
        import tomllib
    except ImportError:
        return
    assert f"lr{QUIET}" in tomllib.loads(toml)["schedule"][0]


ENCODINGS = {
    "latin": {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONIOENCODING": "latin-1"},
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "posix": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", [b"caf\xe9.h5", "日本 ü.h5".encode()])
def test_no_name_and_no_terminal_ends_in_a_traceback(naughty, encoding, name):
    folder = os.fsencode(naughty.folder)
    with open(os.path.join(folder, name), "wb") as file:
        file.write((naughty.folder / "run.h5").read_bytes())
    environment = {**naughty.env, **ENCODINGS[encoding]}
    for words in (
        [b"watch", name, b"--once"],
        [b"report", name],
        [b"report", name, b"-o", name + b".html"],
        [b"export", name, b"--parquet", b"out-" + name],
        [b"status", name],
        [b"watch", b"missing" + name],
    ):
        done = subprocess.run(
            [os.fsencode(naughty.binary), *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert b"Traceback" not in done.stderr + done.stdout, done
        assert done.returncode == (
            2 if b"missing" in words[1] or b"export" == words[0] and b"pyarrow" in done.stderr else 0
        ), done
    assert os.path.exists(os.path.join(folder, name[: -len(b".h5")] + b".html"))
