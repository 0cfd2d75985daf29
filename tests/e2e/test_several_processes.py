"""Members that several processes train together: PyTorch's DDP with gloo, and a program of the standard library whose
processes are killed."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from harness import INSTANT_PROGRAM, OK, PROGRAM_JOB, ROOT, USER_ERROR, wait_until

TOGETHER = ROOT / "tests/unit/trainer_process/together.py"

JOB = PROGRAM_JOB.replace('name = "program"', 'name = "together"').replace(
    'command = ["PYTHON", "program.py"]',
    f'command = ["{sys.executable}", "-S", "{TOGETHER}", "trains"]\n'
    'metrics = ["valid_loss", "test_loss"]\nprocesses = 3',
)


def write_job(stemma, text=JOB):
    (stemma.folder / "job.toml").write_text(text)
    return stemma.folder / "job.toml"


def processes_of(text):
    """Process ids whose command line has that text."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/cmdline") as file:
                line = file.read()
        except OSError:
            continue
        if text in line and "stemma\0run" not in line:
            found.append(int(entry))
    return found


DDP = """\
import stemma, torch
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

torch.manual_seed(0)
x = torch.randn(256, 8)
data = TensorDataset(x, x @ torch.randn(8, 1))
for trial in stemma.trials():
    with trial:
        stemma.process_group()
        trial.seed()
        model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Dropout(0.2), torch.nn.Linear(8, 1))
        model = DistributedDataParallel(model)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01 * trial["lr"], momentum=0.9)
        trial.restore(model=model, optimizer=optimizer)
        sampler = DistributedSampler(data)
        for epoch in trial:
            sampler.set_epoch(epoch)
            for inputs, labels in DataLoader(data, 32 // trial.ranks, sampler=sampler):
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(model(inputs), labels).backward()
                optimizer.step()
            trial.report(valid_loss=torch.nn.functional.mse_loss(model.module(x), data.tensors[1]).item())
"""


def test_ddp_goes_on_from_its_snapshots_with_every_random_stream(stemma):
    (stemma.folder / "program.py").write_text(DDP)
    job = write_job(stemma, PROGRAM_JOB.replace("PYTHON", sys.executable).replace("threads = 1", "threads = 2"))

    said = stemma("conform", "--job", job, "--ranks", 2, "--units", 3).stdout

    for what in (
        "a new start of the program gives the same metrics",
        "goes on from a snapshot",
        "a child with its parent's values trains as the parent would go on",
        "stops at the next unit when asked to",
    ):
        assert f"ok      {what}\n" in said, said


def test_a_search_with_ddp_and_its_weights_in_one_process(stemma):
    (stemma.folder / "program.py").write_text(DDP)
    job = write_job(
        stemma, PROGRAM_JOB.replace('"PYTHON", "program.py"]', f'"{sys.executable}", "program.py"]\nprocesses = 2')
    )

    stemma("run", "-q", "-n", 1, "-o", "run.h5", job)

    stemma("verify", "run.h5")
    stemma("export", "run.h5", "--weights", "best.pt")
    loads = (
        "import torch; whole = torch.load('best.pt'); "
        "assert list(whole['model']) == ['0.weight', '0.bias', '2.weight', '2.bias'], whole"
    )
    subprocess.run([sys.executable, "-c", loads], cwd=stemma.folder, check=True)


def test_the_search_decides_as_with_one_process(stemma):
    (stemma.folder / "program.py").write_text(INSTANT_PROGRAM)
    sampler = '[sampler]\ntype = "gp"\n[trainer]'  # "auto" depends on the time of trainings
    alone = PROGRAM_JOB.replace("PYTHON", sys.executable).replace("[trainer]", sampler)
    found = []
    for processes in (1, 3):
        job = write_job(stemma, alone.replace("[workers]", f"processes = {processes}\n[workers]\ntrainings_ahead = 0"))
        stemma("run", "-q", "-n", 1, "-o", f"{processes}.h5", job)
        tables = json.loads(stemma("export", f"{processes}.h5", "--json", "-").stdout)
        assert {row["processes"] for row in tables["reports"]} == {processes}
        found.append([(row["member"], row["resource"], row["valid_loss"]) for row in tables["reports"]])

    assert found[0] == found[1] and len(found[0]) > 6


def trained(folder):
    return any(" info  member 0 " in path.read_text() for path in folder.glob("run.h5.logs/*"))


def test_one_dead_process_costs_one_training(stemma):
    kill_processes(stemma, 20)


