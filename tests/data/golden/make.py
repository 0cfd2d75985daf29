"""Makes one set of golden run files: real searches by every scheduler and sampler, with failures, repeats, kills and
resumes.

    STEMMA=build/stemma python3 tests/data/golden/make.py tests/data/golden/vN

A set is made once for each version of the format and never again: tests/e2e/test_golden.py reads all sets for ever.
Give names after the folder to make only those files.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEMMA = os.path.abspath(os.environ.get("STEMMA", "build/stemma"))
ROOT = Path(__file__).resolve().parents[3]

SPACE = """
[space.lr]
type = "real"
low = 1e-4
high = 1.0
scale = "log"
[space.width]
type = "integer"
low = 8
high = 64
scale = "log"
[space.kind]
type = "categorical"
choices = ["relu", "tanh", "gelu, leaky"]
role = "fixed"
[space.slope]
type = "real"
low = 0.0
high = 0.5
step = 0.1
when = { kind = ["gelu, leaky"] }
"""

PROGRAM = """
import math, os, signal, stemma
for trial in stemma.trials():
    loss = float(open(trial.start).read()) if trial.start else 1.0
    if trial["width"] > 50:
        raise stemma.Infeasible("width above 50")
    for unit in trial:
        loss *= 0.5 + 0.4 * abs(math.log10(trial["lr"]) + 2) / 2
        if trial["lr"] > 0.5:
            loss = math.nan
        if 0.3 < trial["lr"] <= 0.5 and unit == 2:
            raise MemoryError("no room for a batch")
        if 0.2 < trial["lr"] <= 0.3 and unit == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        trial.report(valid_loss=loss, test_loss=loss * 1.1)
    open(trial.save_path, "w").write(repr(loss))
