"""Measures near-duplicate removal: signatures and whole runs compared with other tools, time and memory by input size.

    python -m bench.dedup signatures [--mb 4] [--texts FILE] [--json]
    python -m bench.dedup whole [--mb 200] [--json]
    python -m bench.dedup substring [--mb 200] [--memory 1400MB] [--json]
    python -m bench.dedup scale [--documents 100000 1000000] [--memory 1400MB] [--workers 2] [--json]

signatures: see bench/dedup_signatures.py.
whole: made-up prose with known clusters of near-duplicates, from Parquet to Parquet, on one core. It compares
    `pipeline run` with datatrove's four stages with the same bands, rows and n-grams, in CPU seconds of all processes
    with start-up.
substring: texts in which a third of the documents quote 200 to 2,000 characters of others. The number of quoted
    characters is known, which gives the recall.
scale: made-up documents of 40 words, a fifth of them near-duplicates. It prints wall seconds and CPU seconds of the
    dedup stage, and the peak memory of all processes of the run together (resident; shared pages count per process).
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from bench import dedup_signatures
from bench.dedup_texts import clustered_prose, quoting_prose, short_documents
from bench.versus_datatrove import ONE_THREAD
from tokenmill.pipeline.record.facts import read_facts

RECIPE = """
run: bench
excerpt: 0
stages:
  read: [{{stages.read_table: {{paths: "{inputs}/*.parquet", unknown: drop}}}}]
  dedup: {{memory: {memory}, steps: [{work}]}}
