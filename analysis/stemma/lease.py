"""One lease: its fields, the units to train, and the results. Also helpers for a training: seed(), files."""

import difflib
import math
import os
import shutil
import sys

from stemma.failures import kind_of_error


class ProtocolError(RuntimeError):
    """The other side sent a message that the protocol does not have, or this side was used out of order."""


class Infeasible(ValueError):
    """Raise it for a configuration that cannot be trained at all: it is recorded as such and not tried again."""


class SnapshotUnavailable(RuntimeError):
    """Raise it for a start snapshot that cannot be used: the member is trained again from another start."""


class Terms:
    """The content of a lease: its fields, and its hyperparameters by name, as in a dict."""

    def __init__(self, message):
        self._number = message["lease"]
        self.configuration = message["configuration"]
        self.parent_configuration = message["parent_configuration"]
        self.start = message["start"]
        self.save = message["save"]
        self.member = message["member"]
        self.seed, self.seed64, self.run_seed = message["seed"], message["seed64"], message["run_seed"]
        self.first, self.last, self.max = message["from"], message["to"], message["max"]
        self.adopted = message["adopted"]

    def __getitem__(self, name):
        try:
            return self.configuration[name]
        except KeyError:
            there = ", ".join(self.configuration) or "none"
            raise KeyError(
                f'hyperparameter "{name}" is not in [space] of the job, or inactive here; there are: {there}'
            ) from None

    def __contains__(self, name):
        return name in self.configuration

    def get(self, name, default=None):
        return self.configuration.get(name, default)

    def keys(self):
        return self.configuration.keys()

    def values(self):
        return self.configuration.values()

    def items(self):
        return self.configuration.items()


class Lease(Terms):
    """A span of training of one member. A loop over it gives the numbers of the units (epochs or steps) to train.

    configuration  hyperparameters by name; inactive ones are absent. lease["lr"], lease.get("momentum", 0), "momentum"
                   in lease, dict(lease) read it
    start          file or folder with the snapshot to go on from, or None: from scratch. Only read it, and only during
                   the lease
    save           to leave the snapshot in, before report(): a file, or a folder that you make
    member, seed   its number, and a seed that is a function of the run's seed and the member: 31 bits (seed64: 64)
    run_seed       31 bits, the same for all members of the run: for what they have to have in common (splits of the
                   data)
    first, last    units that were trained before, and to be trained to: first < last
    max            units that a member is trained to at most, which schedules to a fixed end need; None: the search sets
                   no such end
    at             the unit in training, or the last one that was trained
    adopted        the snapshot is a parent's: other hyperparameters, parent_configuration, trained it so far
    unit           "epoch" or "step"
    threads        threads to use
    """

    def __init__(self, channel, message, unit="epoch", threads=1, metrics=None):
        super().__init__(message)
        self._channel = channel
        self._metrics = metrics
        self._over = False
        self._stopped = False
        self._listed = False
        self._told = set()  # units that progress() was called for
        self.at = self._trained = self.first
        self.unit, self.threads = unit, threads

    def __iter__(self):
        while self._trained < self.last and not (self._trained > self.first and self.stopped):
            self.at = unit = self._trained + 1
            yield unit
            self._trained = max(self._trained, unit)  # the body of the loop has ended

    def __length_hint__(self):
        """Called by list() and similar functions before they iterate, not by a loop: no body trains the units then."""
        self._listed = True
        return self.last - self._trained

    @property
    def stopped(self):
        """True when the search asked to end this lease at the next unit."""
        while not self._stopped and self._channel.waiting():
            message = self._channel.receive()
            if message is None:
                raise SystemExit("stemma: the worker that this program trains for is gone")
            if message["type"] != "stop":
                raise ProtocolError(f'a "{message["type"]}" came in the middle of a lease')
            self._stopped = message["lease"] == self._number
        return self._stopped

    def progress(self, at=None, **metrics):
        """Metrics at the unit in training, or at unit `at`. Shown at once, and part of the learning curve."""
        self._require_open()
        require_known(metrics, self._metrics)
        self._see_whether_it_loops()
        at = self._unit(at, "progress")
        self._told.add(at)
        self.at, self._trained = at, max(self._trained, at)
        self._channel.send(type="progress", lease=self._number, at=at, metrics=plain_metrics(metrics))

    def report(self, snapshot=None, at=None, **metrics):
        """Ends the lease. `snapshot`: is there a snapshot in the file `save`? None = look. `at`: the unit reached, if
        it is not the last unit of a loop over the lease or of progress()."""
        self._require_open()
        require_known(metrics, self._metrics)
        self._see_whether_it_loops()
        if at is None:
            self._require_trained()
        at = self._unit(at, "report")
        if snapshot is None:
            snapshot = is_saved(self.save)
        self._over = True
        self._channel.send(type="report", lease=self._number, at=at, metrics=plain_metrics(metrics), snapshot=snapshot)

    def _unit(self, at, what):
        if at is None and self._listed and what == "progress":
            raise ValueError(
                f"the {self.unit}s of the lease were taken all at once, by list() or the like: name the one, "
                "progress(at=...)"
            )
        at = self.at if at is None else int(at)
        if not self.first < at <= self.last:
            raise ValueError(
                f"{what}() at {self.unit} {at}, but the lease is for {self._asked()}: loop over it, or name the "
                f"{self.unit}: {what}(at=...)"
            )
        return at

    def _see_whether_it_loops(self):
        if self.at > self._trained:  # in a unit's body: a progress bar asked for the length
            self._listed = False

    def _require_trained(self):
        """Units that no loop went through and no call named were not trained."""
        if self.at > self.first and not self._listed:
            return
        missing = [unit for unit in range(self.first + 1, self.at + 1) if unit not in self._told]
        if self.at == self.first or missing:
            over = f"iterated over {'none' if self.at == self.first or not self._told else len(self._told)}"
            raise ProtocolError(
                f"asked for {self._asked()}, {over}: loop over the lease (for {self.unit} in lease), or name what was "
                "trained: progress(at=...), report(at=...)"
            )

    def _asked(self):
        count = self.last - self.first
        return (
            f"{count} {self.unit}{'s' if count > 1 else ''} ({self.first + 1} to {self.last})"
            if count > 1
            else f"{self.unit} {self.last}"
        )

    def fail(self, kind="exception", error="", message=""):
        """Ends the lease without a report. Kinds: nonfinite, out_of_memory, infeasible, device, exception,
        snapshot_unavailable."""
        self._require_open()
        self._over = True
        self._channel.send(type="failure", lease=self._number, kind=kind, error=error, message=message[:4000])

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        """An exception in the block becomes the lease's failure, and the program goes on to the next lease. After a
        device error, which affects the whole process, the program ends, and the next lease goes to a new process."""
        if error is None:
            if not self._over:
                self.fail("exception", "ProtocolError", "the block ended without report() or fail()")
            return False
        if self._over or not isinstance(error, Exception) or isinstance(error, ProtocolError):
            return False
        import traceback

        traceback.print_exception(kind, error, trace)
        flush()
        failure = kind_of_error(error)
        self.fail(failure, kind.__name__, str(error))
        return failure != "device"

    def _require_open(self):
        if self._over:
            raise ProtocolError("this lease has ended: each is reported once, and nothing comes after it")


