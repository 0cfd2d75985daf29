"""Children that adopt a PyTorch training: which values are theirs, and which their parent's. A table over every
scheduler of PyTorch."""

import inspect
import math
from bisect import bisect_right

import pytest
import torch
from lone_trials import trial_of
from stemma import torch_adoption
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR

UNITS = 12
RATES = (0.4, 0.1)  # of two groups
LOSSES = [1.0, 0.9, 0.9, 0.95, 0.9, 0.91, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]  # what a plateau is found in


class Case:
    """How a scheduler is made, the value of each hyperparameter, another one for each, and the rate after a unit."""

    def __init__(self, make, values, changed, after=None, lr_matters=True):
        self.make, self.values, self.changed, self.after, self.lr_matters = make, values, changed, after, lr_matters


def step_rate(v, t, last, base):
    return last * v["gamma"] if t % v["step_size"] == 0 else last


def linear_factor(v, t):
    return v["start_factor"] + (v["end_factor"] - v["start_factor"]) * min(t, v["total_iters"]) / v["total_iters"]


def cosine_rate(v, t, last, base):
    end, period = v["eta_min"], v["T_max"]
    if (t - 1 - period) % (2 * period) == 0:
        return last + (base - end) * (1 - math.cos(math.pi / period)) / 2
    return end + (last - end) * (1 + math.cos(math.pi * t / period)) / (1 + math.cos(math.pi * (t - 1) / period))


def swa_rate(v, t, last, base):
    def share(step):
        return (1 - math.cos(math.pi * min(1, step / v["anneal_epochs"]))) / 2

    before, now = share(t - 1), share(t)
    start = v["swa_lr"] if before == 1 else (last - before * v["swa_lr"]) / (1 - before)
    return v["swa_lr"] * now + start * (1 - now)


def of(cls, **more):
    return lambda optimizer, v: cls(optimizer, **v, **more)


def by_power(cls):
    return lambda optimizer, v: cls(optimizer, lambda t: 1 / (1 + v["slope"] * t))


