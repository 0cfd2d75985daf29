"""What the errors of libraries mean for a search: the same table tests the C++ trainers (tests/unit/trainer)."""

from pathlib import Path

import pytest
from stemma.failures import kind_of_error
from stemma.terms import Infeasible, SnapshotUnavailable

TABLE = Path(__file__).resolve().parents[1] / "data/training_errors.tsv"
ROWS = [line.split("\t", 2) for line in TABLE.read_text().splitlines() if not line.startswith("#")]


def raised(name, text):
    """An exception of that type, which need not be installed here."""
    module, _, short = name.rpartition(".")
    if not module:
        return getattr(__import__("builtins"), short)(text)
    return type(short, (RuntimeError,), {"__module__": module})(text)


@pytest.mark.parametrize(("kind", "name", "text"), ROWS, ids=range(len(ROWS)))
def test_texts_of_libraries(kind, name, text):
    assert kind_of_error(raised(name, text.replace("\\n", "\n"))) == kind


def test_types_alone():
    assert kind_of_error(MemoryError()) == "out_of_memory"
    assert kind_of_error(raised("torch.cuda.OutOfMemoryError", "")) == "out_of_memory"
    assert kind_of_error(raised("torch.AcceleratorError", "")) == "device"
    assert kind_of_error(raised("xgboost.core.XGBoostError", "label set is empty")) == "exception"
    assert kind_of_error(FloatingPointError()) == "nonfinite"
    assert kind_of_error(Infeasible("CUDA error")) == "infeasible"
    assert kind_of_error(SnapshotUnavailable("out of memory")) == "snapshot_unavailable"


def test_a_mistake_of_the_script_that_mentions_a_device_is_no_device_error():
    assert kind_of_error(ValueError("the word 'CUDA error' in a label")) == "exception"
