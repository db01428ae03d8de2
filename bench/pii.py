"""Measures stages.scrub_pii: MB/s compared with datatrove's PIIFormatter and Presidio, and recall on labelled texts.

    python -m bench.pii [TEXTS ...] [--spans FILE]

TEXTS are Parquet files with a column `text`, or text files; default: the pages of a mini-crawl. All run on one core,
and the best of three rounds counts. Presidio gets every hundredth document; it has the recognisers of the same five
kinds and no language model. --spans is a .jsonl.zst file of {"text", "spans": [{"type", "start", "end"}]}; default: the
file under TOKENMILL_DEV_DATA, if that is set. A span counts as found if a replacement covers it. A replacement counts
as right if it covers a span of its kind.
"""

import argparse
import io
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from tokenmill.core.columns import documents
from tokenmill.mini.world import write_mini
from tokenmill.stages.scrubbing.scrub_pii import SIGNALS, ScrubPii
from tokenmill.text.pii.find import Wanted
from tokenmill.text.pii.rewrite import Value, cut
from tokenmill.text.pii.window import PiiKind
from tokenmill.text.words.segment import text_buffer

ROUNDS = 3
EVERY = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="*", type=Path, metavar="TEXTS")
    parser.add_argument("--spans", type=Path)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    compare(list(some_texts(options.texts)) or mini_texts())
    folder = os.environ.get("TOKENMILL_DEV_DATA")
    spans = options.spans or (Path(folder) / "pii" / "synthetic.jsonl.zst" if folder else None)
    if spans:
        print_recall(spans)


def compare(texts: list[str]) -> None:
    """Prints the speeds and their ratios."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    batch = documents({"id": [str(row) for row in range(len(texts))], "text": texts})
    step = ScrubPii()
    began = time.perf_counter()
    step(batch.slice(0, 1))
    start_up = time.perf_counter() - began
    ours = size / best(lambda: step(batch))
    found = {kind: int(np.sum(step(batch).column(column).to_numpy())) for kind, column in SIGNALS.items()}
    print(f"text        {size:9.1f} MB in {len(texts)} documents; {sum(found.values())} replacements: {found}")
    print(f"start-up    {start_up:9.2f} s")
    print(f"scrub_pii   {ours:9.1f} MB/s")
    for name, work, some in peers(texts):
        speed = (
            sum(len(text.encode()) for text in some) / 1e6 / best(lambda work=work, some=some: list(map(work, some)))
        )
        print(f"{name:12}{speed:9.3f} MB/s    ratio {ours / speed:,.1f}")


def peers(texts: list[str]) -> Iterator[tuple[str, Callable[[str], Any], list[str]]]:
    """Yields (name, function that is called with each text, texts) for each other tool that is installed."""
    try:
        from datatrove.pipeline.formatters.pii import PIIFormatter
    except ImportError:
        print("datatrove    not installed")
    else:
        yield "datatrove", PIIFormatter().format, texts
    try:
        analyse = presidio()
    except ImportError:
        print("presidio     not installed")
    else:
        yield "presidio", analyse, texts[::EVERY]


def presidio() -> Callable[[str], Any]:
    """Returns Presidio's analyzer for our five kinds, with a blank spaCy pipeline and without fetching suffix lists."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
    engine = SpacyNlpEngine()
    engine.nlp = {"en": spacy.blank("en")}
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    kinds = list(get_args(PiiKind))
    return lambda text: analyzer.analyze(text=text[:900_000], language="en", entities=kinds)


def print_recall(path: Path) -> None:
    """Prints recall and precision by kind."""
    with path.open("rb") as file:
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
        rows = [json.loads(line) for line in lines]
    kinds = get_args(PiiKind)
    data, offsets = text_buffer(documents({"text": [row["text"] for row in rows]}))
    cut_rows = cut(data, offsets, Wanted(kinds, "all", False))
    hits, labelled, right, replaced = (Counter[str]() for _ in range(4))
    for place, row in enumerate(rows):
        ours, at = set(), 0
        for piece in cut_rows.get(place, []):
            length = len((piece.text if isinstance(piece, Value) else piece).decode())
            if isinstance(piece, Value):
                ours.add((piece.kind, at, at + length))
            at += length
        theirs = {(span["type"], span["start"], span["end"]) for span in row["spans"] if span["type"] in kinds}
        labelled.update(kind for kind, *_ in theirs)
        replaced.update(kind for kind, *_ in ours)
        hits.update(kind for kind, low, high in theirs if any(covers(one, kind, low, high) for one in ours))
        right.update(one[0] for one in ours if any(covers(one, *span) for span in theirs))
    for kind in kinds:
        recall, precision = f"{hits[kind]}/{labelled[kind]}", f"{right[kind]}/{replaced[kind]}"
        print(f"{kind:15} recall {recall:>9}   precision {precision:>9}")


def covers(ours: tuple[str, int, int], kind: str, low: int, high: int) -> bool:
    return ours[0] == kind and ours[1] <= low and high <= ours[2]


def best(work: Callable[[], object]) -> float:
    """Returns the seconds of the fastest round."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def some_texts(files: list[Path]) -> Iterator[str]:
    for file in files:
        if file.suffix == ".parquet":
            yield from filter(None, pq.read_table(file, columns=["text"])["text"].to_pylist())
        else:
            yield file.read_text(encoding="utf-8", errors="replace")


def mini_texts() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        write_mini(Path(folder), pages=3000, seed=0)
        found: list[str] = pq.read_table(Path(folder) / "truth.parquet", columns=["main_text"])["main_text"].to_pylist()
    return [text for text in found if text]


if __name__ == "__main__":
    main()
