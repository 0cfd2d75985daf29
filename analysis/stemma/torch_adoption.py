"""What a child keeps of its own in PyTorch's optimizers and schedulers when it goes on from its parent's snapshot.

Two rules give the learning rate of each parameter group:
* Schedulers that compute a rate from the last rate (FROM_THE_LAST): the parent's present rate, times the child's
  initial rate over the parent's. Then the child's own gamma, T_max, power, ...
* Schedulers that compute the rate from the count (FROM_THE_COUNT), and all where the parent's initial rate is 0: the
  child's own schedule at the parent's count.

Schedulers made of others (COMPOSED) apply each part's rule. Counters and measured values (MEASURED) are the parent's,
never hyperparameters. With equal hyperparameters both rules are what the parent would do, bit for bit.
"""

import bisect
import contextlib
import warnings

FROM_THE_LAST = {
    "ConstantLR", "CosineAnnealingLR", "ExponentialLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "PolynomialLR",
    "ReduceLROnPlateau", "StepLR", "SWALR",
}  # fmt: skip
FROM_THE_COUNT = {"CosineAnnealingWarmRestarts", "CyclicLR", "LambdaLR", "OneCycleLR"}
COMPOSED = {"ChainedScheduler", "SequentialLR"}
# State that an optimizer keeps only if a hyperparameter is set, and state of the same shape.
KEPT_IF = {
    "amsgrad": ("max_exp_avg_sq", "exp_avg_sq"),
    "centered": ("grad_avg", "square_avg"),
    "momentum": ("momentum_buffer", "square_avg"),
}
MEASURED = ("last_epoch", "_step_count", "best", "num_bad_epochs", "cooldown_counter")


def is_optimizer(part):
    return hasattr(part, "param_groups") and hasattr(part, "state_dict")


def is_scheduler(part):
    return (
        not is_optimizer(part) and hasattr(part, "load_state_dict") and is_optimizer(getattr(part, "optimizer", None))
    )


def made_with(optimizer):
    """The values of each group that its hyperparameters gave, before anything is loaded."""
    return [
        {name: _copy(value) for name, value in group.items() if name != "params"} for group in optimizer.param_groups
    ]


def load(parts, states, types, made):
    """Loads `states` of a parent into the child's `parts`, both by name. `types`: the names of their classes in the
    parent. `made`: the result of made_with() in the parent for its optimizers, as far as it is known."""
    adoptions = {
        name: _Optimizer(part, states[name], made.get(name), types[name] == type_name(part))
        for name, part in parts.items()
        if is_optimizer(part) and "param_groups" in states[name]
    }
    schedulers = {name: part for name, part in parts.items() if is_scheduler(part)}
    for adoption in adoptions.values():
        adoption.replay(
            [part for part in schedulers.values() if part.optimizer is adoption.optimizer], states, schedulers
        )
    for name, part in parts.items():
        if name in adoptions:
            adoptions[name].load()
        elif name not in schedulers:
            if is_optimizer(part):
                _warn(part, "optimizer", "learning rate")
            part.load_state_dict(states[name])
    for name, part in schedulers.items():
        _take_counts(part, states[name])
        _settle(part)
        _show(part)


def type_name(part):
    return f"{type(part).__module__}.{type(part).__qualname__}"