def seed(lease):
    """Seeds Python, NumPy and PyTorch, as far as they are imported, by the member's seed, and returns the seed. Call it
    first in each training. First weights, and all draws before load_torch(), are then the same in all trainings of a
    member. load_torch() restores the random streams. Children have other seeds. Draw what they must share with their
    parents, such as a split of the data, by lease.run_seed."""
    import random

    random.seed(lease.seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(lease.seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(lease.seed)
    return lease.seed


def require_known(metrics, names):
    """Raises a ValueError, before anything is sent, for a metric that the job does not list."""
    for name in metrics:
        if names is None or name in names:
            continue
        near = difflib.get_close_matches(name, names, 1, 0.5)
        meant = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f'metric "{name}" is not in trainer.metrics of the job, which has {", ".join(names)}{meant}')


def plain_metrics(metrics):
    """JSON has no NaN; numbers of NumPy and PyTorch have float()."""

    def plain(value):
        if value is None:
            return None
        value = float(value)
        if math.isfinite(value):
            return value
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"

    return {name: plain(value) for name, value in metrics.items()}


def is_saved(path):
    """Is there a snapshot? Some libraries append a suffix of their own to the given name (np.savez: ".npz")."""
    if os.path.exists(path):
        return True
    found = _with_endings(path)
    if len(found) > 1:
        names = ", ".join(os.path.basename(one) for one in found)
        raise ValueError(
            "the snapshot must be lease.save, a file or a folder, or one with an ending to that name; there are "
            f"{names}"
        )
    for one in found:
        os.rename(one, path)
    return bool(found)


def _with_endings(path):
    folder, name = os.path.split(path)
    return sorted(os.path.join(folder, one) for one in os.listdir(folder) if one.startswith(name + "."))


def forget(path):
    """Removes what the lease before left: a file that is there afterwards belongs to this lease."""
    for one in (path, *_with_endings(path)):
        if os.path.isdir(one) and not os.path.islink(one):
            shutil.rmtree(one)
        elif os.path.lexists(one):
            os.unlink(one)


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
