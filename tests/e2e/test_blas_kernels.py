"""Training takes kernels of OpenBLAS that fit the processor, also where this OpenBLAS does not know the processor."""

from pathlib import Path

import pytest
from harness import ROOT

JOB = (ROOT / "jobs/energy_hypergradient.toml").read_text().replace("../tests/data", str(ROOT / "tests/data"))
WITHOUT_AVX2 = {"Prescott", "Core2", "Nehalem", "Sandybridge", "Barcelona"}


@pytest.fixture
def kernels(stemma, tmp_path):
    """The processor whose kernels a worker's training takes, as its log says it."""
    if "no LibTorch" in stemma("--version").stdout:
        pytest.skip("built without LibTorch")
    (tmp_path / "job.toml").write_text(JOB.replace("max = 4000", "max = 250").replace("members = 40", "members = 1"))

    def run(**variables):
        stemma.env = {**stemma.env, **variables}
        stemma("run", "job.toml", "-n", 1, "-q", "--output", "run.h5")
        described = (tmp_path / "run.h5.logs/rank-1.log").read_text().split("OpenBLAS's kernels for ")[1]
        return described.split()[0].rstrip(";")

    return run


def test_a_processor_with_avx2_trains_with_kernels_for_it(kernels, stemma):
    stemma.env.pop("OPENBLAS_CORETYPE", None)
    if " avx2 " not in Path("/proc/cpuinfo").read_text():
        assert kernels()
    else:
        assert kernels() not in WITHOUT_AVX2


def test_the_users_choice_stays(kernels):
    assert kernels(OPENBLAS_CORETYPE="Nehalem") == "Nehalem"
