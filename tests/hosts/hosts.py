"""Several hosts on this machine: each is a set of namespaces (network, name, mounts), joined by a bridge.

Each host has its own address, name, /tmp and /dev/shm. mpirun starts its daemons on the others by agent.sh, so that
every byte between hosts goes through TCP."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import open_mpi5
from harness import ROOT, Started, alive, wait_until

HERE = Path(__file__).resolve().parent
NEEDED = ("ip", "unshare", "nsenter", "mpirun")


class CannotMake(Exception):
    """Namespaces may not be made here; says why."""


def _tool(*words):
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True).stdout


class Host:
    def __init__(self, name, address, process, link, folder):
        self.name, self.address, self.process, self.pid = name, address, process, process.pid
        self.link, self.folder = link, folder

    def words(self, words):
        """The command that runs `words` on this host."""
        enter = ["nsenter", "--target", str(self.pid), "--net", "--uts", "--mount", "--ipc"]
        return [*enter, "env", f"--chdir={self.folder}", *map(str, words)]

    def run(self, *words, **options):
        return subprocess.run(self.words(words), capture_output=True, text=True, check=True, **options).stdout

    def apart_from_workers(self, apart):
        """While apart, this host reaches only hosts that are not apart themselves."""
        _tool("ip", "link", "set", self.link, "type", "bridge_slave", "isolated", "on" if apart else "off")

    def link_down(self):
        """As if the cable was pulled: no side is told."""
        _tool("ip", "link", "set", self.link, "down")

    def link_up(self):
        _tool("ip", "link", "set", self.link, "up")

    def processes(self):
        """Those in this host's network, its first one excepted."""
        mine = os.stat(f"/proc/{self.pid}/ns/net").st_ino
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.stat(entry / "ns/net").st_ino == mine and int(entry.name) != self.pid:
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def ranks(self):
        """{rank: process id} of the MPI processes on this host."""
        found = {}
        for pid in self.processes():
            try:
                environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                program = os.readlink(f"/proc/{pid}/exe")
            except OSError:
                continue
            rank = [int(item.split(b"=")[1]) for item in environment if item.startswith(b"OMPI_COMM_WORLD_RANK=")]
            if rank and Path(program).name == "stemma":
                found.setdefault(rank[0], pid)
        return found

    def power_off(self):
        """The link goes first, so that no process can say goodbye."""
        self.link_down()
        victims = self.processes()
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: not any(alive(pid) for pid in victims), f"{self.name} is off")


class Hosts:
    """`count` hosts that share `folder` and the program's tree: hosts.hosts[0] is where mpirun starts."""

    def __init__(self, count, folder, alone=(), ulfm=False):
        """Hosts whose numbers (0, 1, ..) are in `alone` see only `folder`/home, and have the rest for themselves. With
        `ulfm`, ranks are started by Open MPI 5 and learn of deaths from MPI."""
        missing = [program for program in NEEDED if not shutil.which(program)]
        if missing:
            raise CannotMake(f"no {', '.join(missing)}")
        if os.geteuid() != 0:
            raise CannotMake("only root may make network namespaces with a bridge")
        self.folder, self.ulfm = folder, ulfm
        self.state = folder / "hosts"
        self.state.mkdir()
        (folder / "home").mkdir(exist_ok=True)
        self.hosts = []
        # Names of links have 15 characters at most, and other tests make links at the same time.
        self.mark = f"{os.getpid() % 100000}{time.monotonic_ns() % 1000}"
        self.bridge = f"sb{self.mark}"
        self.network = f"10.{77 + os.getpid() % 100}.{time.monotonic_ns() % 250}"
        names = [(f"host{i}", f"{self.network}.{i}") for i in range(1, count + 1)]
        (self.state / "hosts").write_text(
            "127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in names)
        )
        try:
            _tool("ip", "link", "add", self.bridge, "type", "bridge")
            _tool("ip", "link", "set", self.bridge, "up")
            for i, (name, address) in enumerate(names):
                self.hosts.append(self._up(i, name, address, [ROOT, folder / "home" if i in alone else folder]))
        except subprocess.CalledProcessError as error:
            self.down()
            raise CannotMake(error.stderr.strip()) from error

    def _up(self, number, name, address, shared):
        (self.state / name / "tmp" / self.folder.relative_to("/tmp")).mkdir(parents=True)
        words = ["unshare", "--net", "--uts", "--mount", "--ipc", "--propagation", "private", HERE / "host.sh"]
        words += [name, self.state / name, self.state / "hosts", *shared]
        first = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if first.stdout.readline() != "ready\n":
            raise subprocess.CalledProcessError(first.wait(), words, stderr=first.stderr.read())
        (self.state / f"{name}.pid").write_text(f"{first.pid}\n")
        link = f"sv{number}{self.mark}"
        _tool("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", first.pid)
        _tool("ip", "link", "set", link, "master", self.bridge, "up")
        host = Host(name, address, first, link, self.folder)
        host.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
        host.run("ip", "link", "set", "eth0", "up")
        host.run("ip", "link", "set", "lo", "up")
        return host

    def down(self):
        for host in self.hosts:
            host.power_off()
            host.process.kill()
            host.process.communicate()
            subprocess.run(["ip", "link", "delete", host.link], capture_output=True, check=False)
        subprocess.run(["ip", "link", "delete", self.bridge], capture_output=True, check=False)

    def before(self, host, *words):
        """Daemons on `host` are started by these words, from now on."""
        (self.state / f"{host.name}.before").write_text(" ".join(map(str, words)))

    def mpirun(self, slots, binary, *words, env=None, options=()):
        """Starts the program with slots[i] ranks on host i, from the first host that has any."""
        used = [(host, count) for host, count in zip(self.hosts, slots) if count > 0]
        placed = ",".join(f"{host.name}:{count}" for host, count in used)
        env = dict(os.environ if env is None else env)
        env.pop("OMPI_MCA_btl_tcp_if_include", None)
        env |= {"STEMMA_TEST_HOSTS": str(self.state)}
        if self.ulfm:
            env |= open_mpi5.environment()
            mpirun = [*open_mpi5.MPIRUN, "--prtemca", "prte_ssh_agent", HERE / "agent.sh"]
            mpirun += ["--prtemca", "prte_if_include", "eth0"]
        else:
            mpirun = ["mpirun", "--bind-to", "none", "--enable-recovery", "--mca", "plm_rsh_agent", HERE / "agent.sh"]
            mpirun += ["--mca", "oob_tcp_if_include", "eth0"]
        mpirun += ["-n", sum(slots), "--host", placed, "--mca", "btl_tcp_if_include", "eth0"]
        mpirun += ["-x", "STEMMA_EXIT_CODE_FILE", *options]
        return Started(used[0][0].words([*mpirun, binary, *words]), self.folder, env)
