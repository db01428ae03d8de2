"""Measures MB/s of text on one core, for each unit of work alone, warm, on the same input.

    python -m bench.throughput [FOLDER or FILES...] [--tokenizer tokenizer.json] [--repeat 3] [--json]

FILES are .warc.gz files; default: a mini-crawl. The words are split again for each unit, so its figure is its cost if
it runs alone; in one stage they are split once. The best of the repeats counts.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import set_column, split, without_transient
from tokenmill.filters.c4 import C4
from tokenmill.filters.fineweb import Fineweb
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.filters.gopher_repetition import GopherRepetition
from tokenmill.filters.toxicity import Toxicity
from tokenmill.mini.world import write_mini
from tokenmill.stages.dedup.exact_dedup import ExactDedup
from tokenmill.stages.dedup.minhash import Minhash
from tokenmill.stages.scoring.language import Language
from tokenmill.stages.scrubbing.scrub_pii import ScrubPii
from tokenmill.stages.web.extract_html import ExtractHtml
from tokenmill.stages.web.read_warc import ReadWarc
from tokenmill.text.words.segment import words
from tokenmill.tokenize.encode import Encode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="*", type=Path)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    with tempfile.TemporaryDirectory() as folder:
        write_mini(Path(folder), pages=1000, seed=0)
        paths = options.inputs or sorted(Path(folder).glob("crawl-*.warc.gz"))
        files = [file for path in paths for file in (sorted(path.glob("*.warc.gz")) if path.is_dir() else [path])]
        rows = list(measure(files, options.tokenizer or Path(folder) / "tokenizer.json", options.repeat))
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'unit':24}{'MB/s':>10}{'documents/s':>14}{'MB in':>9}")
    for row in rows:
        print(f"{row['unit']:24}{row['mb_per_second']:10.1f}{row['documents_per_second']:14,.0f}{row['mb']:9.1f}")


def measure(files: list[Path], tokenizer: Path, repeat: int) -> Iterator[dict[str, Any]]:
    """Yields a row per unit: MB/s of UTF-8 text in (for read_warc: of decoded HTML out), and documents/s."""
    html: list[pa.RecordBatch] = []
    seconds = best(repeat, lambda: html.__setitem__(slice(None), list(read(files))))
    yield row("read_warc", html, seconds)
    text = [split(ExtractHtml()(batch))[0] for batch in html]
    yield row("extract_html", html, best(1, lambda: [ExtractHtml()(batch) for batch in html]))
    units: list[tuple[str, Callable[[pa.RecordBatch], Any]]] = [
        ("word split", words),
        ("language", Language()),
        ("gopher_repetition", GopherRepetition()),
        ("gopher_quality", GopherQuality()),
        ("c4", C4()),
        ("fineweb", Fineweb()),
        ("all four, words shared", four),
        ("toxicity", Toxicity()),
        ("minhash, signatures", lambda batch: Minhash().rounds()[0].route(numbered(batch))),
        ("exact_dedup, hashes", lambda batch: ExactDedup().rounds()[0].route(numbered(batch))),
        ("scrub_pii", ScrubPii()),
        ("encode", Encode(tokenizer=str(tokenizer))),
    ]
    for name, unit in units:
        [unit(batch.slice(0, 20)) for batch in text[:1]]
        yield row(name, text, best(repeat, lambda unit=unit: [unit(batch) for batch in text]))  # type: ignore[misc]


def four(batch: pa.RecordBatch) -> pa.RecordBatch:
    for step in (GopherRepetition(), GopherQuality(), C4(), Fineweb()):
        batch = step(batch)
    return batch


def read(files: list[Path]) -> Iterator[pa.RecordBatch]:
    source = ReadWarc(paths=tuple(map(str, files)))
    for shard in source.shards():
        for batch in source.read(shard):
            yield split(batch)[0]


def numbered(batch: pa.RecordBatch) -> pa.RecordBatch:
    zeros = np.zeros(batch.num_rows, dtype=np.int32)
    batch = set_column(without_transient(batch), "_shard", pa.array(zeros))
    return set_column(batch, "_row", pa.array(np.arange(batch.num_rows, dtype=np.int32)))


def best(repeat: int, work: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def row(name: str, batches: list[pa.RecordBatch], seconds: float) -> dict[str, Any]:
    size = sum(pc.sum(pc.binary_length(batch.column("text"))).as_py() or 0 for batch in batches)
    documents = sum(batch.num_rows for batch in batches)
    rates = {"mb_per_second": size / 1e6 / seconds, "documents_per_second": documents / seconds}
    return {"unit": name, "mb": size / 1e6, "documents": documents, "seconds": seconds} | rates


if __name__ == "__main__":
    main()
