"""Folders that other users can write to: two users work side by side, and no planted link leads to another user's
file."""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from harness import JOB, STOPPED, TIMEOUT_S, USER_ERROR, wait_until

# Every file system claims to be NFS.
NETWORK = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/statfs.h>
int statfs(const char* path, struct statfs* about) {
    int (*real)(const char*, struct statfs*) = (int (*)(const char*, struct statfs*))dlsym(RTLD_NEXT, "statfs");
    int result = real(path, about);
    if (result == 0) about->f_type = 0x6969;
    return result;
}
"""
FIRST, SECOND = 4241, 4242
SMALL = ("-n", "2", "-q", "--set", "run.budget.members=10", "--set", "workers.durable=all")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can play two users")


class User:
    """Runs the program as another user, with a folder of that user and one for temporary files that all users share."""

    def __init__(self, number, place, binary, env):
        self.number, self.home, self.binary = number, place / f"home-{number}", binary
        self.home.mkdir()
        os.chown(self.home, number, number)
        self.env = env | {"TMPDIR": str(place / "tmp"), "HOME": str(self.home), "LD_PRELOAD": str(place / "network.so")}

    def words(self, *words):
        return [
            "setpriv",
            f"--reuid={self.number}",
            f"--regid={self.number}",
            "--clear-groups",
            self.binary,
            *map(str, words),
        ]

    def __call__(self, *words, code=0):
        done = subprocess.run(
            self.words(*words),
            cwd=self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *words):
        return subprocess.Popen(
            self.words(*words),
            cwd=self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@pytest.fixture
def users(stemma):
    """Two users, on a machine with one folder for temporary files, where every home is on NFS."""
    place = Path(tempfile.mkdtemp(prefix="stemma-users-"))
    place.chmod(0o755)
    (place / "tmp").mkdir()
    (place / "tmp").chmod(0o1777)
    (place / "network.c").write_text(NETWORK)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "network.so", "network.c", "-ldl"], cwd=place, check=True)
    shutil.copy(stemma.binary, place / "stemma")
    (place / "toy.toml").write_text(JOB)
    for file in ("stemma", "toy.toml", "network.so"):
        (place / file).chmod(0o755)
    yield [User(number, place, str(place / "stemma"), stemma.env) for number in (FIRST, SECOND)]
    shutil.rmtree(place)


def tmp(user):
    return Path(user.env["TMPDIR"])


def run_id(user, file):
    return re.search(r'"run_id": *"([0-9a-f]{16})"', user("export", file, "--json", "-").stdout).group(1)


def plant(target, name, victim):
    """`name`, a link to a file of the victim. The user who plants the link cannot write to that file."""
    precious = victim.home / "precious"
    precious.write_text("precious")
    os.chown(precious, victim.number, victim.number)
    name.symlink_to(target or precious)
    os.lchown(name, SECOND, SECOND)
    return precious


def test_two_users_of_one_node(users):
    searches = []
    for user in users:
        job = user.home.parent / "toy.toml"
        searches.append(
            user.start(
                "run", job, *SMALL, "-o", "r.h5", "--set", "run.budget.members=100000", "--set", "trainer.cost=10ms"
            )
        )
    for user, search in zip(users, searches):
        wait_until(lambda: (user.home / "r.h5").exists() or search.poll() is not None, "there is a run file")
        folder = tmp(user) / f"stemma-{user.number}"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and folder.stat().st_uid == user.number
    for user, search in zip(users, searches):
        user("stop", "r.h5")
        assert search.wait(TIMEOUT_S) == STOPPED
        user("resume", "r.h5", "-n", "1", "-q", "--members", 1)
        user("verify", "r.h5")


@pytest.mark.parametrize("in_the_way", ["a link", "another's folder", "a folder that all can write to", "a file"])
def test_what_stands_in_the_place_of_ones_own_folder_is_refused(users, in_the_way):
    victim, _ = users
    folder = tmp(victim) / f"stemma-{victim.number}"
    if in_the_way == "a link":
        folder.symlink_to(victim.home)
    elif in_the_way == "a file":
        folder.write_text("")
    else:
        folder.mkdir()
        folder.chmod(0o777 if "all" in in_the_way else 0o700)
        owner = victim.number if "all" in in_the_way else SECOND
        os.chown(folder, owner, owner)
    told = victim("run", victim.home.parent / "toy.toml", *SMALL, "-o", "r.h5", code=USER_ERROR).stderr
    assert str(folder) in told and "TMPDIR" in told
    assert not (victim.home / "r.h5").exists()


@pytest.mark.parametrize(
    "name", ["r.h5.{id}.resuming", "r.h5.{id}.lock", "r.h5.{id}", "r.h5.{id}.publishing", "r.h5.{id}.compacting"]
)
def test_links_planted_on_the_node(users, name):
    """In a folder that the victim named, and in which every user can write. Without a sticky bit the names can be
    cleared."""
    victim, _ = users
    shared = victim.home.parent / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    job = victim.home.parent / "toy.toml"
    victim("run", job, *SMALL, "-o", "r.h5", "--node-local", shared)
    precious = plant(None, shared / name.format(id=run_id(victim, "r.h5")), victim)
    refused = not name.endswith(("resuming", "publishing", "compacting"))
    told = victim(
        "resume", "r.h5", "-n", "1", "-q", "--members", 12, "--node-local", shared, code=USER_ERROR if refused else 0
    ).stderr
    assert precious.read_text() == "precious"
    assert not refused or "link" in told
    victim("verify", "r.h5")


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "r.h5.lock",
        "r.h5.creating",
        "r.h5.compacting",
        "r.h5.control",
        "r.h5.logs/rank-0.log",
        "r.h5.logs/rank-1.log",
        "r.h5.snapshots/00000000.segment",
        "r.h5.publishing",
    ],
)
def test_links_planted_beside_the_run_file(users, name, sticky):
    victim, _ = users
    shared = victim.home.parent / "shared"
    for folder in (shared, (shared / name).parent):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o1777 if sticky else 0o777)
    precious = plant(None, shared / name, victim)
    job = victim.home.parent / "toy.toml"
    node = ("--node-local", "none") if name != "r.h5.publishing" else ()
    search = subprocess.run(
        victim.words("run", job, *SMALL, "-o", shared / "r.h5", *node),
        cwd=victim.home,
        env=victim.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if (shared / "r.h5").exists():
        subprocess.run(
            victim.words("budget", shared / "r.h5", "--members", 20),
            cwd=victim.home,
            env=victim.env,
            capture_output=True,
            check=False,
        )
    assert search.returncode in (0, USER_ERROR), search.stderr
    assert precious.read_text() == "precious", search.stderr


@pytest.mark.parametrize("name", ["r.h5.asked", "r.h5.asked/lock", "r.h5.asked/0.json"])
def test_links_planted_where_asked_leases_lie(users, name):
    victim, _ = users
    shared = victim.home.parent / "shared"
    for folder in (shared, (shared / name).parent):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
    (victim.home.parent / "ask.toml").write_text(JOB.replace('type = "toy"', 'type = "ask"'))
    precious = plant(victim.home if name.endswith("asked") else None, shared / name, victim)
    done = subprocess.run(
        victim.words("ask", shared / "r.h5", "--job", victim.home.parent / "ask.toml"),
        cwd=victim.home,
        env=victim.env,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert precious.read_text() == "precious"
    assert sorted(path.name for path in victim.home.iterdir()) == ["precious"], done.stderr