CASES = {
    "StepLR": Case(of(lr_scheduler.StepLR), {"step_size": 2, "gamma": 0.5}, {"step_size": 3, "gamma": 0.8}, step_rate),
    "MultiStepLR": Case(
        of(lr_scheduler.MultiStepLR),
        {"milestones": [2, 5, 9], "gamma": 0.5},
        {"milestones": [2, 8], "gamma": 0.8},
        lambda v, t, last, base: last * v["gamma"] if t in v["milestones"] else last,
    ),
    "ExponentialLR": Case(
        of(lr_scheduler.ExponentialLR), {"gamma": 0.7}, {"gamma": 0.9}, lambda v, t, last, base: last * v["gamma"]
    ),
    "MultiplicativeLR": Case(
        by_power(lr_scheduler.MultiplicativeLR),
        {"slope": 0.1},
        {"slope": 0.3},
        lambda v, t, last, base: last / (1 + v["slope"] * t),
    ),
    "ConstantLR": Case(
        of(lr_scheduler.ConstantLR),
        {"factor": 0.5, "total_iters": 8},
        {"factor": 0.25, "total_iters": 9},
        lambda v, t, last, base: last / v["factor"] if t == v["total_iters"] else last,
    ),
    "LinearLR": Case(
        of(lr_scheduler.LinearLR),
        {"start_factor": 0.2, "end_factor": 1.0, "total_iters": 9},
        {"start_factor": 0.5, "end_factor": 0.9, "total_iters": 11},
        lambda v, t, last, base: last * linear_factor(v, t) / linear_factor(v, t - 1),
    ),
    "CosineAnnealingLR": Case(
        of(lr_scheduler.CosineAnnealingLR), {"T_max": 10, "eta_min": 0.001}, {"T_max": 15, "eta_min": 0.02}, cosine_rate
    ),
    "PolynomialLR": Case(
        of(lr_scheduler.PolynomialLR),
        {"total_iters": 10, "power": 1.5},
        {"total_iters": 14, "power": 0.5},
        lambda v, t, last, base: (
            last * ((1 - t / v["total_iters"]) / (1 - (t - 1) / v["total_iters"])) ** v["power"]
            if t <= v["total_iters"]
            else last
        ),
    ),
    "SWALR": Case(
        of(SWALR, anneal_strategy="cos"),
        {"swa_lr": 0.05, "anneal_epochs": 9},
        {"swa_lr": 0.02, "anneal_epochs": 12},
        swa_rate,
    ),
    "LambdaLR": Case(by_power(lr_scheduler.LambdaLR), {"slope": 0.1}, {"slope": 0.3}),
    "OneCycleLR": Case(
        of(lr_scheduler.OneCycleLR),
        {
            "max_lr": 0.4,
            "total_steps": 20,
            "pct_start": 0.3,
            "anneal_strategy": "cos",
            "base_momentum": 0.8,
            "max_momentum": 0.95,
            "div_factor": 25.0,
            "final_div_factor": 100.0,
        },
        {
            "max_lr": 0.3,
            "total_steps": 16,
            "pct_start": 0.5,
            "anneal_strategy": "linear",
            "base_momentum": 0.7,
            "max_momentum": 0.99,
            "div_factor": 10.0,
            "final_div_factor": 10.0,
        },
        lr_matters=False,
    ),
    "CyclicLR": Case(
        of(lr_scheduler.CyclicLR),
        {
            "base_lr": 0.01,
            "max_lr": 0.2,
            "step_size_up": 3,
            "step_size_down": 4,
            "mode": "exp_range",
            "gamma": 0.9,
            "base_momentum": 0.8,
            "max_momentum": 0.9,
        },
        {
            "base_lr": 0.02,
            "max_lr": 0.3,
            "step_size_up": 2,
            "step_size_down": 3,
            "mode": "triangular",
            "gamma": 0.8,
            "base_momentum": 0.7,
            "max_momentum": 0.95,
        },
        lr_matters=False,
    ),
    "CosineAnnealingWarmRestarts": Case(
        of(lr_scheduler.CosineAnnealingWarmRestarts),
        {"T_0": 2, "T_mult": 2, "eta_min": 0.001},
        {"T_0": 3, "T_mult": 1, "eta_min": 0.01},
    ),
    "ReduceLROnPlateau": Case(
        of(lr_scheduler.ReduceLROnPlateau),
        {"factor": 0.5, "patience": 0, "threshold": 0.01, "cooldown": 1, "min_lr": 0.01},
        {"factor": 0.7, "patience": 1, "threshold": 0.5, "cooldown": 0, "min_lr": 0.1},
    ),
    "SequentialLR": Case(
        lambda optimizer, v: lr_scheduler.SequentialLR(
            optimizer,
            [
                lr_scheduler.LinearLR(optimizer, start_factor=0.25, total_iters=3),
                lr_scheduler.ExponentialLR(optimizer, v["gamma"]),
                lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + v["slope"] * t)),
            ],
            [3, v["second"]],
        ),
        {"gamma": 0.7, "slope": 0.5, "second": 9},
        {"gamma": 0.9, "slope": 0.8, "second": 7},
    ),
    "ChainedScheduler": Case(
        lambda optimizer, v: lr_scheduler.ChainedScheduler(
            [
                lr_scheduler.ConstantLR(optimizer, 0.5, v["total_iters"]),
                lr_scheduler.ExponentialLR(optimizer, v["gamma"]),
            ]
        ),
        {"total_iters": 8, "gamma": 0.7},
        {"total_iters": 10, "gamma": 0.9},
        lambda v, t, last, base: last * v["gamma"] * (2 if t == v["total_iters"] else 1),
    ),
}


def schedulers_of_pytorch():
    base = getattr(lr_scheduler, "LRScheduler", lr_scheduler._LRScheduler)
    for name, cls in inspect.getmembers(lr_scheduler, inspect.isclass):
        if issubclass(cls, (base, lr_scheduler.ReduceLROnPlateau)) and name not in ("LRScheduler", "_LRScheduler"):
            yield name


