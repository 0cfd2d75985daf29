"""The subcommands of `stemma` that are written in Python: `python3 .../stemma/__main__.py WORDS`, or `python3 -m stemma
WORDS`."""

import os
import sys

_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if not __package__:
    # Started by its path. Python has put the package's inside first, where modules would be found by short names; the
    # package's own folder belongs there. The working folder is not in the path: it may be another user's, and
    # hold a random.py.
    sys.path[:] = [_FOLDER] + [
        entry for entry in sys.path if os.path.abspath(entry) not in (_FOLDER, os.path.join(_FOLDER, "stemma"))
    ]

_DEBIAN = "/usr/bin/python3"
_ASKED = "STEMMA_PYTHON_ASKED"


def _elsewhere():
    """Where this interpreter lacks the libraries, Debian's interpreter may have them."""
    if (
        os.access(_DEBIAN, os.X_OK)
        and _ASKED not in os.environ
        and not os.environ.get("STEMMA_PYTHON")
        and os.path.realpath(_DEBIAN) != os.path.realpath(sys.executable)
    ):
        os.execve(
            _DEBIAN,
            [_DEBIAN, os.path.join(_FOLDER, "stemma", "__main__.py"), *sys.argv[1:]],
            {**os.environ, _ASKED: "1"},
        )


def main():
    try:
        if sys.argv[1:2] == ["new"]:
            import yaml  # noqa: F401
        else:
            import h5py  # noqa: F401
            import numpy  # noqa: F401
            import pandas  # noqa: F401
    except ImportError as error:
        _elsewhere()
        if error.name == "yaml":
            return _run()  # only a sweep needs it
        print(
            f"stemma: {sys.executable} has no {error.name}. Debian: apt-get install python3-h5py python3-pandas "
            "python3-sklearn; "
            "elsewhere: pip install h5py pandas scikit-learn; or set STEMMA_PYTHON to a Python that has them",
            file=sys.stderr,
        )
        return 2
    return _run()


def _run():
    from stemma.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
