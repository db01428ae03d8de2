"""The FineWeb recipe, tokenmill beside datatrove: same input, one process and one thread each, on one core, in one run.

    python -m bench.versus_datatrove [FOLDER or FILES...] [--tokenizer tokenizer.json] [--pages 2000] [--json]

FILES are .warc.gz; without any a mini-crawl is made. Two ratios: end to end (WARC to token shards), and after
extraction (the same extracted text as Parquet in, token shards out). Each side runs in a fresh process that first runs
the recipe on a tiny input; that run, with the imports, the models and the compiled kernels it loads, is the start-up
and is listed apart. Both leave out the URL blocklists, and both use lid.176.ftz. Extraction is each side's own:
trafilatura (one second a page at most) and resiliparse. At the end: rule by rule, how far the four filter sets decide
alike on the same text.
"""

import argparse
import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

THREADS = """OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS NUMBA_NUM_THREADS RAYON_NUM_THREADS
    POLARS_MAX_THREADS ARROW_NUM_THREADS"""
ONE_THREAD = dict.fromkeys(THREADS.split(), "1") | {"TOKENIZERS_PARALLELISM": "false"}
TARGETS = {"web": 15, "text": 30}
SIDES = ("tokenmill", "datatrove")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="*", type=Path)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--pages", type=int, default=2000, help="of the mini-crawl, when no files are given")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs=5, metavar=("SIDE", "KIND", "TINY", "INPUTS", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(*options.child, tokenizer=options.tokenizer)))
        return
    with tempfile.TemporaryDirectory(prefix="versus-") as folder:
        found = compare(Path(folder), options.inputs, options.tokenizer, options.pages)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)


def compare(work: Path, inputs: list[Path], tokenizer: Path | None, pages: int) -> dict[str, Any]:
    from tokenmill.mini.world import write_mini

    write_mini(work / "tiny", pages=60, seed=1)
    if not inputs:
        write_mini(work / "crawl", pages=pages, seed=0)
        inputs = sorted((work / "crawl").glob("crawl-*.warc.gz"))
    files = [file for path in inputs for file in (sorted(path.glob("*.warc.gz")) if path.is_dir() else [path])]
    tokenizer = (tokenizer or work / "tiny" / "tokenizer.json").absolute()
    link(files, work / "web")
    link(sorted((work / "tiny").glob("crawl-*.warc.gz")), work / "tiny-web")
    rows = extract(work / "web", work / "text")
    extract(work / "tiny-web", work / "tiny-text")
    found: dict[str, Any] = {"files": len(files), "pages": rows, "ratios": {}}
    for kind in ("web", "text"):
        for side in SIDES:
            found[f"{side} {kind}"] = spawn(side, kind, work, tokenizer)
        ours, theirs = (found[f"{side} {kind}"] for side in SIDES)
        found["ratios"][kind] = round(theirs["seconds"] / ours["seconds"], 2)
        a, b = set(ours.pop("kept")), set(theirs.pop("kept"))
        found[f"kept {kind}"] = {"tokenmill": len(a), "datatrove": len(b), "both": len(a & b)}
    found["agreement"] = agreement(work / "text")
    return found


def link(files: list[Path], folder: Path) -> None:
    folder.mkdir()
    for file in files:
        (folder / file.name).symlink_to(file.absolute())


def extract(warcs: Path, folder: Path) -> int:
    """The text both sides get for the second ratio: ours, of every page that has any."""
    from tokenmill.core.columns import documents, split
    from tokenmill.core.storage import write_table
    from tokenmill.stages.extract_html import ExtractHtml
    from tokenmill.stages.read_warc import ReadWarc

    source, rows = ReadWarc(paths=f"{warcs}/*.warc.gz"), 0
    schema = documents({"id": [], "text": [], "url": []}).schema
    for shard in source.shards():
        batches = (split(ExtractHtml()(split(batch)[0]))[0] for batch in source.read(shard))
        kept = (batch.select(["id", "text", "url"]) for batch in batches)
        rows += write_table(kept, str(folder / f"{shard.number:05d}.parquet"), schema=schema).rows
    return rows


def spawn(side: str, kind: str, work: Path, tokenizer: Path) -> dict[str, Any]:
    out = work / f"{side}-{kind}"
    command = [sys.executable, "-m", "bench.versus_datatrove", "--tokenizer", str(tokenizer), "--child", side, kind]
    command += [str(work / f"tiny-{kind}"), str(work / kind), str(out)]
    began = time.perf_counter()
    ran = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{side} {kind} failed:\n{ran.stderr[-3000:]}")
    said: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    said["start_up"] = round(time.perf_counter() - began - said["seconds"], 2)
    return said


def child(side: str, kind: str, tiny: str, inputs: str, out: str, *, tokenizer: Path) -> dict[str, Any]:
    """In a process and on a core of its own: a tiny run to start everything, then the one that is timed."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    run = importlib.import_module(f"bench.{side}_side").run
    run(Path(tiny), kind, tokenizer, Path(out) / "tiny")
    began, cpu = time.perf_counter(), time.process_time()
    result: dict[str, Any] = run(Path(inputs), kind, tokenizer, Path(out) / "timed")
    result["seconds"] = round(time.perf_counter() - began, 3)
    result["cpu_seconds"] = round(time.process_time() - cpu, 3)
    return result


def agreement(texts: Path) -> list[str]:
    """The table of bench.filters_parity, on the English documents of the same text, each filter alone."""
    import polars as pl

    from bench.filters_parity import our_verdicts, report, their_verdicts
    from tokenmill.core.columns import documents
    from tokenmill.stages.language import Language

    frame = pl.concat([pl.read_parquet(file) for file in sorted(texts.glob("*.parquet"))])
    lang = Language()(documents({"id": frame["id"].to_list(), "text": frame["text"].to_list()}))
    english = frame.filter(pl.Series(lang.column("lang").to_pylist()) == "en")
    texts_in = english["text"].to_list()
    ours, theirs = our_verdicts(texts_in)[0], their_verdicts(texts_in)[0]
    table = io.StringIO()
    with contextlib.redirect_stdout(table):
        differ = report(english["id"].to_list(), ours, theirs)
    return [
        *table.getvalue().splitlines(),
        f"{english.height} documents, verdicts or edited texts that differ: {len(differ)}",
    ]


def show(found: dict[str, Any]) -> None:
    print(f"{found['pages']} extracted pages of {found['files']} files\n")
    names = {"web": "end to end: WARC to token shards", "text": "after extraction: text to token shards"}
    for kind, name in names.items():
        print(name)
        for side in SIDES:
            one = found[f"{side} {kind}"]
            print(
                f"  {side:10} {one['seconds']:9.2f} s  (cpu {one['cpu_seconds']:.2f}, start-up {one['start_up']:.1f} s)"
            )
            for step, seconds in sorted(one["seconds_by_step"].items(), key=lambda item: -item[1]):
                print(f"      {seconds:9.3f} s  {step}")
        ratio, target = found["ratios"][kind], TARGETS[kind]
        print(f"  ratio {ratio:.1f}  (target {target}: {'met' if ratio >= target else 'missed'})")
        print(f"  documents kept: {found[f'kept {kind}']}\n")
    print("agreement, rule by rule")
    print("\n".join(found["agreement"]))


if __name__ == "__main__":
    main()
