"""Ranks that train on GPUs, under a real mpirun: the pretend device (tests/support/pretend_device).

Each worker has its GPU. A GPU that is lost takes no other worker with it. Members that are too large are infeasible.
"""

import json
import os
import re
from pathlib import Path

import pytest
from harness import FAILED, ROOT, USER_ERROR, Stemma

from record import rows

JOB = """\
[run]
name = "pretend"
seed = 3
budget = {{ members = 12 }}

[metric]
name = "valid_loss"
direction = "minimize"

[space.lr]
type = "real"
low = 1e-3
high = 1e-1
scale = "log"

[scheduler]
type = "asha"
min = 1
max = 4
eta = 2

[trainer]
type = "torch"
data = "csv"
path = "{table}"
model = "mlp"
layers = 1
optimizer = "adam"

[workers]
device = "gpu"
threads = 1
"""
TABLE = ROOT / "tests/data/uci_energy/energy.csv"


@pytest.fixture
def gpus(stemma, tmp_path):
    """The program with so many pretend devices. `stemma` itself has none.

    With LibTorch 1 they are Intel's, which a tool lists. With LibTorch 2 they are a maker's whose library is preloaded.
    """
    library = Path(stemma.binary).parent / "tests/support/pretend_device/libpretend_device.so"
    if not library.exists():
        pytest.skip(f"{library} is not built")
    tools, reports = tmp_path / "tools", tmp_path / "reports"
    tools.mkdir()
    reports.mkdir()
    program = tools / "stemma"
    program.write_text(f'#!/bin/sh\nLD_PRELOAD={library} exec {stemma.binary} "$@"\n')
    program.chmod(0o755)
    on_gpus = Stemma(tmp_path)
    on_gpus.binary = program
    (tmp_path / "job.toml").write_text(JOB.format(table=TABLE))

    def give(count, **environment):
        listed = [{"device_name": "Pretend", "device_type": "GPU", "uuid": f"pretend-{i}"} for i in range(count)]
        tool = tools / "xpu-smi"
        tool.write_text(f"#!/bin/sh\necho '{json.dumps({'device_list': listed})}'\n")
        tool.chmod(0o755)
        on_gpus.env |= {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "STEMMA_PRETEND_DEVICES": str(count),
            "STEMMA_PRETEND_REPORT": str(reports),
        }
        on_gpus.env |= environment
        return on_gpus

    return give


def used(tmp_path):
    """The devices that each process has used, by number."""
    files = sorted((tmp_path / "reports").iterdir())
    return sorted([int(line.split()[0]) for line in file.read_text().splitlines()] for file in files)


@pytest.mark.parametrize("ranks, devices, per_gpu", [(3, 2, 1), (5, 4, 1), (5, 2, 2)])
def test_each_worker_trains_on_its_own(stemma, gpus, tmp_path, ranks, devices, per_gpu):
    program = gpus(devices)
    program.mpirun(ranks, "run", "job.toml", "-q", "--output", "run.h5", "--set", f"workers.per_gpu={per_gpu}")
    assert used(tmp_path) == [[device] for device in range(devices) for _ in range(per_gpu)]
    assert len(rows(stemma, "run.h5", "members")) == 12
    assert not rows(stemma, "run.h5", "failures")
    assert "every decision is the same" in stemma("verify", "run.h5").stdout


def test_workers_of_one_process_train_on_their_own(stemma, gpus, tmp_path):
    program = gpus(2)
    program("run", "job.toml", "-n", 2, "-q", "--output", "run.h5")
    assert used(tmp_path) == [[0, 1]]
    assert not rows(stemma, "run.h5", "failures")


