"""The table of a GPU on the page of benchmarks says which state of the torch trainer it is of."""

import re
import sys
import warnings

import pytest
import tree

sys.path.insert(0, str(tree.ROOT / "tests/gpu"))
from trainer_hash import trainer_hash

NONE_YET = "No GPU was available"
HEADLINE = re.compile(r"GPU check of (\d{4}-\d\d-\d\d), commit ([0-9a-f]{12}), src/trainer/torch ([0-9a-f]{12}), cuda")


def remark(page, now):
    """What is to be said of the page's table with this hash of the trainer; "" = it is of this trainer."""
    table = HEADLINE.search(page)
    if table is None:
        assert NONE_YET in page, "the page has neither a table of a GPU nor says that there was none"
        return f"{NONE_YET.lower()}: tests/gpu/check.sh has measured nothing yet"
    if table.group(3) == now:
        return ""
    return f"stale: the table of {table.group(1)} is of src/trainer/torch {table.group(3)}, which is {now} now"


def test_the_table_is_of_this_trainer():
    said = remark((tree.ROOT / "docs/benchmarks.md").read_text(), trainer_hash(tree.ROOT))
    if said:  # a change of the trainer must not wait for a GPU
        warnings.warn(said, stacklevel=1)


def test_another_trainer_is_said():
    page = "GPU check of 2026-12-24, commit 0123456789ab, src/trainer/torch 00112233aabb, cuda, LibTorch 2.11.0"
    assert remark(page, "00112233aabb") == ""
    assert remark(page, "aaaaaaaaaaaa").startswith(
        "stale: the table of 2026-12-24 is of src/trainer/torch 00112233aabb"
    )
    assert "no gpu was available" in remark("No GPU was available.", "aaaaaaaaaaaa")
    with pytest.raises(AssertionError, match="neither a table"):
        remark("nothing", "aaaaaaaaaaaa")


def test_the_hash_is_of_names_and_contents(tmp_path):
    folder = tmp_path / "src/trainer/torch/data"
    folder.mkdir(parents=True)
    (folder / "csv.cpp").write_text("one")
    first = trainer_hash(tmp_path)
    (folder / "csv.cpp").write_text("two")
    second = trainer_hash(tmp_path)
    (folder / "csv.cpp").rename(folder / "text.cpp")
    assert len({first, second, trainer_hash(tmp_path)}) == 3