"""
GIB = 1 << 30


def main() -> None:
    if sys.argv[1:2] == ["signatures"]:
        dedup_signatures.main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["signatures", "whole", "substring", "scale"])
    parser.add_argument("--mb", type=float, default=200.0, help="whole: megabytes of text (datatrove takes 3 s per MB)")
    parser.add_argument("--documents", type=int, nargs="+", default=[100_000, 1_000_000], help="scale")
    parser.add_argument("--memory", default="1400MB", help="scale: memory of a worker of the dedup stage")
    parser.add_argument("--workers", type=int, default=2, help="scale")
    parser.add_argument("--folder", help="folder for inputs and runs; default: a temporary one")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dedup-", dir=options.folder) as folder:
        if options.what == "whole":
            found: Any = whole(Path(folder), options.mb)
        elif options.what == "substring":
            found = [substring(Path(folder), options.mb, options.memory, options.workers)]
        else:
            found = [scale(Path(folder), count, options.memory, options.workers) for count in options.documents]
    print(json.dumps(found, indent=1) if options.json else table(found if isinstance(found, list) else found["sides"]))


def whole(folder: Path, megabytes: float) -> dict[str, Any]:
    """Runs both sides on one input. kept: remaining documents. left_over: kept documents beyond one per cluster. lost:
    clusters of which no document is left.
    """
    clusters = written(clustered_prose(megabytes * 1e6), folder / "in", files=4)
    recipe = _recipe(folder, "4GB")
    sides = {
        "tokenmill": ["tokenmill", "run", str(recipe), "--workers", "1", "--out", str(folder / "runs")],
        "datatrove": ["bench.dedup_datatrove", str(folder / "in"), str(folder / "theirs")],
    }
    kept = {"tokenmill": folder / "runs/bench/dedup/data", "datatrove": folder / "theirs/kept"}
    rows = []
    for side, command in sides.items():
        seconds = cpu_seconds([sys.executable, "-m", *command])
        ids = [id for file in sorted(kept[side].glob("*.parquet")) for id in pq.read_table(file)["id"].to_pylist()]
        left = Counter(id.partition("-")[0] for id in ids)
        rows.append(
            {"side": side, "cpu_seconds": seconds, "mb_per_second": megabytes / seconds, "kept": len(ids),
             "left_over": len(ids) - len(left), "lost": clusters - len(left)}
        )  # fmt: skip
    ratio = rows[1]["cpu_seconds"] / rows[0]["cpu_seconds"]
    return {"sides": [*rows, {"side": "ratio", "cpu_seconds": ratio}], "clusters": clusters, "ratio": ratio}


def substring(folder: Path, megabytes: float, memory: str, workers: int) -> dict[str, Any]:
    """Measures substring_dedup. quoted: characters that documents copied from others. removed: by the stage."""
    quoted = written(quoting_prose(megabytes * 1e6), folder / "in", files=4)
    recipe = _recipe(folder, memory, "{stages.substring_dedup: {length: 200}}")
    command = [sys.executable, "-m", "tokenmill", "run", str(recipe), "--workers", str(workers)]
    command += ["--out", str(folder / "runs"), "--stage"]
    watched([*command, "read"])
    before = children_seconds()
    seconds, peak = watched([*command, "dedup"])
    used = children_seconds() - before
    facts = read_facts(str(folder / "runs/bench/dedup"))
    return {
        "megabytes": megabytes,
        "seconds": seconds,
        "cpu_seconds": used,
        "mb_per_cpu_second": megabytes / used,
        "peak_gib": peak / GIB,
        "quoted": quoted,
        "removed": facts["characters"],
        "documents_cut": facts["cut"],
    }


def scale(folder: Path, count: int, memory: str, workers: int) -> dict[str, Any]:
    """Returns seconds of the stages, peak memory of all processes, and existing and removed near-duplicates."""
    folder = folder / str(count)
    copies = written(short_documents(count), folder / "in", files=max(2, count // 250_000))
    command = [sys.executable, "-m", "tokenmill", "run", str(_recipe(folder, memory)), "--workers", str(workers)]
    command += ["--out", str(folder / "runs"), "--stage"]
    read, _ = watched([*command, "read"])
    before = children_seconds()
    seconds, peak = watched([*command, "dedup"])
    used = children_seconds() - before
    facts = read_facts(str(folder / "runs/bench/dedup"))
    return {
        "documents": count,
        "read_seconds": read,
        "dedup_seconds": seconds,
        "dedup_cpu_seconds": used,
        "cpu_microseconds_a_document": used / count * 1e6,
        "peak_gib": peak / GIB,
        "near_duplicates": copies,
        "removed": facts["removed"],
        "pairs_verified": facts["pairs_verified"],
    }


def written(tables: Iterable[tuple[pa.Table, int]], folder: Path, files: int) -> int:
    """Writes the tables in turn to `files` files; returns the sum of the numbers that come with the tables."""
    folder.mkdir(parents=True)
    total = 0
    writers: dict[int, pq.ParquetWriter] = {}
    for number, (part, counted) in enumerate(tables):
        place = number % files
        if place not in writers:
            writers[place] = pq.ParquetWriter(folder / f"{place:04d}.parquet", part.schema, compression="zstd")
        writers[place].write_table(part)
        total += counted
    for writer in writers.values():
        writer.close()
    return total


def cpu_seconds(command: list[str]) -> float:
    """Returns the user and system time of the command and all processes that it starts, on one core."""
    before = children_seconds()
    core = max(os.sched_getaffinity(0))
    subprocess.run(
        ["taskset", "-c", str(core), *command], check=True, stdout=sys.stderr, env=os.environ | ONE_THREAD
    )  # fmt: skip
    return children_seconds() - before


def children_seconds() -> float:
    """Returns the user and system time of all descendants of this process that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watched(command: list[str]) -> tuple[float, int]:
    """Returns (wall seconds, the peak of resident bytes of the command and all its descendants together)."""
    began = time.perf_counter()
    process = psutil.Popen(command, stdout=sys.stderr)
    peak = 0
    while process.poll() is None:
        peak = max(peak, held(process))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - began, peak


def held(process: psutil.Process) -> int:
    total = 0
    for one in [process, *_children(process)]:
        with contextlib.suppress(psutil.Error):  # the process may have ended
            total += one.memory_info().rss
    return total


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def _recipe(folder: Path, memory: str, work: str = "stages.minhash") -> Path:
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.format(inputs=folder / "in", memory=memory, work=work))
    return recipe


def table(rows: list[dict[str, Any]]) -> str:
    names = list(rows[0])
    shown = [names, *([_shown(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in shown) for place in range(len(names))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in shown
    )  # fmt: skip


def _shown(value: Any) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
