"""LibTorch of PyTorch's wheel, without a GPU: the code that only a GPU runs compiles, and the pretend device works."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from harness import ROOT

pytestmark = [pytest.mark.frameworks, pytest.mark.long]


def ninja(folder, *targets):
    built = subprocess.run(["ninja", "-C", folder, *targets], capture_output=True, text=True, timeout=3600)
    assert built.returncode == 0, built.stdout[-4000:]


def passes(*words, **variables):
    done = subprocess.run(list(map(str, words)), env=os.environ | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


# One test, because a second one would compile all of it again (in another share of the long tests).
def test_the_code_for_cuda_compiles_and_the_pretend_device_works(stemma, tmp_path):
    where = "import os, torch; print(os.path.dirname(torch.__file__))"
    wheel = passes(os.environ["STEMMA_FRAMEWORKS"], "-c", where).strip()
    # Not optimized: half the time, and the same errors.
    options = ["-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O0", "-DCMAKE_UNITY_BUILD=ON"]
    options.append("-DSTEMMA_WARNINGS_AS_ERRORS=ON")
    configure = ["cmake", "-G", "Ninja", "-S", ROOT, "-B", tmp_path, f"-DSTEMMA_TORCH_WHEEL={wheel}", *options]
    subprocess.run([*configure, "-DSTEMMA_BENCHMARKS=OFF"], check=True, capture_output=True, timeout=600)
    assert "STEMMA_TORCH_CUDA" in (tmp_path / "build.ninja").read_text(), "the wheel has CUDA, and so has the code"
    ninja(tmp_path, "stemma_torch_trainer")

    ninja(tmp_path, "unit_pretend_device", "stemma_torch")
    passes(tmp_path / "tests/unit/pretend_device/unit_pretend_device")

    # The program that ./test has built, with this LibTorch part in the place of its own.
    for name in ("stemma", "libstemma_mpi.so"):
        shutil.copy(Path(stemma.binary).parent / name, tmp_path)
    ranks = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ROOT / "tests/e2e/test_pretend_gpus.py"]
    told = passes(*ranks, STEMMA=str(tmp_path / "stemma"))
    assert "skipped" not in told
