#!/usr/bin/env python3
"""clang-tidy (.clang-tidy) over source files of src/, as the preset `files` of CMake compiles them; a JUnit file with
one test for each file.

    .ci/tidy.py RESULT.xml --commits 20       files that the last 20 commits touched, the latest 24 of them
    .ci/tidy.py RESULT.xml --share 3/8        files whose place modulo 8 is 3
    .ci/tidy.py RESULT.xml --files src/a.cpp  these

A file that was clean is not looked at again while it, its headers, its flags and the checks stay the same: the digest
of what the preprocessor makes of it is kept in ~/.cache/stemma-ci/tidy.
"""

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIDY = "clang-tidy-19"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "stemma-ci/tidy"

# A commit that renames a word touches all files; the turning share of .ci/run looks at the others.
AT_MOST = 24

# clang 19 does not accept the headers of Debian's LibTorch, and takes minutes over each file that includes them.
LEFT_OUT = ROOT / "src/trainer/torch"


# The other presets compile several files as one.
FOLDER = ROOT / "build-files"


def commands():
    """{source file below src: its command} of the preset."""
    configure = ["cmake", "--preset", "files", "-S", ROOT, "-DSTEMMA_WITH_TORCH=OFF"]
    subprocess.run(configure, stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    found = {}
    for entry in json.loads((FOLDER / "compile_commands.json").read_text()):
        path = Path(entry["directory"], entry["file"]).resolve()
        if ROOT / "src" in path.parents and LEFT_OUT not in path.parents and path.exists():
            found[path] = [word for word in shlex.split(entry["command"]) if not word.endswith("ccache")]
    return found


def touched(commits):
    """Files of the last commits, the latest first; a header stands for the source file of its name."""
    log = ["git", "-C", ROOT, "log", f"-{commits}", "--name-only", "--format="]
    names = subprocess.run(log, capture_output=True, text=True, check=True).stdout.split()
    return dict.fromkeys((ROOT / name).with_suffix(".cpp") for name in names if name.endswith((".cpp", ".hpp")))


def key(path, command):
    """Digest of all that decides on the findings; None if the file does not compile."""
    words = [word for word in command if word not in ("-c", "-MD")]
    for option in ("-o", "-MT", "-MF"):
        while option in words:
            at = words.index(option)
            del words[at : at + 2]
    done = subprocess.run([*words, "-E"], capture_output=True, check=False, cwd=FOLDER)
    if done.returncode:
        return None
    own = path.read_bytes() + (path.with_suffix(".hpp").read_bytes() if path.with_suffix(".hpp").exists() else b"")
    digest = hashlib.sha256(done.stdout + own + (ROOT / ".clang-tidy").read_bytes() + TIDY.encode())
    return digest.hexdigest()


def findings(path, command):
    """What clang-tidy says of a file; "" if it is clean."""
    known = key(path, command)
    if known and (CACHE / known).exists():
        return ""
    # The build's warnings are GCC's, and it looks at them itself.
    words = [TIDY, "--quiet", "-p", FOLDER, "--extra-arg=-w", f"--header-filter=^{ROOT}/src/", path]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 0 and known:
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / known).touch()
    return "" if done.returncode == 0 else done.stdout.replace(f"{ROOT}/", "") or done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--commits", type=int)
    which.add_argument("--share")
    which.add_argument("--files", type=Path, nargs="+")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    known = commands()
    paths = sorted(known)
    if options.commits:
        paths = [path for path in touched(options.commits) if path in known][:AT_MOST]
    elif options.share:
        share, of = map(int, options.share.split("/"))
        paths = paths[share % of :: of]
    else:
        paths = [path for path in paths if path in {file.resolve() for file in options.files}]
    with ThreadPoolExecutor(options.jobs) as pool:
        said = list(pool.map(lambda path: findings(path, known[path]), paths))
    suite = xml.Element("testsuite", name="clang-tidy")
    for path, text in zip(paths, said):
        case = xml.SubElement(suite, "testcase", classname="clang-tidy", name=str(path.relative_to(ROOT)))
        if text:
            xml.SubElement(case, "failure").text = text
            print(text, file=sys.stderr)
    xml.ElementTree(suite).write(options.result, encoding="unicode")
    print(f"clang-tidy: {len(paths)} files, {sum(bool(text) for text in said)} with findings")
    return 1 if any(said) else 0


if __name__ == "__main__":
    sys.exit(main())
