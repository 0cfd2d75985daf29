"""Searches over several hosts, and what is asked of each of them."""

import struct

import h5py
from harness import OK, TIMEOUT_S, wait_until

from record import rows

MEMBERS = 150
SLOW = ("--set", "trainer.cost=20ms", "--set", f"run.budget.members={MEMBERS}", "--set", "sampler.type=random")


class Search:
    """One search over hosts, into run.h5 of the shared folder. `output`: as the hosts see it, if that differs."""

    def __init__(self, hosts, stemma, job, slots, *options, more=("-q",), output="run.h5"):
        self.hosts, self.stemma = hosts, stemma
        words = ["run", job, "--output", stemma.folder / output, *more, *SLOW, *options]
        self.started = hosts.mpirun(slots, stemma.binary, *words, env=stemma.env)

    def reports(self):
        return len(rows(self.stemma, "run.h5", "reports")) if (self.stemma.folder / "run.h5").exists() else 0

    def begun(self, count=5):
        wait_until(lambda: self.reports() > count or self.started.process.poll() is not None, "there are reports")
        assert self.started.process.poll() is None, self.started.stderr
        return self

    def has_ended(self):
        wait_until(lambda: self.started.code.exists() and self.started.code.read_text(), "the search has ended")
        assert self.started.returncode == OK, self.started.stderr

    def ended(self, members=MEMBERS):
        """And every rank has left. mpirun may still be there."""
        self.has_ended()
        wait_until(lambda: not any(host.ranks() for host in self.hosts.hosts), "the ranks have left")
        assert members is None or len(rows(self.stemma, "run.h5", "members")) == members
        self.stemma("verify", "run.h5")
        return self

    def launcher_left(self):
        self.started.process.wait(TIMEOUT_S)
        return self

    def launcher_ended(self):
        """By itself."""
        assert self.launcher_left().started.process.returncode == 0, self.started.stderr

    def lost(self):
        return self.started.stderr.count("is lost: no heartbeat")


def transfers(stemma, file="run.h5"):
    """{transfer: (owner, receiver)}, then the transfers that came, and the second copies that were given up."""
    with h5py.File(stemma.folder / file, "r", swmr=True) as run:
        payload = run["payload"][:].tobytes()
        inputs, decisions = run["inputs"][:], run["decisions"][:]

    def ids(rows, kind, before):  # docs/SCHEMA.md, "Payload": fields come after this many bytes
        for row in rows[rows["kind"] == kind]:
            yield struct.unpack_from(f"<{(int(row['length']) - before) // 8}q", payload, int(row["offset"]) + before)

    ends = {transfer: (owner, receiver) for transfer, _, owner, receiver in ids(decisions, 2, 1)}
    return ends, {transfer for (transfer,) in ids(inputs, 7, 17)}, {transfer for (transfer,) in ids(inputs, 14, 17)}


def host_of(stemma, file="run.h5"):
    return {row["worker"]: row["host"] for row in rows(stemma, file, "workers") if row["change"] == "joined"}
