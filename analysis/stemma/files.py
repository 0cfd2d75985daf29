"""Files that are there whole or not at all."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def whole_file(path):
    """Gives the path to write to; what is written there gets its name when all went well, and else is removed. What is
    no ordinary file (a pipe, /dev/stdout) is written to as it is. Raises OSError."""
    path = Path(path)
    if path.exists() and not path.is_file():
        yield path
        return
    real = path.resolve()
    partial = real.with_name(real.name + ".partial")
    try:
        yield partial
        os.replace(partial, real)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
