"""Measures the overhead of Ray: the driver's time and memory per task, and the efficiency of two workers.

    python -m bench.ray_overhead [--tasks 100000] [--pages 6000] [--repeat 3] [--json]

Empty tasks go through the whole engine: driver, Ray, the worker's own process and back. `driver CPU` is the driver's
processor time per task; `wall` is the time until all tasks are back, divided by their number. The efficiency is that of
a whole run of configs/mini.yaml, from WARC to shards, with warm workers: time with one worker / (2 x time with two). It
is compared with that of the local engine. Each repeat measures both engines with one and with two workers, in turn, so
that a slower machine affects all of them; the medians count. The script waits until a new cluster is idle: its
dashboard takes ten seconds or more to load.
"""

import argparse
import gc
import itertools
import json
import logging
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from bench.empty_task import nothings
from tokenmill.mini.world import write_mini
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine import Limits
from tokenmill.pipeline.engine.local import LocalPool
from tokenmill.pipeline.engine.ray import RayPool
from tokenmill.pipeline.planning.recipe import load_recipe

CONFIG = Path(__file__).parents[1] / "configs" / "mini.yaml"

RUNS = 3
"""Timed runs of an engine in each repeat."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--pages", type=int, default=6_000, help="0 leaves out the comparison of engines")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])  # for Ray's workers
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, Any] = {"empty": list(overhead(Path(folder), options.tasks))}
        if options.pages:
            found["seconds"] = engines(Path(folder), options.pages, options.repeat)
            found["efficiency"] = {name: one[1] / (2 * one[2]) for name, one in found["seconds"].items()}
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'empty tasks':>12}{'wall ms':>10}{'driver CPU ms':>15}{'driver MB':>11}   (ms per task)")
    for row in found["empty"]:
        print(f"{row['tasks']:12,}{row['wall_ms']:10.2f}{row['cpu_ms']:15.2f}{row['driver_mb']:11.0f}")
    for name, seconds in found.get("seconds", {}).items():
        said = ", ".join(f"{workers} workers {taken:.2f} s" for workers, taken in seconds.items())
        print(f"{name:6} {said}; efficiency {found['efficiency'][name]:.1%}")
    if options.pages:
        print(
            f"Ray's efficiency is {found['efficiency']['ray'] / found['efficiency']['local']:.1%} of the local engine's"
        )


def overhead(folder: Path, tasks: int) -> Iterator[dict[str, float]]:
    """Yields {tasks, wall_ms, cpu_ms, driver_mb} after each tenth of the tasks."""
    stage = folder / "empty" / "stage"
    stage.mkdir(parents=True)
    (folder / "empty" / "recipe.yaml").touch()
    pool = RayPool(workers=2)
    try:
        pool.make_ready([])
        list(pool.run(nothings(str(stage), 100), Limits(), lambda task, position: None))
        gc.collect()
        began, me, every = time.perf_counter(), psutil.Process(), max(1, tasks // 10)
        spent = sum(me.cpu_times()[:2])
        todo = nothings(str(stage), tasks)
        for done, outcome in enumerate(pool.run(todo, Limits(), lambda task, position: None), start=1):
            assert outcome.error is None and not outcome.cause, outcome
            if done % every == 0:
                wall, cpu = time.perf_counter() - began, sum(me.cpu_times()[:2]) - spent
                yield {"tasks": done, "wall_ms": wall / done * 1e3, "cpu_ms": cpu / done * 1e3,
                       "driver_mb": me.memory_info().rss / 1e6}  # fmt: skip
    finally:
        pool.close()


def engines(folder: Path, pages: int, repeat: int) -> dict[str, dict[int, float]]:
    """Returns {engine: {workers: median seconds}} of whole runs with warm workers."""
    write_mini(folder / "demo" / "crawl", pages=pages, seed=0)
    recipe = folder / "mini.yaml"
    recipe.write_text(CONFIG.read_text())
    os.chdir(folder)
    made: dict[str, Callable[[int], Any]] = {"local": LocalPool, "ray": lambda workers: RayPool(workers=workers)}
    taken: dict[str, dict[int, list[float]]] = {name: {1: [], 2: []} for name in made}
    for turn, workers, name in itertools.product(range(repeat), (1, 2), made):
        pool = made[name](workers)
        try:
            _rest()
            outs = [folder / f"{name}{workers}-{turn}-{number}" for number in range(1 + RUNS)]
            _, *timed = [_seconds(recipe, pool, out) for out in outs]  # the first warms the workers
        finally:
            pool.close()
        taken[name][workers] += timed
        for out in outs:
            shutil.rmtree(out)
    return {name: {workers: statistics.median(some) for workers, some in one.items()} for name, one in taken.items()}


def _rest(limit: float = 30.0) -> None:
    """Waits until the machine has been idle for two seconds, at most `limit` seconds."""
    idle, until = 0, time.monotonic() + limit
    while idle < 2 and time.monotonic() < until:
        idle = idle + 1 if psutil.cpu_percent(1.0) < 5.0 else 0


def _seconds(recipe: Path, pool: Any, out: Path) -> float:
    began = time.perf_counter()
    assert not run(load_recipe(recipe), pool, Options(out=str(out)), progress_for("none")).failures
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
