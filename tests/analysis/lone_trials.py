"""Trials without a worker, for tests of what a program does with them."""

from stemma.trial import Trial


class Messages(list):
    """Stands in for the worker. `stops`: it asks to stop at once."""

    stops = False

    def send(self, **message):
        self.append(message)

    def waiting(self):
        return self.stops

    def receive(self):
        self.stops = False
        return {"type": "stop", "lease": 1}


def trial_of(fields, sent=None, metrics=None):
    """A trial with these fields of the protocol's lease, and its messages."""
    message = {
        "lease": 1,
        "member": 2,
        "seed": 7,
        "seed64": 2**40 + 7,
        "run_seed": 5,
        "from": 0,
        "to": 3,
        "max": 9,
        "adopted": False,
        "configuration": {"lr": 0.1},
        "parent_configuration": None,
        "start": None,
    }
    return Trial(Messages() if sent is None else sent, message | fields, metrics=metrics)
