"""README and the task pages, typed. Files that a page shows are written, and its commands run one after another in an
empty folder, as a reader does it. Each block of commands is typed or stands in NOT_TYPED with the reason."""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from harness import ROOT

PAGES = (
    "README.md",
    "docs/slurm-pytorch.md",
    "docs/workstation.md",
    "docs/unmodified-scripts.md",
    "docs/install-for-others.md",
    "docs/several-processes.md",
    "docs/one-gpu-many-members.md",
)
BLOCK_SECONDS = 240


class NotTyped(NamedTuple):
    reason: str
    instead: str = ""  # commands that give what later blocks of the page need


# (page, first line of the block) -> why a test does not type it as it is.
NOT_TYPED = {
    ("docs/slurm-pytorch.md", "module load python openmpi"): NotTyped("modules of a site; a download of 3 GB"),
    (
        "docs/slurm-pytorch.md",
        "srun --gpus=1 --cpus-per-task=12 --time=00:15:00 stemma conform --job job.toml",
    ): NotTyped(
        "GPU; without it: tests/slurm/test_typed_pages.py",
        "stemma conform --job job.toml\nstemma preview job.toml -n 8 --time",
    ),
    ("docs/slurm-pytorch.md", "mkdir -p $SCRATCH/runs"): NotTyped(
        "Slurm with GPUs; without them: tests/slurm/test_typed_pages.py",
        "mkdir -p $SCRATCH/runs\nstemma run job.toml -n 2",
    ),
    ("docs/slurm-pytorch.md", "stemma stop $SCRATCH/runs/first.h5"): NotTyped(
        "needs a search that runs: tests/e2e/test_requests.py"
    ),
    ("docs/workstation.md", "python3 -m venv ~/envs/search"): NotTyped("a download of 3 GB: tests/install"),
    (
        "docs/several-processes.md",
        "stemma sbatch trials.toml --nodes 2 --gpus-per-node 4 --cpus-per-task 32 --time 12:00:00 > job.sh",
    ): NotTyped(
        "a cluster with GPUs",
        "stemma sbatch trials.toml --nodes 2 --gpus-per-node 4 --cpus-per-task 32 --time 12:00:00 > job.sh",
    ),
    (
        "docs/one-gpu-many-members.md",
        "STEMMA_MPS=1 sbatch --gpus-per-node=1 --ntasks-per-node=5 slurm/stemma.sbatch job.toml",
    ): NotTyped("a cluster with GPUs: tests/e2e/test_batch_script.py has stand-ins"),
    ("docs/install-for-others.md", "./run --wheel"): NotTyped("a build of some minutes: tests/install/test_wheel.py"),
}


class Block(NamedTuple):
    language: str
    file: str  # what the text before it calls a file; "" = none
    text: str

    @property
    def first_line(self):
        return self.text.split("\n")[0]


def blocks_of(page):
    """The fenced blocks of a page in order. A block of Python or TOML belongs to the file that was named last since
    the block before it."""
    found, end = [], 0
    text = (ROOT / page).read_text()
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        named = re.findall(r"`([\w-]+\.(?:py|toml))`", text[end : match.start()])
        found.append(Block(match[1], named[-1] if named else "", match[2]))
        end = match.end()
    return found


def shell(commands, folder, env, seconds):
    """Runs the commands of a page in a shell, which ends at the first one that fails."""
    ran = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert ran.returncode == 0, f"{commands}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    return ran


class Reader:
    """A shell that stays in its folder from block to block. `python3` is the interpreter of the tests."""

    def __init__(self, stemma, folder):
        self.folder = folder / "work"
        for name in ("work", "home", "scratch", "bin"):
            (folder / name).mkdir()
        (folder / "bin/stemma").symlink_to(Path(stemma.binary).resolve())
        (folder / "bin/python3").symlink_to(sys.executable)
        self.env = stemma.env | {
            "HOME": str(folder / "home"),
            "SCRATCH": str(folder / "scratch"),
            "PYTHONPATH": str(ROOT / "analysis"),  # as the wheel installs it
            "PATH": f"{folder / 'bin'}:{stemma.env['PATH']}",
            "OMPI_MCA_rmaps_base_oversubscribe": "1",
        }
        self.cwd = self.folder

    def types(self, commands):
        ran = shell(f'{commands}\npwd >"{self.folder.parent}/cwd"', self.cwd, self.env, BLOCK_SECONDS)
        self.cwd = Path((self.folder.parent / "cwd").read_text().strip())
        return ran.stdout + ran.stderr

    def does(self, page, block):
        """What a reader does with a block. Returns what that printed."""
        if block.language == "sh":
            not_typed = NOT_TYPED.get((page, block.first_line))
            return self.types(block.text if not_typed is None else not_typed.instead)
        if block.language in ("python", "toml") and block.file:
            (self.cwd / block.file).write_text(block.text)
        elif block.language == "python":
            (self.folder.parent / "snippet.py").write_text(block.text)
            return self.types(f"python3 {self.folder.parent}/snippet.py")
        return ""


