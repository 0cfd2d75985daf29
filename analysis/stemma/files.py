"""Files that are complete or not there."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def whole_file(path):
    """Gives the path to write to. The written file gets its name if all went well, and is removed otherwise. A path
    that is no ordinary file (a pipe, /dev/stdout) is written to directly. Raises OSError."""
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
