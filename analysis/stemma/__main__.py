"""`python3 -m stemma`: the subcommands of `stemma` that are written in Python."""

import os
import sys

_DEBIAN = "/usr/bin/python3"
_ASKED = "STEMMA_PYTHON_ASKED"


def _elsewhere():
    """Where this interpreter lacks the libraries, Debian's may have them."""
    if os.access(_DEBIAN, os.X_OK) and _ASKED not in os.environ and not os.environ.get("STEMMA_PYTHON") and os.path.realpath(_DEBIAN) != os.path.realpath(sys.executable):
        environment = {**os.environ, _ASKED: "1"}
        folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))
        os.execve(_DEBIAN, [_DEBIAN, "-m", "stemma", *sys.argv[1:]], environment)


def main():
    try:
        import h5py  # noqa: F401
        import numpy  # noqa: F401
        import pandas  # noqa: F401
    except ImportError as error:
        _elsewhere()
        print(f"stemma: {sys.executable} has no {error.name}. Debian: apt-get install python3-h5py python3-pandas python3-sklearn; "
              'elsewhere: pip install "stemma[analysis]"; or set STEMMA_PYTHON to a Python that has them', file=sys.stderr)
        return 2
    from stemma.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
