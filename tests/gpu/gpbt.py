"""A whole search: the shipped GPBT job, a manager and four workers that share one device."""

import json
from pathlib import Path

from machine import Failed

WORKERS = 4
HERE = Path(__file__).resolve().parent
# In the tree, and in a bundle.
JOBS = (HERE.parents[1] / "jobs/fashion_mnist_gpbt.toml", HERE.parent / "jobs/fashion_mnist_gpbt.toml")


def settings(machine):
    """As the job is shipped on a GPU; elsewhere three generations of small epochs."""
    device = machine.device.split(":")[0]
    chosen = {
        "workers.device": f'"{device}"',
        "workers.threads": 1,
        "run.budget.wall_time": '"35s"' if machine.large else '"20s"',
        "run.output": '"gpbt.h5"',
    }
    if device != "cpu":
        chosen["workers.per_gpu"] = WORKERS
    if machine.data:
        chosen["trainer.path"] = f'"{machine.data}/fashion-mnist"'
    if not machine.large:
        chosen |= {"scheduler.max": 3, "scheduler.founders": 1, "trainer.train_rows": 400, "trainer.batch_size": 100}
    return [word for key, value in chosen.items() for word in ("--set", f"{key}={value}")]


def on_pretend_devices(machine, program):
    """The program with one pretend device, and the tool of Intel's that lists it. Returns (program, variables)."""
    tools = machine.scratch / "tools"
    tools.mkdir(exist_ok=True)
    device = {"device_list": [{"device_name": "Pretend", "device_type": "GPU", "uuid": "pretend-0"}]}
    scripts = {
        "stemma": f'LD_PRELOAD={machine.pretended()["LD_PRELOAD"]} exec {program} "$@"',
        "xpu-smi": f"echo '{json.dumps(device)}'",
    }
    for name, line in scripts.items():
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod(0o755)
    return tools / "stemma", {"PATH": f"{tools}:{machine.environment()['PATH']}"}


def search(machine):
    program, variables = machine.program("stemma"), {}
    if machine.device.startswith("xpu"):
        program, variables = on_pretend_devices(machine, program)
    job = next(path for path in JOBS if path.exists())
    start = ["mpirun", "-n", 1 + WORKERS, "--oversubscribe", "--bind-to", "none", program]
    machine.run(*start, "run", job, "--quiet", *settings(machine), **variables)
    plain = machine.program("stemma")
    machine.run(plain, "verify", "gpbt.h5")
    run = json.loads(machine.run(plain, "export", "gpbt.h5", "--json", "-"))
    reports = run["reports"]
    workers = {report["worker"] for report in reports}
    if len(workers) < WORKERS or not reports:
        raise Failed(f"{len(workers)} of {WORKERS} workers reported; failures: {run.get('failures')}")
    best = max(report["valid_accuracy"] for report in reports)
    seconds = max(report["time"] for report in reports)
    value = f"{len(run['members'])} members, {len(reports)} reports in {seconds:.0f} s, best {best:.3f}"
    return value, f"{sum(report['seconds'] for report in reports) / seconds:.1f} workers training on average"
