"""The main job on an S3 store gives the same bytes as on a local disk, with faults, kills, and inputs on the store."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenmill.core.io import remote, storage
from tokenmill.core.io.s3 import filesystem
from tokenmill.mini.world import write_mini

if TYPE_CHECKING:
    from faulty_s3 import Store

CONFIG = Path(__file__).parents[1] / "configs" / "mini.yaml"
COVERED = ("data", "dropped", "corpus")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with a mini-crawl, a recipe for it, and in `local` the results of a run on the local disk."""
    folder = tmp_path_factory.mktemp("world")
    write_mini(folder / "demo" / "crawl", pages=120, seed=5)
    (folder / "mini.yaml").write_text(CONFIG.read_text())
    pipeline(folder, "run", "mini.yaml", "--out", "local", "--workers", "2")
    return folder


def pipeline(folder: Path, *arguments: str, fails: int = 0, **environment: str) -> str:
    """Returns standard output, or standard error if `fails` is set. Checks that the exit code is `fails`."""
    command = [sys.executable, "-m", "tokenmill", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == fails, done.stderr
    return done.stderr if fails else done.stdout


def local_files(run: Path) -> dict[str, str]:
    files = (path for path in run.rglob("*") if path.is_file() and {*COVERED} & set(path.relative_to(run).parts))
    return {str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def stored_files(run: str) -> dict[str, str]:
    fs, inner = remote.place(run)
    names = (path.removeprefix(f"{inner}/") for path in fs.find(inner))
    covered = [name for name in names if {*COVERED} & set(name.split("/"))]
    contents = storage.read_many(f"{run}/{name}" for name in covered)
    return {name: hashlib.sha256(content or b"").hexdigest() for name, content in zip(covered, contents, strict=True)}


@pytest.mark.slow
def test_a_run_through_faults_gives_the_same_bytes_and_every_command_reads_it(
    world: Path, bucket: str, s3_server: "Store", tmp_path: Path
) -> None:
    from faulty_s3 import Faults

    s3_server.faults = faults = Faults(seed=3, rate=0.03)
    pipeline(world, "run", "mini.yaml", "--out", bucket, "--workers", "2")
    s3_server.faults = Faults()
    assert sum(faults.met.values()) > 10 and len([kind for kind, times in faults.met.items() if times]) >= 5
    assert stored_files(f"{bucket}/mini") == local_files(world / "local/mini")
    assert filesystem().list_multipart_uploads(bucket.removeprefix("s3://")) == []
    run, corpus, local = f"{bucket}/mini", f"{bucket}/mini/tokens/corpus", "local/mini"

    def without_seconds(out: str) -> list[dict[str, object]]:
        return [
            {k: v for k, v in one.items() if k not in ("seconds", "peak_rss_bytes", "by_node")}
            for one in json.loads(out)
        ]

    assert without_seconds(pipeline(world, "report", run, "--json")) == without_seconds(
        pipeline(world, "report", local, "--json")
    )
    for command in (("audit", "RUN"), ("what-if", "RUN", "gopher_quality.min_words=60"), ("dedup", "audit", "RUN")):
        here, there = (
            [run if part == "RUN" else part for part in command],
            [local if p == "RUN" else p for p in command],
        )
        assert pipeline(world, *here).replace(run, local) == pipeline(world, *there)
    dropped = pq.read_table(world / local / "quality" / "dropped").column("id")[0].as_py()
    assert pipeline(world, "explain", run, dropped) == pipeline(world, "explain", local, dropped)
    assert json.loads(pipeline(world, "diff", run, local, "--json"))
    assert "verified" in pipeline(world, "tokens", "verify", corpus)
    assert pipeline(world, "tokens", "stats", corpus) == pipeline(world, "tokens", "stats", f"{local}/tokens/corpus")
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    assert pipeline(world, "tokens", "cat", corpus, **cache) == pipeline(
        world, "tokens", "cat", f"{local}/tokens/corpus"
    )
    assert list(tmp_path.rglob("*.bin"))
    pipeline(world, "dedup", "index", run, "--out", f"{bucket}/index")
    assert "already done" in pipeline_errors(world, "run", "mini.yaml", "--out", bucket)
    storage.write_bytes(f"{corpus}/train/000000.bin", b"not a shard")
    assert f"{corpus}/train/000000" in pipeline(world, "tokens", "verify", corpus, fails=1)


def pipeline_errors(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "tokenmill", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stderr


@pytest.mark.slow
def test_killed_and_resumed_on_the_store_gives_the_same_bytes(world: Path, bucket: str, s3_server: "Store") -> None:
    from faulty_s3 import Faults

    s3_server.faults = Faults(seed=4, rate=0.02, kinds=("500", "SlowDown", "reset", "lost answer", "cut body"))
    command = [sys.executable, "-m", "tokenmill", "run", "mini.yaml", "--out", bucket, "--workers", "2"]
    random = Random(1)
    for _ in range(4):
        driver = subprocess.Popen(command, cwd=world, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(4, 12))
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    pipeline(world, "run", "mini.yaml", "--out", bucket, "--workers", "2")
    assert stored_files(f"{bucket}/mini") == local_files(world / "local/mini")


@pytest.mark.slow
def test_a_ray_cluster_on_the_store_gives_the_same_bytes_through_faults(
    world: Path, bucket: str, s3_server: "Store"
) -> None:
    pytest.importorskip("ray")
    from faulty_s3 import Faults

    s3_server.faults = Faults(seed=5, rate=0.03)
    pipeline(world, "run", "mini.yaml", "--out", bucket, "--engine", "ray", "--workers", "2")
    assert sum(s3_server.faults.met.values()) > 10
    assert stored_files(f"{bucket}/mini") == local_files(world / "local/mini")


@pytest.mark.slow
def test_a_second_driver_on_the_store_is_refused(world: Path, bucket: str) -> None:
    command = [sys.executable, "-m", "tokenmill", "run", "mini.yaml", "--out", bucket, "--workers", "1"]
    first = subprocess.Popen(command, cwd=world, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not storage.exists(f"{bucket}/mini/lock") and time.monotonic() < deadline:
            time.sleep(0.1)
        said = pipeline(world, "run", "mini.yaml", "--out", bucket, "--workers", "1", fails=2)
        assert f"this run is being worked on by process {first.pid} on" in said
        _, errors = first.communicate(timeout=300)
        assert first.returncode == 0, errors
    finally:
        first.kill()
    assert stored_files(f"{bucket}/mini") == local_files(world / "local/mini")
    assert not storage.exists(f"{bucket}/mini/lock")


@pytest.mark.slow
def test_inputs_on_the_store_give_the_same_documents_and_tokens(world: Path, bucket: str) -> None:
    """Everything is equal except the place of a record: the locator names the file as the recipe does."""
    for path in sorted((world / "demo/crawl").rglob("*")):
        if path.is_file():
            storage.write_bytes(f"{bucket}/crawl/{path.relative_to(world / 'demo/crawl')}", path.read_bytes())
    text = CONFIG.read_text().replace("demo/crawl", f"{bucket}/crawl")
    (world / "stored.yaml").write_text(text)
    pipeline(world, "run", "stored.yaml", "--out", "from_store", "--workers", "2")
    mine, theirs = world / "from_store/mini", world / "local/mini"
    names = [name for name in local_files(theirs) if not name.endswith((".docs", "manifest.json"))]
    assert sorted(local_files(mine)) == sorted(local_files(theirs))
    for name in names:
        if not name.endswith(".parquet"):
            assert (mine / name).read_bytes() == (theirs / name).read_bytes(), name
            continue
        here, there = pq.read_table(mine / name), pq.read_table(theirs / name)
        assert without_place(here) == without_place(there), name
    pipeline(world, "run", "stored.yaml", "--out", f"{bucket}/runs", "--workers", "2")
    assert stored_files(f"{bucket}/runs/mini") == local_files(mine)


def without_place(table: pa.Table) -> list[dict[str, object]]:
    rows = table.to_pylist()
    for row in rows:
        if row.get("locator"):
            row["locator"]["file"] = os.path.basename(row["locator"]["file"])
    return rows


@pytest.mark.slow
def test_a_denied_write_stops_the_run_with_one_error(world: Path, bucket: str, s3_server: "Store") -> None:
    from faulty_s3 import Faults

    s3_server.faults = Faults(denied=(("PUT", "/quality/data/"),))
    said = pipeline(world, "run", "mini.yaml", "--out", bucket, "--workers", "2", fails=2)
    errors = [line for line in said.splitlines() if "denied" in line]
    assert len(errors) == 1
    assert errors[0].startswith("error: ") and f"{bucket}/mini/quality/data/00000" in errors[0] and "write" in errors[0]
    assert "Traceback" not in said and s3_server.environment()["AWS_SECRET_ACCESS_KEY"] not in said


@pytest.mark.slow
def test_no_credential_is_in_any_file_of_a_run(world: Path, bucket: str, s3_server: "Store") -> None:
    pipeline(world, "run", "mini.yaml", "--out", bucket, "--workers", "2", "--stage", "web")
    fs, inner = remote.place(f"{bucket}/mini")
    contents = storage.read_many(f"s3://{path}" for path in fs.find(inner))
    environment = s3_server.environment()
    for secret in (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]):
        assert not any(secret.encode() in (content or b"") for content in contents)
