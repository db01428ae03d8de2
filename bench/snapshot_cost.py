"""Estimates the cost of a whole Common Crawl snapshot from the measured cost of a sample of it.

    python -m bench.snapshot_cost FILES... --tokenizer gpt2.json [--files 90000 --file-gb 0.95] [--json]

The sample (WARC files as Common Crawl writes them) runs through the FineWeb recipe with one worker and one thread, with
warm kernels and caches. Its cost per compressed byte, by stage, times the snapshot's bytes gives core-hours. The bytes
that it writes per byte give the storage. docs/scaling.md lists the costs that do not grow in proportion, next to the
table.
"""

import argparse
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import LocalPool
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import read_run

CONFIG = Path(__file__).parents[1] / "configs" / "fineweb.yaml"


@dataclass(frozen=True)
class Cluster:
    """A cluster. cores: number of cores of all workers. dollars: price per core and hour."""

    name: str
    cores: int
    dollars: float


CLUSTERS = (
    Cluster("50 x c7i.4xlarge spot (16 CPUs)", 800, 0.018),
    Cluster("50 x c7i.4xlarge on demand", 800, 0.0446),
    Cluster("one laptop, 8 cores", 8, 0.0),
)


class Busy:
    """Adds up the seconds that tasks report, by stage. It also gets tasks between a Global's rounds, which leave no
    manifest.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.stage = ""

    def start(self, stage: str, done: int, total: int) -> None:
        self.stage = stage
        self.seconds[stage] = 0.0

    def watch(self, task: Any, position: Any) -> None:
        """Shows nothing."""

    def task_done(self, task: Any, manifest: Any) -> None:
        self.seconds[self.stage] += manifest.timing.get("seconds", 0.0)

    def skip(self, stage: str, shards: int) -> None:
        raise AssertionError(f"{stage} was done before it was timed")

    def end(self, done: int) -> None:
        """Shows nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="+", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--files", type=int, default=90_000, help="WARC files of the snapshot")
    parser.add_argument("--file-gb", type=float, default=0.95, help="their mean size, compressed")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sample = sum(path.stat().st_size for path in options.inputs)
    factor = options.files * options.file_gb * 1e9 / sample
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(Path(folder), [path.resolve() for path in options.inputs], options.tokenizer.resolve())
    total = sum(row["seconds"] for row in rows)
    found = {
        "sample_mb": sample / 1e6,
        "stages": rows,
        "core_hours": total * factor / 3600,
        "written_tb": sum(row["written_mb"] for row in rows) * factor / 1e6,
    }
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'stage':10}{'core ms / MB':>14}{'share':>8}{'written, % of input':>21}{'core-hours / snapshot':>23}")
    for row in rows:
        print(f"{row['stage']:10}{row['seconds'] / sample * 1e9:14.1f}{row['seconds'] / total:8.1%}"
              f"{row['written_mb'] * 1e6 / sample:21.1%}{row['seconds'] * factor / 3600:23,.0f}")  # fmt: skip
    print(f"\na snapshot of {options.files:,} files, {options.files * options.file_gb / 1e3:,.1f} TB compressed:"
          f" {found['core_hours']:,.0f} core-hours, {found['written_tb']:,.1f} TB written in all")  # fmt: skip
    for cluster in CLUSTERS:
        hours = found["core_hours"] / cluster.cores
        print(f"  {cluster.name:34} {hours:8,.1f} hours  ${found['core_hours'] * cluster.dollars:,.0f}")


def measured(folder: Path, files: list[Path], tokenizer: Path) -> list[dict[str, Any]]:
    """Returns {stage, seconds, written_mb, rows_out} for each stage. seconds: busy seconds of all its tasks, in the
    second, warm turn.
    """
    recipe = yaml.safe_load(CONFIG.read_text())
    recipe["stages"]["web"][0]["stages.read_warc"]["paths"] = [str(file) for file in files]
    recipe["stages"]["tokens"][0]["tokenize.encode"]["tokenizer"] = str(tokenizer)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pool = LocalPool(1)
    try:
        for turn in ("warm", "timed"):
            options = Options(out=str(folder / turn))
            busy = Busy()
            result = run(load_recipe(folder / "recipe.yaml"), pool, options, busy)
            assert not result.failures, result.failures
    finally:
        pool.close()
    rows = []
    for stage in read_run(str(folder / "timed/fineweb")):
        manifests = list(stage.manifests.values()) + ([stage.corpus] if stage.corpus else [])
        rows.append({
            "stage": stage.name,
            "seconds": busy.seconds[stage.name],
            "written_mb": sum(
                output.bytes
                for manifest in manifests
                for output in manifest.outputs
                if "/tokenizer/" not in output.path  # written once for a snapshot of any size
            ) / 1e6,
            "rows_out": sum(manifest.rows_out for manifest in manifests),
        })  # fmt: skip
    return rows


if __name__ == "__main__":
    main()
