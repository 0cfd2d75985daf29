"""What a table is of: the commit, the torch trainer, LibTorch."""

import re
import subprocess
from pathlib import Path

from trainer_hash import trainer_hash

ROOT = Path(__file__).resolve().parents[2]


def about_tree(programs):
    """Of this tree and the programs of one of its build folders."""
    said = subprocess.run([Path(programs) / "stemma", "--version"], capture_output=True, text=True, check=True).stdout
    torch = re.search(r"LibTorch ([\d.]+)", said)
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "commit": commit or "unknown",
        "trainer": trainer_hash(ROOT),
        "torch": torch.group(1) if torch else "none",
    }
