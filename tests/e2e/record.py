"""A run file as a user's script sees it: through `stemma export --json` and h5py, never through the program's own
code."""

import json


def rows(stemma, file, table):
    """One table of `stemma export --json -`, as a list of dicts."""
    data = json.loads(stemma("export", file, "--json", "-").stdout)
    content = data[table]
    if isinstance(content, dict):  # columns
        names = list(content)
        return [dict(zip(names, values)) for values in zip(*content.values())]
    return content
