"""One trial: a member, handed out for one training. Its hyperparameters, units, results and snapshot."""

import sys
import traceback

from stemma.failures import kind_of_error
from stemma.snapshot_files import is_saved
from stemma.stopping import stops_of
from stemma.terms import Infeasible, ProtocolError, SnapshotUnavailable, Terms, plain_metrics, require_known

__all__ = ["Infeasible", "ProtocolError", "SnapshotUnavailable", "Trial"]


class Trial(Terms):
    """A member, handed out for one training. A loop over it gives the numbers of the units (epochs or steps) to train.
    Use it in a `with` block. The end of the block saves what restore() was given and sends the result.

    configuration  hyperparameters by name; inactive ones are absent. trial["lr"], trial.get("momentum", 0), "momentum"
                   in trial, dict(trial) read it
    member         its number
    member_seed    a function of the run's seed and the member: 31 bits (member_seed64: 64). seed() uses it
    run_seed       31 bits, the same for all members of the run: for what they have to have in common (splits of the
                   data)
    first, last    units that were trained before, and to be trained to: first < last
    max            units that a member is trained to at most, which schedules to a fixed end need; None: the search sets
                   no such end
    at             the unit in training, or the last one that was trained
    start          file or folder with the snapshot to go on from, or None: from scratch. restore() reads it. Only read
                   it, and only during the training
    save_path      where to leave a snapshot by hand: a file, or a folder that you make
    adopted        the snapshot is a parent's: other hyperparameters, parent_configuration, trained it so far
    unit           "epoch" or "step"
    threads        threads to use
    rank, ranks    which of how many processes this is that train the member together (trainer.processes): 0 of 1.
                   Process 0 reports and saves. The others do the same, so that scripts need no cases: what they report
                   is not used, and they save their random streams alone
    own_start      what this process left at its save_path beside the snapshot of process 0, or None
    metrics        names of the metrics that the job lists; None: any, where no search listens
    """

    own_streams = True  # the random streams of this process are those of this trial

    def __init__(self, channel, message, unit="epoch", threads=1, metrics=None, alone=False):
        super().__init__(message)
        self.save_path = message["save"]
        self.rank, self.ranks = message.get("rank", 0), message.get("ranks", 1)
        self.own_start = message.get("own_start")
        self.member_seed, self.member_seed64 = message["seed"], message["seed64"]
        self.at = self._trained = self.first
        self.unit, self.threads = unit, threads
        self._channel = channel
        self.metrics = metrics
        self._alone = alone  # no search listens: exceptions end the program
        self._over = False
        self._stops = self._stops_of(message)
        self._stops.begin(self.first + 1)
        self._listed = False
        self._told = set()  # units that report() was called for
        self._more = {}  # metrics of later report() calls at the last unit
        self._parts = {}  # what restore() was given
        self._saved_at = None  # unit of the last save()
        self._saved_values = False  # that save() was given more than restore() was

    def _stops_of(self, message):
        return stops_of(self._channel, message)

    # ---- units ---------------------------------------------------------------------------------------------------

    def __iter__(self):
        while self._trained < self.last and not (self._trained > self.first and self.stopped):
            self.at = unit = self._trained + 1
            self._stops.begin(unit)
            yield unit
            self._trained = max(self._trained, unit)  # the body of the loop has ended

    def __length_hint__(self):
        """Called by list() and similar functions before they iterate, not by a loop: no body trains the units then."""
        self._listed = True
        return self.last - self._trained

    @property
    def stopped(self):
        """True when the search asked to end this training: at the end of the unit, which all processes share."""
        return self._stops.last_is(self.at)

    def stops_at(self, unit):
        """The same for a loop of a library, before report(at=unit): whether the training ends with `unit`."""
        return self._stops.last_is(unit)

    # ---- random streams and snapshots ----------------------------------------------------------------------------

    def seed(self):
        """Seeds Python, NumPy and PyTorch, as far as they are imported, by the member's seed, and returns that seed.
        Call it first. First weights, and all draws before restore(), are then the same in all trainings of a member.
        restore() restores the random streams. Children have other seeds. Draw what they must share with their parents,
        such as a split of the data, by run_seed."""
        import random

        if self._parts:
            raise ProtocolError("call trial.seed() before trial.restore(), which restores the random streams")
        random.seed(self.member_seed)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(self.member_seed)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(self.member_seed)
        return self.member_seed

    def restore(self, map_location=None, **parts):
        """Loads the start snapshot into `parts` (models, optimizers, schedulers, generators, ...) and restores the
        random streams. From scratch it loads nothing. The end of the block saves the parts. Returns the other values
        of the snapshot by name: those that save() was given. map_location: as in torch.load()."""
        from stemma import torch_snapshot

        self._require_open()
        values = torch_snapshot.load(self, parts, map_location)
        self._parts.update(parts)
        return values

    def save(self, **values):
        """Saves a snapshot now: the parts that restore() was given, and `values`, which may be of any type that can be
        pickled. Without `values` it is seldom needed, because the end of the block saves the parts."""
        from stemma import torch_snapshot

        self._require_open()
        if self.rank == 0:
            torch_snapshot.save(self.save_path, self._parts | values, self)
        else:
            torch_snapshot.save_streams(self.save_path)
        self._saved_at, self._saved_values = self.at, bool(values)

    def _save_at_end(self):
        """Returns whether there is a snapshot."""
        if self.rank > 0 and not is_saved(self.save_path):
            self.save()  # the snapshot of process 0 may be one that a library saves
        if self._saved_at is None and (is_saved(self.save_path) or not self._parts):
            return is_saved(self.save_path)  # saved by hand, or not at all
        if self._saved_at == self.at:
            return True
        if self._saved_values:
            raise ProtocolError(
                f"trial.save() was called with values of its own at {self.unit} {self._saved_at}, and not after "
                f"{self.unit} {self.at}: its snapshot is not that of the result. Call it at each {self.unit}, or after "
                "the loop"
            )
        self.save()
        return True

    # ---- results -------------------------------------------------------------------------------------------------

    def report(self, at=None, **metrics):
        """Metrics at the unit in training, or at unit `at`, where a library has the loop. They are shown at once, and
        are part of the learning curve. The metrics of the last unit are the result."""
        self._require_open()
        require_known(metrics, self.metrics)
        if self.at > self._trained:  # in a unit's body: a progress bar asked for the length
            self._listed = False
        at, metrics = self._unit(at), plain_metrics(metrics)
        if at in self._told:
            self._add(at, metrics)
            return
        self._told.add(at)
        self.at, self._trained = at, max(self._trained, at)
        if self.rank == 0:
            self._channel.send(type="progress", lease=self._number, at=at, metrics=metrics)
        if at < self.last:
            self._stops.begin(at + 1)

    def _add(self, at, metrics):
        """More metrics of a unit. Those of the last unit go with the result."""
        if at == self.at and (at == self.last or self.stopped):
            self._more.update(metrics)
            return
        raise ValueError(
            f"report() was called twice at {self.unit} {at}: give all metrics of one {self.unit} in one call. Only "
            "the last one can be added to"
        )

    def fail(self, kind="exception", error="", message=""):
        """Ends the training without a result. Kinds: nonfinite, out_of_memory, infeasible, device, exception,
        snapshot_unavailable."""
        self._require_open()
        self._over = True
        self._channel.send(type="failure", lease=self._number, kind=kind, error=error, message=message[:4000])

    def _unit(self, at):
        if at is None and (self._listed or self.at == self.first):
            raise self._nothing_trained()
        at = self.at if at is None else int(at)
        if not self.first < at <= self.last:
            raise ValueError(f"report() at {self.unit} {at}, but the trial is for {self._asked()}")
        return at

    def _nothing_trained(self):
        how = f", and the {self.unit}s were taken all at once, by list() or the like" if self._listed else ""
        return ProtocolError(
            f"asked for {self._asked()}, iterated over none{how}: loop over the trial (for {self.unit} in trial), or "
            f"name the {self.unit} that was trained: report(at=...)"
        )

    def _require_trained(self):
        """Units that no loop went through and no call named were not trained. The last one needs a report."""
        if self.at == self.first or (self._listed and not self._told):
            raise self._nothing_trained()
        if self.at not in self._told and self.rank == 0:
            raise ProtocolError(
                f"the block ended without report() at {self.unit} {self.at}, the last one that was trained"
            )
        if self.at < self.last and not self.stopped:
            raise ProtocolError(
                f"asked for {self._asked()}, ended after {self.unit} {self.at}, and the search had not asked to stop. "
                f"A training that gets no further may report the last {self.unit}: report(at=trial.last, ...)"
            )

    def _asked(self):
        count = self.last - self.first
        return f"{count} {self.unit}s ({self.first + 1} to {self.last})" if count > 1 else f"{self.unit} {self.last}"

    # ---- the block -----------------------------------------------------------------------------------------------

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        """An exception in the block becomes the training's failure, and the program goes on to the next trial. After a
        device error, which affects the whole process, the program ends, and the next trial goes to a new process."""
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0) and self._told):
            self.end()
            return False
        return self._become_failure(error)

    def end(self):
        """Ends the training: saves, and sends the result. The end of the `with` block calls it."""
        if self._over:
            return
        try:
            self._require_trained()
            snapshot = self._save_at_end()
        except ProtocolError as error:
            self.fail("exception", "ProtocolError", str(error))
            raise
        except Exception as error:
            if not self._become_failure(error):
                raise
            return
        self._over = True
        message = {"metrics": self._more if self.rank == 0 else {}, "snapshot": snapshot}
        unread = self.configuration.unread()
        if unread:
            message["unread"] = unread
        self._channel.send(type="report", lease=self._number, at=self.at, **message)

    def _become_failure(self, error):
        """True if the program can go on."""
        if self._over or self._alone or not isinstance(error, Exception) or isinstance(error, ProtocolError):
            return False
        traceback.print_exception(type(error), error, error.__traceback__)
        flush()
        failure = kind_of_error(error)
        self.fail(failure, type(error).__name__, str(error))
        return failure != "device"

    def _require_open(self):
        if self._over:
            raise ProtocolError("this training has ended: it has one result, and nothing comes after it")


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
