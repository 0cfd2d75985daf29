"""Debian 13: built there from the source with its compiler and libraries, tested, and run with and without ranks."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from debian_root import CACHE, USER, debian_root

ROOT = Path(__file__).resolve().parents[2]
# Of .ci/setup.sh, without LibTorch and without what only Python needs.
PACKAGES = (
    "g++ cmake ninja-build ccache libopenmpi-dev openmpi-bin libboost-dev libboost-mpi-dev libhdf5-dev "
    "libtomlplusplus-dev "
    "libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev librandom123-dev libxxhash-dev zlib1g-dev libeigen3-dev "
    "libnlopt-dev libgtest-dev libgmock-dev python3-venv"
).split()
CONFIGURE = (
    "-G Ninja -DCMAKE_BUILD_TYPE=Release -DSTEMMA_WITH_TORCH=OFF -DSTEMMA_BENCHMARKS=OFF -DSTEMMA_WARNINGS_AS_ERRORS=ON"
).split()


def source(to):
    """A copy of what git knows here, committed or not."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    wanted = [name for name in names.decode().split("\0") if name and (ROOT / name).is_file()]
    for old in [path for path in to.rglob("*") if path.is_file() and str(path.relative_to(to)) not in wanted]:
        old.unlink()
    for name in wanted:  # with their times, so that the compiler's cache and the next build know them
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name)


@pytest.mark.long
@pytest.mark.install
def test_it_builds_and_its_tests_pass():
    root = debian_root("trixie", PACKAGES)
    tree, cache = CACHE / "debian13-source", CACHE / "debian13-ccache"
    for folder in (tree, cache):
        folder.mkdir(parents=True, exist_ok=True)
    source(tree)
    outside, inside = root.home("build")
    binds = [(tree, "/src", "ro"), (cache, "/ccache", "rw")]
    env = {
        "CCACHE_DIR": "/ccache",
        "OMPI_MCA_btl_tcp_if_include": "lo",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }

    def ran(*words, user=USER):
        return root.run(*words, user=user, binds=binds, env=env, cwd=inside, timeout=7200).stdout

    os.chown(cache, USER, USER)
    ran("cmake", "-S", "/src", "-B", ".", *CONFIGURE)
    ran("ninja", "-k", "0")
    ran("ctest", "-j", "2", "--output-on-failure", "-E", "BeyondTwoGibibytes")
    job = "/src/jobs/toy_asha.toml"
    ran("./stemma", "run", job, "-n", "2", "-q", "-o", "one.h5")
    ran("mpirun", "--bind-to", "none", "-n", "3", "./stemma", "run", job, "-q", "-o", "ranks.h5")
    for file in ("one.h5", "ranks.h5"):
        assert "every decision is the same" in ran("./stemma", "verify", file)
    shutil.rmtree(outside)