def test_the_table_and_the_rules_have_every_scheduler_of_this_pytorch():
    assert set(schedulers_of_pytorch()) | {"SWALR"} == set(CASES)
    assert set(CASES) == torch_adoption.FROM_THE_LAST | torch_adoption.FROM_THE_COUNT | torch_adoption.COMPOSED


class Training:
    """A small network with two groups: what a script written for Stemma does."""

    def __init__(self, case, values, rates=RATES, make_optimizer=None, batches=1):
        torch.manual_seed(1)
        self.model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
        groups = [{"params": self.model[at].parameters(), "lr": lr} for at, lr in zip((0, 2), rates)]
        self.optimizer = (make_optimizer or (lambda g: torch.optim.SGD(g, lr=1.0, momentum=0.9, weight_decay=0.01)))(
            groups
        )
        self.scheduler = case.make(self.optimizer, values)
        self.batches = batches
        self.parts = {"model": self.model, "optimizer": self.optimizer, "scheduler": self.scheduler}

    def run(self, trial):
        """Rates of both groups in each unit, then the momentum and the weights at the end."""
        trial.restore(**self.parts)
        rates = []
        for unit in range(trial.first + 1, trial.last + 1):
            rates.append([float(group["lr"]) for group in self.optimizer.param_groups])
            for _ in range(self.batches):
                self.optimizer.zero_grad()
                self.model(torch.randn(5, 3)).pow(2).mean().backward()
                self.optimizer.step()
                self.next(unit)
        trial.save()
        group = self.optimizer.param_groups[0]
        return rates, group.get("momentum", group.get("betas")), [one.tolist() for one in self.model.parameters()]

    def next(self, unit):
        if isinstance(self.scheduler, lr_scheduler.ReduceLROnPlateau):
            self.scheduler.step(LOSSES[unit])
        else:
            self.scheduler.step()


@pytest.fixture
def trial(tmp_path):
    def make(first, last, start=None, save="unused", adopted=False, parent=None, **configuration):
        return trial_of(
            {
                "from": first,
                "to": last,
                "start": start and tmp_path / start,
                "save": tmp_path / save,
                "adopted": adopted,
                "configuration": configuration,
                "parent_configuration": parent,
            }
        )

    return make


@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("other", [0, 1], ids=["same configuration", "another value elsewhere"])
@pytest.mark.parametrize("cut", [1, 4, 8])
@pytest.mark.parametrize("name", CASES)
def test_with_equal_values_a_child_trains_as_its_parent_going_on(trial, name, cut, other, batches):
    case = CASES[name]
    values = case.values | ({"total_steps": 60} if name == "OneCycleLR" else {})

    def training():
        return Training(case, values, batches=batches)

    training().run(trial(0, cut, save="parent", other=0))
    parent = training().run(trial(cut, UNITS, "parent", other=0))
    child = training().run(trial(cut, UNITS, "parent", adopted=True, other=other))

    assert child == parent


def plateau_rates(parent, child, cut, now):
    """From each group's rate at `cut`: measured by the parent's values before it, by the child's afterwards."""
    best, bad, cooldown = math.inf, 0, 0
    rates = []
    for unit in range(1, UNITS + 1):
        v = parent if unit <= cut else child
        if unit > cut:
            rates.append(list(now))
        better = LOSSES[unit] < best * (1 - v["threshold"])
        best, bad = (LOSSES[unit], 0) if better else (best, bad + 1)
        if cooldown > 0:
            cooldown, bad = cooldown - 1, 0
        if bad > v["patience"]:
            cooldown, bad = v["cooldown"], 0
            if unit > cut:
                lower = [max(rate * v["factor"], v["min_lr"]) for rate in now]
                now = [new if rate - new > 1e-8 else rate for rate, new in zip(now, lower)]
    return rates


def sequence_rates(v, cut, now, bases):
    rates = []
    for t in range(cut, UNITS):
        if t > cut:
            part = bisect_right([3, v["second"]], t)
            now = [
                base * (0.25 + 0.75 * min(t, 3) / 3)
                if part == 0
                else base / (1 + v["slope"] * (t - v["second"]))
                if part == 2
                else base
                if t == 3
                else last * v["gamma"]
                for base, last in zip(bases, now)
            ]
        rates.append(now)
    return rates


