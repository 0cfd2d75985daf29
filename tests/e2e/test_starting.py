"""What a rank does before there is a search: it waits for the others, loads what it needs, and survives broken
pipes."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from harness import OK, ROOT, USER_ERROR, Stemma, alive, wait_until

from record import rows

LATE = ("--set", "workers.start_timeout=4s")
SLOW = ("--set", "trainer.cost=50ms", "--set", "run.budget.members=400", "--set", "workers.lost_after=20s")
TORCH_JOB = """\
[run]
name = "energy"
budget = {{ members = 2 }}
[metric]
name = "valid_loss"
direction = "minimize"
[space.lr]
type = "real"
low = 1e-3
high = 1e-2
[scheduler]
type = "random"
max = {epochs}
[trainer]
type = "torch"
data = "csv"
path = "{data}"
model = "mlp"
"""


def one_rank_dies_at_once(stemma):
    """In place of the program: at the first start rank 2 is killed before it enters MPI."""
    wrapper = stemma.folder / "wrapper"
    wrapper.write_text(
        "#!/bin/sh\n"
        f'if [ "$OMPI_COMM_WORLD_RANK" = 2 ] && mkdir {stemma.folder}/once 2>/dev/null; then kill -9 $$; fi\n'
        f'exec {stemma.binary} "$@"\n'
    )
    wrapper.chmod(0o755)
    stemma.binary = str(wrapper)
    return stemma


def test_ranks_that_wait_for_one_that_died_in_its_start_end(stemma, mpi, job):
    start = one_rank_dies_at_once(stemma).start(4, "run", job, "-o", "toy.h5", "-q", *LATE).communicate_all()

    assert not start.code.exists(), "no exit code of a search: a batch script starts the ranks again"
    for rank in (0, 1, 3):
        assert f"rank {rank} of 4" in start.stderr
    assert "workers.start_timeout" in start.stderr
    assert not (stemma.folder / "toy.h5").exists()

    assert (
        stemma.start(4, "run", "--continue", job, "-o", "toy.h5", "-q", *LATE, "--set", "workers.lost_after=20s")
        .communicate_all()
        .returncode
        == OK
    )
    assert len(rows(stemma, "toy.h5", "members")) == 40


def test_nobody_reads_what_a_search_says(stemma, job):
    reader, writer = os.pipe()
    os.close(reader)
    words = [stemma.binary, "run", job, "-n", "2", "-o", "toy.h5", *SLOW, "--set", "run.budget.members=60"]
    done = subprocess.run(
        words, cwd=stemma.folder, env=stemma.env, stdout=writer, stderr=writer, timeout=120, check=False
    )
    os.close(writer)

    assert done.returncode >= 0, "not ended by a signal"
    assert "every decision is the same" in stemma("verify", "toy.h5").stdout
    assert len(rows(stemma, "toy.h5", "members")) == 60


def test_a_broken_pipe_ends_no_rank(stemma, mpi, job):
    start = stemma.start(3, "run", job, "-o", "toy.h5", "-q", *SLOW)
    wait_until(lambda: (stemma.folder / "toy.h5").exists() and len(rows(stemma, "toy.h5", "reports")) > 5, "it trains")
    for pid in start.ranks():
        os.kill(pid, signal.SIGPIPE)
    assert all(alive(pid) for pid in start.ranks())
    assert start.communicate_all().returncode == OK


def mapped(pid):
    return Path(f"/proc/{pid}/maps").read_text()


def needs_torch(stemma):
    if "no LibTorch" in stemma("--version").stdout:
        pytest.skip("a build without LibTorch")


def test_a_rank_that_trains_without_libtorch_does_not_load_it(stemma, mpi, job):
    start = stemma.start(3, "run", job, "-o", "toy.h5", "-q", *SLOW)
    wait_until(lambda: (stemma.folder / "toy.h5").exists() and len(rows(stemma, "toy.h5", "reports")) > 5, "it trains")
    assert not [pid for pid in start.ranks() if "libtorch" in mapped(pid) or "libstemma_torch" in mapped(pid)]
    start.kill()


def test_a_rank_that_trains_with_libtorch_loads_it(stemma, mpi):
    needs_torch(stemma)
    (stemma.folder / "job.toml").write_text(
        TORCH_JOB.format(data=ROOT / "tests/data/uci_energy/energy.csv", epochs=100000)
    )
    start = stemma.start(2, "run", "job.toml", "-q", "-o", "torch.h5")
    wait_until(
        lambda: len(start.ranks()) == 2 and "libstemma_torch.so" in mapped(start.ranks()[1]), "the worker has LibTorch"
    )
    start.kill()


@pytest.fixture
def alone(stemma, tmp_path):
    """The program without its parts."""
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(stemma.binary, tmp_path / "elsewhere/stemma")
    copy = Stemma(tmp_path)
    copy.binary = str(tmp_path / "elsewhere/stemma")
    return copy


def test_without_its_libtorch_part_the_program_does_all_the_rest(alone, job):
    (alone.folder / "torch.toml").write_text(TORCH_JOB.format(data=ROOT / "tests/data/uci_energy/energy.csv", epochs=2))

    assert "no LibTorch" in alone("--version").stdout
    alone("run", job, "-o", "toy.h5", "-n", 2, "-q")
    alone("verify", "toy.h5")
    for command in ("check", "run"):
        told = alone(command, "torch.toml", code=USER_ERROR).stderr
        assert "has no LibTorch" in told and "libstemma_torch.so" in told and "docs/install.md" in told


def test_without_its_mpi_part_the_program_trains_in_one_process(alone, job):
    started = subprocess.run(
        ["mpirun", "-n", "2", "--oversubscribe", alone.binary, "run", job],
        cwd=alone.folder,
        env=alone.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == USER_ERROR
    assert "has no MPI" in started.stderr and "libstemma_mpi.so" in started.stderr

    process = subprocess.Popen(
        [alone.binary, "run", job, "-n", "2", "-o", "toy.h5", *SLOW],
        cwd=alone.folder,
        env=alone.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: (alone.folder / "toy.h5").exists() and len(rows(alone, "toy.h5", "reports")) > 5, "it trains")
    assert "libmpi" not in mapped(process.pid)
    process.kill()
    process.wait()


def test_a_libtorch_part_of_another_version_is_refused(alone):
    source = alone.folder / "other.c"
    source.write_text(
        'const char* stemma_torch_stamp(void) { return "stemma 0.0.9"; }\nvoid* stemma_torch_part(void) { return 0; }\n'
    )
    subprocess.run(
        ["cc", "-shared", "-fPIC", source, "-o", Path(alone.binary).parent / "libstemma_torch.so"], check=True
    )
    (alone.folder / "torch.toml").write_text(TORCH_JOB.format(data=ROOT / "tests/data/uci_energy/energy.csv", epochs=2))

    told = alone("check", "torch.toml", code=USER_ERROR).stderr
    assert "another version" in told and "stemma 0.0.9" in told
