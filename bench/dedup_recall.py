"""Recall and precision of MinHash on labelled near-duplicates of graded similarity, kind of text by kind.

    python -m bench.dedup_recall [--pairs 60] [--kinds prose short] [--folder DIR] [--json]

Each kind is a corpus of its own: for every number of edits so many originals, each with one copy in which so many words
(or characters) are others. It is deduplicated by `pipeline run`, and audited by `pipeline dedup audit` with every
document as an anchor: recall of nominated pairs by true similarity, beside what the bands promise for those pairs. By
the labels: how many copies that are alike enough are removed, and how many documents go for one that is not their own.
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
"""Numbers of edits, spread so that similarities are spread from 1 to about 0.45."""

Words = list[str]


def prose(rng: random.Random, vocabulary: Words) -> Words:
    return rng.choices(vocabulary, k=200)


def short(rng: random.Random, vocabulary: Words) -> Words:
    return rng.choices(vocabulary, k=rng.randrange(25, 40))


def long(rng: random.Random, vocabulary: Words) -> Words:
    return rng.choices(vocabulary, k=rng.randrange(1500, 3000))


def boilerplate(rng: random.Random, vocabulary: Words) -> Words:
    """Two fifths of each page are the same on all pages."""
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
    parser.add_argument("--pairs", type=int, default=60, help="of each number of edits")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--folder", help="where inputs and runs go; default: a temporary one")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recall-", dir=options.folder) as folder:
        for kind in options.kinds:
            audit = measured(Path(folder), kind, options.pairs)
            print(json.dumps({kind: audit}) if options.json else "\n".join(lines(kind, audit)), flush=True)


def measured(folder: Path, kind: str, pairs: int) -> dict[str, Any]:
    """What dedup audit says, and: labelled, removed: pairs alike enough, and those of which the copy or original went;
    strangers: documents that went for one they are no copy of.
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
    yield f"{kind}: {documents:,} documents, {removed:,} removed, {strangers} for a stranger"
    for bucket in audit["buckets"]:
        if bucket["pairs"]:
            span, pairs = f"{bucket['low']:.2f} to {bucket['high']:.2f}", bucket["pairs"]
            sure = f"{bucket['recall_low']:.1%} to {bucket['recall_high']:.1%}"
            yield f"  {span} {pairs:6,} pairs  {bucket['recall']:6.1%}  ({sure})  bands promise {bucket['theory']:6.1%}"
    yield f"  of {audit['alike']:,} pairs at {audit['threshold']} or above {audit['resolved']:,} are resolved"


if __name__ == "__main__":
    main()
