"""Foreign text for terminals: names, messages and file names may come from other users, and a terminal obeys what is in
them. As in src/core/printable.cpp."""

import contextlib
import os
import re
import sys

from stemma.errors import StemmaError

# Control characters of both sets, marks and overrides of the writing direction, separators of lines, byte order marks,
# tags. Also halves of pairs, which stand for bytes of a file's name that are no UTF-8.
_NO_TEXT = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(text):
    """`text` with ? for each character that is no text. Line ends and tabs stay."""
    return _NO_TEXT.sub("?", str(text))


def printable_line(text):
    """The same in one line, for names."""
    return printable(text).replace("\n", " ").replace("\t", " ")


def showable(text, out):
    """The same, with ? also for what the encoding of `out` cannot express."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    return printable(text).encode(encoding, "replace").decode(encoding)


def say(text, out=None):
    """Prints a line with any content to any terminal. Raises StemmaError if the disk behind it is full."""
    out = out or sys.stdout
    try:
        print(showable(text, out), file=out, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        with contextlib.suppress(
            OSError, ValueError
        ):  # what it still holds would be tried and reported again at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        raise StemmaError(f"standard output: not all could be written ({error.strerror})") from None
