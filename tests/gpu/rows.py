"""The rows of the check, in order of weight: a run that is cut still has the first ones.

A row is a function of a Machine. It returns (value, what it is beside), or raises NotHere, Failed or Cut.
"""

import dataclasses
import functools
from typing import Callable

import gpbt
import gtests
from machine import Cut, Failed, NotHere

# Of a GPU, and of a processor that only shows that the row works.
LARGE = {
    "lenet": {"batch": 256},
    "mlp": {"batch": 256, "width": 1024, "layers": 2},
    "resnet18": {"batch": 128, "width": 64},
    "lstm": {"batch": 20, "width": 200, "layers": 2, "sequence": 35},
}
SMALL = {
    "lenet": {"batch": 16, "to": 52},
    "mlp": {"batch": 16, "width": 64, "layers": 2, "to": 102},
    "resnet18": {"batch": 8, "width": 8, "to": 12},
    "lstm": {"batch": 5, "width": 16, "layers": 2, "sequence": 10, "to": 32},
}
TITLES = {"lenet": "LeNet", "mlp": "MLP", "resnet18": "ResNet-18", "lstm": "LSTM"}


@dataclasses.dataclass
class Row:
    name: str
    seconds: int  # its time limit
    measure: Callable


def sizes(machine, model):
    lengths = {"from": 10, "to": 110, "rounds": 5} if machine.large else {"from": 2, "rounds": 3}
    return lengths | (LARGE if machine.large else SMALL)[model]


def assertion(machine):
    if machine.device == "cpu":
        raise NotHere("a processor has no device-side assertions")
    return failure(machine.probe("assertion"), "device"), "a training whose device fails"


def memory(machine):
    if machine.device == "cpu":
        raise NotHere("a processor's memory is not filled for a test")
    lines = machine.probe("memory", **sizes(machine, "lenet"))
    if "then" not in lines:
        raise Failed("no training works after the device's memory was full")
    return failure(lines, "out_of_memory"), "trains again after it"


def failure(lines, wanted):
    """ "device (c10::Error): CUDA error: ..." of the one line that gpu_probe prints of a failure."""
    kind, (exception, *message) = next((kind, words) for kind, words in lines.items() if kind != "then")
    text = f"{kind} ({exception}): {' '.join(message)[:200]}"
    if kind != wanted:
        raise Failed(f"{text}: this should be {wanted}")
    return text


def continuation(machine):
    said = []
    for model in TITLES:
        size = sizes(machine, model) | {"from": 3, "to": 8, "rounds": 1}
        for name, (how,) in machine.probe("continuation", model, variant=["wd_lr_m"], **size).items():
            said.append((f"{TITLES[model]} {name}", how))
    wrong = [name for name, how in said if how != "equal"]
    if wrong:
        raise Failed(f"other bits after a snapshot: {', '.join(wrong)}")
    return f"{len(said)} of {len(said)} equal", "plain and wd_lr_m, cut after 3 of 8 steps"


def speed(machine, model):
    size = sizes(machine, model)
    _, rate, waits = machine.probe("steps", model, **size)["plain"]
    machine.results[f"{TITLES[model]} plain"] = waits
    words = [size.get(name, 0) for name in ("batch", "width", "sequence", "from", "to", "rounds")]
    ours = float(rate)
    eager = float(machine.python("eager_models.py", model, machine.device, *words))
    what = "words" if model == "lstm" else "samples"
    return f"{ours:,.0f} {what}/s, {ours / eager:.2f} x eager", f"eager PyTorch {eager:,.0f}, batch {size['batch']}"


def hypergradient(machine, model):
    variants = ["wd_lr_m", "wd_hdlr_m"]
    found = machine.probe("steps", model, variant=variants, **sizes(machine, model))
    plain = float(found["plain"][0])
    for name in variants:
        machine.results[f"{TITLES[model]} {name}"] = found[name][2]
    costs = (f"{name} {plain / float(found[name][0]):.2f}" for name in variants)
    return ", ".join(costs), "plain training 1"


def waits(machine):
    counted = {name: count for name, count in machine.results.items() if count != "-"}
    if not counted:
        raise NotHere("no step waits for a processor" if machine.device == "cpu" else "no row above has counted")
    return ", ".join(f"{name} {count}" for name, count in counted.items()), "steps alone, from a difference"


def snapshot(machine):
    found = machine.probe("snapshots", megabytes=256 if machine.large else 16, rounds=5)
    rates = {name: (float(ours), float(raw)) for name, (ours, raw) in found.items()}
    beside = "memory" if machine.device == "cpu" else "page-locked"
    return (
        ", ".join(f"{name} {ours:.1f} GB/s" for name, (ours, _) in rates.items()),
        ", ".join(f"raw {beside} copy {name} {raw:.1f}" for name, (_, raw) in rates.items()),
    )


def between_workers(machine):
    size = (256 if machine.large else 16) << 20
    words = ["mpirun", "-n", 2, "--bind-to", "none", machine.program("bench_transport_wires")]
    try:
        output = machine.run(*words, "--min", size, "--max", size)
    except Cut as cut:  # what comes after the speed is not asked for, and takes long on few cores
        output = cut.output
    line = next((line.split() for line in output.splitlines() if line.split()[:1] == [str(size)]), None)
    if line is None:
        raise Failed(f"bench_transport_wires printed no line for {size} bytes")
    return f"{float(line[2]) / 1000:.1f} GB/s", f"raw MPI {float(line[1]) / 1000:.1f}, {size >> 20} MiB"


def members(machine):
    if machine.device == "cpu":
        raise NotHere("members of a processor share the host's memory")
    size = sizes(machine, "mlp") | {"width": 8192 if machine.large else 512, "to": 4}
    found = {name: float(value) for name, (value,) in machine.probe("members", "mlp", **size).items()}
    grown = found["after"] - found["first"]
    if grown > (found["most"] - found["first"]) / 10:
        raise Failed(f"{grown:.0f} MB more are in use after a large member than before it")
    return f"{found['after']:.0f} MB after a large member", f"before it {found['first']:.0f}, in it {found['most']:.0f}"


ROWS = [
    Row("contract tests", 130, gtests.contract),
    Row("unit tests", 40, gtests.unit),
    Row("failed assertion", 20, assertion),
    Row("out of memory", 20, memory),
    Row("bit-equal continuation", 40, continuation),
    *(Row(f"speed, {title}", 25, functools.partial(speed, model=model)) for model, title in TITLES.items()),
    *(
        Row(f"hypergradient, {TITLES[model]}", 25, functools.partial(hypergradient, model=model))
        for model in ("lenet", "resnet18")
    ),
    Row("waits a step", 1, waits),
    Row("snapshot out and in", 20, snapshot),
    Row("snapshot between two workers", 20, between_workers),
    Row("gpbt, 4 workers on one GPU", 60, gpbt.search),
    Row("memory between members", 20, members),
]