def expected(name, case, child, rates, cut, parents_now):
    """By the two rules, independent of what was loaded."""
    if name in torch_adoption.FROM_THE_COUNT:
        training = Training(case, child, rates)
        whole = []
        for unit in range(UNITS):
            whole.append([float(group["lr"]) for group in training.optimizer.param_groups])
            training.optimizer.step()
            training.next(unit)
        return whole[cut:]
    now = [rate * (own / theirs) for rate, own, theirs in zip(parents_now, rates, RATES)]
    if name == "ReduceLROnPlateau":
        return plateau_rates(case.values, child, cut, now)
    if name == "SequentialLR":
        return sequence_rates(child, cut, now, rates)
    found = [now]
    for t in range(cut + 1, UNITS):
        now = [case.after(child, t, last, base) for last, base in zip(now, rates)]
        found.append(now)
    return found


CHANGES = [
    (name, changed) for name, case in CASES.items() for changed in [*case.changed, *(["lr"] if case.lr_matters else [])]
]


@pytest.mark.parametrize(("name", "changed"), CHANGES)
def test_a_changed_value_has_the_effect_of_its_rule(trial, name, changed):
    case = CASES[name]
    cut = 4
    child = case.values | ({changed: case.changed[changed]} if changed != "lr" else {})
    rates = (0.3, 0.05) if changed == "lr" else RATES
    Training(case, case.values).run(trial(0, cut, save="parent", **case.values))
    going_on = Training(case, case.values)
    parent = going_on.run(trial(cut, UNITS, "parent", **case.values))

    adopted = Training(case, child, rates).run(trial(cut, UNITS, "parent", adopted=True, lr=rates[0], **child))

    wanted = expected(name, case, child, rates, cut, parent[0][0])
    assert len(wanted) == len(adopted[0])
    for got, its in zip(adopted[0], wanted):
        assert got == pytest.approx(its, rel=1e-9)
    assert adopted[:2] != parent[:2], f"{changed} has no effect"


def rates_of(training):
    return [float(group["lr"]) for group in training.optimizer.param_groups]


def adopted(trial, case, parent, child, cut=4, parents_rates=RATES, rates=RATES, **more):
    """The child, just after it has adopted a parent of `cut` units, and the parent there."""
    before = Training(case, parent, parents_rates, **more)
    before.run(trial(0, cut, save="parent", of="parent"))
    after = Training(case, child, rates, **more)
    trial(cut, UNITS, "parent", adopted=True, of="child").restore(**after.parts)
    return after, before


@pytest.mark.parametrize("name", ["StepLR", "CosineAnnealingLR", "LinearLR", "ChainedScheduler", "MultiplicativeLR"])
def test_of_a_parent_whose_initial_rate_is_0_a_child_takes_the_count(trial, name):
    case = CASES[name]
    own = Training(case, case.values)
    for unit in range(4):
        own.optimizer.step()
        own.next(unit)

    child, parent = adopted(trial, case, case.values, case.values, parents_rates=(0.0, 0.2))

    assert rates_of(child)[0] == rates_of(own)[0]
    assert rates_of(child)[1] == pytest.approx(rates_of(parent)[1] / 2)
    assert child.scheduler.state_dict().get("last_epoch", 4) == 4
    child.optimizer.step()
    child.next(5)
    own.optimizer.step()
    own.next(5)
    assert rates_of(child)[0] == rates_of(own)[0]


def test_a_rate_of_0_in_parent_and_child_stays(trial):
    child, _ = adopted(
        trial,
        CASES["StepLR"],
        CASES["StepLR"].values,
        CASES["StepLR"].changed,
        parents_rates=(0.0, 0.1),
        rates=(0.0, 0.1),
    )

    assert rates_of(child)[0] == 0


def test_a_child_whose_initial_rate_is_0_has_rate_0(trial):
    child, _ = adopted(trial, CASES["StepLR"], CASES["StepLR"].values, CASES["StepLR"].values, rates=(0.0, 0.1))

    assert rates_of(child) == [0, 0.025]


