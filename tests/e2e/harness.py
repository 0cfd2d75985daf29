"""The program as a user types it: build/stemma, alone and under mpirun. STEMMA names another binary."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 120

OK, FAILED, USER_ERROR, MISMATCH, STOPPED, OTHER_RULES, INTERNAL, REQUEUE = 0, 1, 2, 3, 4, 7, 70, 75

# Small and quick. `--set trainer.cost=20ms` makes it slow enough to be interrupted.
JOB = """\
[run]
name = "toy"
seed = 7
[run.budget]
members = 40

[metric]
name = "valid_loss"
direction = "minimize"

[space.lr]
type = "real"
low = 1e-4
high = 1.0
scale = "log"
[space.momentum]
type = "real"
low = 0.0
high = 0.99

[scheduler]
type = "asha"
min = 1
max = 27
eta = 3

[trainer]
type = "toy"
unit = "step"

[workers]
heartbeat = "200ms"
lost_after = "2s"
"""

# Members trained by program.py, which a test writes. The test replaces PYTHON with an interpreter.
PROGRAM_JOB = """\
[run]
name = "program"
budget = { members = 6 }

[metric]
name = "valid_loss"
direction = "minimize"

[space.lr]
type = "real"
low = 1e-3
high = 1.0

[scheduler]
type = "asha"
min = 1
max = 3
eta = 3

[trainer]
type = "process"
command = ["PYTHON", "program.py"]

[workers]
threads = 1
heartbeat = "200ms"
lost_after = "5s"
"""

# A program.py that trains in no time.
INSTANT_PROGRAM = """\
import stemma
for trial in stemma.trials():
    with trial:
        for unit in trial:
            pass
        open(trial.save_path, "wb").write(b"state")
        trial.report(valid_loss=trial["lr"])
"""


class Stemma:
    """Runs the program in one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.binary = os.path.abspath(os.environ.get("STEMMA", ROOT / "build/stemma"))
        self.env = {
            name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "STEMMA_TERMINAL"))
        }
        self.env |= {
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_btl_tcp_if_include": "lo",
        }

    def __call__(self, *words, code=OK):
        """Runs `stemma WORDS...`. The exit code must be `code`, or one of several."""
        done = subprocess.run(
            self._words(words),
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        self._expect(code, words, done)
        return done

    def mpirun(self, ranks, *words, code=OK):
        done = self.start(ranks, *words).communicate_all()
        self._expect(code, words, done)
        return done

    def start(self, ranks, *words):
        """Starts it under mpirun in a process group of its own. Standard output and error go to files."""
        options = [
            "--oversubscribe",
            "--bind-to",
            "none",
            "--mca",
            "odls_base_sigkill_timeout",
            "5",
            "--enable-recovery",
        ]
        return Started(["mpirun", "-n", str(ranks), *options, *self._words(words)], self.folder, self.env)

    @staticmethod
    def _expect(code, words, done):
        codes = code if isinstance(code, tuple) else (code,)
        assert done.returncode in codes, (
            f"{words}: exit code {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}"
        )

    def _words(self, words):
        return [self.binary, *map(str, words)]


class Started:
    def __init__(self, words, folder, env):
        stamp = f"{time.monotonic_ns()}"
        self.out, self.err, self.code = (folder / f"{name}-{stamp}" for name in ("out", "err", "code"))
        # mpirun --enable-recovery returns 0 whatever its ranks do. The program's exit code is passed by a file.
        env = env | {"STEMMA_EXIT_CODE_FILE": str(self.code)}
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
            )

    @property
    def stdout(self):
        return self.out.read_text()

    @property
    def stderr(self):
        return self.err.read_text()

    @property
    def returncode(self):
        return int(self.code.read_text()) if self.code.exists() else self.process.returncode

    def communicate_all(self):
        try:
            self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"did not end within {TIMEOUT_S} s\n{self.stdout}\n{self.stderr}")
        return self

    def ranks(self):
        """Process ids of the program's ranks on this host, in order of rank."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                environment = (entry / "environ").read_bytes().split(b"\0")
            except (OSError, ValueError, IndexError):
                continue
            if parent == self.process.pid:
                rank = [int(item.split(b"=")[1]) for item in environment if item.startswith(b"OMPI_COMM_WORLD_RANK=")]
                found += [(rank[0], int(entry.name))] if rank else []
        return [pid for _, pid in sorted(found)]

    def kill(self):
        """kill -9 of the whole job at once: mpirun and all ranks (each rank is the leader of its own process group)."""
        victims = [self.process.pid, *self.ranks()]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(TIMEOUT_S)
        wait_until(lambda: not any(alive(pid) for pid in victims), "the killed ranks are gone")


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, what, seconds=TIMEOUT_S):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain until {what}"
        time.sleep(0.01)