def test_the_reports_are_those_of_the_cpu(stemma, gpus, tmp_path):
    program = gpus(2, OPENBLAS_CORETYPE="Nehalem")
    stemma.env["OPENBLAS_CORETYPE"] = "Nehalem"  # a preloaded OpenBLAS chooses by itself, and may choose another
    # The default sampler goes by the time that trainings take.
    one = ("run", "job.toml", "-n", 1, "-q", "--set", "sampler.type=random")
    program(*one, "--output", "gpu.h5")
    stemma(*one, "--output", "cpu.h5", "--set", "workers.device=cpu")
    assert used(tmp_path) == [[0]]
    reports = [
        [
            {name: row[name] for name in ("member", "resource", "valid_loss", "test_loss")}
            for row in rows(stemma, file, "reports")
        ]
        for file in ("gpu.h5", "cpu.h5")
    ]
    assert len(reports[0]) > 12
    assert reports[0] == reports[1]


def test_more_workers_than_gpus_are_refused_with_the_remedy(stemma, gpus):
    program = gpus(2)
    done = program.mpirun(4, "run", "job.toml", "-q", "--output", "run.h5")
    assert "let more share a GPU ([workers] per_gpu)" in done.stdout + done.stderr
    assert len(rows(stemma, "run.h5", "members")) == 12


def test_a_lost_gpu_retires_its_worker_and_the_member_trains_elsewhere(stemma, gpus, tmp_path):
    # The other worker alone would need a while for so many members.
    program = gpus(2, STEMMA_PRETEND_LOST="1:100")
    program.mpirun(3, "run", "job.toml", "-q", "--output", "run.h5", "--set", "run.budget.members=40")
    failures = rows(stemma, "run.h5", "failures")
    assert [row["kind"] for row in failures] == ["device"]
    assert "UR_RESULT_ERROR_DEVICE_LOST" in failures[0]["message"]
    members = rows(stemma, "run.h5", "members")
    assert len(members) == 40
    reports = [row["member"] for row in rows(stemma, "run.h5", "reports")]
    assert failures[0]["member"] in reports
    assert used(tmp_path) == [[0], [1]]


def test_where_all_gpus_are_lost_the_search_fails_and_can_be_resumed(stemma, gpus):
    program = gpus(2, STEMMA_PRETEND_LOST="0:2000")
    program("run", "job.toml", "-n", 1, "-q", "--output", "run.h5", code=FAILED)
    program.env["STEMMA_PRETEND_LOST"] = ""
    program("resume", "run.h5", "-n", 1, "-q")
    assert len(rows(stemma, "run.h5", "members")) == 12


def test_a_member_that_is_too_large_is_infeasible_and_its_worker_trains_on(stemma, gpus, tmp_path):
    text = (tmp_path / "job.toml").read_text()
    (tmp_path / "job.toml").write_text(
        text.replace("[scheduler]", '[space.width]\ntype = "categorical"\nchoices = [8, 20000]\n\n[scheduler]')
    )
    program = gpus(2, STEMMA_PRETEND_MEMORY=str(4 << 20))
    program.mpirun(3, "run", "job.toml", "-q", "--output", "run.h5")
    failures = rows(stemma, "run.h5", "failures")
    assert {row["kind"] for row in failures} == {"out_of_memory"}
    assert "The device is out of memory" in failures[0]["message"]
    assert used(tmp_path) == [[0], [1]]
    trained = {row["member"] for row in rows(stemma, "run.h5", "reports")}
    assert trained.isdisjoint(row["member"] for row in failures)
    assert len(trained) + len(failures) == 12


def test_a_gpu_that_is_not_there_is_refused_at_the_start(gpus):
    program = gpus(2, ZE_AFFINITY_MASK="7", STEMMA_PRETEND_DEVICES="0")
    done = program("run", "job.toml", "-n", 1, "-q", code=USER_ERROR)
    assert "no GPU is visible here" in done.stdout + done.stderr


def test_other_gpus_than_those_of_libtorch_are_refused_by_name(gpus):
    program = gpus(2)
    done = program("run", "job.toml", "-n", 1, "-q", "--set", "workers.device=cuda", code=USER_ERROR)
    assert re.search(r'"cuda", but LibTorch trains on "(xpu|pretend)" here \(LibTorch \d', done.stdout + done.stderr)
    assert 'use device = "gpu" for these' in done.stdout + done.stderr
