"""Run files of searches that are still being written, were killed, or have an earlier format."""

import signal
import subprocess

import numpy as np
import stemma
from analysis_jobs import JOBS, ROOT, SPACE
from harness import wait_until


def test_reads_a_running_and_then_a_killed_search(program, tmp_path):
    job, file = tmp_path / "slow.toml", tmp_path / "slow.h5"
    job.write_text(JOBS["gpbt"] + SPACE.replace('cost = "1ms"', 'cost = "30ms"'))
    process = subprocess.Popen(
        [program.binary, "run", str(job), "-q", "-n", "2", "-o", str(file)],
        env=program.env,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(file.exists, "there is a run file")
        run = stemma.open(file)
        wait_until(lambda: len(run.refresh().reports) >= 4, "four reports are in it")
        assert not run.finished and run.best_member() is not None
        assert (run.leases["outcome"] == "running").any()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    killed = stemma.open(file)
    assert not killed.finished and len(killed.reports) >= 4
    assert killed.lineage(killed.best_member())["resource"].is_monotonic_increasing


def test_golden_files_stay_readable():
    for path in sorted((ROOT / "tests/data/golden").glob("run_v*.h5")):
        run = stemma.open(path)
        assert len(run) == len(run.summary) > 0
        assert np.isfinite(run.best(1)["best"].iloc[0])
        assert len(run.failures["message"]) == len(run.failures) and run.name == "näme"
