"""A cluster without a worker grows by Ray's own autoscaler when a run starts, and the run gives the same bytes."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tokenmill.mini.world import write_mini
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import LocalPool
from tokenmill.pipeline.planning.recipe import load_recipe

pytestmark = pytest.mark.slow

HEAD = "f" * 51 + "00000"  # the head's id in Ray's provider of nodes on one machine
UNUSED = ("initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands",
          "head_start_ray_commands", "worker_start_ray_commands", "cluster_synced_files")  # fmt: skip


@pytest.fixture
def growing(cluster_of: Any, tmp_path: Path) -> Any:
    """Returns a cluster whose head has no CPUs and whose autoscaler may start two nodes of one CPU each."""
    config = tmp_path / "autoscaling.json"
    made = cluster_of(
        nodes=1,
        cpus=0,
        more={0: ["--autoscaling-config", str(config)]},
        extra={"RAY_FAKE_CLUSTER": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1", "RAY_OVERRIDE_NODE_ID_FOR_TESTING": HEAD},
    )
    provider = {"type": "fake_multinode", "gcs_address": made.address, "head_node_id": HEAD, "launch_multiple": True,
                "disable_node_updaters": True, "disable_launch_config_check": True}  # fmt: skip
    kinds = {
        "head": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
        "worker": {"resources": {"CPU": 1, "object_store_memory": 80_000_000}, "node_config": {}, "max_workers": 2},
    }
    unused: dict[str, Any] = {name: [] for name in UNUSED} | {"head_node": {}, "worker_nodes": {}, "file_mounts": {}}
    more = {"cluster_name": "growing", "max_workers": 2, "idle_timeout_minutes": 5, "upscaling_speed": 10, "auth": {}}
    whole = unused | more | {"provider": provider, "available_node_types": kinds, "head_node_type": "head"}
    config.write_text(json.dumps(whole))
    made.start()
    return made


def test_a_run_makes_the_cluster_grow_to_what_it_needs(growing: Any, tmp_path: Path) -> None:
    write_mini(tmp_path / "crawl", pages=60, seed=5)
    recipe = tmp_path / "mini.yaml"
    text = (Path(__file__).parents[3] / "configs" / "mini.yaml").read_text()
    recipe.write_text(text.replace("demo/crawl", str(tmp_path / "crawl")))
    command = ["run", str(recipe), "--engine", "ray", "--address", growing.address, "--out", "grown"]
    assert cpus(growing) == 0
    driver = growing.pipeline(*command, cwd=tmp_path)
    said, _ = driver.communicate(timeout=180)
    assert driver.returncode == 0, said
    assert cpus(growing) == 2, said
    pool = LocalPool(1)
    try:
        assert not run(load_recipe(recipe), pool, Options(out=str(tmp_path / "local")), progress_for("none")).failures
    finally:
        pool.close()
    grown, local = (sorted((tmp_path / name).rglob("corpus/**/*.bin")) for name in ("grown", "local"))
    assert local and [path.read_bytes() for path in grown] == [path.read_bytes() for path in local]


def cpus(cluster: Any) -> int:
    """Returns the number of CPUs of all its nodes together."""
    asked = "import ray; ray.init('auto', logging_level=40); print('CPUs', ray.cluster_resources().get('CPU', 0))"
    said, _ = cluster.command(0, sys.executable, "-c", asked).communicate(timeout=60)
    return int(float(said.rpartition("CPUs ")[2].split()[0]))
