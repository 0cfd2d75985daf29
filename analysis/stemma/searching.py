"""A search from a notebook or a script: a function trains, in worker processes beside it.

def train(trial):
    ...

run = stemma.search(train, "job.toml")
"""

import codecs
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stemma.errors import StemmaError
from stemma.job_text import job_text
from stemma.training import run_trials

_FUNCTION = "STEMMA_SEARCH_FUNCTION"  # in the environment of the workers' programs: the file that holds the function
_STOPPED = (4, 75)  # by `stemma stop`, by a signal
_KEPT = 4000  # characters of output that an error repeats


def search(train, job, output=None, workers=None, overrides=(), stemma="stemma"):
    """Runs the search of that job, with train(trial) as the training, and returns the opened run.

    train      a function that takes a trial (stemma.trials). It runs in processes of its own, one for each worker. They
               do not see what this program changes afterwards
    job        a job file, or a dict with its content. [trainer] needs no command; its metrics are listed as usual
    output     run file. One that exists is gone on with. Default: a new file by the job's name, in the working folder
    workers    default: one for each GPU; without GPUs, one for each core
    overrides  as after --set: ["run.budget.members=40"]
    stemma     the program

    An interrupt (Ctrl-C, the stop button of a notebook) ends the search in order. Call search() again with the same
    output to go on.
    """
    folder = tempfile.mkdtemp(prefix="stemma-search-")
    try:
        function = Path(folder) / "function"
        function.write_bytes(_packed(train))
        path = _job_file(job, folder)
        output = Path(output) if output is not None else _free_name(job)
        command = json.dumps([sys.executable, "-m", "stemma.searching"])
        words = [stemma, "run", "--continue", str(path), "-o", str(output)]
        words += [] if workers is None else ["-n", str(workers)]
        for override in ("trainer.type=process", f"trainer.command={command}", *overrides):
            words += ["--set", override]
        package = str(Path(__file__).resolve().parents[1])
        search_path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
        code, said = _watched(words, os.environ | {"PYTHONPATH": search_path, _FUNCTION: str(function)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if code not in (0, *_STOPPED):
        raise StemmaError(f"the search ended with exit code {code}{': ' if said else ''}{said}")
    from stemma.run import open_run

    return open_run(output)


# ---- the function ----------------------------------------------------------------------------------------------------


def _packed(train):
    """The function as bytes: by name if a module has it, else with its code."""
    if not callable(train):
        raise TypeError(f"search: {train!r} is no function; it must take a trial: def train(trial): ...")
    place = [entry or os.getcwd() for entry in sys.path]
    if getattr(train, "__module__", None) not in (None, "__main__"):
        try:
            return pickle.dumps((place, pickle.dumps(train)))
        except (pickle.PicklingError, AttributeError, TypeError):
            pass  # a function within another one
    try:
        import cloudpickle
    except ImportError:
        raise StemmaError(
            "search: a function of a notebook or of the script itself is sent to the workers by the package "
            f"cloudpickle, which {sys.executable} does not have: pip install cloudpickle (Debian: "
            "python3-cloudpickle), or put the function into a module of its own and import it"
        ) from None
    return pickle.dumps((place, cloudpickle.dumps(train)))


def _work():
    """A worker's program."""
    file = os.environ.get(_FUNCTION)
    if file is None:
        raise SystemExit(
            "the trainings of this run are a function that stemma.search() was given: call search() again with the "
            "same output to go on"
        )
    place, function = pickle.loads(Path(file).read_bytes())
    sys.path += [entry for entry in place if entry not in sys.path]
    run_trials(pickle.loads(function))


# ---- the job ---------------------------------------------------------------------------------------------------------


def _job_file(job, folder):
    if not isinstance(job, dict):
        return job
    path = Path(folder) / "job.toml"
    path.write_text(job_text(job))
    return path


def _free_name(job):
    if isinstance(job, dict):
        name = str(job.get("run", {}).get("name", "search"))
    else:
        name = Path(job).stem
    name = re.sub(r"[^\w.-]", "_", name)
    path, number = Path(f"{name}.h5"), 1
    while path.exists():
        number += 1
        path = Path(f"{name}-{number}.h5")
    return path


# ---- what it prints --------------------------------------------------------------------------------------------------


def _watched(words, environment):
    """Runs the program to its end. Returns the exit code, and the end of what it said where this program showed it."""
    shown_by_itself = all(_is_terminal(stream) for stream in (sys.stdout, sys.stderr))
    pipes = {} if shown_by_itself else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    if "ipykernel" in sys.modules and not shown_by_itself:
        environment = {"STEMMA_TERMINAL": "100"} | environment  # a notebook can show the status line
    try:
        process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, **pipes)
    except FileNotFoundError:
        raise StemmaError(
            f"search: the program {words[0]!r} was not found: put it on PATH, or give search(..., stemma=PATH)"
        ) from None
    said = ""
    while True:
        try:
            said = said if shown_by_itself else _relayed(process.stdout, said)
            return process.wait(), said.replace("\r\033[K", "").strip()
        except KeyboardInterrupt:  # the program was interrupted as well, as a rule, and ends in order
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                process.terminate()


def _is_terminal(stream):
    try:
        return os.isatty(stream.fileno()) and "ipykernel" not in sys.modules
    except (AttributeError, OSError, ValueError):
        return False


def _relayed(stream, said):
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    while True:
        chunk = os.read(stream.fileno(), 1 << 16)
        text = decode(chunk, not chunk)
        sys.stdout.write(text)
        sys.stdout.flush()
        said = (said + text)[-_KEPT:]
        if not chunk:
            return said


if __name__ == "__main__":
    _work()