def kill_processes(stemma, kills):
    """kill -9 of any process, again and again. Every member ends well in the end, and nothing is left behind."""
    text = JOB.replace("members = 6", f"members = {10 * kills}").replace("threads = 1", "threads = 1\nretries = 10")
    job = write_job(stemma, text.replace('"trains"', f'"slow", "{stemma.folder}"'))
    ours = f"slow\0{stemma.folder}"
    killed, over = [], threading.Event()

    def units():
        path = stemma.folder / "units"
        return path.stat().st_size if path.exists() else 0

    def kill():
        draw = random.Random(1)
        while not over.is_set() and len(killed) < kills:
            before = units()
            wait_until(lambda before=before: over.is_set() or units() > before, "a new group trains")
            time.sleep(0.1 * draw.random())
            found = processes_of(ours)
            if len(found) == 3:
                pid = draw.choice(found)
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                wait_until(lambda pid=pid: over.is_set() or pid not in processes_of(ours), "it is gone")

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        stemma("run", "-q", "-n", 1, "-o", "run.h5", job)
    finally:
        over.set()
        killer.join()

    assert len(killed) == kills
    shown = stemma("status", "run.h5").stdout
    log = (stemma.folder / "run.h5.logs/rank-0.log").read_text()
    assert log.count(" failed at ") <= len(killed), log
    stemma("verify", "run.h5")
    assert f"{10 * kills} members" in shown, shown
    wait_until(lambda: not processes_of(ours), "the processes are gone")


def test_a_program_that_takes_long_to_its_hello_does_not_end_the_search(stemma):
    """The ranks wait for rank 0, which waits for the program."""
    job = write_job(stemma, JOB.replace('"trains"', '"late-7"').replace('lost_after = "5s"', 'lost_after = "2s"'))

    stemma("run", "-q", "-n", 1, "-o", "run.h5", job, code=OK)


def test_gpus_of_a_worker_need_the_number_of_processes(stemma):
    job = write_job(stemma, JOB.replace("processes = 3", "gpus_per_worker = 4"))

    said = stemma("check", job, code=USER_ERROR)

    assert "processes = 4 starts one process for each GPU (DDP, FSDP), processes = 1 one program" in said.stderr


@pytest.mark.parametrize("srun", ["srun", "/usr/bin/srun"])
def test_a_step_inside_a_step_is_refused(stemma, srun):
    job = write_job(stemma, JOB.replace("processes = 3", "").replace(f'["{sys.executable}", "-S"', f'["{srun}"'))

    said = stemma("check", job, code=USER_ERROR).stderr

    assert "the step would wait for resources that Stemma's worker has; leave it out" in said, said


def test_the_batch_script_counts_the_gpus_of_a_worker(stemma):
    job = write_job(stemma, JOB.replace("processes = 3", "processes = 2\ngpus_per_worker = 2"))

    script = stemma("sbatch", job, "--nodes", 2, "--gpus-per-node", 8, "--time", "1:00:00").stdout
    assert "export STEMMA_WORKERS_PER_NODE=4\n" in script and "of training on 8 workers" in script

    said = stemma("sbatch", job, "--gpus-per-node", 1, "--time", "1:00:00", code=USER_ERROR).stderr
    assert "trainer.gpus_per_worker = 2 needs as many GPUs on each node" in said


def test_an_agreed_stop_has_the_time_of_two_units(stemma):
    """In the batch system's warning, in the time before the limit, and in what preview says."""
    alone = write_job(stemma, JOB.replace("processes = 3", "processes = 1"))
    assert "--signal=B:USR1@120\n" in stemma("sbatch", alone, "--time", "1:00:00").stdout
    assert "a stop takes" not in stemma("preview", alone, "--time", "-n", 1).stdout
    job = write_job(stemma)

    script = stemma("sbatch", job, "--time", "1:00:00", "--unit-seconds", 300).stdout
    assert "--signal=B:USR1@240\n" in script
    assert "A stop takes up to 600 s, and the search ends 240 s before the limit: add --grace 900s" in script
    assert "add --grace" not in stemma("sbatch", job, "--time", "1:00:00", "--unit-seconds", 100).stdout

    assert "a stop takes up to 2 units here" in stemma("preview", job, "--time", "-n", 1).stdout


# A /dev with the file by which a driver of NVIDIA is known, in a mount namespace.
PRETEND_DRIVER = """\
mkdir -p dev
mount -t tmpfs none dev
touch dev/nvidiactl dev/null dev/zero dev/random dev/urandom
for file in null zero random urandom; do mount --bind /dev/$file dev/$file; done
mkdir -p dev/shm
mount -t tmpfs none dev/shm
mount --rbind dev /dev
exec "$@"
"""


