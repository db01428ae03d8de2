"""Measures stages.read_code on archives of source code: its speed, compared with only reading them, and the licences.

    python -m bench.code ARCHIVES ... [--rounds 3]

ARCHIVES are .tar.gz and other archives, git repositories or Parquet files with The Stack's columns. Each is read once
to warm up, then `rounds` times on one core; the best round counts. For comparison, Python's tarfile or zipfile reads
all members and does nothing with them.
"""

import argparse
import os
import tarfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tokenmill.core.columns import split
from tokenmill.stages.code.read_code import ReadCode


class Found(NamedTuple):
    """The counts of one archive: bytes of its files, rows, drops by rule, and kept files by licence and by language."""

    size: int
    rows: int
    rules: Counter[str]
    licenses: Counter[str]
    languages: Counter[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", nargs="+", metavar="ARCHIVES")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    total = seconds = plain = 0.0
    rules: Counter[str] = Counter()
    print(f"{'archive':44}{'files':>7}{'MB':>8}{'MB/s':>8}{'kept':>7}  language / licence of most files")
    for path in options.archives:
        found = read(path)
        best = timed(lambda path=path: read(path), options.rounds)  # type: ignore[misc]
        total, seconds = total + found.size, seconds + best
        plain += timed(lambda path=path: read_plainly(path), options.rounds)  # type: ignore[misc]
        rules += found.rules
        kept = found.licenses.total()
        print(
            f"{Path(path).name[:43]:44}{found.rows:7}{found.size / 1e6:8.2f}{found.size / best / 1e6:8.1f}"
            f"{kept / max(found.rows, 1):7.0%}  {most(found.languages)} / {most(found.licenses)}"
        )
    print(f"\nall: {total / 1e6:.1f} MB of files, {total / seconds / 1e6:.1f} MB/s on one core", end="")
    print(f"; only reading them: {total / plain / 1e6:.1f} MB/s" if plain else "")
    print("refused: " + ", ".join(f"{rule} {count}" for rule, count in rules.most_common()))


def read(path: str) -> Found:
    work = ReadCode(paths=path)
    found = Found(0, 0, Counter(), Counter(), Counter())
    for shard in work.shards():
        for batch in work.read(shard):
            alive, dropped = split(batch)
            sizes = [place["length"] or 0 for place in batch.column("locator").to_pylist()]
            found = found._replace(size=found.size + sum(sizes), rows=found.rows + batch.num_rows)
            found.licenses.update(name or "none" for name in alive.column("license").to_pylist())
            found.languages.update(name or "unknown" for name in alive.column("code_lang").to_pylist())
            if dropped.num_rows:
                found.rules.update(rule.partition(".")[2] for rule in dropped.column("drop_rule").to_pylist())
    return found


def read_plainly(path: str) -> None:
    """Reads all members with the standard library. Does nothing for a path that is not an archive."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                archive.read(info)
    elif Path(path).is_file() and tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and (content := archive.extractfile(member)):
                    content.read()


def timed(work: Callable[[], object], rounds: int) -> float:
    """Returns the CPU seconds of the best round."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def most(counts: Counter[str]) -> str:
    return counts.most_common(1)[0][0] if counts else "-"


if __name__ == "__main__":
    main()
