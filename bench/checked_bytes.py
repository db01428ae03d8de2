"""Measures the cost of comparing a stage's input with its checksum before it is read.

    python -m bench.checked_bytes [--mb 256] [--turns 3]

It writes a shard of made-up prose as a stage does. Then a whole task of the next stage runs on it in this process: with
no step, with one cheap filter, and with the four FineWeb rule sets. The time to compare the checksum is also measured
alone; it is a part of each task's time. Each figure is the fastest of some turns, with the file in the page cache.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator

import pyarrow as pa

from bench.dedup_texts import clustered_prose
from tokenmill.core.columns import documents
from tokenmill.core.io import parquet
from tokenmill.core.io.storage import FileRecord
from tokenmill.core.kinds import Step
from tokenmill.filters.c4 import C4
from tokenmill.filters.fineweb import Fineweb
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.filters.gopher_repetition import GopherRepetition
from tokenmill.filters.toxicity import Toxicity
from tokenmill.pipeline.record.task import shard_name
from tokenmill.pipeline.tasks.drop_records import NO_EXCERPTS
from tokenmill.pipeline.tasks.shard import ShardTask
from tokenmill.text.kernel.cache import warm_all

STAGES: dict[str, tuple[Step, ...]] = {
    "no step": (),
    "toxicity": (Toxicity(),),
    "FineWeb's rules": (GopherRepetition(), GopherQuality(), C4(), Fineweb()),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=float, default=256, help="MB of text in the shard; default 256")
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    warm_all()
    with tempfile.TemporaryDirectory(prefix="tokenmill-") as folder:
        written = _shard(f"{folder}/data/000000.parquet", args.mb * 1e6)
        comparing = _seconds(args.turns, lambda: parquet.refuse_damage(written))
        decoding = _seconds(args.turns, lambda: sum(batch.num_rows for batch in parquet.read_table(written.path)))
        print(f"{args.mb:.0f} MB of text, a file of {written.bytes / 1e6:.0f} MB")
        print(f"comparing {comparing * 1e3:.0f} ms; decoding {decoding * 1e3:.0f} ms")
        for name, steps in STAGES.items():
            task = ShardTask(shard_name(f"{folder}/next", 0, ""), steps, NO_EXCERPTS, input=written)
            whole = _seconds(args.turns, lambda task=task: task(lambda position: None))  # type: ignore[misc]
            print(f"{name:16} {whole:6.2f} s; comparing {comparing / whole:.2%} of it, decoding {decoding / whole:.2%}")


def _shard(path: str, size: float) -> FileRecord:
    return parquet.write_table(_batches(size), path, schema=_documents([], []).schema)


def _batches(size: float) -> Iterator[pa.RecordBatch]:
    for table, _ in clustered_prose(size):
        yield _documents(table.column("id").to_pylist(), table.column("text").to_pylist())


def _documents(ids: list[str], texts: list[str]) -> pa.RecordBatch:
    return documents({"id": ids, "text": texts})


def _seconds(turns: int, work: Callable[[], object]) -> float:
    found = []
    for _ in range(turns):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


if __name__ == "__main__":
    main()
