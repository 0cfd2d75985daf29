"""Processes that train a member together, in the way that the first argument names. They meet after each unit as DDP
does in each step: those that come wait for the rest for ever. Standard library only."""

import os
import random
import signal
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "analysis"))

import stemma

RANK, RANKS = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
WHERE = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])


class Meeting:
    def __init__(self):
        self._others = []
        if RANK == 0:
            with socket.socket() as door:
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                door.bind(WHERE)
                door.listen(RANKS)
                self._others = [door.accept()[0] for _ in range(RANKS - 1)]
            return
        while True:
            try:
                self._others = [socket.create_connection(WHERE)]
                return
            except ConnectionRefusedError:
                time.sleep(0.01)

    def sum(self, value):
        """The sum over all processes, in each of them."""
        if RANK == 0:
            total = value + sum(int.from_bytes(exactly(one, 8), "big") for one in self._others)
            for one in self._others:
                one.sendall(total.to_bytes(8, "big"))
            return total
        self._others[0].sendall(value.to_bytes(8, "big"))
        return int.from_bytes(exactly(self._others[0], 8), "big")


def exactly(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionResetError("a process is gone")
        data += part
    return data


def misbehave(how, trial, epoch):
    what, _, rank = how.partition("-")
    if rank and (RANK != int(rank) or epoch != 2 or trial.member == 1):
        return
    if what == "slow":
        time.sleep(0.02)
        if RANK == 0:
            with open(Path(sys.argv[2]) / "units", "a") as file:  # a test counts them
                file.write(".")
    if how == "grows":
        if not grown:
            grown.append(bytearray(b"x" * (1 << 20)) * 60)
        time.sleep(0.05)
    if how == "takes_long":
        time.sleep(1.6)
    if what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "exits":
        os._exit(3)
    if what == "raises":
        raise ValueError("a row of this process is damaged")
    if what == "hangs":
        time.sleep(3600)
    if what == "infeasible" and epoch == 2:
        raise stemma.Infeasible("too wide")
    if what == "memory" and epoch == 2:
        if RANK == 1:
            raise MemoryError("16 GiB")
        time.sleep(0.1)
        raise ConnectionResetError("a process is gone")


how, grown = sys.argv[1], []
if how.startswith("late"):
    time.sleep(float(how.removeprefix("late-")))
meeting = None
for trial in stemma.trials():
    with trial:
        trial.seed()
        assert 0 < trial["lr"] <= 1
        meeting = meeting or Meeting()
        value = {"sum": 0}
        if trial.start:
            value = trial.restore()
        if how == "streams" and RANK > 0 and not trial.start:
            random.seed(RANK)
        for epoch in trial:
            misbehave(how, trial, epoch)
            drawn = random.randrange(1000) if how == "streams" else RANK + 1
            value["sum"] += meeting.sum(drawn)
            if how == "reports_alone" and RANK > 0:
                continue
            threads = 10 * int(os.environ["OMP_NUM_THREADS"]) + trial.threads
            trial.report(valid_loss=value["sum"], test_loss=threads if how == "threads" else RANK)
        if how == "ends_alone" and RANK > 0:
            time.sleep(3600)
        if how != "saves_nothing":
            trial.save(**value)
