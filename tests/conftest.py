"""Options of all Python tests. Run them with Debian's interpreter: /usr/bin/python3 -m pytest tests

Tests that need more than Debian's packages are marked `pypi` (.ci/pypi.txt) or `frameworks` (.ci/frameworks.txt). Those
of what `./run --wheel` makes are `install`, and those that take minutes `long`. Plain pytest and ./test leave them
out. .ci/run adds those of `pypi` and `install`, and a share of the long ones that turns with each commit.
"""

import re

PACKAGES = ("debian", "pypi", "frameworks", "install")


def pytest_addoption(parser):
    parser.addoption("--only", metavar="REGEX", help="run the tests whose id matches (as ctest -R does)")
    parser.addoption(
        "--packages",
        choices=PACKAGES,
        default="debian",
        help="run the tests that need these packages (default: debian)",
    )
    parser.addoption(
        "--long",
        metavar="none|all|K/N",
        default="none",
        help="none: leave the long tests out; all: run them too; K/N: run of the long tests alone those whose "
        "place modulo N is K",
    )


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "flaky(reruns): real processes against a real clock: tried again once (pytest-rerunfailures)"
    )
    config.addinivalue_line("markers", "pypi: needs the packages of .ci/pypi.txt")
    config.addinivalue_line(
        "markers", "frameworks: needs the packages of .ci/frameworks.txt, in the Python that STEMMA_FRAMEWORKS names"
    )
    config.addinivalue_line("markers", "install: needs what ./run --wheel makes, and root for other Debian releases")
    config.addinivalue_line("markers", "long: takes minutes")


def pytest_collection_modifyitems(config, items):
    only, packages, long = (config.getoption(name) for name in ("--only", "--packages", "--long"))
    wanted = [item for item in items if _packages(item) == packages]
    if only:
        wanted = [item for item in wanted if re.search(only, item.nodeid)]
    if long == "none":
        wanted = [item for item in wanted if not _is_long(item)]
    elif long != "all":
        share, of = map(int, long.split("/"))
        wanted = sorted((item for item in wanted if _is_long(item)), key=lambda item: item.nodeid)[share % of :: of]
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    # The file that waits longest goes first, so that the others run beside it (./test runs several files at a time).
    items[:] = sorted(wanted, key=lambda item: "tests/slurm/" not in item.nodeid)


def _packages(item):
    return next((name for name in PACKAGES if item.get_closest_marker(name)), "debian")


def _is_long(item):
    return item.get_closest_marker("long") is not None
