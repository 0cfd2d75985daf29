"""When a training ends early. The search asks process 0. Several processes that train a member together must end with
the same unit: those that train one unit more would wait for the rest for ever.

So process 0 decides at the start of a unit whether it is the last one, and tells the others through the worker. They
look for that word at the end of the unit, when it has long arrived.
"""

from stemma.terms import ProtocolError


def stops_of(channel, message):
    """What tells this process when to end the training of that lease."""
    if message.get("ranks", 1) == 1:
        return Stops(channel, message)
    return (LeaderStops if message["rank"] == 0 else FollowerStops)(channel, message)


class Stops:
    """A single process ends with the unit in training."""

    def __init__(self, channel, message):
        self._channel, self._lease = channel, message["lease"]
        self._asked = False

    def begin(self, unit):
        """This process begins to train `unit`."""

    def last_is(self, unit):
        """Whether the training ends with `unit`, or has ended before it."""
        return self._asked_to_stop()

    def _asked_to_stop(self):
        while not self._asked and self._channel.waiting():
            message = self._receive("stop")
            self._asked = message["lease"] == self._lease
        return self._asked

    def _receive(self, kind):
        message = self._channel.receive()
        if message is None:
            raise SystemExit("stemma: the worker that this program trains for is gone")
        if message["type"] != kind:
            raise ProtocolError(f'a "{message["type"]}" came in the middle of a training')
        return message


class LeaderStops(Stops):
    """Process 0 of several."""

    def __init__(self, channel, message):
        super().__init__(channel, message)
        self._begun, self._last = message["from"], None

    def begin(self, unit):
        if unit <= self._begun or self._last is not None:
            return
        self._begun = unit
        last = self._asked_to_stop()
        if last:
            self._last = unit
        self._channel.send(type="unit", lease=self._lease, at=unit, last=last)

    def last_is(self, unit):
        return self._last is not None and unit >= self._last


class FollowerStops(Stops):
    """One of the processes beside process 0."""

    def __init__(self, channel, message):
        super().__init__(channel, message)
        self._first = message["from"]
        self._begun = []  # units at which a report or the loop began the next part, ascending
        self._heard, self._last = self._first, None

    def begin(self, unit):
        if not self._begun or unit > self._begun[-1]:
            self._begun.append(unit)

    def last_is(self, unit):
        if unit <= self._first:
            raise ProtocolError(
                "trial.stopped was asked before any unit had ended for this process: loop over the trial, or call "
                "trial.report() on every process. Only the metrics of process 0 count"
            )
        begin = max(one for one in self._begun if one <= unit)
        while self._last is None and self._heard < begin:
            message = self._receive("unit")
            if message["lease"] == self._lease:
                self._heard = message["at"]
                self._last = self._heard if message["last"] else None
        return self._last is not None and unit >= self._last
