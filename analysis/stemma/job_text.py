"""The text of a job from nested dicts."""

import json
import math
import os
import re


def job_text(tables):
    """TOML: a section for each table of the dict, or for each of a list of tables. None is left out."""
    sections = []
    for name, table in tables.items():
        for one in table if isinstance(table, list) else [table] if table is not None else []:
            head = f"[[{_key(name)}]]" if isinstance(table, list) else f"[{_key(name)}]"
            lines = [f"{_key(key)} = {_value(value)}" for key, value in one.items() if value is not None]
            sections.append("\n".join([head, *lines]) + "\n")
    return "\n".join(sections)


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items() if one is not None) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, (str, os.PathLike)):
        return _word(os.fspath(value))
    if isinstance(value, int):
        return str(value)
    if hasattr(value, "item"):  # NumPy's and PyTorch's numbers
        return _value(value.item())
    value = float(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot stand in a job")
    return repr(value)


def _key(name):
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _word(name)


def _word(text):
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")
