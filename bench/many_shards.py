"""Measures the cost of many shards for the driver: planning, again when 99 % is done, memory, requests to a store.

Run: python -m bench.many_shards [SHARDS] [--looks N] [--files N] [--s3 N]. The shards come from a plugin and are empty.
Their manifests and outputs are written as tasks write them, and compacted as the driver does. The tasks of a Global are
pickled. --looks N writes a run of N shards with small tables, and counts the tables that `audit` and `explain` read.
--files N writes N small files and computes their etags. --s3 N measures N shards on a moto server, whose own time is
included.
"""

import argparse
import os
import pickle
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa

from tokenmill.core.columns import documents, drop
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.parquet import write_table
from tokenmill.core.io.storage import FileRecord, join
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.reuse import reuse
from tokenmill.pipeline.driver.run import prepare
from tokenmill.pipeline.exchange.exchange import UniqueIds
from tokenmill.pipeline.exchange.ranges import NO_RANGE_SET
from tokenmill.pipeline.exchange.reduce_tasks import ReduceTask
from tokenmill.pipeline.exchange.shard_rows import SCHEMA, ShardRows
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.ledger import PART_ROWS, compact, json_path
from tokenmill.pipeline.record.manifest import Manifest, write_manifest
from tokenmill.pipeline.record.run_format import format_line
from tokenmill.pipeline.record.task import TaskName
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.audit import sample
from tokenmill.pipeline.report.explain import story
from tokenmill.pipeline.report.funnel import funnel
from tokenmill.pipeline.tasks.drop_records import NO_EXCERPTS, drop_records
from tokenmill.stages.reading.inputs import file_shards

PLUGINS = Path(__file__).parents[1] / "tests" / "plugins"
RECIPE = """
run: many
excerpt: 0
stages:
  read: {steps: [{toolbox.many: {count: COUNT}}]}
  short: {from: [read], steps: [toolbox.length]}
"""


@dataclass(frozen=True)
class Timed:
    """The seconds of a call, the growth of this process's resident memory in MB, and the result."""

    seconds: float
    megabytes: float
    result: Any


def timed(do: Any) -> Timed:
    process, began = psutil.Process(), time.perf_counter()
    before = process.memory_info().rss
    result = do()
    return Timed(time.perf_counter() - began, (process.memory_info().rss - before) / 1e6, result)


def commit(planned: PlannedStage, share: float) -> None:
    """Writes the manifests and outputs of the first shards as their tasks do, and compacts them as the driver does."""
    for count, shard in enumerate(planned.shards[: int(len(planned.shards) * share)], start=1):
        outputs = []
        for kind, size in (("data", 40), ("dropped", 30)):
            name = f"{kind}/{shard.number:06d}.parquet"
            storage.write_bytes(join(planned.folder, name), b"x" * size)
            outputs.append(FileRecord(name, size, "0" * 32, 10))
        timing = {"seconds": 1.25, "steps": {"length": 1.0}, "peak_rss_bytes": 1 << 29}
        said = Manifest(
            shard.fingerprint, rows_in=12, rows_out=10, drops={"length.short": 2}, outputs=outputs, timing=timing
        )
        write_manifest(json_path(planned.folder, shard.number), said)
        if count % PART_ROWS == 0:
            compact(planned.folder)


def measure(count: int, out: str, folder: Path) -> None:
    recipe = folder / "many.yaml"
    recipe.write_text(RECIPE.replace("COUNT", str(count)))

    def planned() -> list[PlannedStage]:
        return prepare(load_recipe(recipe), Options(out=out, plugins="toolbox"))[2]

    first = timed(planned)
    say("planning, nothing done", first, 2 * count)
    requests()
    commit(first.result[0], 1.0)
    commit(first.result[1], 0.99)
    say_requests("written")
    again = timed(planned)
    say("planning, 99 % done", again, 2 * count)
    say_requests("planning again")
    left = sum(not shard.done for stage in again.result for shard in stage.shards)
    assert left == count - int(count * 0.99), left
    ready = timed(lambda: reuse(again.result[1]))
    say("until the first task may start", ready, count)
    say_requests("until the first task")
    storage.write_bytes(join(out, "many", "recipe.yaml"), format_line() + recipe.read_bytes())
    report = timed(lambda: funnel(read_run(join(out, "many"))))
    say("report", report, 2 * count)
    say_requests("report")
    assert report.result[0].shards == count
    print(f"resume at 99 %: {again.seconds + ready.seconds:.1f} s; peak {peak_megabytes():,.0f} MB resident")


def measure_reductions(count: int, folder: Path) -> None:
    """Prints how much the driver pickles for one Global of 1,024 partitions and three rounds."""
    rows = pa.RecordBatch.from_arrays(
        [pa.array(range(count)), pa.array([10_000] * count), pa.array([True] * count)], schema=SCHEMA
    )
    table = write_table([rows], str(folder / "shards.parquet"), schema=SCHEMA)
    name = TaskName("runs/many/unique", 0, "0" * 66, "work/reduce/0.000000", "round 0 partition 0")
    task = ReduceTask(name, UniqueIds(), NO_RANGE_SET, 2 << 30, ShardRows(table))
    size = len(pickle.dumps(task))
    print(
        f"a reduction without its ranges: {size:,} bytes pickled; a Global of three rounds: {size * 3072 / 1e6:,.1f} MB"
    )
    read = timed(lambda: len(task.shard_rows))
    print(f"the rows of {count:,} shards: {table.bytes / 1e6:.1f} MB, read by a worker in {read.seconds:.2f} s")


