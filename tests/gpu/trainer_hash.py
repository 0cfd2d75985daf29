"""Which state of the torch trainer a table was measured with."""

import hashlib
from pathlib import Path


def trainer_hash(root):
    """Twelve hexadecimal digits of the names and contents of src/trainer/torch."""
    root = Path(root)
    total = hashlib.sha256()
    for path in sorted((root / "src/trainer/torch").rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()[:12]
