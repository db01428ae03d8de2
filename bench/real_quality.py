"""Computes the figures of bench.quality for a folder of labelled real data; `real_figures` describes the folder."""

import io
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import zstandard

from tokenmill.core.columns import documents, split
from tokenmill.filters.language_in import LanguageIn
from tokenmill.filters.toxicity import Toxicity
from tokenmill.stages.dedup.minhash import Minhash
from tokenmill.stages.scoring.language import Language
from tokenmill.stages.scrubbing.scrub_pii import ScrubPii
from tokenmill.stages.web.extract_html import ExtractHtml
from tokenmill.stages.web.read_warc import ReadWarc
from tokenmill.text.similarity.jaccard import jaccard_of_texts

PII_TYPES = ("EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "PHONE_NUMBER", "IP_ADDRESS")
ISO_639_1 = {
    "eng": "en", "deu": "de", "fra": "fr", "spa": "es", "ita": "it", "por": "pt", "rus": "ru", "cmn": "zh", "jpn": "ja",
    "nld": "nl", "pol": "pl", "tur": "tr", "ukr": "uk", "kor": "ko", "swe": "sv", "fin": "fi", "hun": "hu", "ell": "el",
    "heb": "he", "hin": "hi", "tha": "th", "vie": "vi", "ron": "ro", "bul": "bg", "ces": "cs", "dan": "da", "epo": "eo",
}  # fmt: skip


def real_figures(folder: Path) -> dict[str, Any]:
    """Returns the figures for the files that exist in the folder: pii/synthetic.jsonl.zst (text, spans),
    language/sentences.jsonl.zst (lang, text), toxicity/labelled.jsonl.zst (text, toxic), web/realweb*.warc.gz.
    """
    return _pii(folder) | _languages(folder) | _toxicity(folder) | _near_duplicates(folder)


def _pii(folder: Path) -> dict[str, Any]:
    rows = list(_lines(folder / "pii" / "synthetic.jsonl.zst"))
    texts = [row["text"] for row in rows]
    scrubbed = (
        ScrubPii()(documents({"id": [str(n) for n in range(len(rows))], "text": texts})).column("text").to_pylist()
    )
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    tags = beyond = 0
    for row, after in zip(rows, scrubbed, strict=True):
        replaced = sum(after.count(f"<{kind}>") for kind in PII_TYPES)
        tags += replaced
        beyond += max(0, replaced - sum(span["type"] in PII_TYPES for span in row["spans"]))
        for span in row["spans"]:
            if span["type"] in PII_TYPES:
                found[span["type"]][0] += row["text"][span["start"] : span["end"]] not in after
                found[span["type"]][1] += 1
    shares = {f"{kind} scrubbed": _share(*counts) for kind, counts in sorted(found.items())}
    return shares | {"replacements beyond the labels": _share(beyond, tags)} if rows else {}


def _languages(folder: Path) -> dict[str, Any]:
    rows = [row for row in _lines(folder / "language" / "sentences.jsonl.zst") if row["lang"] in ISO_639_1]
    if not rows:
        return {}
    ids = [str(n) for n in range(len(rows))]
    lang = Language()(documents({"id": ids, "text": [row["text"] for row in rows]})).column("lang").to_pylist()
    right = sum(found == ISO_639_1[row["lang"]] for found, row in zip(lang, rows, strict=True))
    return {f"languages right (sentences, {len(ISO_639_1)} languages)": _share(right, len(rows))}


def _toxicity(folder: Path) -> dict[str, Any]:
    rows = list(_lines(folder / "toxicity" / "labelled.jsonl.zst"))
    if not rows:
        return {}
    judged = Toxicity()(documents({"id": [str(n) for n in range(len(rows))], "text": [row["text"] for row in rows]}))
    rules = judged.column("drop_rule").to_pylist() if "drop_rule" in judged.schema.names else [None] * len(rows)
    figures = {}
    for name, label in (("toxic", 1), ("other", 0)):
        marked = [rule is not None for rule, row in zip(rules, rows, strict=True) if row["toxic"] == label]
        figures[f"{name} pages marked toxic"] = _share(sum(marked), len(marked))
    return figures


def _near_duplicates(folder: Path) -> dict[str, Any]:
    """Compares the removals of Minhash with all pairs of extracted pages, found by brute force."""
    from bench.quality import brute_force

    files = sorted((folder / "web").glob("realweb*.warc.gz"))
    batches = [batch for file in files for batch in _extracted(file)]
    if not batches:
        return {}
    rows = [row for batch in batches for row in batch.select(["id", "text"]).to_pylist()]
    texts = {row["id"]: row["text"] for row in rows}
    verdicts = _minhash(batches)
    removed = {rows_id for rows_id, _, _ in verdicts}
    pairs = [pair for pair, ratio in brute_force(texts).items() if ratio >= 0.85]
    recomputed = [(jaccard_of_texts(texts[a], texts[b], 5), said) for a, b, said in verdicts]
    return {
        "near duplicates at >= 0.85 found": _share(sum(a in removed or b in removed for a, b in pairs), len(pairs)),
        "removals below the threshold": sum(ratio < 0.75 for ratio, _ in recomputed),
        "removals whose recomputed similarity differs": sum(abs(ratio - said) > 1e-4 for ratio, said in recomputed),
        "removals recomputed": len(recomputed),
    }


def _extracted(file: Path) -> Iterator[pa.RecordBatch]:
    source = ReadWarc(paths=str(file))
    for shard in source.shards():
        for batch in source.read(shard):
            for step in (ExtractHtml(), Language(), LanguageIn(keep=("en",), min_score=0.65)):
                batch, _ = split(step(split(batch)[0]))
            yield batch


def _minhash(batches: list[pa.RecordBatch]) -> list[tuple[str, str, float]]:
    """Returns (id, duplicate of, similarity) of each removal."""
    from tokenmill.stages.dedup.preference import preference
    from tokenmill.text.similarity.keep_rule import NOBODY, decide

    work = Minhash()
    texts = pa.Table.from_batches([batch.select(["id", "text"]) for batch in batches])
    whole = texts.append_column("preference", [preference(pa.concat_batches(texts.to_batches()), work.keep)])
    [ordered] = whole.sort_by([("preference", "ascending"), ("id", "ascending")]).combine_chunks().to_batches()
    ordered, nominating = work.shingling.nominating(ordered)
    _, verifying = work.shingling.verifying(ordered)
    decision = decide(
        work.signing(nominating), verifying, threshold=work.threshold, max_bucket=work.max_bucket, hubs=work.hubs
    )  # fmt: skip
    ids, kept_for = ordered.column("id").to_pylist(), decision.duplicate_of.tolist()
    return [
        (ids[row], ids[of], similarity)
        for row, (of, similarity) in enumerate(zip(kept_for, decision.similarity.tolist(), strict=True))
        if of != NOBODY
    ]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if not file.exists():
        return
    with file.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as opened:
        for line in io.TextIOWrapper(opened, encoding="utf-8"):
            yield json.loads(line)


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} = {part / whole:.2%}" if whole else "0/0"
