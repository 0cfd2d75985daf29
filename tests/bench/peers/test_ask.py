"""The program behind the contenders of the tree: as a search, it proposes no configuration twice."""

import os
from pathlib import Path

import pytest
from contenders import make_contender

ROOT = Path(__file__).resolve().parents[3]
# Beside the program that the tests use; a build without benchmarks has none.
PROGRAM = Path(os.environ.get("STEMMA", ROOT / "build/stemma")).parent / "tests/bench/peers/bench_peers_ask"


class Task:
    space = {"width": 3, "depth": 3, "kind": ["a", "b", "c"]}


@pytest.mark.skipif(not PROGRAM.exists(), reason="built without benchmarks")
@pytest.mark.parametrize("out", [1, 8, 27])
@pytest.mark.parametrize("sampler", ["random", "tpe", "tpe-mv", "gp", "auto"])
def test_a_finite_space_is_walked_once(sampler, out):
    contender = make_contender(f"stemma-{sampler}", PROGRAM, "this one")
    contender.start(Task, 4, out)
    asked, under_way = [], []
    try:
        while len(asked) < 27 or under_way:
            while len(asked) < 27 and len(under_way) < out:
                handle, configuration = contender.ask()
                asked.append(tuple(configuration.values()))
                under_way.append(handle)
            contender.tell(under_way.pop(0), float(len(under_way)))
    finally:
        contender.close()
    assert len(set(asked)) == 27
