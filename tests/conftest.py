"""Options of all Python tests. Run them with Debian's interpreter: /usr/bin/python3 -m pytest tests"""

import re


def pytest_addoption(parser):
    parser.addoption("--only", metavar="REGEX", help="run the tests whose id matches (as ctest -R does)")


def pytest_configure(config):
    config.addinivalue_line("markers", "flaky(reruns): real processes against a real clock: tried again once (pytest-rerunfailures)")


def pytest_collection_modifyitems(config, items):
    only = config.getoption("--only")
    if only:
        config.hook.pytest_deselected(items=[item for item in items if not re.search(only, item.nodeid)])
        items[:] = [item for item in items if re.search(only, item.nodeid)]
    # The file that waits longest goes first, so that the others run beside it (./test runs several files at a time).
    items.sort(key=lambda item: "tests/slurm/" not in item.nodeid)
