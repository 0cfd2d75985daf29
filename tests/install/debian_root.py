"""Other Debian releases as folders (debootstrap, chroot), for tests that need a machine without this one's packages.

A root is made once for a release and a list of packages, and kept outside the tree. Needs to be root.
"""

import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stemma-ci"
USER = 1000  # of every root: an ordinary user without rights, in /home/user
SOURCES = (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*"))


def mirror():
    """Debian's mirror of this machine: the first one in apt's own sources."""
    for path in SOURCES:
        text = path.read_text() if path.is_file() else ""
        for line in re.findall(r"^(?:deb |URIs:)[^#\n]*", text, re.MULTILINE):
            for word in line.split():
                if word.rstrip("/").endswith("/debian"):
                    return word
    raise AssertionError("apt's sources name no mirror of Debian")


class Root:
    def __init__(self, folder):
        self.folder = folder

    def run(self, *words, user=0, binds=(), env=(), cwd="/", check=True, timeout=3600):
        """The command in this root. /proc, /dev/shm and the folders of `binds` (outside, inside, "ro" or "rw") are
        mounted for as long as it runs."""
        steps = ["set -e", f"mount -t proc proc {self.folder}/proc", f"mkdir -p {self.folder}/dev/shm"]
        steps.append(f"mount -t sysfs -o ro sysfs {self.folder}/sys || true")
        steps.append(f"mount -t tmpfs -o mode=1777 tmpfs {self.folder}/dev/shm")
        for outside, inside, access in binds:
            (self.folder / inside.lstrip("/")).mkdir(parents=True, exist_ok=True)
            steps.append(f"mount --bind {outside} {self.folder}{inside}")
            if access == "ro":
                steps.append(f"mount -o remount,bind,ro {self.folder}{inside}")
        steps.append(f'exec chroot --userspec={user}:{user} {self.folder} env -C {cwd} "$@"')
        clean = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/home/user" if user else "/root",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", "\n".join(steps), "sh", *map(str, words)],
            env=clean | dict(env),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{words}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done

    def home(self, name):
        """A new folder of the ordinary user: (outside, inside)."""
        inside = f"/home/user/{name}"
        outside = self.folder / inside.lstrip("/")
        shutil.rmtree(outside, ignore_errors=True)
        outside.mkdir(parents=True)
        os.chown(outside, USER, USER)
        return outside, inside


def debian_root(release, packages):
    """The root with these packages, made if it is not there."""
    if os.geteuid() != 0:
        pytest.skip("only root can make another Debian in a folder")
    if not shutil.which("debootstrap"):
        pytest.skip("no debootstrap")
    words = " ".join(sorted(packages))
    folder = CACHE / f"{release}-{hashlib.sha256(words.encode()).hexdigest()[:12]}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", release, folder, mirror()],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=3600,
        )
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        # What this machine trusts: a mirror or a package index may be behind its own certificate.
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", folder / "etc/ssl/certs/ca-certificates.crt")
        root = Root(folder)
        root.run("apt-get", "update")
        if packages:
            root.run("apt-get", "install", "-y", "--no-install-recommends", *packages)
        root.run("apt-get", "clean")
        root.run("useradd", "--create-home", "--uid", USER, "user")
        (folder / "ready").write_text(f"{time.monotonic() - started:.0f} s\n{words}\n")
    return Root(folder)