"""

TRAINED_BY_PROGRAM = """
[trainer]
type = "process"
command = ["python3", "program.py"]
metrics = ["valid_loss", "test_loss"]
held_out = ["test_loss"]
"""

TRAINED_BY_TORCH = """
[trainer]
type = "torch"
data = "csv"
path = "energy.csv"
valid = 0.2
test = 0.1
model = "mlp"
width = 16
layers = 1
"""


def job(
    scheduler,
    sampler="",
    trainer='[trainer]\ntype = "toy"\nunit = "step"\n',
    space=SPACE,
    run="budget = { members = 25 }",
    metric="",
    workers="",
):
    return (
        f'[run]\nseed = 7\n{run}\n[metric]\nname = "valid_loss"\ndirection = "minimise"\n{metric}{space}\n'
        f"[scheduler]\n{scheduler}\n"
        f'[sampler]\n{sampler}\n{trainer}\n[workers]\nthreads = 1\nsnapshot_memory = "64MiB"\n{workers}\n'
    )


ASHA = 'type = "asha"\nmin = 1\nmax = 9'
PBT = 'type = "pbt"\npopulation = 6\ninterval = 2\nmax = 12'
GPBT = 'type = "gpbt"\nchildren = 5\nfounders = 2\ninterval = 1\nmax = 5'
FAILING = '[trainer]\ntype = "toy"\nunit = "step"\nfailure_rate = 0.08\n'
SLOW = '[trainer]\ntype = "toy"\nunit = "step"\ncost = "10ms"\n'
NUMBERS = """
[space.lr]
type = "real"
low = 1e-4
high = 1.0
scale = "log"
[space.momentum]
type = "real"
low = 0.0
high = 0.95
role = "hypergradient"
"""

# Run to their ends, by three workers inside one process.
JOBS = {
    "random_random": job('type = "random"\nmax = 4', 'type = "random"'),
    "grid_grid": job('type = "grid"\nmax = 2', "points = 2", run=""),
    "random_sobol_repeats": job('type = "random"\nmax = 3\nrepeats = 3', 'type = "sobol"'),
    "sha_tpe": job('type = "sha"\nmin = 1\nmax = 9\nmembers = 18', 'type = "tpe"\nstartup = 4'),
    "hyperband_random": job('type = "hyperband"\nmin = 1\nmax = 9', 'type = "random"'),
    "asha_random_failures": job(ASHA, 'type = "random"', trainer=FAILING, workers="retries = 1\nfailures_in_a_row = 0"),
    "asha_tpe_multivariate": job(ASHA, 'type = "tpe"\nstartup = 5\nmultivariate = true'),
    "asha_auto": job(ASHA, trainer=SLOW),
    "asha_gp": job(ASHA, 'type = "gp"\nstartup = 5'),
    "asha_gp_improvement": job(ASHA, 'type = "gp"\nstartup = 5\nobjective = "improvement"\ntime_model = "decay"\n'
'pending = "liar"'),
    "asha_first_ahead": job(ASHA, "[[sampler.first]]\nlr = 0.01\nwidth = 16", workers="leases_ahead = 4"),
    "asha_stopping_tpe_repeats": job('type = "asha_stopping"\nmin = 1\n'
'max = 9\nrepeats = 2\nmin_rung_population = 3', 'type = "tpe"\nstartup = 4'),
    "asha_hyperband_sobol": job('type = "asha_hyperband"\nmin = 1\nmax = 9', 'type = "sobol"'),
    "asha_flat": job(ASHA, trainer='[trainer]\ntype = "toy"\nunit = "step"\nsurface = "flat"\n'),
    "asha_final_max_replicated": job(ASHA + '\nfinal = "max"', workers='replicated = "promotable"\ndurable = "all"'),
    "pbt_truncation": job(PBT, run=""),
    "pbt_tournament": job(PBT + '\nselection = '
'"binary_tournament"\nburn_in = 4', 'move = "unit_step"\nresample_probability = 0.2', run=""),
    "pbt_t_test_backtracking": job(
        PBT.replace("max = 12", "max = 24") + '\nselection = "t_test"\n'
't_test_reports = 3\nbacktrack_after = 2', run="", trainer=FAILING
    ),
    "pbt_periods": job(PBT + "\nperiods = [1, 2]\nmigration = 0.5", run=""),
    "pbt_ray_tune": job('preset = "ray_tune"\n' + PBT, run=""),
    "pbt_pb2": job('preset = "pb2"\n' + PBT, run="", space=NUMBERS.replace('role = "hypergradient"\n', "")),
    "gpbt_default": job(GPBT, run=""),
    "gpbt_auto_interval": job('type = "gpbt"\nchildren = 5\ninterval = "auto"\nmax = 8', run=""),
    "gpbt_published": job('preset = "published"\ntype = "gpbt"\nchildren = 5\ninterval = 1\nmax = 5', run=""),
    "gpbt_early_sequential": job(GPBT + "\nearly_stopping = true\nsequential = true\nparents_compete = true\n"
"repeat_child = false", run=""),
    "gpbt_quorum_gp": job(GPBT + '\nquorum = '
'0.6\ndeadline = "1h"', 'type = "gp"\nstartup = 4', run="", trainer=FAILING),
    "gpbt_perturb": job(GPBT, 'type = "tpe"\nbirths = "perturb"', run=""),
    "replay": '[run]\nseed = 7\n[metric]\nname = "valid_loss"\ndirection = "minimise"\n' + SPACE
    + '[scheduler]\ntype = "replay"\n[[schedule]]\nto = 2\nlr = 0.1\nwidth = 16\nkind = "tanh"\n[[schedule]]\n'
'to = 5\nlr = 0.02\nwidth = 16\nkind = "tanh"\n'
    + '[trainer]\ntype = "toy"\nunit = "step"\n',
    "program_failures": job(ASHA, trainer=TRAINED_BY_PROGRAM, workers="retries = 1\nfailures_in_a_row = 0"),
    "torch_hypergradient": job(
        GPBT.replace("max = 5", "max = 3"), 'type = "tpe"\nstartup = 3', run="", space=NUMBERS,
        trainer=TRAINED_BY_TORCH + 'optimiser = "sgd"\n[trainer.hypergradient]\n',
    ),
    "target_maximise": job(ASHA, run="budget = { members = 25, target = 3.0 }").replace('"minimise"', '"maximise"'),
    "resource_budget": job(ASHA, run="budget = { epochs = 40 }", trainer='[trainer]\ntype = "toy"\n'),
}  # fmt: skip


def stemma(*words, codes=(0,)):
    done = subprocess.run([STEMMA, *words], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode not in codes:
        raise SystemExit(f"stemma {' '.join(words)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def write_job(name, text):
    Path(f"{name}.toml").write_text(text)
    return f"{name}.toml", "-o", f"{name}.h5", "-n", "3", "-q"


def interrupt(name, text, with_signal, after_s=0.6):
    """Starts a search, sends the signal a little later, and waits."""
    words = write_job(name, text)
    with subprocess.Popen([STEMMA, "run", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as search:
        time.sleep(after_s)
        if search.poll() is not None:
            raise SystemExit(f"{name}: ended before the signal")
        search.send_signal(with_signal)
        search.wait(60)


def killed(name):
    """kill -9, never resumed: the file has no end."""
    interrupt(name, job(ASHA, trainer=SLOW, run="budget = { members = 200 }"), signal.SIGKILL)


def killed_and_resumed(name):
    interrupt(
        name, job(ASHA, 'type = "tpe"\nstartup = 5', trainer=SLOW, run="budget = { members = 100 }"), signal.SIGKILL
    )
    stemma("resume", f"{name}.h5", "-n", "2", "-q")


def stopped_and_extended(name):
    """Ends, goes on with a larger budget and a larger maximum, is stopped by the user, and goes on again."""
    stemma("run", *write_job(name, job(ASHA, trainer=SLOW, run="budget = { members = 9 }")))
    stemma("resume", f"{name}.h5", "-n", "3", "-q", "--members", "20", "--max", "27")
    stemma("resume", f"{name}.h5", "-n", "1", "-q", "--members", "24")


def population_killed_and_resumed(name, scheduler):
    interrupt(name, job(scheduler, trainer=SLOW.replace("10ms", "20ms"), run=""), signal.SIGKILL)
    stemma("resume", f"{name}.h5", "-n", "3", "-q")


def member_stopped(name):
    """While it runs: one member is stopped, the budget is changed, and the search is stopped by the user."""
    words = write_job(name, job('type = "random"\nmax = 50', trainer=SLOW.replace("10ms", "40ms")))
    with subprocess.Popen([STEMMA, "run", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as search:
        time.sleep(1)
        stemma("stop", f"{name}.h5", "--member", "1")
        time.sleep(0.5)
        stemma("budget", f"{name}.h5", "--members", "30")
        time.sleep(0.5)
        search.send_signal(signal.SIGINT)
        search.wait(60)


def asked_and_told(name):
    text = job(ASHA, 'type = "tpe"\nstartup = 3', trainer='[trainer]\ntype = "ask"\n', run="budget = { members = 8 }")
    Path(f"{name}.toml").write_text(text)
    stemma("ask", f"{name}.h5", "--job", f"{name}.toml")
    for lease in range(12):
        stemma("tell", f"{name}.h5", str(lease), f"valid_loss={1 / (1 + lease)}", codes=(0, 1, 2))
        stemma("ask", f"{name}.h5", codes=(0, 1, 2))


SESSIONS = {
    "killed": killed,
    "killed_and_resumed": killed_and_resumed,
    "stopped_and_extended": stopped_and_extended,
    "pbt_killed_and_resumed": lambda name: population_killed_and_resumed(name, PBT.replace("max = 12", "max = 30")),
    "gpbt_killed_and_resumed": lambda name: population_killed_and_resumed(name, GPBT.replace("max = 5", "max = 12")),
    "member_stopped": member_stopped,
    "asked_and_told": asked_and_told,
}


def main(folder, only):
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        Path("program.py").write_text(PROGRAM)
        shutil.copy(ROOT / "tests/data/uci_energy/energy.csv", ".")
        for name in [*JOBS, *SESSIONS]:
            if only and name not in only:
                continue
            if name in JOBS:
                stemma("run", *write_job(name, JOBS[name]))
            else:
                SESSIONS[name](name)
            if name != "killed":
                stemma("verify", f"{name}.h5")
            (folder / f"{name}.h5").write_bytes(Path(f"{name}.h5").read_bytes())
            print(name, Path(f"{name}.h5").stat().st_size, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
