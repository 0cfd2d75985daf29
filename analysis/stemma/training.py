"""Train members for a search: the program's side of the process protocol (docs/process-protocol.md).

    import stemma

    for lease in stemma.leases():
        with lease:
            model = build(lease["width"])
            if lease.start:                 # go on from a snapshot
                model.load(lease.start)
            for epoch in lease:             # ends early if the search says so
                loss = train_one_epoch(model, lr=lease["lr"])
                lease.progress(valid_loss=loss)
            model.save(lease.save)
            lease.report(valid_loss=loss)

Standard library only. Everything that the program prints is kept in the run's log.
"""

import json
import os
import select
import struct
import sys
import tempfile
from pathlib import Path

from stemma import connection
from stemma.failures import kind_of_error
from stemma.lease import Lease, ProtocolError, flush, forget

PROTOCOL = 1
FRAME_BYTES_MAX = 16 << 20


class Channel:
    """Frames over two descriptors: length (32 bits, little-endian), then UTF-8 JSON."""

    def __init__(self, read_fd, write_fd):
        self._read_fd, self._write_fd = read_fd, write_fd

    def send(self, **message):
        text = json.dumps(message, allow_nan=False).encode()
        frame = struct.pack("<I", len(text)) + text
        while frame:
            frame = frame[os.write(self._write_fd, frame) :]

    def receive(self):
        """The next message; None when the other side is gone."""
        head = self._exactly(4)
        if head is None:
            return None
        (size,) = struct.unpack("<I", head)
        if size > FRAME_BYTES_MAX:
            raise ProtocolError(f"a frame of {size} bytes is beyond the protocol's bound")
        text = self._exactly(size)
        return None if text is None else json.loads(text)

    def waiting(self):
        """True if receive() would not have to wait."""
        return bool(select.select([self._read_fd], [], [], 0)[0])

    def _exactly(self, size):
        parts = []
        while size:
            part = os.read(self._read_fd, size)
            if not part:
                return None
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def leases(name=None, mutable=None, trial=None, last=1):
    """Leases until the worker has no more.

    mutable  names of hyperparameters that can change when training goes on from a snapshot; None = any
    trial    when this program was not started by Stemma: train this one configuration to `last`, printing what would
             be reported, so that a script can be tried by itself
    """
    if not connection.started_by_stemma():
        if trial is None:
            raise RuntimeError(
                'this program was not started by Stemma ([trainer] type = "process"); to try it by itself: '
                "leases(trial={...}, last=2)"
            )
        yield _trial_lease(trial, last)
        return
    if _talk is None:
        _say_hello(name, mutable)
    elif _talk.over:  # asked again after the end
        raise SystemExit(0)
    _talk.leave()
    channel, welcome = _talk.channel, _talk.welcome
    if welcome is None or welcome["type"] == "quit":
        _talk.over = True
        return
    unit, threads, metrics = welcome["unit"], welcome["threads"], welcome["metrics"]
    while True:
        message = channel.receive()
        if message is None or message["type"] == "quit":
            _talk.over = True
            return
        if message["type"] == "stop":  # it crossed the report of its lease
            continue
        lease = Lease(channel, message, unit, threads, metrics)
        forget(lease.save)
        _talk.lease = lease
        with _told_on_death(lease):
            yield lease
        _talk.leave()


class _Talk:
    """The conversation of this program: a single one, however often leases() is called (for each training, say)."""

    def __init__(self, channel, welcome):
        self.channel, self.welcome = channel, welcome
        self.lease, self.over = None, False

    def leave(self):
        """The program goes to its next lease."""
        lease, self.lease = self.lease, None
        if lease is not None and not lease._over:
            lease.fail("exception", "ProtocolError", "the program went to the next lease without report() or fail()")


_talk = None


def _say_hello(name, mutable):
    global _talk
    channel = Channel(*connection.descriptors())
    channel.send(
        type="hello",
        protocol=PROTOCOL,
        name=name or Path(sys.argv[0]).name,
        mutable=None if mutable is None else list(mutable),
    )
    _talk = _Talk(channel, channel.receive())


class _told_on_death:
    """While a lease is open, an exception that ends the program becomes the lease's failure first."""

    def __init__(self, lease):
        self._lease = lease

    def __enter__(self):
        self._hook = sys.excepthook

        def hook(kind, error, trace):
            self._hook(kind, error, trace)
            flush()
            if not self._lease._over and isinstance(error, Exception):
                self._lease.fail(kind_of_error(error), kind.__name__, str(error))

        sys.excepthook = hook

    def __exit__(self, kind, error, trace):
        if kind is None:  # else the generator is being closed: the hook will see why
            sys.excepthook = self._hook
        return False


class _PrintingChannel:
    """Stands in for the worker in a trial."""

    def send(self, **message):
        print(f"stemma trial: {message}")

    def waiting(self):
        return False


def _trial_lease(configuration, last):
    save = os.path.join(tempfile.mkdtemp(prefix="stemma-trial-"), "save")
    message = {
        "lease": 1,
        "member": 0,
        "seed": 1,
        "seed64": 1,
        "run_seed": 1,
        "from": 0,
        "to": last,
        "max": last,
        "adopted": False,
    }
    files = {"start": None, "save": save}
    return Lease(
        _PrintingChannel(), message | {"configuration": dict(configuration), "parent_configuration": None} | files
    )
