"""On a cluster of three nodes a run gives the bytes it gives on one machine, whatever dies."""

import hashlib
import json
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tokenmill.mini.world import write_mini
from tokenmill.pipeline.engine.local import LocalPool
from tokenmill.pipeline.progress import progress_for
from tokenmill.pipeline.recipe import load_recipe
from tokenmill.pipeline.run import Options, run

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mini-crawl, a recipe, and in `local` what a run on this machine alone makes of it."""
    folder = tmp_path_factory.mktemp("world")
    write_mini(folder / "demo" / "crawl", pages=120, seed=5)
    text = (CONFIGS / "mini.yaml").read_text().replace("demo/crawl", str(folder / "demo/crawl"))
    (folder / "mini.yaml").write_text(text)
    pool = LocalPool(2)
    try:
        assert not run(
            load_recipe(folder / "mini.yaml"), pool, Options(out=str(folder / "local")), progress_for("none")
        ).failures
    finally:
        pool.close()
    return folder


def digests(run_folder: Path) -> dict[str, str]:
    """SHA-256 of every data file, drop record and corpus file."""
    files = [p for p in run_folder.rglob("*") if p.is_file() and {"data", "dropped", "corpus"} & set(p.parts)]
    return {str(p.relative_to(run_folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(files)}


def ended(driver: Any, seconds: float = 300) -> str:
    """The output of a driver that ended well."""
    output, _ = driver.communicate(timeout=seconds)
    assert driver.returncode == 0, output
    return str(output)


def test_a_cluster_gives_the_bytes_of_one_machine(cluster: Any, world: Path) -> None:
    command = ["run", "mini.yaml", "--engine", "ray", "--address", cluster.address, "--out", "whole"]
    ended(cluster.pipeline(*command, cwd=world))
    assert digests(world / "whole/mini") == digests(world / "local/mini")
    hosts = {json.loads(path.read_text())["host"]["name"] for path in (world / "whole").rglob("manifest/*.json")}
    assert hosts > {"node0"} and hosts <= {"node0", "node1", "node2"}
    again = ended(cluster.pipeline(*command, cwd=world))
    assert again.count("already done") == 5


@pytest.mark.parametrize("seed", [1])
def test_whatever_dies_the_bytes_are_the_same(cluster: Any, world: Path, seed: int) -> None:
    """Workers, nodes, the driver and the head are killed at random; what died is started again, as people would."""
    random = Random(seed)
    events = ["worker", "worker", "node", "driver", "worker", "head", "node"]
    random.shuffle(events)
    command = ["run", "mini.yaml", "--engine", "ray", "--address", cluster.address, "--out", f"killed{seed}"]
    driver = cluster.pipeline(*command, cwd=world)
    try:
        for event in events:
            time.sleep(random.uniform(1.0, 6.0))
            if driver.poll() is not None:
                driver = cluster.pipeline(
                    *command, cwd=world
                )  # it had ended; there is nothing left to do, which is fine
            if event == "worker":
                cluster.kill_a_worker(random)
            elif event == "node":
                node = random.choice([1, 2])
                cluster.kill_node(node)
                cluster.start_node(node)
            elif event == "driver":
                driver.kill()
                driver.communicate(timeout=60)
                driver = cluster.pipeline(*command, cwd=world)
            else:
                cluster.stop()  # the driver runs on the head's node
                driver.communicate(timeout=60)
                cluster.start()
                driver = cluster.pipeline(*command, cwd=world)
        ended(driver)
    finally:
        driver.kill()
    assert digests(world / f"killed{seed}/mini") == digests(world / "local/mini")
