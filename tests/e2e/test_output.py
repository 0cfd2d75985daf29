"""Standard output that cannot take all text, closed descriptors, and names that are too long."""

import os
import signal
import subprocess

import pytest
from harness import INSTANT_PROGRAM, JOB, OK, PROGRAM_JOB, ROOT, TIMEOUT_S, USER_ERROR, alive, wait_until
from test_lock import children

from record import rows

FULL = "/dev/full"

PRINTING = [
    ["export", "toy.h5", "--json", "-"],
    ["export", "toy.h5", "--newick", "-"],
    ["export", "toy.h5", "--graphml", "-"],
    ["export", "toy.h5", "--weights", "w.h5"],
    ["show", "toy.h5", 3],
    ["status", "toy.h5"],
    ["verify", "toy.h5"],
    ["lineage", "toy.h5"],
    ["schedule", "toy.h5"],
    ["schedule", "toy.h5", "--toml"],
    ["sbatch", "toy.toml"],
    ["check", "toy.toml"],
    ["check", "--explain", "scheduler"],
    ["preview", "toy.toml"],
    ["simulate", "toy.toml"],
    ["selfcheck"],
    ["--version"],
    ["--help"],
    ["ask", "asked.h5", "--job", "ask.toml"],
    ["run", "toy.toml", "-n", 1, "-q", "-o", "other.h5"],
    ["resume", "toy.h5", "-n", 1, "-q", "--members", 41],
    ["new", "--python", "project"],
]


def run(stemma, *words, **streams):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run(
        [stemma.binary, *map(str, words)],
        cwd=stemma.folder,
        env=stemma.env,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        **streams,
    )


@pytest.fixture
def toy(stemma, job):
    job.write_text(JOB)
    (stemma.folder / "ask.toml").write_text(JOB.replace('type = "toy"', 'type = "ask"'))
    stemma("run", job, "-n", 2, "-q", "-o", "toy.h5")
    return stemma


def test_a_full_standard_output_is_an_error_of_each_command(toy):
    for words in PRINTING:
        with open(FULL, "w") as full:
            done = run(toy, *words, stdout=full)
        assert done.returncode == USER_ERROR, f"{words}: {done.returncode} {done.stderr}"
        assert "standard output" in done.stderr and "internal error" not in done.stderr, words


def test_a_search_is_whole_though_nobody_could_read_of_it(toy):
    with open(FULL, "w") as full:
        assert run(toy, "run", "toy.toml", "-n", 1, "-q", "-o", "new.h5", stdout=full).returncode == USER_ERROR
    assert len(rows(toy, "new.h5", "members")) == 40


@pytest.mark.parametrize("pipe_signal", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_reader_that_leaves_is_no_error(toy, pipe_signal):
    """`| head`: the program ends by SIGPIPE, silently. Where SIGPIPE is ignored, it ends in order."""
    for words in (["export", "toy.h5", "--json", "-"], ["status", "toy.h5"], ["check", "--explain", "markdown"]):
        reads, writes = os.pipe()
        os.close(reads)
        done = run(
            toy,
            *words,
            stdout=writes,
            restore_signals=False,
            preexec_fn=lambda: signal.signal(signal.SIGPIPE, pipe_signal),
        )
        os.close(writes)
        assert done.stderr == "" and done.returncode == (OK if pipe_signal == signal.SIG_IGN else -signal.SIGPIPE), (
            words
        )


EXPORTS = [
    ("--json", "all.json"),
    ("--newick", "tree"),
    ("--graphml", "graph"),
    ("--weights", "w.h5"),
    ("--csv", "tables"),
]


@pytest.mark.parametrize("option, name", EXPORTS)
def test_of_a_file_that_cannot_be_written_nothing_is_left(toy, option, name):
    def small_files():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))

    done = run(toy, "export", "toy.h5", option, name, restore_signals=False, preexec_fn=small_files)
    assert done.returncode == USER_ERROR and "cannot be written" in done.stderr
    place = toy.folder / name
    if place.is_dir():  # whole tables may be there
        assert not list(place.glob("*.partial")) and all(path.stat().st_size < 300 for path in place.iterdir())
    else:
        assert not place.exists() and not list(toy.folder.glob("*.partial"))
    place.write_text("before") if option != "--csv" else None
    run(toy, "export", "toy.h5", option, name, restore_signals=False, preexec_fn=small_files)
    assert option == "--csv" or place.read_text() == "before"
    toy("export", "toy.h5", option, name)


def test_weights_are_never_written_over_the_snapshot_that_they_are_of(toy):
    before = {path: path.read_bytes() for path in (toy.folder / "toy.h5.snapshots").iterdir()}
    for path in before:
        toy("export", "toy.h5", "--weights", path, code=(OK, USER_ERROR))
        break
    assert all(path.exists() for path in before)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_descriptors_that_are_closed(stemma, tmp_path, closed):
    """`<&-`, `>&-`, `2>&-`: a search with programs ends, and leaves nothing behind."""
    import sys

    (tmp_path / "program.py").write_text(INSTANT_PROGRAM)
    (tmp_path / "job.toml").write_text(
        PROGRAM_JOB.replace("PYTHON", sys.executable).replace(
            'type = "process"', f'type = "process"\nscratch = "{tmp_path}"'
        )
    )
    stemma.env["PYTHONPATH"] = str(ROOT / "analysis")

    def close():
        for descriptor in closed:
            os.close(descriptor)

    search = subprocess.Popen(
        [stemma.binary, "run", "job.toml", "-n", "1", "-o", "r.h5"],
        cwd=tmp_path,
        env=stemma.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=close,
    )
    helpers = []
    wait_until(
        lambda: helpers.extend(children(search.pid)) or helpers or search.poll() is not None, "it starts programs"
    )
    printed, _ = search.communicate(timeout=TIMEOUT_S)
    assert search.returncode == OK
    assert ("best member" in printed) == (1 not in closed)
    assert len(rows(stemma, "r.h5", "members")) == 6
    wait_until(lambda: not any(alive(pid) for pid in helpers), "what started programs is gone")
    assert not list(tmp_path.glob("stemma-*")), "and its scratch"


def test_names_that_leave_no_room_are_refused_before_the_start(stemma, job):
    for length in (242, 245, 252, 300):
        file = "r" * length + ".h5"
        told = stemma("run", job, "-n", 1, "-q", "-o", file, code=USER_ERROR).stderr
        assert f"{length + 3} bytes; at most 244" in told
        assert [path.name for path in stemma.folder.iterdir()] == [job.name]
    stemma("resume", "r" * 300, code=USER_ERROR)
    stemma("status", "r" * 300, code=USER_ERROR)
    for name in ("n" * 242, "n" * 300):
        told = stemma("check", job, "--set", f"run.name={name}", code=USER_ERROR).stderr
        assert "run.name" in told and "at most 244" in told
    told = stemma("check", job, "--set", f"run.output=x/{'n' * 245}", code=USER_ERROR).stderr
    assert "run.output" in told and "at most 244" in told


@pytest.mark.parametrize("node", [(), ("--node-local", "node")])
def test_the_longest_name_works_to_the_end(stemma, job, node):
    file = "r" * 241 + ".h5"
    words = ("-n", 2, "-q", "--set", "workers.durable=all", *node)
    stemma("run", job, "-o", file, *words)
    stemma("resume", file, "-n", 2, "-q", "--members", 45, *node)
    assert len(rows(stemma, file, "members")) == 45
    assert list((stemma.folder / f"{file}.snapshots").iterdir())
    stemma("verify", file)
