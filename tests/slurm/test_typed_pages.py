"""docs/slurm-pytorch.md on a real Slurm without GPUs: its commands are typed without what names GPUs."""

import re
import shutil
import sys

import pytest
from harness import ROOT
from test_docs_as_typed import blocks_of, shell

pytestmark = [pytest.mark.flaky(reruns=1), pytest.mark.long]
BLOCK_SECONDS = 900  # `conform` starts PyTorch some ten times

# What the page says, and what is typed here: one node of few cores, no GPU.
HERE = (
    ("--gpus=1 --cpus-per-task=12 ", ""),
    ("--nodes 2 --gpus-per-node 4 --cpus-per-task 12 --time 12:00:00", "--workers-per-node 2 --time 00:10:00"),
)


def commands_of_the_page(cluster):
    """Types the blocks with srun and sbatch, in order. Returns what they printed."""
    said = []
    for block in blocks_of("docs/slurm-pytorch.md"):
        if not re.search(r"^(srun|sbatch) ", block.text, re.MULTILINE):
            if block.file:
                (cluster.folder / block.file).write_text(block.text)
            continue
        text = block.text
        for page, here in HERE:
            text = text.replace(page, here)
        said.append(shell(text, cluster.folder, cluster.env, BLOCK_SECONDS).stdout)
    return said


def test_the_slurm_page(cluster, stemma):
    pytest.importorskip("torch")
    bin_folder = cluster.folder / "bin"
    bin_folder.mkdir()
    (bin_folder / "stemma").symlink_to(shutil.which(stemma.binary))
    (bin_folder / "python3").symlink_to(sys.executable)
    cluster.env |= {
        "PATH": f"{bin_folder}:{cluster.env['PATH']}",
        "SCRATCH": str(cluster.folder / "scratch"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    conform, submitted = commands_of_the_page(cluster)

    assert "the program keeps to the protocol" in conform and "one epoch took" in conform
    job = int(re.search(r"Submitted batch job (\d+)", submitted)[1])
    cluster.wait_for_state(job, "COMPLETED")
    stemma("verify", cluster.folder / "scratch/runs/first.h5")
    script = (cluster.folder / "job.sh").read_text()
    assert "export STEMMA=" in script and f"{ROOT}/slurm/stemma.sbatch" in script
