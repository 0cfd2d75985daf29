"""`stemma new NAME --from FILE`: a project whose job comes from another program's search."""

import os
import re
import textwrap

from stemma.errors import StemmaError
from stemma.importers import optuna_study, wandb_sweep
from stemma.job_text import job_text
from stemma.printable import say


def new_project(folder, source, study=None):
    """Writes FOLDER/job.toml and FOLDER/README.md, and says what could not be taken over."""
    name = os.path.basename(os.path.normpath(folder))
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise StemmaError(f'new: a project\'s name has letters, digits and _ only; got "{name}"')
    if os.path.exists(folder):
        raise StemmaError(f"new: {folder} is there already; choose another name")
    job, command_known, notes = _read(source, folder, study)
    job = {"run": {**job.get("run", {}), "name": name}} | {key: value for key, value in job.items() if key != "run"}
    os.makedirs(folder)
    head = [f"# From {os.path.basename(source)}. What is not the same there and here:"]
    for note in notes:
        head += textwrap.wrap(note, 100, initial_indent="# - ", subsequent_indent="#   ", break_on_hyphens=False)
    _write(folder, "job.toml", "\n".join(head) + "\n\n" + job_text(job))
    script = "" if command_known else "Put the script that trains beside it, as `train.py`, or change the command. "
    _write(folder, "README.md", _README.format(name=name, script=script))
    say(f"{folder}/job.toml\n{folder}/README.md\nnot the same there and here:")
    for note in notes:
        say(f"  - {note}")
    say(f"then: stemma check {folder}/job.toml")


_README = """\
# {name}

```sh
stemma check job.toml        # is the job right?
stemma run job.toml
```
`job.toml` says what is searched, and what of the other search has no counterpart. {script}The script is started
for each training with the values as options. "Bring your model" (docs/bring-your-model.md) says how it can also
go on with a training, which most schedulers make use of.
"""


def _read(source, folder, study):
    if source.endswith((".yaml", ".yml", ".json")):
        return wandb_sweep.read(source, folder)
    if optuna_study.path_of(source) is not None:
        return optuna_study.read(source, study)
    raise StemmaError(
        f"new: {source} is neither a sweep of Weights & Biases (.yaml) nor an SQLite storage of Optuna (study.db, "
        "sqlite:///study.db). A pickled study (.pkl) is not read, because a pickle can run code: save it to a storage "
        'by optuna.copy_study(..., to_storage="sqlite:///study.db")'
    )


def _write(folder, name, text):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)
