#!/usr/bin/env python3
"""Packs an installed tree of a portable build (./run --wheel) as a wheel and as a tarball for environment modules.

usage: make_wheel.py PREFIX OUTPUT_FOLDER

PREFIX has bin/, lib/stemma/ and share/, as `cmake --install` makes them. In the wheel they are data of the environment:
pip puts them into its bin/, lib/stemma/ and share/. So `stemma` is the program itself, without Python in between. Needs
Python 3.11 and objdump.
"""

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[2]
NAME = "stemma-hpo"  # `stemma` on PyPI is another project
ELF = b"\x7fELF"
NOTICES = (  # what is in the program, or beside it: packages of Debian
    "libhdf5-dev libaec-dev zlib1g-dev libnlopt0 libfmt-dev libspdlog-dev libcli11-dev libtomlplusplus-dev "
    "nlohmann-json3-dev librandom123-dev libxxhash-dev libeigen3-dev libboost-dev libboost-mpi-dev g++"
).split()


def binaries(prefix):
    return [path for path in prefix.rglob("*") if path.is_file() and path.open("rb").read(4) == ELF]


def needed_glibc(path):
    """The newest version of the C library that the file asks for, as (2, 34)."""
    text = subprocess.run(["objdump", "-T", path], check=True, capture_output=True, text=True).stdout
    return max(tuple(map(int, one.split("."))) for one in re.findall(r"GLIBC_(\d+(?:\.\d+)+)", text))[:2]


def platform_tag(prefix):
    major, minor = max(needed_glibc(path) for path in binaries(prefix))
    return f"manylinux_{major}_{minor}_{os.uname().machine}"


def metadata(project, version):
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {NAME}",
        f"Version: {version}",
        f"Summary: {project['description']}",
        f"License: {project['license']['text']}",
        f"Requires-Python: {project['requires-python']}",
    ]
    lines += [f"Requires-Dist: {one}" for one in project["dependencies"]]
    for extra, packages in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {one}; extra == "{extra}"' for one in packages]
    lines += ["Description-Content-Type: text/markdown", "", (ROOT / "README.md").read_text()]
    return "\n".join(lines)


def notices():
    """The licenses of the libraries inside, as {name: text}."""
    out = {"LICENSE": (ROOT / "LICENSE").read_bytes()}
    for package in NOTICES:
        path = Path("/usr/share/doc") / package / "copyright"
        if path.exists():
            out[f"licenses/{package}.txt"] = path.read_bytes()
        else:
            print(f"make_wheel.py: no {path}: its license is not in the wheel", file=sys.stderr)
    return out


class Wheel:
    """A wheel in the making. Its files have one date, so that the same tree gives the same wheel."""

    def __init__(self, path):
        self.archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9)
        self.record = []

    def add(self, name, data, mode=0o644):
        info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
        info.external_attr = (0o100000 | mode) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        self.archive.writestr(info, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self.record.append(f"{name},sha256={digest},{len(data)}")

    def close(self, info):
        name = f"{info}/RECORD"
        self.archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), "\n".join([*self.record, f"{name},,", ""]))
        self.archive.close()


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def make_wheel(prefix, output, version, project, texts):
    tag = f"py3-none-{platform_tag(prefix)}"
    base = f"{NAME.replace('-', '_')}-{version}"
    path = output / f"{base}-{tag}.whl"
    info, data = f"{base}.dist-info", f"{base}.data"
    wheel = Wheel(path)
    package = prefix / "share/stemma/analysis"
    for one in files(package / "stemma") + files(package / "hydra_plugins"):  # for the environment's own Python
        wheel.add(str(one.relative_to(package)), one.read_bytes())
    for one in files(prefix):  # the package again: for programs that run in other environments
        mode = 0o755 if os.access(one, os.X_OK) else 0o644
        name = one.relative_to(prefix)
        place = f"{data}/scripts/{one.name}" if name.parts[0] == "bin" else f"{data}/data/{name}"
        wheel.add(place, one.read_bytes(), mode)
    for name, text in texts.items():
        wheel.add(f"{info}/{name}", text)
    wheel.add(f"{info}/METADATA", metadata(project, version).encode())
    head = f"Wheel-Version: 1.0\nGenerator: make_wheel.py\nRoot-Is-Purelib: false\nTag: {tag}\n"
    wheel.add(f"{info}/WHEEL", head.encode())
    wheel.close(info)
    return path


def make_tarball(prefix, output, version, texts):
    name = f"stemma-{version}-linux-{os.uname().machine}"
    path = output / f"{name}.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=9) as archive:
        for one in files(prefix):
            archive.add(one, f"{name}/{one.relative_to(prefix)}", filter=_as_root)
        for place, text in texts.items():
            member = tarfile.TarInfo(f"{name}/share/doc/stemma/{place}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return path


def _as_root(member):
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def main():
    prefix, output = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    project = tomllib.loads((ROOT / "analysis/pyproject.toml").read_text())["project"]
    version = project["version"]
    output.mkdir(parents=True, exist_ok=True)
    for old in (*output.glob("stemma_hpo-*.whl"), *output.glob("stemma-*-linux-*.tar.gz")):
        old.unlink()
    texts = notices()
    made = make_wheel(prefix, output, version, project, texts), make_tarball(prefix, output, version, texts)
    for path in made:
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
