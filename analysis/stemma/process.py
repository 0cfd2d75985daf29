"""Ask/tell: leases handed out one by one, for trainings that another program starts.

The search runs beside this program (`stemma run`). Its workers are placeholders: programs of the process protocol that
pass each lease on to here and wait. So the record, resume and every scheduler are those of any other search.
"""

import json
import os
import queue
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from stemma import connection as own
from stemma.snapshot_files import forget, is_saved
from stemma.terms import Terms, plain_metrics, require_known
from stemma.training import Channel

_SOCKET = "STEMMA_ASK_SOCKET"  # in the environment of the placeholders: where the asking program listens


class AskTellError(RuntimeError):
    """The search could not be started, or ended with an error."""


class Asked(Terms):
    """A lease to be trained, with the fields of a trial: configuration, parent_configuration, start, member, run_seed,
    first, last, max, adopted. save: where to leave the snapshot. seed, seed64: the member's seed, of 31 and 64 bits.
    Hyperparameters are read as in a trial: lease["lr"], lease.get("momentum", 0), "momentum" in lease, dict(lease)."""

    def __init__(self, connection, message):
        super().__init__(message)
        self.save = message["save"]
        self.seed, self.seed64 = message["seed"], message["seed64"]
        self._connection = connection
        self._metrics = message["metrics"]


class AskTell:
    """A search that this program trains for.

    job      job file; its [trainer] must be of type "process" (the command is replaced)
    output   run file; one that exists is gone on with
    at_once  leases that can be out at the same time
    stemma   the program
    """

    def __init__(self, job, output, at_once=1, stemma="stemma", overrides=()):
        self._folder = tempfile.mkdtemp(prefix="stemma-ask-")
        self._asked = queue.Queue()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(Path(self._folder) / "socket"))
        self._server.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        # The command is a part of the job, and the job must be the same to go on with a run file. The socket differs
        # each time.
        command = json.dumps([sys.executable, "-m", "stemma.process"])
        words = [
            stemma,
            "run",
            "--continue",
            str(job),
            "-n",
            str(at_once),
            "-q",
            "-o",
            str(output),
            "--set",
            f"trainer.command={command}",
        ]
        for override in overrides:
            words += ["--set", override]
        path = os.pathsep.join(
            [str(Path(__file__).resolve().parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        )
        environment = os.environ | {"PYTHONPATH": path, _SOCKET: str(Path(self._folder) / "socket")}
        self._errors = open(Path(self._folder) / "errors", "w+")
        self._search = subprocess.Popen(
            words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors
        )
        threading.Thread(target=self._watch, daemon=True).start()

    def ask(self, timeout=None):
        """The next lease; None when the search has ended. Waits while `at_once` leases are out, or while nothing can be
        trained before another report. Raises queue.Empty after `timeout` seconds of waiting."""
        lease = self._asked.get(timeout=timeout)
        if lease is None:
            self._asked.put(None)  # for the next call
            code = self._search.wait()
            if code not in (0, 75):
                raise AskTellError(f"the search ended with exit code {code}: {self._error_text()}")
        return lease

    def progress(self, lease, at, **metrics):
        """The metrics after unit `at`, lease.first < at <= lease.last, if the caller knows them; in ascending order."""
        require_known(metrics, lease._metrics)
        if not lease.first < at <= lease.last:
            raise ValueError(f"progress at {at}, but the lease is for {lease.first + 1} to {lease.last}")
        _send(lease._connection, type="progress", lease=lease._number, at=at, metrics=plain_metrics(metrics))

    def tell(self, lease, snapshot=None, **metrics):
        """The result: the metrics at lease.last. Raises a ValueError for a metric that the job does not list; the lease
        stays open. `snapshot`: is there a snapshot in lease.save? None = look."""
        require_known(metrics, lease._metrics)
        if snapshot is None:
            snapshot = is_saved(lease.save)
        _send(
            lease._connection,
            type="report",
            lease=lease._number,
            at=lease.last,
            metrics=plain_metrics(metrics),
            snapshot=snapshot,
        )

    def tell_failure(self, lease, kind="exception", error="", message=""):
        """The lease failed: nonfinite, out_of_memory, infeasible, device, exception or snapshot_unavailable."""
        _send(lease._connection, type="failure", lease=lease._number, kind=kind, error=error, message=message)

    def close(self):
        """Ends the search if it has not ended. The search can be resumed."""
        if self._search.poll() is None:
            for _ in range(2):  # the second attempt does not wait for open leases
                self._search.terminate()
                try:
                    self._search.wait(1)
                    break
                except subprocess.TimeoutExpired:
                    pass
            self._search.wait()
        self._server.close()
        self._errors.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._listen, args=(connection,), daemon=True).start()

    def _listen(self, connection):
        """Leases of one placeholder."""
        while (message := _receive(connection)) is not None:
            if message["type"] == "lease":
                self._asked.put(Asked(connection, message))

    def _watch(self):
        self._search.wait()
        self._asked.put(None)

    def _error_text(self):
        self._errors.seek(0)
        return self._errors.read()[-2000:].strip()


def _send(connection, **message):
    text = json.dumps(message).encode()
    connection.sendall(struct.pack("<I", len(text)) + text)


def _receive(connection):
    def exactly(size):
        data = b""
        while len(data) < size:
            try:
                part = connection.recv(size - len(data))
            except OSError:
                return None
            if not part:
                return None
            data += part
        return data

    head = exactly(4)
    text = None if head is None else exactly(struct.unpack("<I", head)[0])
    return None if text is None else json.loads(text)


def _placeholder():
    """A worker's program that trains nothing: it sends leases to the socket and returns the answers."""
    own.started_by_stemma()
    channel = Channel(*own.descriptors())
    channel.send(type="hello", protocol=1, name="ask/tell")
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(os.environ[_SOCKET])
    except (OSError, KeyError):
        connection = None  # only checked before the start, or the asking program is gone
    metrics = []
    while True:
        message = channel.receive()
        if message is None or message["type"] == "quit" or (connection is None and message["type"] == "lease"):
            return
        if message["type"] == "welcome":
            metrics = message["metrics"]
        if message["type"] != "lease":
            continue
        forget(message["save"])
        _send(connection, **message, metrics=metrics)
        answer = {"type": "progress"}
        while answer["type"] == "progress":
            answer = _receive(connection)
            if answer is None:
                return
            channel.send(**answer)


if __name__ == "__main__":
    _placeholder()