def adam(beta, decay=0.01):
    return lambda groups: torch.optim.AdamW(groups, betas=(beta, 0.99), weight_decay=decay)


def test_the_childs_betas_and_weight_decay_stay_where_nothing_cycles_them(trial):
    case = CASES["StepLR"]
    Training(case, case.values, make_optimizer=adam(0.9)).run(trial(0, 4, save="parent", beta=0.9))
    child = Training(case, case.values, make_optimizer=adam(0.8, 0.1))
    trial(4, 8, "parent", adopted=True, beta=0.8).restore(**child.parts)

    assert [(group["betas"], group["weight_decay"]) for group in child.optimizer.param_groups] == [
        ((0.8, 0.99), 0.1)
    ] * 2
    assert {int(state["step"]) for state in child.optimizer.state.values()} == {4}, (
        "moments and their counts are the parent's"
    )


@pytest.mark.parametrize("other", [0, 1])
def test_cycled_betas_go_on(trial, other):
    case = CASES["OneCycleLR"]
    Training(case, case.values, make_optimizer=adam(0.9)).run(trial(0, 4, save="parent", other=0))
    parent = Training(case, case.values, make_optimizer=adam(0.9)).run(trial(4, 8, "parent", other=0))

    assert (
        Training(case, case.values, make_optimizer=adam(0.9)).run(trial(4, 8, "parent", adopted=True, other=other))
        == parent
    )
    assert 0.8 <= parent[1][0] < 0.95


@pytest.mark.parametrize("name", ["OneCycleLR", "CyclicLR"])
def test_momentum_of_a_schedule_that_is_over_stays_as_it_left_it(trial, name):
    def make(optimizer, v):
        first = CASES[name].make(optimizer, v)
        return lr_scheduler.SequentialLR(optimizer, [first, lr_scheduler.ExponentialLR(optimizer, 0.9)], [3])

    case = Case(make, CASES[name].values, {})
    same, parent = adopted(trial, case, case.values, case.values)
    changed, _ = adopted(trial, case, case.values, case.values | {"max_momentum": 0.99})

    assert same.optimizer.param_groups[0]["momentum"] == parent.optimizer.param_groups[0]["momentum"]
    assert changed.optimizer.param_groups[0]["momentum"] > same.optimizer.param_groups[0]["momentum"]
    assert rates_of(changed) == rates_of(same) == rates_of(parent)


def test_a_scheduler_of_the_users_own_is_loaded_whole_with_a_warning(trial):
    class Mine(lr_scheduler.StepLR):
        pass

    case = Case(of(Mine), CASES["StepLR"].values, {})
    with pytest.warns(UserWarning, match="Mine is no scheduler of PyTorch's own"):
        child, _ = adopted(trial, case, case.values, case.values | {"gamma": 0.9}, rates=(0.2, 0.1))

    assert child.scheduler.gamma == 0.5 and child.scheduler.last_epoch == 4
    assert child.scheduler.base_lrs == [0.2, 0.1] and rates_of(child) == [0.05, 0.025]


def test_with_the_same_configuration_nobody_is_warned(trial, recwarn):
    class Mine(lr_scheduler.StepLR):
        pass

    case = Case(of(Mine), CASES["StepLR"].values, {})
    Training(case, case.values).run(trial(0, 4, save="parent", a=1))
    Training(case, case.values).run(trial(4, 6, "parent", adopted=True, a=1))

    assert not [one for one in recwarn if "stemma" in str(one.message)]


def test_a_child_can_have_another_scheduler(trial):
    class Either:
        @staticmethod
        def make(optimizer, v):
            return CASES[v["name"]].make(optimizer, CASES[v["name"]].values)

    for name, rates in {
        "ExponentialLR": [0.1, 0.025],
        "LambdaLR": [0.4 / 1.4, 0.1 / 1.4],
        "ReduceLROnPlateau": [0.1, 0.025],
        "SequentialLR": [0.1, 0.025],
    }.items():
        child, _ = adopted(trial, Either, {"name": "StepLR"}, {"name": name})
        assert rates_of(child) == pytest.approx(rates), name
        assert child.scheduler.last_epoch == 4, name
        child.optimizer.step()
        child.next(5)


