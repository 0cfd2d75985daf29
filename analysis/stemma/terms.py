"""What a lease of the protocol says: fields, and hyperparameters by name. Metrics on their way to the other side."""

import difflib
import math


class ProtocolError(RuntimeError):
    """The other side sent a message that the protocol does not have, or this side was used out of order."""


class Infeasible(ValueError):
    """Raise it for a configuration that cannot be trained at all: it is recorded as such and not tried again."""


class SnapshotUnavailable(RuntimeError):
    """Raise it for a start snapshot that cannot be used: the member is trained again from another start."""


class Configuration(dict):
    """Hyperparameters by name. Remembers which ones were read."""

    def __init__(self, values):
        super().__init__(values)
        self.read = set()

    def __getitem__(self, name):
        try:
            value = super().__getitem__(name)
        except KeyError:
            there = ", ".join(self) or "none"
            raise KeyError(
                f'hyperparameter "{name}" is not in [space] of the job, or inactive here; there are: {there}'
            ) from None
        self.read.add(name)
        return value

    def __contains__(self, name):
        found = super().__contains__(name)
        if found:
            self.read.add(name)
        return found

    def __iter__(self):  # there, so that **configuration and dict(configuration) call __getitem__()
        return super().__iter__()

    def get(self, name, default=None):
        return self[name] if name in self else default

    def values(self):
        self.read.update(self)
        return super().values()

    def items(self):
        self.read.update(self)
        return super().items()

    def __reduce__(self):
        return dict, (dict(self.items()),)

    def plain(self):
        """The values as a plain dict. Does not count as reading."""
        return dict(zip(super().keys(), super().values()))

    def unread(self):
        """Names that were never read, sorted."""
        return sorted(set(self) - self.read)


class Terms:
    """The content of a lease: its fields, and its hyperparameters by name, as in a dict."""

    def __init__(self, message):
        self._number = message["lease"]
        self.configuration = Configuration(message["configuration"])
        self.parent_configuration = message["parent_configuration"]
        self.start = message["start"]
        self.member = message["member"]
        self.run_seed = message["run_seed"]
        self.first, self.last, self.max = message["from"], message["to"], message["max"]
        self.adopted = message["adopted"]

    def __getitem__(self, name):
        return self.configuration[name]

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
        value = float(value.item() if hasattr(value, "item") else value)
        if math.isfinite(value):
            return value
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"

    return {name: plain(value) for name, value in metrics.items()}
