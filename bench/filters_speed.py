"""Measures the four FineWeb rule sets: speed compared with datatrove's filters, memory, and cost by length of the text.

    python -m bench.filters_speed DIR_OR_WARC... [--turns 3] [--curve-mb 50]

All parts run on one core.
Ratio: both sides filter the same texts, in turns. tokenmill's filters run as in a stage, with words split once for all
    of them, and also each alone.
Memory: a batch of 64 MB goes through all four filters in a separate process. The figure is the peak memory beyond the
    text itself. There are three ways: the whole batch, with all rows until the end; in pieces, with dropped rows
    removed after each filter; and as a task of a run, which also writes its files. In the first two, the caller keeps
    the batch.
Curve: time per megabyte for one document of adversarial text, by its size. If the cost grew faster than the text, the
    figures would rise from left to right.
"""

import argparse
import base64
import multiprocessing
import os
import random
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
from tokenmill.core.columns import documents, split, without_transient
from tokenmill.core.kinds import Shard, SourceTraits
from tokenmill.core.memory import give_back
from tokenmill.core.rules import step_name
from tokenmill.filters.code_quality import CodeQuality
from tokenmill.filters.dclm_lines import DclmLines
from tokenmill.filters.line_filter import LineFilter
from tokenmill.filters.toxicity import Toxicity
from tokenmill.filters.url_blocklist import UrlBlocklist
from tokenmill.pipeline.record.task import shard_name
from tokenmill.pipeline.tasks.drop_records import NO_EXCERPTS
from tokenmill.pipeline.tasks.pieces import PIECE_BYTES, pieces
from tokenmill.pipeline.tasks.shard import ShardTask
from tokenmill.text.kernel.cache import warm_all
from tokenmill.text.words.segment import words

