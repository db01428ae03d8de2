"""stages/dedup/minhash.py: texts that are equal only to the bands stay, and the recorded similarities can be
recomputed.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tokenmill.core.columns import documents
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.facts import read_facts
from tokenmill.text.similarity.jaccard import jaccard_of_sets
from tokenmill.text.similarity.shingle import Shingling, Unit
from tokenmill.text.words.segment import words

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{{stages.read_table: {{paths: "{folder}/in.jsonl", shard_bytes: 1048576}}}}]
  dedup: {{memory: 1100MB, steps: [{{stages.minhash: {settings}}}]}}
"""
NGRAM: dict[Unit, int] = {"words": 5, "characters": 12}
UNITS = list(NGRAM)
ROWS = range(60)


def log(day: int) -> str:
    return "\n".join(
        f"2024-0{1 + day % 9}-11 {i % 24}:{day % 6}{i % 10}:{i * day % 60} GET /a 200 {i * 977 * day % 5000} ms"
        for i in ROWS
    )


LONG = {
    "logs": [log(day) for day in (1, 2)],
    "prices": ["\n".join(f"bolt M{i}: EUR {i * 37 * k % 900}.{i * k % 90 + 10}" for i in ROWS) for k in (3, 7)],
    "sums": ["\n".join(f"{i * k % 89} + {i + k} = {i * k % 89 + i + k}." for i in ROWS) for k in (3, 7)],
    "numbers of other lengths": ["\n".join(f"| {10 ** (i * k % 7)} | {k ** (i % 9)} |" for i in ROWS) for k in (3, 5)],
    "digits alone": [" ".join(str(i * 7919 * k % 65536) for i in ROWS) for k in (3, 7)],
    "code": ["\n".join(f"    table[{i}] = {i * 7919 * k % 65536};" for i in ROWS) for k in (5, 11)],
    "case": [
        "\n".join(
            (str.upper, str.title)[i * k % 7 < 3](f"key {chr(97 + i % 26) * 3} of {chr(97 + i // 26)}") for i in ROWS
        )
        for k in (1, 3)
    ],
    "punctuation": ["".join(f"go {('left', 'right')[i % 2]}{'.!?,;'[i * k % 5]} " for i in ROWS) for k in (1, 2)],
    "accents": ["".join(f"{('peche', 'pêche', 'péché')[i * k % 3]} or {i}, " for i in ROWS) for k in (1, 2)],
    "arabic": ["".join(f"الصف {chr(0x660 + i * k % 10)}{chr(0x660 + i % 10)} ثم " for i in ROWS) for k in (3, 7)],
    "hindi": ["".join(f"कुल {chr(0x966 + i * k % 10)}{chr(0x966 + i % 10)} और " for i in ROWS) for k in (3, 7)],
    "scripts of digits": ["".join(f"row {chr(zero + i % 10)} of it, " for i in ROWS) for zero in (0x30, 0x660)],
    "chinese": ["".join(f"第{i}行价{i * k % 97}元" for i in ROWS) for k in (3, 7)],
}
SHORT = {
    "an order": ["Order 4711 was sent at 9 today.", "Order 88 was sent at 17 today."],
    "a shout": ["Nobody told us about the road", "NOBODY TOLD US ABOUT THE ROAD"],
    "a score": ["3 : 1, 2 : 2, 0 : 4, 1 : 1", "2 : 0, 1 : 5, 3 : 3, 0 : 2"],
}
"""Each kind has two texts that are equal after folding, but too different without it."""


def removed(folder: Path, texts: dict[str, str], **settings: Any) -> dict[str, dict[str, Any]]:
    """Runs a recipe with these texts. Returns {id of a removed document: its row in dropped/}."""
    (folder / "in.jsonl").write_text("\n".join(json.dumps({"id": id, "text": text}) for id, text in texts.items()))
    (folder / "recipe.yaml").write_text(RECIPE.format(folder=folder, settings=json.dumps(settings)))
    run_recipe(load_recipe(folder / "recipe.yaml"), InProcess(), Options(out=str(folder)), progress_for("none"))
    rows = pq.read_table(folder / "toy/dedup/dropped").to_pylist()
    return {row["id"]: row for row in rows}