def test_another_milestone_moves_the_parts_counters(trial):
    case = CASES["SequentialLR"]
    child, _ = adopted(trial, case, case.values, case.values | {"second": 5}, cut=8)

    assert [part.last_epoch for part in child.scheduler._schedulers] == [2, 1, 3]
    assert rates_of(child) == pytest.approx([0.4 / 2.5, 0.1 / 2.5])


def test_a_chain_applies_each_parts_rule(trial):
    def make(optimizer, v):
        return lr_scheduler.ChainedScheduler(
            [
                lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + v["slope"] * t)),
                lr_scheduler.StepLR(optimizer, v["size"], v["gamma"]),
            ]
        )

    case = Case(make, {"slope": 0.5, "size": 2, "gamma": 0.5}, {})
    for changed in ({"slope": 0.25}, {"gamma": 0.25}, {"size": 4}, {}):
        values = case.values | changed
        child, _ = adopted(trial, case, case.values, values)
        own = Training(case, values)
        for unit in range(4):
            own.optimizer.step()
            own.next(unit)
        for unit in range(4, 8):
            assert rates_of(child) == rates_of(own)
            for one in (child, own):
                one.optimizer.step()
                one.next(unit)


def test_a_tensor_as_rate_stays_the_same_tensor(trial):
    def make(groups):
        return torch.optim.SGD(
            [group | {"lr": torch.tensor(float(group["lr"]))} for group in groups], lr=1.0, momentum=0.9, foreach=False
        )

    case = CASES["ExponentialLR"]
    Training(case, case.values, make_optimizer=make).run(trial(0, 4, save="parent", of="parent"))
    child = Training(case, case.values, rates=(0.2, 0.1), make_optimizer=make)
    own = [group["lr"] for group in child.optimizer.param_groups]
    trial(4, 8, "parent", adopted=True, of="child").restore(**child.parts)

    assert rates_of(child) == pytest.approx([0.2 * 0.7**4, 0.1 * 0.7**4])
    assert all(group["lr"] is its for group, its in zip(child.optimizer.param_groups, own))


def test_what_an_optimizer_has_measured_is_kept_in_its_groups(trial):
    class Measuring(torch.optim.SGD):
        """Like Prodigy: an estimate is among the hyperparameters."""

        def __init__(self, groups):
            super().__init__(groups, lr=1.0)
            for group in self.param_groups:
                group["d"] = 1e-6

        def step(self, closure=None):
            for group in self.param_groups:
                group["d"] *= 2
            return super().step(closure)

    child, _ = adopted(
        trial, CASES["StepLR"], CASES["StepLR"].values, CASES["StepLR"].changed, make_optimizer=Measuring
    )

    assert child.optimizer.param_groups[0]["d"] == pytest.approx(16e-6)


@pytest.mark.parametrize(("lr", "wanted"), [(0.8, 0.2), (0.4, 0.1)])
def test_a_rate_that_the_script_lowers_by_hand_is_scaled(trial, lr, wanted):
    def training(rate):
        optimizer = torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), lr=rate)
        return {"optimizer": optimizer}

    parts = training(0.8)
    trial(0, 2, lr=0.8).restore(**parts)
    parts["optimizer"].param_groups[0]["lr"] /= 4
    trial(0, 2, save="parent", lr=0.8).save(**parts)

    child = training(lr)
    trial(2, 4, "parent", adopted=True, lr=lr, other=1).restore(**child)

    assert child["optimizer"].param_groups[0]["lr"] == wanted


