"""Fixtures of the tests with a real Slurm on this machine. The tests are skipped, with the reason, if Slurm cannot
start."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from cluster import Cluster
from fixtures import job, stemma  # noqa: F401

NEEDED = ("slurmctld", "slurmd", "sbatch", "munged", "mpirun")


@contextmanager
def one_at_a_time():
    """Test files run side by side, and each starts a Slurm. Ports look free to the next file until that Slurm listens
    to them."""
    with (Path(tempfile.gettempdir()) / f"stemma-tests-slurm-{os.getuid()}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def free_ports(count):
    """The first of `count` ports in a row that no process listens to."""
    for first in range(26817, 60000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("", port))
            return first
        except OSError:
            continue
    pytest.skip("no free ports")


def started(folder, nodes):
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: apt-get install --no-install-recommends slurm-wlm munge openmpi-bin")
    if os.geteuid() != 0:
        pytest.skip("a Slurm of one's own has to be started as root")
    script = str(Path(__file__).with_name("local_slurm.sh"))
    with one_at_a_time():
        env = os.environ | {"SLURM_LOCAL_DIR": str(folder / "slurm"), "SLURM_LOCAL_PORT": str(free_ports(nodes + 2))}
        up = subprocess.run(
            [script, "up", str(nodes)], env=env, capture_output=True, text=True, timeout=120, check=False
        )
    if up.returncode != 0:
        logs = "".join(file.read_text()[-500:] for file in sorted((folder / "slurm").glob("log/*.log")))
        subprocess.run([script, "down"], env=env, timeout=60, check=False)
        pytest.skip(f"Slurm does not start here: {up.stderr}{logs}")
    return script, env


def instance(tmp_path_factory, nodes):
    folder = tmp_path_factory.mktemp(f"slurm{nodes}")
    script, env = started(folder, nodes)
    yield folder / "slurm/slurm.conf"
    subprocess.run([script, "down"], env=env, timeout=60, check=True)


@pytest.fixture(scope="module")
def one_node(tmp_path_factory):
    yield from instance(tmp_path_factory, 1)


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory):
    yield from instance(tmp_path_factory, 2)


@pytest.fixture
def cluster(stemma, job, one_node):
    yield from cleared(Cluster(stemma, one_node))


@pytest.fixture
def pair(stemma, job, two_nodes):
    cluster = Cluster(stemma, two_nodes)
    cluster.env["OMPI_MCA_btl"] = "tcp,self"  # the "nodes" are one host: shared memory would connect them
    yield from cleared(cluster)


def cleared(cluster):
    yield cluster
    cluster("scancel", "--user=root")
    cluster.wait(lambda: not cluster("squeue", "-h"), "the queue is empty")
