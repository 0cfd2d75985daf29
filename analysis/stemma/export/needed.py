"""Libraries that only some exports need."""

import importlib

from stemma.errors import StemmaError


def needed(module, package, what):
    """The module, or StemmaError that says how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise StemmaError(
            f"{what} needs the library {package} (pip install {package}); this Python has it not: {error}"
        ) from None
