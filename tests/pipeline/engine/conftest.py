"""A real Ray cluster of several nodes, each a network namespace with its own host name; nothing outside can see it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

TOKEN = "0123456789abcdef0123456789abcdef"


@dataclass
class Cluster:
    """Nodes 0 (the head), 1, 2, …; each has one CPU unless `cpus` says otherwise."""

    scratch: Path
    nodes: int = 3
    cpus: int = 1
    name: str = field(default_factory=lambda: f"tm{os.getpid()}")
    more: dict[int, list[str]] = field(default_factory=dict)  # further arguments of `ray start`, by node
    extra: dict[str, str] = field(default_factory=dict)  # further environment variables

    @property
    def address(self) -> str:
        return f"{self._ip(0)}:6379"

    @property
    def dashboard(self) -> str:
        return f"http://{self._ip(0)}:8265"

    @property
    def environment(self) -> dict[str, str]:
        quiet = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONUNBUFFERED": "1"}
        outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        outside["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return outside | quiet | self.extra | {"RAY_AUTH_MODE": "token", "RAY_TMPDIR": str(self._session)}

    def lay_wires(self) -> None:
        bridge = f"{self.name}b"
        _ip("netns", "add", bridge)
        _ip("-n", bridge, "link", "add", "br0", "type", "bridge")
        _ip("-n", bridge, "link", "set", "br0", "up")
        for node in range(self.nodes):
            space, port = self._space(node), f"p{node}"
            _ip("netns", "add", space)
            _ip("link", "add", f"v{node}", "netns", space, "type", "veth", "peer", "name", port, "netns", bridge)
            _ip("-n", bridge, "link", "set", port, "master", "br0", "up")
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("-n", space, "addr", "add", f"{self._ip(node)}/24", "dev", f"v{node}")
            _ip("-n", space, "link", "set", f"v{node}", "up")

    def start(self) -> None:
        for node in range(self.nodes):
            self.start_node(node)

    def start_node(self, node: int) -> None:
        own = ["--node-ip-address", self._ip(node), "--num-cpus", str(self.cpus), "--object-store-memory", "80000000"]
        role = ["--address", self.address]
        if node == 0:
            role = ["--head", "--port", "6379", "--dashboard-host", self._ip(0), "--temp-dir", str(self._session)]
        started = self.command(node, "ray", "start", *role, *own, *self.more.get(node, []))
        output, _ = started.communicate(timeout=120)
        assert started.returncode == 0, output

    def command(self, node: int, *words: str, cwd: Path | None = None, token: str = TOKEN) -> "subprocess.Popen[str]":
        """Starts a command on a node, with its output and errors together in one pipe."""
        inside = ["ip", "netns", "exec", self._space(node), "unshare", "--uts", "sh", "-c",
                  f'hostname node{node}; exec "$@"', "sh", *words]  # fmt: skip
        return subprocess.Popen(
            inside,
            cwd=cwd,
            env=self.environment | {"RAY_AUTH_TOKEN": token},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def pipeline(self, *words: str, cwd: Path, node: int = 0, token: str = TOKEN) -> "subprocess.Popen[str]":
        return self.command(node, sys.executable, "-m", "tokenmill", *words, cwd=cwd, token=token)

    def kill_node(self, node: int) -> None:
        """Kills all processes of the node at once."""
        for pid in self._pids(node):
            _kill(pid)

    def kill_a_worker(self, random: Random) -> bool:
        """Kills one process of Ray that runs tasks, on any node. Returns False if no such process runs."""
        every = [(pid, _title(pid)) for node in range(self.nodes) for pid in self._pids(node)]
        workers = [pid for pid, title in every if title.startswith("ray::") and "Agent" not in title]
        if workers:
            _kill(random.choice(workers))
        return bool(workers)

    def stop(self) -> None:
        for node in range(self.nodes):
            self.kill_node(node)

    def close(self) -> None:
        self.stop()
        for space in [*map(self._space, range(self.nodes)), f"{self.name}b"]:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        shutil.rmtree(self._session, ignore_errors=True)

    @property
    def _session(self) -> Path:
        return Path("/tmp") / self.name  # short, because the path of a socket has at most 107 bytes

    def _space(self, node: int) -> str:
        return f"{self.name}n{node}"

    def _ip(self, node: int) -> str:
        return f"10.231.7.{node + 1}"

    def _pids(self, node: int) -> list[int]:
        said = subprocess.run(["ip", "netns", "pids", self._space(node)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in said.stdout.split()]


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it ended before


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _can_make_namespaces() -> bool:
    if shutil.which("ip") is None or shutil.which("unshare") is None or os.geteuid() != 0:
        return False
    probe = f"tm{os.getpid()}probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode == 0
    subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return made


@pytest.fixture(scope="module")
def cluster_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Cluster]]:
    """Returns a function that makes clusters, which are not yet started. Stops and removes them afterwards."""
    if not _can_make_namespaces():
        pytest.skip("needs root and iproute2, to give each node a network namespace")
    made: list[Cluster] = []

    def make(**options: Any) -> Cluster:
        made.append(Cluster(tmp_path_factory.mktemp("cluster"), **options))
        made[-1].lay_wires()
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            one.close()


@pytest.fixture(scope="module")
def cluster(cluster_of: Callable[..., Cluster]) -> Cluster:
    """Returns a running cluster of three nodes."""
    made = cluster_of(more={2: ["--num-gpus", "1", "--resources", '{"fast_disk": 1}']})
    made.start()
    return made
