"""Several members in one process, for programs that train them together: batched products, one base model with many
adapters, streams of a GPU.

    import stemma

    models = {}
    for trials in stemma.trials(at_once=16):            # once for each unit: the trials that train it, 1 to 16
        for trial in trials:
            with trial:                                 # an exception in the block fails this trial alone
                if trial.begins:
                    trial.seed()
                    models[trial] = build(trial["lr"])
                    trial.restore(model=models[trial])
        trials = [trial for trial in trials if not trial.failed]
        losses = train_one_unit_of_all([models[trial] for trial in trials])
        for trial, loss in zip(trials, losses):
            with trial:
                trial.report(valid_loss=loss)           # after its last unit it is saved, and another takes its place

Trials join and leave at the boundaries of units, each at its own unit (trial.at).
"""

import sys
import time

from stemma.failures import kind_of_error
from stemma.snapshot_files import forget
from stemma.stopping import Stops
from stemma.terms import ProtocolError
from stemma.trial import Trial, flush


class StackedTrial(Trial):
    """A trial beside others in the same process. at is the unit to train now.

    begins   this is its first unit here: build its model, restore() it
    ends     this is its last unit here. A trial that is stopped learns of it before its last unit
    failed   a block with it has failed: leave it out until the next unit, where it is gone

    seed() seeds the random streams that all trials share. restore() restores no random streams but those of its parts:
    give each trial a generator of its own, and give it to restore().
    """

    own_streams = False

    def __init__(self, *words, **named):
        super().__init__(*words, **named)
        self.at = self.first + 1
        self._looked_at = self._looked = None

    def __iter__(self):
        raise ProtocolError("with trials(at_once=n) the loop over lists is the loop over units: trial.at is the unit")

    @property
    def begins(self):
        return self.at == self.first + 1

    @property
    def ends(self):
        return self.at == self.last or self.stopped

    @property
    def failed(self):
        return self._over

    @property
    def stopped(self):
        """Whether the search asked to end this training. The same answer for all of a unit."""
        if self._looked_at != self.at and not self._looked:
            self._looked_at, self._looked = self.at, self._stops.last_is(self.at)
        return self._looked

    def __exit__(self, kind, error, trace):
        """An exception in the block becomes the failure of this trial."""
        return False if error is None else self._become_failure(error)

    def __enter__(self):
        if self._over:
            raise ProtocolError(f"the trial of member {self.member} has failed: look at trial.failed")
        return self

    def next_unit(self):
        """The unit was trained. After the last one the training ends."""
        if self._over:
            return
        if self.ends:
            self.end()
        else:
            self.at += 1


class _Inbox:
    """Messages about all trials of this process."""

    def __init__(self, channel):
        self._channel = channel
        self._leases = []
        self.stopped = set()
        self.over = False

    def look(self, wait=False, seconds=0, leases=0):
        """Takes in what has come. `wait`: until there is a lease. `seconds`: so long, for up to `leases` of them."""
        wait = wait and not self._leases  # one may have come while a trial looked for its stop
        until = time.monotonic() + seconds
        while not self.over:
            if not wait and not self._channel.waiting():
                left = until - time.monotonic()
                if left <= 0 or len(self._leases) >= leases or not self._channel.waiting(left):
                    return
            message = self._channel.receive()
            if message is None or message["type"] == "quit":
                self.over = True
            elif message["type"] == "lease":
                self._leases.append(message)
                wait = False
            elif message["type"] == "stop":
                self.stopped.add(message["lease"])
            else:
                raise ProtocolError(f'a "{message["type"]}" came to a program that trains several members')

    def leases(self):
        leases, self._leases = self._leases, []
        return leases


class _StopsOfOne(Stops):
    def __init__(self, inbox, lease):
        self._inbox, self._lease = inbox, lease

    def last_is(self, unit):
        self._inbox.look()
        return self._lease in self._inbox.stopped


# Seconds for which free places wait for trials. The search answers in a few milliseconds after a report. A unit that is
# begun before costs those that come a whole unit. At most a twentieth of what a unit took.
PATIENCE, PATIENCE_SHARE = 0.05, 0.05


def trials_at_once(channel, unit, threads, metrics, at_once):
    """Lists of the trials that train their next unit together, until the worker has no more."""
    inbox = _Inbox(channel)

    class One(StackedTrial):
        def _stops_of(self, message):
            return _StopsOfOne(inbox, message["lease"])

    trials, patience = [], PATIENCE
    with _told_on_death(trials):
        while True:
            count = len(trials)
            for trial in trials:
                trial.next_unit()
            trials[:] = [trial for trial in trials if not trial.failed]
            inbox.look(wait=not trials)
            if len(trials) < max(count, 1):  # the search answers
                inbox.look(seconds=patience, leases=at_once - len(trials))
            if inbox.over:
                return
            for message in inbox.leases():
                forget(message["save"])
                trials.append(One(channel, message, unit, threads, metrics))
            if trials:
                begun = time.monotonic()
                yield list(trials)
                patience = min(PATIENCE, PATIENCE_SHARE * (time.monotonic() - begun))


def alone(trials):
    """The same for a script that is tried by itself."""
    trials = list(trials)
    while trials:
        yield list(trials)
        for trial in trials:
            trial.next_unit()
        trials = [trial for trial in trials if not trial.failed]


class _told_on_death:
    """An exception that ends the program becomes the failure of all its trials first."""

    def __init__(self, trials):
        self._trials = trials

    def __enter__(self):
        self._hook = sys.excepthook

        def hook(kind, error, trace):
            self._hook(kind, error, trace)
            flush()
            if isinstance(error, Exception):
                for trial in self._trials:
                    if not trial.failed:
                        trial.fail(kind_of_error(error), kind.__name__, str(error))

        sys.excepthook = hook

    def __exit__(self, kind, error, trace):
        if kind is None:
            sys.excepthook = self._hook
        return False