MB = 1 << 20
SHARES = (0.0, 0.05, 0.5, 0.95)
HOSTILE: dict[str, Callable[[int], str]] = {
    "one line": lambda size: ("word and another, " * (size // 18 + 1))[:size],
    "one word a million times": lambda size: ("word " * (size // 5 + 1))[:size],
    "different words": lambda size: " ".join(f"w{number}" for number in range(size // 8)),
    "all punctuation": lambda size: ("!?.,;:()-" * (size // 9 + 1))[:size],
    "all newlines": lambda size: "\n" * size,
    "no space": lambda size: "a" * size,
    "short lines": lambda size: ("ab.\n" * (size // 4 + 1))[:size],
    "one paragraph again and again": lambda size: ("The same paragraph once more.\n\n" * (size // 31 + 1))[:size],
    "base64": lambda size: base64.b64encode(random.Random(1).randbytes(size * 3 // 4)).decode(),
    "one character": lambda size: "\U0001f600" * (size // 4),
    "quotes and backslashes": lambda size: ("\"\\'/*" * (size // 5 + 1))[:size],
    "hyphens": lambda size: ("a-" * (size // 2 + 1))[:size],
    "addresses": lambda size: ("a@b." * (size // 4 + 1))[:size],
    "different lines": lambda size: "\n".join(f"Line {number:09d} is here." for number in range(size // 23)),
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
    warm_all()
    texts = [text for _, text in pages(options.paths) if text]
    print_ratio(texts, options.turns)
    print_memory(texts)
    print_curve(options.curve_mb)


def batch_of(texts: list[str]) -> pa.RecordBatch:
    """Returns a batch of documents with their numbers as ids."""
    return documents({"id": [str(row) for row in range(len(texts))], "text": texts})


def filtered(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the rows that the four filters keep. Dropped rows are removed after each filter, as in a stage."""
    for work in OURS.values():
        batch = work(batch)
        batch = split(batch)[0]
    return batch


def seconds(work: Callable[[], Any]) -> float:
    """Returns the CPU seconds that the work takes in this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def print_ratio(texts: list[str], turns: int) -> None:
    """Runs both sides in turns on the same texts, and prints speeds and ratios."""
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
    """Prints the added memory for the pages, and for made-up pages of which a known share is dropped."""
    samples = {"these pages": texts} | {f"{share:.0%} dropped": made_pages(share) for share in SHARES}
    print("\npeak memory added, as a share of a batch of 64 MB " + "".join(f"{name:>14}" for name in samples))
    for name, work in WAYS.items():
        added = "".join(f"{added_share(sample, work):14.2f}" for sample in samples.values())
        print(f"  {name:48}{added}", flush=True)


def added_share(texts: list[str], work: Callable[[pa.RecordBatch], Any]) -> float:
    """Returns the memory that the work adds to 64 MB of repeated texts, as a share of them, in a new process."""
    many = texts * (64 * MB // sum(len(text.encode()) for text in texts) + 1)
    ends = np.cumsum([len(text.encode()) for text in many])
    batch = batch_of(many[: int(np.searchsorted(ends, 64 * MB)) + 1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "batch.arrow")
        with pa.ipc.new_file(path, batch.schema) as file:
            file.write_batch(batch)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            size, added = pool.apply(added_memory, (path, work, work is not ran_as_task))
    return added / size


def made_pages(share: float, *, count: int = 400) -> list[str]:
    """Returns pages of prose. The filters drop `share` of them, all four equally often."""
    chance = random.Random(7)
    vocabulary = ["".join(chance.choices("abcdefghij", k=chance.randint(2, 9))) for _ in range(4000)]
    common = ["the", "of", "and", "to", "with"] * 200
    pages = []
    for number in range(count):
        fails = number % len(OURS) if int((number + 1) * share) > int(number * share) else -1
        known = vocabulary if fails == 1 else vocabulary + common  # no stop words: gopher_quality
        lines = [" ".join(chance.choices(known, k=chance.randint(12, 40))) for _ in range(chance.randint(9, 60))]
        if fails == 0:  # gopher_repetition
            lines += lines[: len(lines) // 2 + 1]
        ended = [line.capitalize() + ("" if fails == 3 else ".") for line in lines]  # fineweb
        if fails == 3:
            ended = [line.replace(" ", ". X", 1) for line in ended]  # keeps enough sentences for c4
        pages.append("\n".join(ended) + (" {" if fails == 2 else ""))  # c4
    chance.shuffle(pages)
    return pages


def one_after_the_other(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Runs all four filters on all rows and removes none. The caller keeps the batch."""
    for work in OURS.values():
        batch = work(batch)
    return batch


def in_pieces(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    """Returns the rows that the four filters keep. Works as a task does, except that the caller keeps the batch."""
    kept = []
    for piece in pieces(batch, PIECE_BYTES):
        kept.append(without_transient(filtered(piece)))
        give_back()
    return kept


def ran_as_task(batch: pa.RecordBatch) -> None:
    """Runs a stage of the four filters on the batch, which is one shard."""
    with tempfile.TemporaryDirectory() as folder:
        shard = Shard(0, "bench", "batch", 0, 1, 2, "")
        task = ShardTask(
            shard_name(folder, 0, ""), tuple(OURS.values()), NO_EXCERPTS, source=_Held([batch]), shard=shard
        )
        del batch
        task(lambda _: None)


@dataclass(frozen=True)
class _Held:
    """A source of batches that keeps no reference to a batch after it has yielded it."""

    batches: list[pa.RecordBatch]
    adds: ClassVar[tuple[str, ...]] = ("id", "text")
    traits: ClassVar[SourceTraits] = SourceTraits()

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        while self.batches:
            yield self.batches.pop()


WAYS: dict[str, Callable[[pa.RecordBatch], Any]] = {
    "one filter after the other, all rows": one_after_the_other,
    "in pieces, rows taken out after each filter": in_pieces,
    "as a task of a run": ran_as_task,
}


def added_memory(path: Path, work: Callable[[pa.RecordBatch], Any], keep: bool) -> tuple[int, int]:
    """Returns (bytes of text, bytes beyond them at the peak while the file's batch is read and filtered).

    keep: the caller keeps the batch.
    """
    work(batch_of(["Start up."]))
    size = _read(path).column("text").nbytes
    held = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak to the current memory
    kept = [_read(path)]
    work(kept[0] if keep else kept.pop())
    return size, _memory("VmHWM") - held - size


def _read(path: Path) -> pa.RecordBatch:
    return pa.ipc.open_file(path.read_bytes()).get_batch(0)


def _memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/self/status has no {name}: this figure needs Linux")


def print_curve(largest: int) -> None:
    """Prints milliseconds per MB by size for the four filters together, then at both ends for each other filter."""
    sizes = list(_sizes(largest))
    print("\nms per MB of one document     " + "".join(f"{size:>9} MB" for size in sizes) + "   largest / smallest")
    for name, make in HOSTILE.items():
        costs = [cost(filtered, make(size * MB)) for size in sizes]
        print(f"{name:30}" + "".join(f"{cost:12.1f}" for cost in costs) + f"{costs[-1] / costs[0]:12.2f}", flush=True)
    others = {step_name(work): work for work in other_filters()}
    print(f"\nms per MB, at 1 and {largest} MB   " + "".join(f"{name:>19}" for name in others))
    for name, make in HOSTILE.items():
        pairs = [[cost(work, make(size * MB)) for size in (1, largest)] for work in others.values()]
        print(f"{name:30}" + "".join(f"{first:10.1f} {last:8.1f}" for first, last in pairs), flush=True)


def other_filters() -> tuple[Any, ...]:
    """Returns the other filters that read texts, and the one that reads URLs, with small lists."""
    words = {"hard_words": ("bad", "worse"), "soft_words": ("a", "b"), "subwords": ("xyz",)}
    lists = UrlBlocklist(domains=("bad.example",), **words)
    lines = LineFilter(equal=("word",), contain=("paragraph once", "a-a-a"), max_removed_word_ratio=None)
    return CodeQuality(), DclmLines(), lines, Toxicity(), lists


def cost(work: Callable[[pa.RecordBatch], Any], text: str) -> float:
    """Returns milliseconds per MB for one document with this text, which is also a part of its URL."""
    size = len(text.encode()) / MB
    columns = {"id": ["0"], "text": [text], "url": [f"http://a.example/{text}"], "code_lang": [None], "path": [None]}
    batch = documents(columns)
    return min(seconds(lambda: work(batch)) for _ in range(max(1, int(8 / size)))) * 1000 / size


def _sizes(largest: int) -> Iterator[int]:
    size = 1
    while size < largest:
        yield size
        size *= 4
    yield largest


if __name__ == "__main__":
    main()
