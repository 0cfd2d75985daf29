"""Log lines of members, from the files beside the run file."""

import re
from pathlib import Path

_LINES_MAX = 20_000
_BYTES_MAX = 8 << 20  # read from the end of each file
_MEMBER = re.compile(r"\bmember (\d+)\b")


def log_lines(run):
    """The last lines that name a member, by member; nothing if there are no logs."""
    lines = []
    for path in sorted(Path(f"{run.path}.logs").glob("*.log*")):
        try:
            with open(path, "rb") as file:
                file.seek(max(0, path.stat().st_size - _BYTES_MAX))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            continue
        lines += [(line, int(found.group(1))) for line in text.splitlines() if (found := _MEMBER.search(line))]
    by = {}
    for line, member in sorted(lines)[-_LINES_MAX:]:  # lines begin with the time
        by.setdefault(member, []).append(line)
    return by
