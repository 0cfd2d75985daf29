"""The code that only a GPU runs compiles: against the headers of PyTorch's wheel and of NVIDIA's, without a GPU."""

import os
import subprocess

import pytest
from harness import ROOT

pytestmark = [pytest.mark.frameworks, pytest.mark.long]


def test_the_code_for_cuda_compiles(tmp_path):
    where = "import os, torch; print(os.path.dirname(torch.__file__))"
    wheel = subprocess.run(
        [os.environ["STEMMA_FRAMEWORKS"], "-c", where], check=True, capture_output=True, text=True
    ).stdout.strip()
    # Not optimized: half the time, and the same errors.
    options = ["-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O0", "-DSTEMMA_WARNINGS_AS_ERRORS=ON"]
    configure = ["cmake", "-G", "Ninja", "-S", ROOT, "-B", tmp_path, f"-DSTEMMA_TORCH_WHEEL={wheel}", *options]
    subprocess.run([*configure, "-DSTEMMA_BENCHMARKS=OFF"], check=True, capture_output=True, timeout=600)
    assert "STEMMA_TORCH_CUDA" in (tmp_path / "build.ninja").read_text(), "the wheel has CUDA, and so has the code"

    built = subprocess.run(
        ["ninja", "-C", tmp_path, "stemma_torch_trainer"], capture_output=True, text=True, timeout=3600
    )
    assert built.returncode == 0, built.stdout[-4000:]
