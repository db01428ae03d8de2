"""Measures for each rule how often the four FineWeb rule sets and datatrove's filters agree on the pages of WARC files.

    python -m bench.filters_parity DIR_OR_WARC... --model lid.176.ftz [--all-languages] [--dump FILE] [--show N]

resiliparse extracts the pages (main content). Each filter runs alone, on the same text. The table has for each rule:
fires: documents for which it is the first reason on at least one side; both: on both sides
of all: share of all documents on which both sides agree whether it is the first reason
of fired: share of the documents in `fires` for which it is the first reason on both sides
After the table come the documents on which the sides do not agree.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import detect_encoding
from resiliparse.parse.html import HTMLTree

from tokenmill.core.columns import documents
from tokenmill.filters.c4 import C4
from tokenmill.filters.fineweb import Fineweb
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.filters.gopher_repetition import GopherRepetition
from tokenmill.text.kernel.cache import warm_all

REASONS = {  # {rule of tokenmill: datatrove's reason}
    "gopher_repetition.empty": "empty",
    "gopher_repetition.duplicate_paragraph": "dup_para_frac",
    "gopher_repetition.duplicate_paragraph_char": "dup_para_char_frac",
    "gopher_repetition.duplicate_line": "dup_line_frac",
    "gopher_repetition.duplicate_line_char": "dup_line_char_frac",
    **{f"gopher_repetition.top_{n}_gram": f"top_{n}_gram" for n in (2, 3, 4)},
    **{f"gopher_repetition.duplicate_{n}_gram": f"duplicated_{n}_n_grams" for n in range(5, 11)},
    "gopher_quality.short": "gopher_short_doc",
    "gopher_quality.long": "gopher_long_doc",
    "gopher_quality.short_words": "gopher_below_avg_threshold",
    "gopher_quality.long_words": "gopher_above_avg_threshold",
    "gopher_quality.hashes": "gopher_too_many_hashes",
    "gopher_quality.ellipses": "gopher_too_many_ellipsis",
    "gopher_quality.bullet_lines": "gopher_too_many_bullets",
    "gopher_quality.ellipsis_lines": "gopher_too_many_end_ellipsis",
    "gopher_quality.not_alphabetic": "gopher_below_alpha_threshold",
    "gopher_quality.few_stop_words": "gopher_enough_stop_words",
    "c4.lorem_ipsum": "lorem_ipsum",
    "c4.curly_bracket": "curly_bracket",
    "c4.few_sentences": "too_few_sentences",
    "fineweb.empty": "empty",
    "fineweb.few_ended_lines": "line_punct_ratio",
    "fineweb.short_lines": "short_line_ratio",
    "fineweb.duplicate_chars": "char_dup_ratio",
    "fineweb.list": "list_ratio",
}
OURS: dict[str, Callable[[pa.RecordBatch], pa.RecordBatch]] = {
    "gopher_repetition": GopherRepetition(),
    "gopher_quality": GopherQuality(),
    "c4": C4(),
    "fineweb": Fineweb(),
}
THEIRS: dict[str, tuple[str, dict[str, Any]]] = {
    "gopher_repetition": ("GopherRepetitionFilter", {}),
    "gopher_quality": ("GopherQualityFilter", {}),
    "c4": ("C4QualityFilter", {"filter_no_terminal_punct": False}),
    "fineweb": ("FineWebQualityFilter", {}),
}

Verdict = tuple[str | None, str]
"""(first reason, the text after the filter)."""


def pages(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """Yields (record id, main text) of each HTML page with status 200, in the order of the files."""
    files = sorted(file for path in paths for file in (path.glob("*.warc*") if path.is_dir() else [path]))
    for file in (file for file in files if not file.name.endswith((".wat.gz", ".wet.gz"))):
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                head = record.http_headers
                if head is None or head.status_code != 200 or "html" not in (record.http_content_type or ""):
                    continue
                body = record.reader.read()
                tree = HTMLTree.parse_from_bytes(body, detect_encoding(body) or "utf-8")
                yield str(record.record_id), extract_plain_text(tree, main_content=True)


def is_english(model: str) -> Callable[[str], bool]:
    """Returns a function that tells whether lid.176 gives a text the label `en` with a score above 0.65, as FineWeb."""
    import fasttext

    found = fasttext.load_model(model)

    def judged(text: str) -> bool:
        labels, scores = found.predict(text.replace("\n", " "))
        return bool(labels) and labels[0] == "__label__en" and float(scores[0]) > 0.65

    return judged


def their_verdicts(texts: list[str]) -> tuple[dict[str, list[Verdict]], dict[str, float]]:
    """Returns datatrove's verdicts and seconds for each filter. Each filter splits the words again, as if it ran alone.

    datatrove runs as a step (stages.datatrove_block), which itself takes a few microseconds per document.
    """
    from tokenmill.stages.datatrove_block import DatatroveBlock

    filters = {name: DatatroveBlock(f"datatrove.pipeline.filters.{cls}", said) for name, (cls, said) in THEIRS.items()}
    batch = documents({"id": [str(number) for number in range(len(texts))], "text": texts})
    for their in filters.values():
        their(documents({"id": ["0"], "text": ["Start up."]}))
    verdicts, seconds = {}, {}
    for name, their in filters.items():
        verdicts[name], seconds[name] = _timed(their, batch)
        verdicts[name] = [(rule and rule.removeprefix("datatrove_block."), text) for rule, text in verdicts[name]]
    return verdicts, seconds


def our_verdicts(texts: list[str]) -> tuple[dict[str, list[Verdict]], dict[str, float]]:
    """Returns tokenmill's verdicts and seconds for each filter. The seconds include the splitting of words."""
    warm_all()
    batch = documents({"id": [str(number) for number in range(len(texts))], "text": texts})
    verdicts, seconds = {}, {}
    for name, work in OURS.items():
        verdicts[name], seconds[name] = _timed(work, batch)
    return verdicts, seconds


