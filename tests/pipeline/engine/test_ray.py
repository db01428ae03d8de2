"""A run on a cluster of three nodes gives the same bytes as on one machine, whatever dies."""

import hashlib
import json
import re
import signal
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tokenmill.mini.world import write_mini
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import LocalPool
from tokenmill.pipeline.planning.recipe import load_recipe

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with a mini-crawl, a recipe, and in `local` the results of a run on this machine alone."""
    folder = tmp_path_factory.mktemp("world")
    write_mini(folder / "demo" / "crawl", pages=120, seed=5)
    text = (CONFIGS / "mini.yaml").read_text().replace("demo/crawl", str(folder / "demo/crawl"))
    # One task per file, so that there is more to kill.
    text = text.replace("source: web}", "source: web, shard_bytes: 65536}")
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
    """Returns {path: SHA-256} of every data file, drop record and corpus file."""
    files = [p for p in run_folder.rglob("*") if p.is_file() and {"data", "dropped", "corpus"} & set(p.parts)]
    return {str(p.relative_to(run_folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(files)}


def ended(driver: Any, seconds: float = 300) -> str:
    """Returns the output of a driver. Checks that it ended well."""
    output, _ = driver.communicate(timeout=seconds)
    assert driver.returncode == 0, output
    return str(output)


def test_a_cluster_gives_the_bytes_of_one_machine(cluster: Any, world: Path) -> None:
    command = ["run", "mini.yaml", "--engine", "ray", "--address", cluster.address, "--out", "whole"]
    ended(cluster.pipeline(*command, cwd=world))
    assert digests(world / "whole/mini") == digests(world / "local/mini")
    hosts = {json.loads(path.read_text())["host"]["name"] for path in (world / "whole").rglob("manifest/*.json")}
    assert hosts > {"node0"} and hosts <= {"node0", "node1", "node2"}
    report = ended(cluster.pipeline("report", "whole/mini", cwd=world))
    assert "slowest / median" in report and all(host in report for host in hosts)
    again = ended(cluster.pipeline(*command, cwd=world))
    assert again.count("already done") == 5


@pytest.mark.parametrize("seed", [1])
def test_whatever_dies_the_bytes_are_the_same(cluster: Any, world: Path, seed: int) -> None:
    """Workers, nodes, the driver and the head are killed at random and started again, as people would do it."""
    random = Random(seed)
    events = ["worker", "worker", "node", "driver", "worker", "head", "node"]
    random.shuffle(events)
    command = ["run", "mini.yaml", "--engine", "ray", "--address", cluster.address, "--out", f"killed{seed}"]
    driver = cluster.pipeline(*command, cwd=world)
    try:
        for event in events:
            time.sleep(random.uniform(1.0, 6.0))
            if driver.poll() is not None:
                # It had already ended; then the new one has nothing to do.
                driver = cluster.pipeline(*command, cwd=world)
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


def test_a_second_driver_is_refused_on_whichever_node_it_starts(cluster: Any, world: Path) -> None:
    command = ["run", "mini.yaml", "--engine", "ray", "--address", cluster.address, "--out", "twice"]
    first = cluster.pipeline(*command, cwd=world)
    try:
        assert wait_for(world / "twice/mini/lock")
        second = cluster.pipeline(*command, cwd=world, node=1)
        output, _ = second.communicate(timeout=120)
        assert second.returncode == 2 and "this run is being worked on by process" in output and "on node0" in output
        ended(first)
    finally:
        first.kill()
    assert digests(world / "twice/mini") == digests(world / "local/mini")


def test_stages_go_where_their_resources_are(cluster: Any, world: Path) -> None:
    """The stage `quality` requests a resource that only node 2 has."""
    text = (world / "mini.yaml").read_text()
    start, end = text.index("  quality:\n"), text.index("  dedup:\n")
    steps = text[start:end].removeprefix("  quality:\n").replace("    -", "      -")
    placed = f"  quality:\n    resources: {{fast_disk: 0.5}}\n    steps:\n{steps}"
    (world / "placed.yaml").write_text(text[:start] + placed + text[end:])
    ended(cluster.pipeline(
        "run", "placed.yaml", "--engine", "ray", "--address", cluster.address, "--out", "placed", cwd=world
    ))  # fmt: skip
    made = [json.loads(path.read_text())["host"]["name"] for path in (world / "placed/mini/quality/manifest").iterdir()]
    assert set(made) == {"node2"}
    assert digests(world / "placed/mini") == digests(world / "local/mini")


def test_a_submitted_job_gives_its_log_and_its_exit_code(cluster: Any, world: Path) -> None:
    """The recipe is sent with the job; the head requires a token, and the package is installed there."""
    sent = world / "sent"
    sent.mkdir()
    (sent / "job.yaml").write_text((world / "mini.yaml").read_text())
    (sent / "wrong.yaml").write_text("run: wrong\nstages: {a: [filters.gopher_qualty]}\n")
    submit = ["submit", "job.yaml", "--address", cluster.dashboard, "--out", str(world / "job")]
    done = ended(cluster.pipeline(*submit, cwd=sent))
    assert re.search(r"tokens: done, (\d+)/\1 shards", done) and "next: pipeline report" in done
    assert digests(world / "job/mini") == digests(world / "local/mini")
    wrong = cluster.pipeline("submit", "wrong.yaml", *submit[2:], cwd=sent)
    output, _ = wrong.communicate(timeout=120)
    assert wrong.returncode == 2 and "did you mean 'filters.gopher_quality'" in output


def test_a_job_that_was_interrupted_here_continues_and_is_followed_again(cluster: Any, world: Path) -> None:
    submit = ["submit", "mini.yaml", "--address", cluster.dashboard, "--out", str(world / "followed")]
    driver = cluster.pipeline(*submit, cwd=world)
    job = next(line for line in driver.stdout if line.startswith("job: ")).removeprefix("job: ").strip()
    assert wait_for(world / "followed/mini/lock")
    # `ip netns exec`, `unshare` and `sh` have each replaced themselves, so that the signal reaches the program.
    driver.send_signal(signal.SIGINT)
    output, _ = driver.communicate(timeout=60)
    assert driver.returncode == 130 and f"pipeline submit --follow {job} --address" in output, output
    again = ended(cluster.pipeline("submit", "--follow", job, "--address", cluster.dashboard, cwd=world))
    assert re.search(r"tokens: done, (\d+)/\1 shards", again)
    assert digests(world / "followed/mini") == digests(world / "local/mini")
    unknown = cluster.pipeline("submit", "--follow", "job_0", "--address", cluster.dashboard, cwd=world)
    output, _ = unknown.communicate(timeout=60)
    assert unknown.returncode == 1 and "no job 'job_0'" in output and "Traceback" not in output


def test_ray_job_submit_runs_the_pipeline(cluster: Any, world: Path) -> None:
    sent = world / "by_ray"
    sent.mkdir()
    (sent / "job.yaml").write_text((world / "mini.yaml").read_text())
    submit = ["ray", "job", "submit", "--address", cluster.dashboard, "--working-dir", ".", "--"]
    words = [*submit, "pipeline", "run", "job.yaml", "--engine", "ray", "--out", str(world / "by_ray_out")]
    output = ended(cluster.command(0, *words, cwd=sent))
    assert re.search(r"tokens: done, (\d+)/\1 shards", output) and "succeeded" in output
    assert digests(world / "by_ray_out/mini") == digests(world / "local/mini")
    failing = cluster.command(0, *[word.replace("job.yaml", "absent.yaml") for word in words], cwd=sent)
    output, _ = failing.communicate(timeout=120)
    assert failing.returncode != 0 and "cannot read the recipe" in output


def test_without_the_token_the_cluster_is_closed(cluster: Any, world: Path) -> None:
    stranger = cluster.pipeline(
        "submit", "mini.yaml", "--address", cluster.dashboard, "--out", "x", cwd=world, token="f" * 32
    )
    output, _ = stranger.communicate(timeout=120)
    assert stranger.returncode == 1 and "the job was not accepted" in output and "RAY_AUTH_MODE=token" in output


def test_prometheus_sees_rows_bytes_and_the_queue(cluster: Any, world: Path) -> None:
    driver = cluster.pipeline(
        "run", "mini.yaml", "--engine", "ray", "--address", cluster.address, "--out", "metered", cwd=world
    )
    wanted = ["rows", "text_bytes", "mb_per_second", "tasks_started", "tasks_waiting", "task_seconds"]
    script = (
        "import json, sys, urllib.request, ray; ray.init(sys.argv[1], logging_level='ERROR');"
        "[print(urllib.request.urlopen(f\"http://{n['NodeManagerAddress']}:{n['MetricsExportPort']}\").read().decode())"
        " for n in ray.nodes() if n['Alive']]"
    )
    try:
        seen: set[str] = set()
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and len(seen) < len(wanted):
            scrape = cluster.command(0, sys.executable, "-c", script, cluster.address, cwd=world)
            output, _ = scrape.communicate(timeout=60)
            seen |= {name for name in wanted if f"ray_tokenmill_{name}" in output}
        assert seen == set(wanted)
        ended(driver)
    finally:
        driver.kill()


def wait_for(path: Path) -> bool:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.exists()
