"""The four FineWeb rule sets: beside datatrove's filters, memory while a batch is filtered, and cost by length.

    python -m bench.filters_speed DIR_OR_WARC... [--turns 3] [--curve-mb 50]

All on one core. Ratio: the same texts through both sides, turn by turn; ours as in a run, words split once for all four
filters, and again with each filter alone. Memory: the peak a process of its own adds to the text it holds while a batch
of 64 MB goes through all four: whole, from one filter to the next, and as a task of a run, its files written too.
Curve: seconds a megabyte for one document of adversarial text, by its size; a cost that grows faster than the text
would climb from left to right.
"""

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from bench.filters_parity import OURS, pages, their_verdicts
from tokenmill.core.columns import documents, split
from tokenmill.core.kinds import Shard
from tokenmill.pipeline.shard import Excerpts, ShardTask
from tokenmill.text.cache import warm
from tokenmill.text.segment import words

MB = 1 << 20
HOSTILE: dict[str, Callable[[int], str]] = {
    "one line": lambda size: ("word and another, " * (size // 18 + 1))[:size],
    "one word a million times": lambda size: ("word " * (size // 5 + 1))[:size],
    "different words": lambda size: " ".join(f"w{number}" for number in range(size // 8)),
    "all punctuation": lambda size: ("!?.,;:()-" * (size // 9 + 1))[:size],
    "all newlines": lambda size: "\n" * size,
    "no space": lambda size: "a" * size,
    "short lines": lambda size: ("ab.\n" * (size // 4 + 1))[:size],
    "one paragraph again and again": lambda size: ("The same paragraph once more.\n\n" * (size // 31 + 1))[:size],
    "combining marks": lambda size: "e\u0301" * (size // 3),
    "Chinese": lambda size: "中文没有空格，" * (size // 21),
    "URLs": lambda size: ("http://a.example/x?y=1&z " * (size // 25 + 1))[:size],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, metavar="DIR_OR_WARC")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--curve-mb", type=int, default=50)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    warm()
    texts = [text for _, text in pages(options.paths) if text]
    print_ratio(texts, options.turns)
    print_memory(texts)
    print_curve(options.curve_mb)


def batch_of(texts: list[str]) -> pa.RecordBatch:
    """A batch of documents numbered in order."""
    return documents({"id": [str(row) for row in range(len(texts))], "text": texts})


def filtered(batch: pa.RecordBatch) -> pa.RecordBatch:
    """What the four filters keep of the batch: words split once, dropped rows gone after each filter, as in a stage."""
    for work in OURS.values():
        batch = work(batch)
        batch = split(batch)[0]
    return batch


def seconds(work: Callable[[], Any]) -> float:
    """CPU seconds of this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def print_ratio(texts: list[str], turns: int) -> None:
    """Both sides in turns on the same texts."""
    batch, size = batch_of(texts), sum(len(text.encode()) for text in texts) / 1e6
    fused, alone, cut, theirs = [], [], [], []
    for _ in range(turns):
        theirs.append(sum(their_verdicts(texts)[1].values()))
        fused.append(seconds(lambda: filtered(batch)))
        alone.append(sum(seconds(lambda work=work: work(batch)) for work in OURS.values()))  # type: ignore[misc]
        cut.append(seconds(lambda: words(batch)))
    print(f"{len(texts)} documents, {size:.1f} MB, median of {turns} turns")
    for name, found in (("tokenmill", fused), ("tokenmill, each alone", alone), ("datatrove 0.10", theirs)):
        ratio = statistics.median(their / our for our, their in zip(found, theirs, strict=True))
        print(f"  {name:24}{size / statistics.median(found):9.2f} MB/s  {ratio:8.1f}x")
    print(f"  {'word segmentation':24}{size / statistics.median(cut):9.1f} MB/s")


def print_memory(texts: list[str]) -> None:
    """In a spawned process, which has done nothing else."""
    many = texts * (64 * MB // sum(len(text.encode()) for text in texts) + 1)
    ends = np.cumsum([len(text.encode()) for text in many])
    batch = batch_of(many[: int(np.searchsorted(ends, 64 * MB)) + 1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "batch.arrow")
        with pa.ipc.new_file(path, batch.schema) as file:
            file.write_batch(batch)
        print(f"\na batch of {batch.column('text').nbytes / MB:.0f} MB adds")
        for name, work in (("from one filter to the next", filtered), ("as a task of a run", ran_as_task)):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                size, added = pool.apply(added_memory, (path, work))
            print(f"  {name:30}{added / MB:5.0f} MB at its peak, {added / size:.2f} of its size")


def ran_as_task(batch: pa.RecordBatch) -> None:
    """The batch as one shard through a stage of the four filters."""
    with tempfile.TemporaryDirectory() as folder:
        shard = Shard(0, "bench", "batch", 0, 1, 2, "")
        task = ShardTask(folder, 0, "", tuple(OURS.values()), Excerpts(0, None), source=_Held([batch]), shard=shard)
        del batch
        task(lambda _: None)


@dataclass(frozen=True)
class _Held:
    """A source of batches that lets go of each as it gives it."""

    batches: list[pa.RecordBatch]
    adds: ClassVar[tuple[str, ...]] = ("id", "text")
    DAMAGE: ClassVar[tuple[str, ...]] = ()

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        while self.batches:
            yield self.batches.pop()


def added_memory(path: Path, work: Callable[[pa.RecordBatch], Any]) -> tuple[int, int]:
    """(bytes of text, bytes beyond them at the peak, while the file's batch is read and goes through the filters)."""
    work(batch_of(["Start up."]))
    size = _read(path).column("text").nbytes
    held = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is held now
    work(_read(path))  # no one else holds the batch, as in a stage
    return size, _memory("VmHWM") - held - size


def _read(path: Path) -> pa.RecordBatch:
    return pa.ipc.open_file(path.read_bytes()).get_batch(0)


def _memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/self/status has no {name}: this figure needs Linux")


def print_curve(largest: int) -> None:
    """Milliseconds a megabyte by size."""
    sizes = list(_sizes(largest))
    print("\nms a MB of one document       " + "".join(f"{size:>9} MB" for size in sizes) + "   largest / smallest")
    for name, make in HOSTILE.items():
        costs = []
        for size in sizes:
            batch = batch_of([make(size * MB)])
            repeats = max(1, 8 // size)
            costs.append(min(seconds(lambda batch=batch: filtered(batch)) for _ in range(repeats)) * 1000 / size)  # type: ignore[misc]
        print(f"{name:30}" + "".join(f"{cost:12.1f}" for cost in costs) + f"{costs[-1] / costs[0]:12.2f}", flush=True)


def _sizes(largest: int) -> Iterator[int]:
    size = 1
    while size < largest:
        yield size
        size *= 4
    yield largest


if __name__ == "__main__":
    main()
