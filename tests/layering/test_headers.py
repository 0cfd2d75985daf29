"""Every header compiles on its own: a file that includes it needs to include nothing before."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import tree

# These folders' headers need their library's flags.
LEAVES = ("trainer/torch", "transport/mpi", "record/hdf5", "sampler/gp")


def first_include(source):
    """The header of ours that a source file includes before anything else (None without): building it shows that this
    compiles."""
    for _, name, quoted in tree.includes(source):
        return name if quoted else None
    return None


def compiles(header, folder):
    name = header.relative_to(tree.SRC).as_posix()
    source = folder / (name.replace("/", "_") + ".cpp")
    source.write_text(f'#include "{name}"\n#include "{name}"\n')
    compiler = ([shutil.which("ccache")] if shutil.which("ccache") else []) + [os.environ.get("CXX", "g++")]
    done = subprocess.run(
        [*compiler, "-std=c++20", "-Wall", "-Wextra", "-I", tree.SRC, "-c", source.name, "-o", source.name + ".o"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    return None if done.returncode == 0 else f"{name}:\n{done.stderr[:1500]}"


def test_headers_are_self_contained(tmp_path):
    if not shutil.which(os.environ.get("CXX", "g++")):
        pytest.skip("no compiler")
    files = tree.cxx_files(tree.SRC)
    shown = {first_include(path) for path in files if path.suffix == ".cpp"}
    names = {path: path.relative_to(tree.SRC).as_posix() for path in files if path.suffix == ".hpp"}
    headers = [path for path, name in names.items() if name not in shown and not name.startswith(LEAVES)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        wrong = [text for text in pool.map(lambda header: compiles(header, tmp_path), headers) if text]
    assert headers and not wrong, "\n".join(wrong)