def measure_looks(run: str) -> None:
    """Measures audit, and explain of one document. The drop records and data of all shards are real tables."""
    opened = Counter[str]()
    plain = parquet.open_input

    def counted(path: str) -> Any:
        opened["files"] += 1
        return plain(path)

    parquet.open_input = counted
    for what, look in (
        ("audit of 10", lambda: sample(read_run(run), None, 10)),
        ("explain, a file named in the id", lambda: list(story(read_run(run), "000123.warc.gz-7"))),
    ):
        opened.clear()
        one = timed(look)
        print(f"{what}: {one.seconds:.2f} s, {opened['files']:,} table reads, {one.megabytes:+.0f} MB", flush=True)


def commit_tables(planned: PlannedStage) -> None:
    """Same as commit(), but for all shards, and with ten rows and two drop records in each."""
    for count, shard in enumerate(planned.shards, start=1):
        file = f"crawl/{shard.number:06d}.warc.gz"
        kept = documents({"id": [f"{shard.number:06d}.warc.gz-{row}" for row in range(10)], "text": ["nothing"] * 10})
        lost = documents({"id": [f"{shard.number:06d}.warc.gz-{row}" for row in (10, 11)], "text": ["x"] * 2})
        gone = drop_records(drop(lost, [True, True], "length.short", 1, 20), NO_EXCERPTS)
        outputs = []
        for kind, rows in (("data", kept), ("dropped", gone)):
            name = f"{kind}/{shard.number:06d}.parquet"
            written = write_table([rows], join(planned.folder, name), schema=rows.schema, sync=False)
            outputs.append(replace(written, path=name))
        said = Manifest(
            shard.fingerprint, inputs=[{"file": file}], rows_in=12, rows_out=10, drops={"length.short": 2},
            outputs=outputs, timing={"seconds": 1.25, "steps": {"length": 1.0}, "peak_rss_bytes": 1 << 29},
        )  # fmt: skip
        write_manifest(json_path(planned.folder, shard.number), said)
        if count % PART_ROWS == 0:
            compact(planned.folder)


def measure_run(count: int, out: str, folder: Path) -> None:
    """Writes a finished run with real tables, and measures audit and explain on it."""
    recipe = folder / "many.yaml"
    recipe.write_text(RECIPE.replace("COUNT", str(count)))
    for planned in prepare(load_recipe(recipe), Options(out=out, plugins="toolbox"))[2]:
        commit_tables(planned)
    storage.write_bytes(join(out, "many", "recipe.yaml"), format_line() + recipe.read_bytes())
    measure_looks(join(out, "many"))


def measure_files(count: int, folder: Path) -> None:
    for number in range(count):
        (folder / f"{number:06d}.warc.gz").write_bytes(os.urandom(20_000))
    found = timed(lambda: file_shards(f"{folder}/*.warc.gz", "web"))
    say(f"etags of {len(found.result):,} local files", found, count)


def say(what: str, one: Timed, shards: int) -> None:
    each = one.seconds / shards * 1e6
    print(f"{what}: {one.seconds:.2f} s, {each:.0f} µs per shard and stage, {one.megabytes:+.0f} MB", flush=True)


def peak_megabytes() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def requests() -> dict[str, int]:
    """Returns the number of requests to S3 since the last call, by operation."""
    module = sys.modules.get("tokenmill.core.io.s3")
    if module is None:
        return {}
    made = {name: number for name, number in module.REQUESTS.items() if number}
    module.REQUESTS.clear()
    return made


def say_requests(what: str) -> None:
    made = requests()
    if made:
        print(f"  requests, {what}: " + ", ".join(f"{number:,} {name}" for name, number in sorted(made.items())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards", nargs="?", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=0, metavar="N", help="write N files and compute their etags")
    parser.add_argument("--looks", type=int, default=0, metavar="N", help="audit and explain a run of N shards")
    parser.add_argument("--s3", type=int, default=0, metavar="N", help="also measure N shards on a moto server")
    asked = parser.parse_args()
    sys.path.insert(0, str(PLUGINS))
    with tempfile.TemporaryDirectory() as name:
        if asked.shards:
            print(f"{asked.shards:,} shards in each of two stages, local disk")
            measure(asked.shards, join(name, "runs"), Path(name))
            measure_reductions(asked.shards, Path(name))
        if asked.looks:
            print(f"{asked.looks:,} shards in each of two stages, with tables, local disk")
            measure_run(asked.looks, join(name, "looks"), Path(name))
        if asked.files:
            (Path(name) / "crawl").mkdir()
            measure_files(asked.files, Path(name) / "crawl")
        if asked.s3:
            from faulty_s3 import served

            with served() as store:
                os.environ.update(store.environment())
                from tokenmill.core.io.s3 import filesystem

                filesystem().mkdir("many")
                print(f"{asked.s3:,} shards in each of two stages, S3")
                measure(asked.s3, "s3://many/runs", Path(name))


if __name__ == "__main__":
    main()
