"""Compares tokenmill with datatrove on the FineWeb recipe: same input, one process and one thread each, on one core.

    python -m bench.versus_datatrove [FOLDER or FILES...] [--tokenizer FILE] [--pages 2000] [--repeat 3] [--json]

FILES are .warc.gz files; default: a mini-crawl. There are two ratios: end to end (from WARC to token shards), and after
extraction (from the same extracted text in Parquet to token shards). Each side runs in a new process that first runs
the recipe on a tiny input. That first run, with the imports, models and compiled kernels that it loads, is the start-up
and is listed separately. The sides take turns, --repeat times. The ratio of their median seconds counts; the ratios of
the single turns, in seconds and CPU seconds, show its uncertainty. Both sides use lid.176.ftz and leave out the URL
blocklists. Each side has its own extraction: datatrove trafilatura (at most one second per page), tokenmill its own
main text extraction. The last table says for each rule how often the four filter sets agree on the same text.
"""

import argparse
import contextlib
import importlib
import io
import json
import os
import statistics
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
    parser.add_argument("--pages", type=int, default=2000, help="pages of the mini-crawl, if no files are given")
    parser.add_argument("--repeat", type=int, default=3, help="turns of each side")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs=5, metavar=("SIDE", "KIND", "TINY", "INPUTS", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(*options.child, tokenizer=options.tokenizer)))
        return
    with tempfile.TemporaryDirectory(prefix="versus-") as folder:
        found = compare(Path(folder), options.inputs, options.tokenizer, options.pages, options.repeat)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)


def compare(work: Path, inputs: list[Path], tokenizer: Path | None, pages: int, repeat: int) -> dict[str, Any]:
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
    found: dict[str, Any] = {"files": len(files), "pages": rows}
    for kind in ("web", "text"):
        turns = [{side: spawn(side, kind, work, tokenizer, turn) for side in SIDES} for turn in range(repeat)]
        found[kind] = summary(turns)
    found["agreement"] = agreement(work / "text")
    return found


def summary(turns: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Returns the median turn of each side, the ratios, and how many documents each side and both sides kept."""
    a, b = ({tuple(turn[side].pop("kept")) for turn in turns} for side in SIDES)
    middle = {side: median_turn([turn[side] for turn in turns]) for side in SIDES}
    ours, theirs = (middle[side] for side in SIDES)
    return {
        **middle,
        "ratio": round(theirs["seconds"] / ours["seconds"], 2),
        "ratios": [round(turn["datatrove"]["seconds"] / turn["tokenmill"]["seconds"], 2) for turn in turns],
        "cpu_ratios": [round(turn["datatrove"]["cpu_seconds"] / turn["tokenmill"]["cpu_seconds"], 2) for turn in turns],
        "kept": {"tokenmill": len(max(a)), "datatrove": len(max(b)), "both": len(set(max(a)) & set(max(b)))},
        "answers": {"tokenmill": len(a), "datatrove": len(b)},
    }


def median_turn(turns: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the turn with the median of the seconds, with the seconds of all turns added."""
    middle = statistics.median_low(turn["seconds"] for turn in turns)
    return next(turn for turn in turns if turn["seconds"] == middle) | {"all": [turn["seconds"] for turn in turns]}


def link(files: list[Path], folder: Path) -> None:
    folder.mkdir()
    for file in files:
        (folder / file.name).symlink_to(file.absolute())


def extract(warcs: Path, folder: Path) -> int:
    """Writes the text that both sides get for the second ratio: tokenmill's extraction of each page with text."""
    from tokenmill.core.columns import documents, split
    from tokenmill.core.io.parquet import write_table
    from tokenmill.stages.web.extract_html import ExtractHtml
    from tokenmill.stages.web.read_warc import ReadWarc

    source, rows = ReadWarc(paths=f"{warcs}/*.warc.gz"), 0
    schema = documents({"id": [], "text": [], "url": []}).schema
    for shard in source.shards():
        batches = (split(ExtractHtml()(split(batch)[0]))[0] for batch in source.read(shard))
        kept = (batch.select(["id", "text", "url"]) for batch in batches)
        rows += write_table(kept, str(folder / f"{shard.number:05d}.parquet"), schema=schema).rows
    return rows


def spawn(side: str, kind: str, work: Path, tokenizer: Path, turn: int) -> dict[str, Any]:
    out = work / f"{side}-{kind}-{turn}"
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
    """Runs in its own process and on one core: a tiny run that loads everything, then the timed run."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    work = importlib.import_module(f"bench.{side}_side")
    work.run(Path(tiny), kind, tokenizer, Path(out) / "tiny")
    began, cpu = time.perf_counter(), cpu_seconds()
    result: dict[str, Any] = work.run(Path(inputs), kind, tokenizer, Path(out) / "timed")
    result["seconds"] = round(time.perf_counter() - began, 3)
    result["cpu_seconds"] = round(cpu_seconds() - cpu, 3)
    result["kept"] = work.kept(Path(out) / "timed")
    return result


def cpu_seconds() -> float:
    """Returns CPU seconds of this process and its children that have ended: datatrove extracts in a child."""
    return sum(os.times()[:4])


def agreement(texts: Path) -> list[str]:
    """Returns the table of bench.filters_parity on the English documents of the same text, with each filter alone."""
    import polars as pl

    from bench.filters_parity import our_verdicts, report, their_verdicts
    from tokenmill.core.columns import documents
    from tokenmill.stages.scoring.language import Language

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
            one = found[kind][side]
            turns = ", ".join(f"{seconds:.2f}" for seconds in one["all"])
            said = f"cpu {one['cpu_seconds']:.2f}; start-up {one['start_up']:.1f} s; turns {turns}"
            print(f"  {side:10} {one['seconds']:9.2f} s  ({said})")
            if one.get("extraction"):
                print(f"      pages {', '.join(f'{name} {count}' for name, count in one['extraction'].items())}")
            for step, seconds in sorted(one["seconds_by_step"].items(), key=lambda item: -item[1]):
                print(f"      {seconds:9.3f} s  {step}")
        ratio, target = found[kind]["ratio"], TARGETS[kind]
        turns, cpu = (", ".join(f"{one:.1f}" for one in found[kind][name]) for name in ("ratios", "cpu_ratios"))
        verdict = "met" if ratio >= target else "missed"
        print(f"  ratio {ratio:.1f}  (target {target}: {verdict}; by turn {turns}; cpu {cpu})")
        print(f"  documents kept: {found[kind]['kept']}; different answers in the turns: {found[kind]['answers']}\n")
    print("agreement, rule by rule")
    print("\n".join(found["agreement"]))


if __name__ == "__main__":
    main()
