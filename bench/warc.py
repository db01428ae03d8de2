"""Compares reading WARC files with warcio and FastWARC: CPU seconds on one core, and whether the bodies are equal.

    python -m bench.warc [FILES.warc.gz...] [--repeat 3] [--json]

Each side reads all records of each file and decodes the bodies of responses (chunks joined, content codings removed).
`stages.read_warc` also does the rest of its work: charsets, digests, signs, columns. `inflating` only decompresses the
members, which is the lower limit with this library. A mini-crawl is always measured too. The bodies that warcio and
tokenmill return for each response are compared byte by byte. The best of the repeats counts.
"""

import argparse
import cProfile
import json
import logging
import os
import pstats
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from isal import isal_zlib

from tokenmill.mini.world import write_mini
from tokenmill.stages.web.http_body import read_body, read_head
from tokenmill.stages.web.read_warc import ReadWarc
from tokenmill.stages.web.warc_records import Record, read_records

_LIMIT = 64 << 20


def by_warcio(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yields (record id, body) of each response."""
    from warcio.archiveiterator import ArchiveIterator  # here, so that --help works without this peer

    with file.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type == "response":
                yield record.rec_headers.get_header("WARC-Record-ID"), record.content_stream().read()


def by_fastwarc(file: Path) -> Iterator[tuple[str, bytes]]:
    with file.open("rb") as stream:
        for record in FastIterator(stream, record_types=WarcRecordType.response, auto_decode="all"):
            yield record.record_id, record.reader.read()


def by_ours(file: Path) -> Iterator[tuple[str, bytes]]:
    with file.open("rb") as stream:
        for record in read_records(stream, file.stat().st_size, file.name, _LIMIT):
            if isinstance(record, Record) and record.fields.get(b"warc-type") == b"response":
                body = read_body(record.block, read_head(record.block), limit=_LIMIT, cut=True)
                yield record.fields[b"warc-record-id"].decode(), body.data


def by_source(file: Path) -> Iterator[tuple[str, bytes]]:
    """Runs the whole source. Yields a placeholder per row, because only the number of rows is needed."""
    work = ReadWarc(str(file))
    for shard in work.shards():
        for batch in work.read(shard):
            yield from ((str(number), b"") for number in range(batch.num_rows))


def by_inflating(file: Path) -> Iterator[tuple[str, bytes]]:
    content = memoryview(file.read_bytes())
    at = 0
    while at < len(content):
        inflater = isal_zlib.decompressobj(31)
        while not inflater.eof:
            inflater.decompress(content[at : at + (1 << 15)])
            at += 1 << 15
        at = min(at, len(content)) - len(inflater.unused_data)
        yield "", b""


SIDES: dict[str, Callable[[Path], Iterator[tuple[str, bytes]]]] = {
    "warcio": by_warcio, "fastwarc": by_fastwarc, "inflating": by_inflating, "records and bodies": by_ours,
    "stages.read_warc": by_source,
}  # fmt: skip


def measure(files: list[Path], repeat: int) -> dict[str, Any]:
    """Returns the seconds of each side, the amount read, and how many bodies differ between warcio and tokenmill."""
    theirs = {id: body for file in files for id, body in by_warcio(file)}
    ours = {id: body for file in files for id, body in by_ours(file)}
    seconds = {name: min(_seconds(side, files) for _ in range(repeat)) for name, side in SIDES.items()}
    return {
        "records": len(theirs),
        "mb": sum(map(len, theirs.values())) / 1e6,
        "differ": sum(ours.get(id) != body for id, body in theirs.items()) + len(ours.keys() - theirs.keys()),
        "seconds": seconds,
    }


def _seconds(side: Callable[[Path], Iterator[tuple[str, bytes]]], files: list[Path]) -> float:
    began = time.process_time()  # so that other work on the machine does not count
    for file in files:
        for _ in side(file):
            pass
    return time.process_time() - began


def show_profile(files: list[Path]) -> None:
    """Prints the functions in which stages.read_warc spends most of its time."""
    for file in files:
        _seconds(by_source, [file])  # loads the kernels
        profile = cProfile.Profile()
        profile.runcall(_seconds, by_source, [file])
        pstats.Stats(profile).sort_stats("tottime").print_stats(12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", action="store_true", help="only show where stages.read_warc spends its time")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # warcio logs a warning for each URL that it corrects
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    if options.profile:
        show_profile(options.files)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_mini(Path(folder), pages=2000, seed=0)
        made = sorted(path for path in Path(folder).glob("crawl-*.warc.gz"))
        groups = {"mini-crawl": made} | {file.name: [file] for file in options.files}
        found = {name: measure(files, options.repeat) for name, files in groups.items()}
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'files':28}{'responses':>10}{'MB':>8}{'differ':>8}  seconds, times as fast as warcio")
    for name, row in found.items():
        times = ", ".join(f"{side} {s:.2f} ({row['seconds']['warcio'] / s:.1f}×)" for side, s in row["seconds"].items())
        print(f"{name:28}{row['records']:10,}{row['mb']:8.1f}{row['differ']:8}  {times}")


if __name__ == "__main__":
    main()