def facts(folder: Path) -> dict[str, int]:
    return read_facts(str(folder / "toy/dedup"))


def unmodified_similarity(a: str, b: str, unit: Unit) -> float:
    """Returns the similarity that verification measures, computed by a plain twin."""
    one, other = (shingles_as_they_are(text, NGRAM[unit], unit) for text in (a, b))
    return len(one & other) / len(one | other)


def shingles_as_they_are(text: str, ngram: int, unit: Unit) -> set[tuple[str, ...]]:
    if unit == "characters":
        parts = list(" ".join(text.split()))
    else:
        split, encoded = words(documents({"text": [text]}))[1], text.encode()
        spans = zip(split.starts.tolist(), split.ends.tolist(), strict=True)
        parts = [part for a, b in spans for part in re.findall("[一-鿿]|[^一-鿿]+", encoded[a:b].decode())]
    return {tuple(parts[i : i + ngram]) for i in range(max(1, len(parts) - ngram + 1))}


@pytest.mark.parametrize("unit", UNITS)
def test_texts_that_only_bands_take_for_the_same_stay(unit: Unit, tmp_path: Path) -> None:
    """Each kind has two such texts, and a copy of the first with other white space. Only the first is removed."""
    texts = {}
    for kind, (one, other) in (LONG | SHORT).items():
        _, folded = Shingling(NGRAM[unit], unit).nominating(documents({"text": [one, other]}))
        assert jaccard_of_sets(folded[0], folded[1]) == 1.0, kind
        assert unmodified_similarity(one, other, unit) < 0.75, kind
        texts |= {f"{kind}: one": one, f"{kind}: other": other, f"{kind}: copy": "\n" + re.sub(r"\s", "  ", one)}
    tiny = {f"tiny {i}": text for i, text in enumerate(["7", "7", "8", "", "", " ", "!", "!", "1 2 3", "1 2 3"])}
    found = removed(tmp_path, texts | tiny, unit=unit, ngram=NGRAM[unit])
    assert {id: row["duplicate_of"] for id, row in found.items()} == {
        f"{kind}: one": f"{kind}: copy" for kind in LONG | SHORT
    }
    assert {row["similarity"] for row in found.values()} == {1.0}


@pytest.mark.parametrize("unit", UNITS)
def test_a_removal_of_a_changed_copy_has_the_similarity_of_the_unmodified_texts(unit: Unit, tmp_path: Path) -> None:
    texts = {}
    for kind, (one, _) in LONG.items():
        middle = len(one) // 2
        changed = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), one[middle : middle + 30]).swapcase()
        texts |= {f"{kind}: a": one, f"{kind}: b": one[:middle] + changed + one[middle + 30 :]}
    found = removed(tmp_path, texts, unit=unit, ngram=NGRAM[unit], threshold=0.3)
    assert len(found) == len(LONG)
    for id, row in found.items():
        measured = unmodified_similarity(texts[id], texts[row["duplicate_of"]], unit)
        assert 0.3 <= measured < 1.0
        assert row["similarity"] == np.float32(measured)
        assert row["drop_measured"] == f"{measured:.6g}"


def test_ten_thousand_logs_of_one_template_stay_within_time_and_memory(tmp_path: Path) -> None:
    """To the bands all logs are one text. Each log is compared with at most `hubs` others in all bands together, and
    all stay.
    """
    logs = {
        f"log{n:05d}": "\n".join(f"2024-11-{n % 30} {n * i % 86400} GET 200 {n * i * i % 9973} ms" for i in range(8))
        for n in range(10_000)
    }
    assert removed(tmp_path, logs) == {}
    counted = facts(tmp_path)
    assert counted["giant_buckets"] == 14
    assert counted["pairs_verified"] <= 200 * len(logs)
    assert counted["pairs_unexamined"] > 0