def with_pretend_driver(stemma, *words, code=OK):
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no mount namespace may be made here")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-euc", PRETEND_DRIVER, "sh", stemma.binary, *map(str, words)],
        cwd=stemma.folder,
        env=stemma.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def put_program(stemma, name, text):
    """A program of that name in PATH."""
    bin_folder = stemma.folder / "bin"
    bin_folder.mkdir(exist_ok=True)
    (bin_folder / name).write_text("#!/bin/sh\n" + text)
    (bin_folder / name).chmod(0o755)
    stemma.env["PATH"] = f"{bin_folder}:{stemma.env['PATH'].removeprefix(f'{bin_folder}:')}"


@pytest.mark.parametrize("gpus, workers", [(4, 2), (5, 2), (8, 4)])
def test_run_starts_a_worker_for_each_share_of_the_gpus(stemma, gpus, workers):
    lines = "".join(f"echo 'GPU {i}: pretend (UUID: GPU-{i:08d}-0000-0000-0000-000000000000)'\n" for i in range(gpus))
    put_program(stemma, "nvidia-smi", lines)
    job = write_job(stemma, JOB.replace("processes = 3", "processes = 2\ngpus_per_worker = 2"))

    with_pretend_driver(stemma, "run", "-q", "-o", "run.h5", job)

    assert f"workers: {workers}\n" in with_pretend_driver(stemma, "preview", job).stdout
    log = "".join(path.read_text() for path in (stemma.folder / "run.h5.logs").glob("*.log"))
    assert f"{workers} workers expected" in log
    for worker in range(workers):
        own = " ".join(f"GPU-{gpu:08d}-0000-0000-0000-000000000000" for gpu in (2 * worker, 2 * worker + 1))
        assert f"GPUs {own})" in log, log


SLICES = """\
cat <<END
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6)
  MIG 3g.20gb     Device  0: (UUID: MIG-aaaa)
  MIG 3g.20gb     Device  1: (UUID: MIG-bbbb)
END
"""


def test_each_worker_gets_a_slice_of_a_gpu_and_processes_get_none(stemma):
    put_program(stemma, "nvidia-smi", SLICES)
    (stemma.folder / "program.py").write_text(INSTANT_PROGRAM)
    alone = PROGRAM_JOB.replace("PYTHON", sys.executable)

    with_pretend_driver(stemma, "run", "-q", "-o", "run.h5", write_job(stemma, alone))

    log = "".join(path.read_text() for path in (stemma.folder / "run.h5.logs").glob("*.log"))
    assert "2 workers expected" in log and "GPUs MIG-aaaa)" in log and "GPUs MIG-bbbb)" in log, log

    for keys in ("processes = 2", "processes = 1\ngpus_per_worker = 2"):
        job = write_job(stemma, JOB.replace("processes = 3", keys))
        said = with_pretend_driver(stemma, "run", "-n", 1, "-q", "-o", f"{len(keys)}.h5", job, code=USER_ERROR)
        assert "is cut into slices (MIG)" in said.stderr, said.stderr


def test_a_worker_gets_its_share_of_a_gpu_under_mps(stemma):
    put_program(stemma, "nvidia-smi", "echo 'GPU 0: pretend (UUID: GPU-0)'\n")
    # As the tool: it answers while a daemon runs.
    put_program(stemma, "nvidia-cuda-mps-control", 'read word; test -e "$CUDA_MPS_PIPE_DIRECTORY/runs"\n')
    pipes = stemma.folder / "pipes"
    stemma.env["CUDA_MPS_PIPE_DIRECTORY"] = str(pipes)
    share = 'open("share.txt", "w").write(str(__import__("os").environ.get("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE")))\n'
    (stemma.folder / "program.py").write_text(share + INSTANT_PROGRAM)
    job = write_job(
        stemma, PROGRAM_JOB.replace("PYTHON", sys.executable).replace("[workers]", "[workers]\nper_gpu = 4")
    )
    found = []
    for name in (None, "control", "runs"):  # no daemon; one that was killed; one that runs
        if name:
            pipes.mkdir(exist_ok=True)
            (pipes / name).touch()
        with_pretend_driver(stemma, "run", "-q", "-n", 1, "-o", f"{name}.h5", job)
        said = with_pretend_driver(stemma, "selfcheck").stdout
        found.append(((stemma.folder / "share.txt").read_text(), f"an MPS daemon runs ({pipes})" in said))
        assert ("no MPS daemon" in said) != found[-1][1], said

    assert found == [("None", False), ("None", False), ("25", True)]

    stemma.env["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] = "60"
    with_pretend_driver(stemma, "run", "-q", "-n", 1, "-o", "own.h5", job)
    assert (stemma.folder / "share.txt").read_text() == "60"