@pytest.fixture
def reader(stemma, tmp_path):
    """Skips where the interpreter has no PyTorch, or no pandas for the pages of runs."""
    pytest.importorskip("torch")
    pytest.importorskip("pandas")
    return Reader(stemma, tmp_path)


def typed(reader, page):
    return "".join(reader.does(page, block) for block in blocks_of(page))


def test_readme(reader):
    said = typed(reader, "README.md")
    assert "from  to  member  born by" in said and "nothing is left to try" in said
    assert (reader.cwd / "runs/job.html").exists()
    keys = reader.types("""python3 -c 'import torch; print(*torch.load("best.pt")["model"])'""")
    assert keys.split() == ["0.weight", "0.bias", "2.weight", "2.bias"]
    text = (ROOT / "README.md").read_text()
    header = re.search(r"^from  to .*$", text, re.MULTILINE)[0]
    assert re.search(r"^from  to .*$", said, re.MULTILINE)[0].split() == header.split()
    for column in re.split(r"\s{2,}", header):
        assert re.search(rf"^\| .*`{column}`.* \|", text, re.MULTILINE), column


def test_readme_passes_conform_without_a_note(reader):
    for block in blocks_of("README.md"):
        if block.file:
            reader.does("README.md", block)
    said = reader.types("stemma conform --job job.toml --units 4")
    assert re.findall(r"^(\w+) ", said, re.MULTILINE).count("ok") >= 10
    assert "note" not in said and "FAILED" not in said


def test_slurm_page(reader):
    said = typed(reader, "docs/slurm-pytorch.md")
    assert "no errors" in said and "the program keeps to the protocol" in said
    assert (reader.cwd / "first.html").exists() and (reader.cwd / "best.pt").stat().st_size > 1000
    assert "'0.weight'" in said  # the snippet printed the names of the best model


def test_workstation_page(reader):
    said = typed(reader, "docs/workstation.md")
    assert said.count("best member") >= 3
    assert {path.name for path in (reader.cwd / "runs").glob("*.h5")} >= {"mine.h5", "ranks.h5"}
    assert (reader.cwd / "best.bin").exists()


def test_page_of_unmodified_scripts(reader):
    said = typed(reader, "docs/unmodified-scripts.md")
    assert "no errors" in said and '"epoch": 9' in said


def test_page_of_several_processes(reader):
    said = typed(reader, "docs/several-processes.md")
    assert said.count("best member") == 2 and "the program keeps to the protocol" in said
    assert "export STEMMA_WORKERS_PER_NODE=1" in (reader.cwd / "job.sh").read_text()
    keys = reader.types("""python3 -c 'import torch; print(*torch.load("best.pt")["model"])'""")
    assert keys.split() == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_page_of_many_members_on_a_gpu(reader):
    said = typed(reader, "docs/one-gpu-many-members.md")
    assert said.count("best member") == 1 and "ok      trains 16 at the same time" in said


def test_page_for_administrators(reader):
    said = typed(reader, "docs/install-for-others.md")
    assert "best member" in said


def test_each_reason_belongs_to_a_block():
    places = [(page, block.first_line) for page in PAGES for block in blocks_of(page) if block.language == "sh"]
    assert [place for place in NOT_TYPED if places.count(place) != 1] == []
    assert len(places) > len(NOT_TYPED) + 10, "blocks are not understood any more"


def test_readme_is_a_first_screen():
    lines = (ROOT / "README.md").read_text().split("\n")
    assert len(lines) <= 121
    developing = lines.index("## Developing")
    assert not [line for line in lines[:developing] if "./test" in line]