def _timed(work: Callable[[pa.RecordBatch], pa.RecordBatch], batch: pa.RecordBatch) -> tuple[list[Verdict], float]:
    started = time.perf_counter()
    out = work(batch)
    seconds = time.perf_counter() - started
    rules = out.column("drop_rule").to_pylist() if "drop_rule" in out.schema.names else [None] * out.num_rows
    return list(zip(rules, out.column("text").to_pylist(), strict=True)), seconds


def report(ids: list[str], ours: dict[str, list[Verdict]], theirs: dict[str, list[Verdict]]) -> list[dict[str, Any]]:
    """Prints the table. Returns the documents with different first reasons, or with different edited texts if both
    sides keep them.
    """
    print(f"{'rule':<46}{'fires':>6}{'both':>6}{'of all':>9}{'of fired':>10}")
    for rule, reason in REASONS.items():
        step = rule.partition(".")[0]
        pairs = [(our == rule, their == reason) for (our, _), (their, _) in zip(ours[step], theirs[step], strict=True)]
        fired, both, same = sum(a or b for a, b in pairs), sum(a and b for a, b in pairs), sum(a == b for a, b in pairs)
        share = f"{both / fired:10.1%}" if fired else f"{'':>10}"
        print(f"{rule:<46}{fired:>6}{both:>6}{same / max(len(pairs), 1):>9.2%}{share}")
    different = []
    for step in OURS:
        for name, (our, text), (their, their_text) in zip(ids, ours[step], theirs[step], strict=True):
            if (REASONS[our] if our else None) != their or (our is None and text != their_text):
                different.append({"filter": step, "id": name, "ours": our, "theirs": their, "text": text})
    return different


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, metavar="DIR_OR_WARC")
    parser.add_argument("--model", help="lid.176.ftz or .bin, to choose the English pages")
    parser.add_argument("--all-languages", action="store_true", help="use pages of all languages")
    parser.add_argument("--dump", type=Path, help="write the documents that differ to this file, as JSON lines")
    parser.add_argument("--show", type=int, default=20, help="how many documents that differ to list")
    chosen = parser.parse_args()
    if not chosen.model and not chosen.all_languages:
        parser.error("give --model FILE to choose the English pages, or --all-languages")
    found = list(pages(chosen.paths))
    if not chosen.all_languages:
        english = is_english(chosen.model)
        found = [(name, text) for name, text in found if english(text)]
    ids, texts = [name for name, _ in found], [text for _, text in found]
    size = sum(len(text.encode()) for text in texts)
    print(f"{len(texts)} documents, {size / 1e6:.1f} MB")
    theirs, their_seconds = their_verdicts(texts)
    ours, our_seconds = our_verdicts(texts)
    different = report(ids, ours, theirs)
    print(f"\n{len(different)} documents differ (first reason, or text after C4)")
    for row in different[: chosen.show]:
        print(f"  {row['filter']:<18} {row['id']}  ours {row['ours']}, theirs {row['theirs']}")
    for name in OURS:
        our, their = size / our_seconds[name] / 1e6, size / their_seconds[name] / 1e6
        print(f"{name:<18} {our:8.1f} MB/s, datatrove {their:6.2f} MB/s, {our / their:6.0f} times")
    if chosen.dump:
        chosen.dump.write_text("".join(json.dumps(row) + "\n" for row in different))


if __name__ == "__main__":
    main()
