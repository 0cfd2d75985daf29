"""What a machine with CUDA, PyTorch and nothing else needs for the check of its GPU, in one folder.

bundle.py prepare BUNDLE --wheel TORCH_FOLDER [--build FOLDER]     builds and packs
bundle.py torch BUNDLE                                             prints the torch folder of this Python, if it fits
"""

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from about import ROOT, about_tree
from machine import PLACES

LIMIT_MB = 55
FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
PARTS = ("libstemma_torch.so", "libstemma_mpi.so")
# Every Linux with PyTorch has them, and the C++ library must be the one that PyTorch takes.
EVERYWHERE = re.compile(r"(ld-linux.*|linux-vdso|lib(c|m|dl|rt|util|pthread|resolv|gcc_s|stdc\+\+))\.so")
# Networks of other hosts, batch systems, other libraries' ranks: one host has no use for them.
PLUGINS_LEFT_OUT = re.compile(
    "ofi|ucx|openib|psm|portals|cuda|flux|slurm|gridengine|jsm|shmem_ucx|sshmem|memheap|scoll|spml|romio|fcoll|fbtl|"
    "sharedfp|treematch|monitoring|libompi_dbg"
)


def libraries(ldd, wheel):
    """{name: path} of what the output of ldd names, but what is everywhere and what PyTorch's wheels bring."""
    brought = Path(wheel).resolve().parent if wheel else None
    found, missing = {}, []
    for line in ldd.splitlines():
        name, arrow, place = line.strip().partition(" => ")
        if not arrow or EVERYWHERE.match(name):
            continue
        path = place.rsplit(" (", 1)[0]
        if path == "not found":
            missing.append(name)
        elif brought is None or brought not in Path(path).resolve().parents:
            found[name] = Path(path).resolve()
    if missing:
        raise SystemExit(f"libraries are missing here: {', '.join(sorted(set(missing)))}")
    return found


def libraries_of(files, wheel):
    if not files:
        return {}
    said = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=True).stdout
    return libraries(said, wheel)