def test_what_a_parent_began_with_has_to_be_known(trial, recwarn):
    def parts(lr):
        optimizer = torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), lr=lr)
        return {"optimizer": optimizer, "scheduler": lr_scheduler.ReduceLROnPlateau(optimizer)}

    trial(0, 2, save="parent", lr=0.4).save(**parts(0.4))  # without restore() before
    trial(2, 4, "parent", adopted=True, lr=0.4, other=1).restore(**parts(0.4))
    assert not recwarn.list
    child = parts(0.2)
    with pytest.warns(UserWarning, match="Call it from scratch, too"):
        trial(2, 4, "parent", adopted=True, lr=0.2).restore(**child)
    assert child["optimizer"].param_groups[0]["lr"] == 0.2


def test_warm_restarts_may_be_stepped_by_fractions(trial):
    case = CASES["CosineAnnealingWarmRestarts"]
    parent = Training(case, case.values)
    parent.scheduler.step(4.25)
    trial(0, 4, save="parent", of="parent").save(**parent.parts)
    child = Training(case, case.values | {"T_0": 3})
    own = Training(case, case.values | {"T_0": 3})
    own.scheduler.step(4.25)

    trial(4, 8, "parent", adopted=True, of="child").restore(**child.parts)

    assert rates_of(child) == rates_of(own)


@pytest.mark.parametrize(
    ("cls", "off", "on"),
    [
        (torch.optim.Adam, {}, {"amsgrad": True}),
        (torch.optim.AdamW, {}, {"amsgrad": True}),
        (torch.optim.RMSprop, {}, {"centered": True}),
        (torch.optim.RMSprop, {}, {"momentum": 0.9}),
        (torch.optim.SGD, {}, {"momentum": 0.9}),
        (torch.optim.SGD, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}),
    ],
)
def test_a_child_may_turn_on_what_its_parent_had_off(trial, cls, off, on):
    case = CASES["StepLR"]
    for parent, child in ((off, on), (on, off)):
        Training(case, case.values, make_optimizer=lambda groups, v=parent: cls(groups, lr=1.0, **v)).run(
            trial(0, 4, save="parent", **parent)
        )
        _, _, weights = Training(
            case, case.values, make_optimizer=lambda groups, v=child: cls(groups, lr=1.0, **v)
        ).run(trial(4, 8, "parent", adopted=True, **child))
        assert all(map(math.isfinite, torch.tensor(weights[1]).tolist()))


def test_a_child_with_another_optimizer_begins_with_new_moments(trial):
    case = CASES["StepLR"]
    Training(case, case.values).run(trial(0, 4, save="parent", optimizer="sgd"))
    child = Training(case, case.values, rates=(0.2, 0.1), make_optimizer=adam(0.9))

    rates, _, _ = child.run(trial(4, 6, "parent", adopted=True, optimizer="adam"))

    assert rates[0] == [0.05, 0.025] and child.optimizer.param_groups[0]["betas"] == (0.9, 0.99)
    assert {int(state["step"]) for state in child.optimizer.state.values()} == {2}


def test_an_optimizer_that_is_another_ones_wrapper_is_loaded_whole_with_a_warning(trial):
    class Wrapper:
        def __init__(self, optimizer):
            self.inner, self.param_groups = optimizer, optimizer.param_groups

        def state_dict(self):
            return {"inner": self.inner.state_dict()}

        def load_state_dict(self, state):
            self.inner.load_state_dict(state["inner"])

    def made(lr):
        return Wrapper(torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=lr))

    trial(0, 1, save="parent", lr=0.1).save(optimizer=made(0.1))
    child = made(0.2)
    with pytest.warns(UserWarning, match="Wrapper is no optimizer of PyTorch's own"):
        trial(1, 2, "parent", adopted=True, lr=0.2).restore(optimizer=child)

    assert child.inner.param_groups[0]["lr"] == 0.1


def test_a_part_by_part_load_scales_the_rate_as_well(trial):
    case = CASES["StepLR"]
    Training(case, case.values).run(trial(0, 4, save="parent", of="parent"))
    child = Training(case, case.values, rates=(0.2, 0.1))
    own = trial(4, 8, "parent", adopted=True, of="child")
    own.restore(optimizer=child.optimizer)
    own.restore(scheduler=child.scheduler, model=child.model)

    assert rates_of(child) == [0.05, 0.025] and child.scheduler.last_epoch == 4
