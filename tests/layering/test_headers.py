"""Every header compiles on its own: whoever includes it needs to include nothing before."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import tree

# The leaf folders' headers need their library's flags; their own sources include them first.
LEAVES = ("trainer/torch", "transport/mpi", "record/hdf5", "sampler/gp")


def compiles(header, folder):
    name = header.relative_to(tree.SRC).as_posix()
    source = folder / (name.replace("/", "_") + ".cpp")
    source.write_text(f'#include "{name}"\n#include "{name}"\n')
    compiler = ([shutil.which("ccache")] if shutil.which("ccache") else []) + [os.environ.get("CXX", "g++")]
    done = subprocess.run([*compiler, "-std=c++20", "-Wall", "-Wextra", "-I", tree.SRC, "-c", source.name, "-o", source.name + ".o"],
                          capture_output=True, text=True, check=False, cwd=folder)
    return None if done.returncode == 0 else f"{name}:\n{done.stderr[:1500]}"


def test_headers_are_self_contained(tmp_path):
    if not shutil.which(os.environ.get("CXX", "g++")):
        pytest.skip("no compiler")
    headers = [path for path in tree.cxx_files(tree.SRC)
               if path.suffix == ".hpp" and not path.relative_to(tree.SRC).as_posix().startswith(LEAVES)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        wrong = [text for text in pool.map(lambda header: compiles(header, tmp_path), headers) if text]
    assert headers and not wrong, "\n".join(wrong)