def folders_of_open_mpi():
    """{"pkglibdir": Path, ...} of the installed Open MPI."""
    words = ["ompi_info", "--path", "all", "--parsable"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return {key: Path(path) for key, path in re.findall(r"^path:(\w+):(.+)$", said, re.MULTILINE)}


def plugins(folder):
    return [path for path in sorted(folder.glob("*.so")) if not PLUGINS_LEFT_OUT.search(path.name)]


def plugins_of_pmix(libpmix):
    return sorted((libpmix.parent / "pmix").glob("*.so")) or sorted((libpmix.parents[1] / "lib/pmix").glob("*.so"))


def build(wheel, folder):
    # The program as other distributions can run it. Its tests find their data in the folder that they run in.
    options = ["-DSTEMMA_PORTABLE=ON", "-DSTEMMA_TEST_DATA=data", f"-DSTEMMA_TORCH_WHEEL={wheel}"]
    subprocess.run(["cmake", "--preset", "release", "-S", ROOT, "-B", folder, *options], check=True, cwd=ROOT)
    targets = [*PLACES, "stemma_torch", "stemma_mpi"]
    subprocess.run(["ninja", "-C", folder, *targets], check=True)


def copy(files, folder, strip=True):
    """Copies {name in the folder: file}; programs and libraries without their symbols for debuggers."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in files.items():
        shutil.copy(path, folder / name)
        if strip:
            subprocess.run(["strip", "--strip-unneeded", folder / name], check=True)


def pack_programs(bundle, programs, wheel):
    """With their libraries and Open MPI. programs: {name: file}."""
    open_mpi = folders_of_open_mpi()
    programs = programs | {"mpirun": (open_mpi["bindir"] / "mpirun").resolve()}
    loaded = {path.name: path for path in plugins(open_mpi["pkglibdir"])}
    needed = libraries_of([*programs.values(), *loaded.values()], wheel)
    libpmix = next((path for name, path in needed.items() if name.startswith("libpmix")), None)
    of_pmix = {path.name: path for path in plugins_of_pmix(libpmix)} if libpmix else {}
    copy(programs, bundle / "bin")
    copy(needed | libraries_of(of_pmix.values(), wheel), bundle / "lib")
    copy(loaded, bundle / "lib/openmpi3")
    copy(of_pmix, bundle / "lib/pmix")
    (bundle / "etc").mkdir()
    shutil.copytree(open_mpi["pkgdatadir"], bundle / "share/openmpi")  # the texts of its messages


def pack_data(bundle):
    for name in ("uci_energy", "torchscript"):
        shutil.copytree(ROOT / "tests/data" / name, bundle / "data" / name)
    copy({path.name: path for path in FASHION_MNIST.glob("*.gz")}, bundle / "data/fashion-mnist", strip=False)
    copy({"fashion_mnist_gpbt.toml": ROOT / "jobs/fashion_mnist_gpbt.toml"}, bundle / "jobs", strip=False)
    here = Path(__file__).resolve().parent
    copy({path.name: path for path in [*here.glob("*.py"), here / "check.sh"]}, bundle / "check", strip=False)


def megabytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def tell_size(bundle):
    """Prints the sizes. False if the bundle is too large to be carried."""
    total = megabytes(bundle)
    parts = ", ".join(f"{path.name} {megabytes(path):.1f}" for path in sorted(bundle.iterdir()) if path.is_dir())
    print(f"{bundle}: {total:.1f} MB ({parts})")
    if total <= LIMIT_MB:
        return True
    print(f"more than the {LIMIT_MB} MB that are carried", file=sys.stderr)
    return False


def torch_version(folder):
    """Of a torch folder, without what follows a plus sign: "2.11.0"."""
    return re.search(r"__version__ = '([\d.]+)", (Path(folder) / "version.py").read_text()).group(1)


def prepare(options):
    bundle, build_folder = Path(options.bundle).resolve(), Path(options.build).resolve()
    wheel = Path(options.wheel).resolve()
    if bundle.exists():
        raise SystemExit(f"{bundle} is there: name a new folder")
    if not (wheel / "lib/libtorch_cuda.so").exists():
        raise SystemExit(f"{wheel} is not the torch folder of a PyTorch wheel with CUDA")
    build(wheel, build_folder)
    programs = {name: build_folder / place for name, place in PLACES.items()}
    pack_programs(bundle, programs | {name: build_folder / name for name in PARTS}, wheel)
    pack_data(bundle)
    about = about_tree(build_folder) | {"torch": torch_version(wheel)}
    (bundle / "about.json").write_text(json.dumps(about, indent=1) + "\n")
    return 0 if tell_size(bundle) else 1


def torch_folder(options):
    """LibTorch keeps no compatibility between versions: the programs need the one that they were built against."""
    built = json.loads((Path(options.bundle) / "about.json").read_text())["torch"]
    spec = importlib.util.find_spec("torch")
    if spec is None:
        raise SystemExit(f"{sys.executable} has no PyTorch")
    folder = Path(spec.origin).parent
    if torch_version(folder) != built:
        raise SystemExit(
            f"the bundle was built against torch {built}, and {sys.executable} has {torch_version(folder)}: prepare it "
            f"with the wheel of pip install torch=={torch_version(folder)}"
        )
    print(folder)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    prepares = commands.add_parser("prepare")
    prepares.add_argument("bundle")
    prepares.add_argument("--wheel", required=True, help="the torch folder of the wheel that the other machine has")
    prepares.add_argument("--build", default=os.fspath(ROOT / "build-gpu-check"))
    prepares.set_defaults(work=prepare)
    torch = commands.add_parser("torch")
    torch.add_argument("bundle")
    torch.set_defaults(work=torch_folder)
    options = parser.parse_args()
    return options.work(options)


if __name__ == "__main__":
    sys.exit(main())