class _Optimizer:
    """An optimizer on its way from its initial state to the parent's state. An optimizer of another class than the
    parent's (`same` is False) begins with new moments."""

    def __init__(self, optimizer, state, made, same):
        self._same = same
        self.optimizer = optimizer
        self._state = state
        self._own = [dict(group) for group in optimizer.param_groups]
        self._parent = state["param_groups"]
        self._made = made or [{}] * len(self._parent)
        self._at_count = [None] * len(self._own)  # rates of the child's own schedule, where they are needed

    def replay(self, schedulers, states, names):
        """If the parent's initial rate is 0 and the child's is not, no ratio gives the child's rate. Its own schedule
        is then followed up to the parent's count."""
        if not any(_zero(parent) and not _zero(own) for parent, own in self._initial_rates()):
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # steps of a scheduler without steps of the optimizer
            for name, part in names.items():
                if (
                    part not in schedulers
                    or _name(part) in FROM_THE_COUNT
                    or not _known(part)
                    or _waits_for_metrics(part)
                ):
                    continue
                for _ in range(_count(states[name])):
                    part.step()
        self._at_count = [_copy(group["lr"]) for group in self.optimizer.param_groups]

    def load(self):
        if self._same:
            self.optimizer.load_state_dict(self._state)
        initial_rates = list(self._initial_rates())
        for group, own, made, parent, initial, at_count in zip(
            self.optimizer.param_groups, self._own, self._made, self._parent, initial_rates, self._at_count
        ):
            now = parent["lr"]
            for name, value in own.items():
                # A value that was equal at first may have been changed since by a measured value (Prodigy's d), or by a
                # scheduler.
                if name != "params" and not (name in made and _equal(made[name], value)):
                    group[name] = value
            self._begin(group)
            if "initial_lr" in group:
                group["initial_lr"] = _copy(initial[1])
            group["lr"] = own["lr"]
            _set(group, "lr", self._rate(now, *initial, at_count))

    def _rate(self, now, parent, child, at_count):
        if parent is None and not _equal(now, child):
            warnings.warn(
                f"stemma: trial.restore() was not given the parent's {type(self.optimizer).__name__} when that was "
                "new. So it is not known how far the parent has lowered its learning rate, and the child begins with "
                "its own. Call it from scratch, too",
                stacklevel=2,
            )
        if parent is None:
            return child
        return at_count if at_count is not None and _zero(parent) else _scaled(now, parent, child)

    def _begin(self, group):
        """State that the child keeps and the parent did not keep begins with zeros: the optimizer itself makes all or
        nothing."""
        for setting, (name, like) in KEPT_IF.items():
            for param in group["params"] if group.get(setting) else ():
                state = self.optimizer.state.get(param, {})
                if like in state and state.get(name) is None:
                    state[name] = state[like].new_zeros(state[like].shape)

    def _initial_rates(self):
        """Pairs of the parent's and the child's; the parent's is None where it is not known."""
        for parent, own, made in zip(self._parent, self._own, self._made):
            yield parent.get("initial_lr", made.get("initial_lr", made.get("lr"))), own.get("initial_lr", own["lr"])


def _scaled(now, parent, child):
    if _equal(parent, child):
        return now
    return child if _zero(parent) else now * (child / parent)


def _take_counts(part, state):
    """The counters of a scheduler and of those inside it, from the parent's."""
    if not _known(part):
        _load_whole(part, state)
        return
    for name in MEASURED:
        if name in state and hasattr(part, name):
            setattr(part, name, state[name])
    if _name(part) == "CosineAnnealingWarmRestarts":
        _place_restarts(part, state)
    if _name(part) not in COMPOSED:
        return
    inner = state.get("_schedulers", ())
    if len(inner) == len(part._schedulers) and list(state.get("_milestones", ())) == list(
        getattr(part, "_milestones", ())
    ):
        for one, its in zip(part._schedulers, inner):
            _take_counts(one, its)
    else:
        _place(part, _count(state))


def _place(part, count):
    """Counters after `count` steps, for parts that the parent's counters do not fit: its milestones were different."""
    if hasattr(part, "last_epoch"):
        part.last_epoch = count
    if hasattr(part, "_step_count"):
        part._step_count = count + 1
    if _name(part) == "CosineAnnealingWarmRestarts":
        _place_restarts(part, {"last_epoch": count})
    if _name(part) == "ChainedScheduler":
        for one in part._schedulers:
            _place(one, count)
    if _name(part) == "SequentialLR":
        starts = [0, *part._milestones]
        for i in range(_active(part) + 1):
            _place(part._schedulers[i], (count if i == _active(part) else starts[i + 1] - 1) - starts[i])


