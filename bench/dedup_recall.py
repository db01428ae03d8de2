"""Measures recall and precision of MinHash on labelled near-duplicates of graded similarity, for each kind of text.

    python -m bench.dedup_recall [--pairs 60] [--kinds prose short] [--folder DIR] [--json]

Each kind is a separate corpus. For each number of edits it has --pairs originals, each with one copy in which that
number of words (or characters) is replaced. `pipeline run` deduplicates the corpus, and `pipeline dedup audit` audits
it with all documents as anchors: the recall of nominated pairs by true similarity, next to the recall that the bands
promise for these pairs. From the labels: how many copies that are similar enough are removed, and how many documents
are removed for a document that is not their original or copy.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

RECIPE = """
run: {kind}
excerpt: 0
stages:
  read: [{{stages.read_table: {{paths: "{folder}/{kind}.parquet"}}}}]
  dedup: [{{stages.minhash: {{ {settings} }}}}]
"""
LEVELS = 24
"""How many different numbers of edits there are. They give similarities from 1 to about 0.45."""

Words = list[str]


def prose(rng: random.Random, vocabulary: Words) -> Words:
    return rng.choices(vocabulary, k=200)


def short(rng: random.Random, vocabulary: Words) -> Words:
    return rng.choices(vocabulary, k=rng.randrange(25, 40))


def long(rng: random.Random, vocabulary: Words) -> Words:
    return rng.choices(vocabulary, k=rng.randrange(1500, 3000))


def boilerplate(rng: random.Random, vocabulary: Words) -> Words:
    """Returns a page of which two fifths are the same on all pages."""
    return [*vocabulary[:80], *rng.choices(vocabulary, k=120)]


def chinese(rng: random.Random, vocabulary: Words) -> Words:
    return [chr(rng.randrange(0x4E00, 0x9FA0)) for _ in range(300)]


KINDS: dict[str, tuple[Callable[[random.Random, Words], Words], str]] = {
    "prose": (prose, ""),
    "short": (short, ""),
    "long": (long, ""),
    "boilerplate": (boilerplate, ""),
    "chinese": (chinese, ""),
    "characters": (prose, "unit: characters, ngram: 20"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=60, help="pairs for each number of edits")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--folder", help="folder for inputs and runs; default: a temporary one")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recall-", dir=options.folder) as folder:
        for kind in options.kinds:
            audit = measured(Path(folder), kind, options.pairs)
            print(json.dumps({kind: audit}) if options.json else "\n".join(lines(kind, audit)), flush=True)


def measured(folder: Path, kind: str, pairs: int) -> dict[str, Any]:
    """Returns the report of dedup audit, with removed: the number of removed documents, and strangers: those of them
    that were removed for a document of another pair.
    """
    make, settings = KINDS[kind]
    documents = list(labelled(make, pairs, "" if kind == "chinese" else " "))
    pq.write_table(pa.Table.from_pylist(documents), folder / f"{kind}.parquet")
    recipe = folder / f"{kind}.yaml"
    recipe.write_text(RECIPE.format(kind=kind, folder=folder, settings=settings))
    tokenmill(["run", str(recipe), "--workers", "1", "--out", str(folder)])
    said = tokenmill(["dedup", "audit", str(folder / kind), "--anchors", str(len(documents)), "--json"])
    audit: dict[str, Any] = json.loads(said)
    dropped = pq.read_table(folder / kind / "dedup/dropped").to_pylist()
    strangers = sum(row["id"].partition("-")[0] != row["duplicate_of"].partition("-")[0] for row in dropped)
    return audit | {"removed": len(dropped), "strangers": strangers}


def labelled(make: Callable[[random.Random, Words], Words], pairs: int, joint: str) -> Iterator[dict[str, str]]:
    rng = random.Random(1)
    syllables = [a + b for a in "bcdfghjklmnprstvw" for b in ("a", "e", "i", "o", "u", "ar", "en")]
    vocabulary = list({"".join(rng.choices(syllables, k=rng.randrange(2, 5))) for _ in range(20_000)})
    vocabulary.sort()
    number = 0
    for level in range(LEVELS):
        for _ in range(pairs):
            text = make(rng, vocabulary)
            edits = round(len(text) * level / LEVELS * 0.085)
            copy = text.copy()
            for place in rng.sample(range(len(text)), edits):
                copy[place] = make(rng, vocabulary)[-1]
            yield {"id": f"{number:06d}-0", "text": joint.join(text)}
            yield {"id": f"{number:06d}-1", "text": joint.join(copy)}
            number += 1


def tokenmill(command: list[str]) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tokenmill", *command], check=True, capture_output=True, text=True
    ).stdout


def lines(kind: str, audit: dict[str, Any]) -> Iterator[str]:
    documents, removed, strangers = (audit[name] for name in ("documents", "removed", "strangers"))
    yield f"{kind}: {documents:,} documents, {removed:,} removed, {strangers} for one of another pair"
    for bucket in audit["buckets"]:
        if bucket["pairs"]:
            span, pairs = f"{bucket['low']:.2f} to {bucket['high']:.2f}", bucket["pairs"]
            sure = f"{bucket['recall_low']:.1%} to {bucket['recall_high']:.1%}"
            yield f"  {span} {pairs:6,} pairs  {bucket['recall']:6.1%}  ({sure})  bands promise {bucket['theory']:6.1%}"
    yield f"  {audit['resolved']:,} of {audit['alike']:,} pairs at {audit['threshold']} or above are resolved"


if __name__ == "__main__":
    main()
