"""Snapshots over a network, beside a TCP connection and MPI's own messages in the same run.

    /usr/bin/python3 tests/bench/mpi/hosts.py [LARGEST BYTES] [OPTIONS OF bench_transport_wires]

Two hosts of tests/hosts: namespaces of this machine with a bridge between them. Needs root. Prints one table: MB/s of
1 MB, 10 MB and 100 MB, medians of round trips in both directions.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "hosts"))

from harness import ROOT
from hosts import CannotMake, Hosts


def main():
    largest = sys.argv[1] if len(sys.argv) > 1 else "100000000"
    program = ROOT / "build/tests/bench/transport/bench_transport_wires"
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        try:
            hosts = Hosts(2, Path(folder))
        except CannotMake as error:
            sys.exit(f"no hosts can be made: {error}")
        try:
            sizes = ("--min", "1000000", "--max", largest, "--factor", "10", *sys.argv[2:])
            ended = hosts.mpirun([1, 1], program, "--tcp", hosts.hosts[0].address, *sizes).communicate_all()
            print(ended.stdout, end="")
            sys.exit(ended.stderr if ended.returncode else 0)
        finally:
            hosts.down()


if __name__ == "__main__":
    main()