def _place_restarts(part, state):
    """T_cur and T_i by the count, as after so many steps. The count may have a fraction: step(1.25)."""
    if (state.get("T_0"), state.get("T_mult")) == (part.T_0, part.T_mult):
        part.T_cur, part.T_i = state["T_cur"], state["T_i"]
        return
    part.T_cur, part.T_i = state["last_epoch"] + state.get("T_cur", 0) % 1, part.T_0
    while part.T_cur >= part.T_i:
        part.T_cur -= part.T_i
        part.T_i *= part.T_mult


def _settle(part, again=False):
    """Sets the rates (and cycled momentum) of schedulers that compute them from the count. `again`: the rates are those
    before the last step, so that the other schedulers make it again, too. Returns whether the rates are set."""
    if not _known(part):
        return again
    if _name(part) == "ChainedScheduler":
        for one in part._schedulers:
            again = _settle(one, again)
        return again
    if _name(part) == "SequentialLR":
        active = _active(part)
        before = [_copy(group["lr"]) for group in part.optimizer.param_groups]
        for one in part._schedulers[:active]:  # for the momentum that one left
            if _settle(one):
                _set_rates(part.optimizer, before)
        return _settle(part._schedulers[active], again)
    if _name(part) in FROM_THE_COUNT or (again and not _waits_for_metrics(part)):
        with _within_step(part):
            _set_rates(part.optimizer, part.get_lr())
        return True
    return again


def _load_whole(part, state):
    _warn(part, "scheduler", "gamma (but initial learning rates are its own)")
    own = list(getattr(part, "base_lrs", ()))
    part.load_state_dict(state)
    if own:
        part.base_lrs = own


def _warn(part, what, such):
    warnings.warn(
        f"stemma: {type(part).__name__} is no {what} of PyTorch's own: a child takes all of its state from the parent, "
        "hyperparameters "
        f"among them, such as a {such}. It keeps those that load_state_dict() leaves alone.",
        stacklevel=2,
    )


def _show(part):
    for one in getattr(part, "_schedulers", ()):
        _show(one)
    if hasattr(part, "_last_lr"):
        part._last_lr = [_copy(group["lr"]) for group in part.optimizer.param_groups]


def _name(part):
    return type(part).__name__


def _known(part):
    """True for PyTorch's own classes: a user's subclass may compute its rates in any way."""
    return type(part).__module__.startswith("torch.optim.") and _name(part) in FROM_THE_LAST | FROM_THE_COUNT | COMPOSED


def _waits_for_metrics(part):
    return _name(part) == "ReduceLROnPlateau" or any(
        _waits_for_metrics(one) for one in getattr(part, "_schedulers", ())
    )


def _count(state):
    """Steps so far. A ChainedScheduler of PyTorch 1.13 counts in its parts only."""
    if "last_epoch" in state:
        return state["last_epoch"]
    return next((_count(one) for one in state.get("_schedulers", ())), 0)


def _active(part):
    return bisect.bisect_right(part._milestones, part.last_epoch)


@contextlib.contextmanager
def _within_step(part):
    before = getattr(part, "_get_lr_called_within_step", False)
    part._get_lr_called_within_step = True
    try:
        yield
    finally:
        part._get_lr_called_within_step = before


def _set_rates(optimizer, rates):
    for group, rate in zip(optimizer.param_groups, rates):
        _set(group, "lr", rate)


def _set(group, name, value):
    """A tensor stays the same tensor: a captured graph reads it."""
    if hasattr(group[name], "fill_"):
        group[name].fill_(value)
    else:
        group[name] = value.item() if hasattr(value, "fill_") else value


def _copy(value):
    return value.detach().clone() if hasattr(value, "fill_") else value


def _equal(a, b):
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_equal, a, b))
    return bool(a == b)


def _zero(rate):
    return rate is not None and float(rate) == 0
