"""stemma sbatch: its output is a script, and its sums are those of preview. tests/slurm runs the scripts."""

import os
import subprocess

import pytest
from harness import ROOT, USER_ERROR


def test_it_prints_a_script(stemma, job):
    text = stemma(
        "sbatch",
        job,
        "--nodes",
        4,
        "--gpus-per-node",
        4,
        "--time",
        "12:00:00",
        "--partition",
        "gpu",
        "--set",
        "scheduler.max=81",
    ).stdout

    for line in (
        "#SBATCH --nodes=4",
        "#SBATCH --ntasks-per-node=5",
        "#SBATCH --gpus-per-node=4",
        "#SBATCH --time=12:00:00",
        "#SBATCH --partition=gpu",
        "#SBATCH --signal=B:USR1@120",
        f"set -- '{job}' --set 'scheduler.max=81'",
    ):
        assert line in text.splitlines(), text
    assert "40 members" in text and "on 16 workers" in text
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


@pytest.mark.parametrize(("time", "expected"), [("90m", "01:30:00"), ("2d", "48:00:00"), ("1-12:00:00", "36:00:00")])
def test_times(stemma, job, time, expected):
    assert f"#SBATCH --time={expected}" in stemma("sbatch", job, "--time", time).stdout


def test_sums_tell_when_it_ends(stemma, job):
    text = stemma("sbatch", job, "--workers-per-node", 2, "--time", "10m", "--unit-seconds", 60).stdout

    assert "allocations of 10:00" in text, text


def test_mistakes(stemma, job):
    assert "--time" in stemma("sbatch", job, "--time", "soon", code=USER_ERROR).stderr
    assert "a minute" in stemma("sbatch", job, "--time", "10s", code=USER_ERROR).stderr


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "slurm").glob("*.sbatch")))
def test_the_scripts_that_come_along_are_bash(script):
    assert subprocess.run(["bash", "-n", ROOT / "slurm" / script], check=False).returncode == 0


@pytest.mark.parametrize(
    "name", ["it's.toml", "a b.toml", "\x1b[2J'\\x.toml", "line\nend.toml", "日本 \u202e.toml", "caf\udce9.toml"]
)
def test_names_reach_the_search_as_they_are_and_a_terminal_as_text(stemma, job, tmp_path, name):
    (tmp_path / name).write_bytes(job.read_bytes())
    text = stemma("sbatch", name, "--set", "run.seed=1").stdout
    assert all(character == "\n" or character.isprintable() for character in text)
    script = text[: text.index("\nsource ")] + '\nprintf %s "$1"\n'
    assert subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout == os.fsencode(name)
