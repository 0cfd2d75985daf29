"""Train members for a search: the program's side of the process protocol (docs/process-protocol.md).

    import stemma

    for trial in stemma.trials():
        with trial:                                     # the end of the block ends the training
            trial.seed()
            model = build(trial["width"])
            trial.restore(model=model)                  # goes on from a snapshot, if there is one
            for epoch in trial:                         # ends early if the search says so
                loss = train_one_epoch(model, lr=trial["lr"])
                trial.report(valid_loss=loss)

Standard library only. Everything that the program prints is kept in the run's log.
"""

import json
import os
import select
import struct
import sys
import tempfile
from pathlib import Path

from stemma import connection, stacking
from stemma.failures import kind_of_error
from stemma.snapshot_files import forget
from stemma.terms import ProtocolError
from stemma.trial import Trial, flush

PROTOCOL = 1
AT_ONCE_MAX = 64
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

    def waiting(self, seconds=0):
        """True if receive() would not have to wait. So long it waits for that."""
        return bool(select.select([self._read_fd], [], [], seconds)[0])

    def _exactly(self, size):
        parts = []
        while size:
            part = os.read(self._read_fd, size)
            if not part:
                return None
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def trials(name=None, mutable=None, try_with=None, last=1, at_once=None):
    """Trials, one after another, until the worker has no more.

    at_once   for programs that train several members at the same time: lists of up to so many trials, once for each
              unit (stemma.stacking). The job says the same: trainer.at_once
    mutable   names of hyperparameters that can change when training goes on from a snapshot; None = any
    try_with  when this program was not started by Stemma: train this one configuration to `last`, and print what would
              be reported, so that a script can be tried by itself. With at_once a list of configurations
    """
    if at_once is not None and not 1 <= at_once <= AT_ONCE_MAX:
        raise ValueError(f"trials(at_once={at_once}): give 1 to {AT_ONCE_MAX}")
    if not connection.started_by_stemma():
        if try_with is None:
            raise RuntimeError(
                'this program was not started by Stemma ([trainer] type = "process"); to try it by itself: '
                "trials(try_with={...}, last=2)"
            )
        if at_once is None:
            yield _lone_trial(try_with, last)
        else:
            yield from stacking.alone(_lone_trial(one, last, stacking.StackedTrial) for one in _listed_tries(try_with))
        return
    if _talk is None:
        _say_hello(name, mutable, at_once)
    elif _talk.over:  # asked again after the end
        raise SystemExit(0)
    _talk.leave()
    channel, welcome = _talk.channel, _talk.welcome
    if welcome is None or welcome["type"] == "quit":
        _talk.over = True
        return
    unit, threads, metrics = welcome["unit"], welcome["threads"], welcome["metrics"]
    if connection.place() and "torch" in sys.modules:  # the launcher gave each process all threads of the worker
        sys.modules["torch"].set_num_threads(threads)
    if at_once is not None:
        yield from stacking.trials_at_once(channel, unit, threads, metrics, at_once)
        _talk.over = True
        return
    while True:
        message = channel.receive()
        if message is None or message["type"] == "quit":
            _talk.over = True
            return
        if message["type"] in ("stop", "unit"):  # of the last lease, which has ended
            continue
        trial = Trial(channel, message, unit, threads, metrics)
        forget(trial.save_path)
        _talk.trial = trial
        with _told_on_death(trial):
            yield trial
        _talk.leave()


def run_trials(train, name=None, mutable=None, try_with=None, last=1):
    """Calls train(trial) for each trial, for scripts that are made of a main function. sys.exit() and sys.exit(0) in it
    end the training well, another exit code fails it. sys.argv stays as it is. The arguments are those of trials()."""
    for trial in trials(name, mutable, try_with, last):
        with trial:
            try:
                train(trial)
            except SystemExit as ended:
                if ended.code not in (None, 0):
                    raise ExitError(f"sys.exit({ended.code!r})") from ended


class ExitError(RuntimeError):
    """The function of run_trials() ended with an exit code."""


class _Talk:
    """The conversation of this program: a single one, however often trials() is called (for each training, say)."""

    def __init__(self, channel, welcome):
        self.channel, self.welcome = channel, welcome
        self.trial, self.over = None, False

    def leave(self):
        """The program goes to its next trial. One that was in no `with` block ends here."""
        trial, self.trial = self.trial, None
        if trial is not None:
            trial.end()


_talk = None


def _say_hello(name, mutable, at_once):
    global _talk
    channel = Channel(*connection.descriptors())
    channel.send(
        type="hello",
        protocol=PROTOCOL,
        name=name or Path(sys.argv[0]).name,
        mutable=None if mutable is None else list(mutable),
        **({} if at_once is None else {"at_once": at_once}),
        **connection.place(),
    )
    _talk = _Talk(channel, channel.receive())


class _told_on_death:
    """While a trial is open, an exception that ends the program becomes its failure first."""

    def __init__(self, trial):
        self._trial = trial

    def __enter__(self):
        self._hook = sys.excepthook

        def hook(kind, error, trace):
            self._hook(kind, error, trace)
            flush()
            if not self._trial._over and isinstance(error, Exception):
                self._trial.fail(kind_of_error(error), kind.__name__, str(error))

        sys.excepthook = hook

    def __exit__(self, kind, error, trace):
        if kind is None:  # else the generator is being closed: the hook will see why
            sys.excepthook = self._hook
        return False


class _PrintingChannel:
    """Stands in for the worker where a program is tried by itself. Of several processes (torchrun) one prints."""

    def __init__(self, last, rank):
        self._last, self._rank = last, rank

    def send(self, **message):
        if message["type"] == "unit" or (self._rank > 0 and message["type"] != "failure"):
            return
        if message["type"] == "progress":
            self._say(f"epoch {message['at']} of {self._last}: {_listed(message['metrics'])}")
        elif message["type"] == "report":
            more = f": {_listed(message['metrics'])}" if message["metrics"] else ""
            kept = "with" if message["snapshot"] else "without"
            self._say(f"the training ended well, {kept} a snapshot{more}")
            if "unread" in message:
                self._say(f"never read: {', '.join(message['unread'])}")
        else:
            self._say(f"the training failed: {message['kind']}: {message['error']}: {message['message']}")

    def _say(self, text):
        print(f"stemma: {text}", flush=True)

    def waiting(self):
        return False

    def receive(self):
        """The word of process 0 that this unit is not the last one."""
        return {"type": "unit", "lease": 1, "at": self._last, "last": False}


def _listed(metrics):
    return ", ".join(
        f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {value}" for name, value in metrics.items()
    )


def _listed_tries(try_with):
    return list(try_with) if isinstance(try_with, (list, tuple)) else [try_with]


def _lone_trial(configuration, last, kind=Trial):
    rank, ranks = (int(os.environ.get(name, default)) for name, default in (("RANK", 0), ("WORLD_SIZE", 1)))
    message = {
        "lease": 1,
        "rank": rank,
        "ranks": ranks,
        "member": 0,
        "seed": 1,
        "seed64": 1,
        "run_seed": 1,
        "from": 0,
        "to": last,
        "max": last,
        "adopted": False,
        "configuration": dict(configuration),
        "parent_configuration": None,
        "start": None,
        "save": os.path.join(tempfile.mkdtemp(prefix="stemma-trial-"), "save"),
    }
    return kind(_PrintingChannel(last, rank), message, alone=True)
