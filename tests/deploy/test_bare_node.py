"""A head that has only Ray runs a submitted recipe: everything else is installed from deploy/runtime_env.yaml."""

import os
import shutil
import socket
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tokenmill.mini.world import write_mini

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_a_job_brings_its_environment(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=True)
    pip = [str(bare / "bin/python"), "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), "ray[default]"]
    subprocess.run(pip, check=True)
    write_mini(tmp_path / "crawl", pages=60, seed=2)
    sent = tmp_path / "sent"
    shutil.copytree(ROOT, sent, ignore=shutil.ignore_patterns(".*", "tests", "demo", "runs", "__pycache__"))
    recipe = (ROOT / "configs/mini.yaml").read_text().replace("demo/crawl", str(tmp_path / "crawl"))
    (sent / "configs/job.yaml").write_text(recipe)
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PYTHON"))}
    session = Path("/tmp") / f"tmb{os.getpid()}"  # short, because the path of a socket has at most 107 bytes
    environment = outside | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "ab" * 16, "RAY_USAGE_STATS_ENABLED": "0"}
    bare_environment = environment | {
        "PATH": f"{bare / 'bin'}{os.pathsep}{outside['PATH']}",
        "RAY_TMPDIR": str(session),
    }
    dashboard = free_port()
    start = ["ray", "start", "--head", "--block", "--port", str(free_port()), "--node-ip-address", "127.0.0.1",
             "--dashboard-host", "127.0.0.1", "--dashboard-port", str(dashboard), "--num-cpus", "2",
             "--dashboard-agent-listen-port", str(free_port()), "--dashboard-agent-grpc-port", str(free_port()),
             "--temp-dir", str(session)]  # fmt: skip
    head = subprocess.Popen(start, env=bare_environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert head.stdout is not None
        assert any("Ray runtime started" in line for line in head.stdout)
        submit = [sys.executable, "-m", "tokenmill", "submit", "configs/job.yaml", "--address",
                  f"http://127.0.0.1:{dashboard}", "--out", str(tmp_path / "runs"), "--runtime-env",
                  "deploy/runtime_env.yaml"]  # fmt: skip
        done = subprocess.run(submit, cwd=sent, env=environment, capture_output=True, text=True, timeout=1200)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (tmp_path / "runs/mini/tokens/corpus/manifest.json").exists()
    finally:
        head.terminate()
        head.wait(60)
        shutil.rmtree(session, ignore_errors=True)
