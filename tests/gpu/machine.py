"""What the rows of the check need: the programs, the device, and commands that end in time."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# Where a build folder has the programs. A bundle has all of them in one folder.
PLACES = {
    "stemma": "stemma",
    "gpu_probe": "tests/gpu/probe/gpu_probe",
    "contract_torch_trainer": "tests/contract/trainer/contract_torch_trainer",
    "unit_networks": "tests/unit/torch/unit_networks",
    "unit_hypergradient": "tests/unit/torch/unit_hypergradient",
    "bench_transport_wires": "tests/bench/transport/bench_transport_wires",
}


class NotHere(Exception):
    """The row has no meaning on this machine: the reason."""


class Failed(Exception):
    """What failed, in one line."""


class Cut(Exception):
    """The time of the row is over. `output`: what was printed until then."""

    def __init__(self, seconds, output):
        super().__init__(f"cut after {seconds:.0f} s")
        self.output = output


def ended(process):
    """Ends the process and its group: mpirun ends its ranks when it is asked to. What had been printed."""
    for number, patience in ((signal.SIGTERM, 3), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
            return process.communicate(timeout=patience)[0]
        except subprocess.TimeoutExpired:
            continue


class Machine:
    """device: "cpu", "cuda" or "xpu". programs: a build folder or the bin of a bundle. large: sizes for a GPU."""

    def __init__(self, device, programs, scratch, data=None, large=None):
        self.device, self.programs, self.scratch = device, Path(programs), Path(scratch)
        self.data = data and Path(data).resolve()  # of a bundle; None: the tree's and Debian's
        if self.data:
            (self.scratch / "data").symlink_to(self.data)  # where the bundle's tests look
        self.large = device.startswith("cuda") if large is None else large
        self.deadline = float("inf")
        self.results = {}  # what a later row tells of an earlier one's commands

    def program(self, name):
        for place in (self.programs / name, self.programs / PLACES[name]):
            if place.is_file():
                return str(place)
        raise Failed(f"{name} is not in {self.programs}")

    def environment(self):
        variables = dict(os.environ)
        variables |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        variables |= {"OMPI_MCA_btl_tcp_if_include": "lo", "OMPI_MCA_rmaps_base_oversubscribe": "1"}
        if "STEMMA_CHECK_LIBRARIES" in variables:  # check.sh run
            variables["LD_LIBRARY_PATH"] = variables["STEMMA_CHECK_LIBRARIES"]
        return variables

    def pretended(self):
        """Variables for programs that are not linked with the pretend device."""
        if not self.device.startswith("xpu"):
            return {}
        library = self.programs / "tests/support/pretend_device/libpretend_device.so"
        if not library.is_file():
            raise NotHere("no pretend device was built")
        return {"LD_PRELOAD": str(library)}

    def run(self, *words, codes=(0,), **variables):
        """What the command prints. Raises Cut at the row's deadline, and Failed with its last line."""
        left = self.deadline - time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in words],
            cwd=self.scratch,
            env=self.environment() | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=None if left == float("inf") else max(left, 0.01))
        except subprocess.TimeoutExpired:
            raise Cut(left, ended(process))
        if process.returncode not in codes:
            lines = output.strip().splitlines()
            how = f"exit code {process.returncode}"
            if process.returncode < 0:
                how = signal.Signals(-process.returncode).name
            raise Failed(f"{Path(str(words[0])).name}: {how}: {lines[-1] if lines else 'nothing was printed'}")
        return output

    def probe(self, command, model="lenet", **options):
        """The lines of gpu_probe as {first word: the others}."""
        words = [self.program("gpu_probe"), command, "--device", self.device, "--model", model]
        if self.data:
            words += ["--fashion-mnist", self.data / "fashion-mnist"]
        for name, value in options.items():
            for one in value if isinstance(value, (list, tuple)) else (value,):
                words += [f"--{name}", one]
        lines = [line.split() for line in self.run(*words).splitlines() if line.strip()]
        return {line[0]: line[1:] for line in lines}

    def python(self, script, *words):
        """Of this Python with PyTorch, and with the libraries that it finds by itself."""
        if importlib.util.find_spec("torch") is None:
            raise NotHere(f"{sys.executable} has no PyTorch")
        own = {"LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", "")}
        own |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # as many as gpu_probe has
        return self.run(sys.executable, Path(__file__).with_name(script), *words, **own, **self.pretended())
