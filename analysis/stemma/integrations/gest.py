"""gest-api, the standard of libEnsemble, Xopt and optimas: Stemma's samplers and schedulers as a generator.

    with StemmaGenerator(VOCS(variables={"x": [0, 5]}, objectives={"f": "MINIMIZE"}), at_once=4) as generator:
        for point in (points := generator.suggest(4)):
            point["f"] = (point["x"] - 2) ** 2
        generator.ingest(points)

The search is a run file as any other: it can be shown, verified, and gone on with.
"""

import queue
import tempfile
from pathlib import Path

from gest_api.generator import Generator
from gest_api.vocs import ContextualVariable, ContinuousVariable, DiscreteVariable, MaximizeObjective, MinimizeObjective

from stemma.job_text import job_text
from stemma.process import AskTell

_ID = "_id"
_MANY = 10**9


class StemmaGenerator(Generator):
    """Suggests points, each with an "_id", and takes their results.

    vocs     variables with bounds or values, one objective. Observables are recorded. No constraints
    output   run file; one that exists is gone on with, if the vocs are the same. None: a temporary file
    at_once  points that can be out at the same time
    points   how many points the search has in all; None: no limit
    sampler, scheduler, job
             tables of the job file, as dicts. Default: the sampler `auto`, one evaluation a point
    fidelity a scheduler with rungs (ASHA) evaluates a point several times. Under this name a point then has the unit to
             evaluate it at, 1 .. scheduler["max"]
    stemma   the program
    """

    returns_id = True

    def __init__(
        self,
        vocs,
        output=None,
        at_once=1,
        points=None,
        sampler=None,
        scheduler=None,
        job=None,
        fidelity=None,
        timeout=60,
        stemma="stemma",
    ):
        super().__init__(vocs)
        self._vocs, self._fidelity, self._timeout = vocs, fidelity, timeout
        self._open, self._ready, self._number = {}, [], 0
        self._at_once, self._ended = at_once, False
        self._values = {}  # of a discrete variable: its value for each text
        self._folder = tempfile.TemporaryDirectory(prefix="stemma-gest-")
        path = Path(self._folder.name) / "job.toml"
        scheduler = scheduler or {"type": "random", "max": 1}
        if scheduler.get("max") != 1 and not fidelity:
            raise ValueError('a scheduler with more than one evaluation of a point needs fidelity="NAME"')
        path.write_text(job_text(self._job(points, sampler, scheduler, job or {})), encoding="utf-8")
        self._search = AskTell(path, output or Path(self._folder.name) / "run.h5", at_once, stemma)

    def _validate_vocs(self, vocs):
        if len(vocs.objectives) != 1 or not isinstance(
            next(iter(vocs.objectives.values())), (MinimizeObjective, MaximizeObjective)
        ):
            raise ValueError("StemmaGenerator needs one objective, MINIMIZE or MAXIMIZE")
        if vocs.constraints:
            raise ValueError("StemmaGenerator has no constraints: give the objective a bad value where one is violated")
        if not vocs.variables:
            raise ValueError("StemmaGenerator needs a variable")
        for name, variable in vocs.variables.items():
            if isinstance(variable, ContextualVariable):
                raise ValueError(f"{name}: StemmaGenerator has no contextual variables")
            if not isinstance(variable, (ContinuousVariable, DiscreteVariable)):
                raise ValueError(f"{name}: StemmaGenerator does not know a {type(variable).__name__}")
            if isinstance(variable, DiscreteVariable) and len(set(map(str, variable.values))) < len(variable.values):
                raise ValueError(f"{name}: two of its values have the same text")

    def suggest(self, num_points=None):
        """Waits until the search knows them. Raises ValueError if more than `at_once` would be out, or if the search
        needs results first, or has ended."""
        free = self._at_once - len(self._open)
        wanted = free if num_points is None else num_points
        if wanted > free:
            raise ValueError(f"at most {self._at_once} points at once, and {len(self._open)} are out: ingest() first")
        while len(self._ready) < wanted and not self._ended:
            try:
                # The first one waits for the start of the search. Others may not come before a result.
                asked = self._search.ask(self._timeout if not self._ready and not self._open else 1)
            except queue.Empty:
                break
            self._ended = asked is None
            if asked is not None:
                self._ready.append(asked)
        if len(self._ready) < wanted and (num_points is not None or not self._ready):
            why = "the search has ended" if self._ended else "the search needs results first: ingest()"
            raise ValueError(f"{wanted} points: {why}")
        points = [self._point(asked) for asked in self._ready[:wanted]]
        del self._ready[:wanted]
        return points

    def _point(self, asked):
        point = {name: self._values.get(name, {}).get(asked[name], asked[name]) for name in self._vocs.variables}
        point |= {name: constant.value for name, constant in self._vocs.constants.items()}
        if self._fidelity:
            point[self._fidelity] = asked.last
        self._number += 1
        self._open[self._number] = asked
        return point | {_ID: self._number}

    def ingest(self, results):
        for point in results:
            if point.get(_ID) not in self._open:
                what = f"_id {point[_ID]!r} is not known" if _ID in point else "a point without _id"
                raise ValueError(f"{what}: StemmaGenerator takes results of the points only that it suggested")
        for point in results:
            metrics = {name: point[name] for name in self._vocs.output_names if name in point}
            self._search.tell(self._open.pop(point[_ID]), snapshot=False, **metrics)

    def finalize(self):
        """Ends the search in order. It can be gone on with if it has an output."""
        self._search.close()
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.finalize()

    def _job(self, points, sampler, scheduler, more):
        name, objective = next(iter(self._vocs.objectives.items()))
        tables = {
            "run": {"name": "gest", "budget": {"members": points or _MANY}},
            "metric": {
                "name": name,
                "direction": "minimize" if isinstance(objective, MinimizeObjective) else "maximize",
            },
            "space": {name: self._parameter(name, variable) for name, variable in self._vocs.variables.items()},
            "sampler": sampler,
            "scheduler": scheduler,
            "trainer": {
                "type": "process",
                "command": ["replaced by ask/tell"],
                "metrics": self._vocs.output_names,
                "held_out": self._vocs.observable_names or None,
            },
        }
        for name, table in more.items():
            tables[name] = {**(tables.get(name) or {}), **table}
        return tables

    def _parameter(self, name, variable):
        if isinstance(variable, ContinuousVariable):
            return {"type": "real", "low": float(variable.domain[0]), "high": float(variable.domain[1])}
        numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in variable.values)
        self._values[name] = {str(value): value for value in sorted(variable.values, key=None if numbers else str)}
        texts = list(self._values[name])
        return {"type": "ordinal", "levels": texts} if numbers else {"type": "categorical", "choices": texts}
