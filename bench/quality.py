"""Measures the quality of a run's decisions against the mini-crawl's truth and, if given, against labelled real data.

    python -m bench.quality [--pages 300] [--seed 0] [--dev-data FOLDER] [--json]

It writes a mini-crawl, runs its recipe, and compares the result with truth.parquet: exact and near duplicates, removals
recomputed from the texts, personal data, toxic pages, languages. A made-up world proves little by itself. So if
--dev-data (or TOKENMILL_DEV_DATA) names a folder of labelled data, the same figures for it are printed next to these.
"""

import argparse
import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from bench.real_quality import real_figures
from tokenmill.core.columns import documents
from tokenmill.filters.toxicity import Toxicity
from tokenmill.mini.world import write_mini
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import LocalPool
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.text.similarity.jaccard import jaccard_of_texts

RECIPE = Path(__file__).parents[1] / "configs" / "mini.yaml"
CERTAIN_PII = ("EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE")
Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dev-data", default=os.environ.get("TOKENMILL_DEV_DATA"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made_up = mini_figures(Path(folder), options.pages, options.seed)
        real = real_figures(Path(options.dev_data)) if options.dev_data else {}
    if options.json:
        print(json.dumps({"mini": made_up, "real": real}, indent=1))
        return
    for name in sorted({*made_up, *real}):
        print(f"{name:44} mini {_shown(made_up.get(name)):32} real {_shown(real.get(name))}")


def mini_figures(folder: Path, pages: int, seed: int) -> Figures:
    """Writes and runs a mini-crawl and returns all figures that its truth table allows."""
    write_mini(folder / "crawl", pages=pages, seed=seed)
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.read_text().replace("demo/crawl", str(folder / "crawl")))
    pool = LocalPool(2)
    try:
        run(load_recipe(recipe), pool, Options(out=str(folder / "runs")), progress_for("none"))
    finally:
        pool.close()
    return figures_of(folder / "crawl" / "truth.parquet", folder / "runs" / "mini")


def figures_of(truth_file: Path, run_folder: Path) -> Figures:
    """Compares a run of configs/mini.yaml with the truth about its crawl."""
    truth = pl.read_parquet(truth_file)
    stage = {name: _stage(run_folder, name) for name in ("web", "quality", "dedup", "scrub")}
    gone = pl.concat([_read(run_folder / name / "dropped") for name in ("dedup", "scrub")])
    return (
        exact_duplicates(truth, stage["quality"], stage["scrub"])
        | near_duplicates(stage["quality"], _read(run_folder / "dedup" / "dropped"), gone)
        | personal_data(truth, stage["dedup"], stage["scrub"])
        | toxicity(truth, stage["web"])
        | languages(truth, stage["web"])
    )


def exact_duplicates(truth: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> Figures:
    """Counts exact duplicates that are found: of each group of equal texts that reaches dedup, one may be left."""
    groups = truth.filter(pl.col("duplicate_kind") == "exact")["duplicate_group"].unique().to_list()
    members = truth.filter(
        pl.col("duplicate_group").is_in(groups) & (pl.col("duplicate_kind").fill_null("exact") == "exact")
    )
    joined = before.join(members.select("id", "duplicate_group"), on="id")
    equal = joined.group_by("duplicate_group", "text").len().filter(pl.col("len") > 1)
    extra = int((equal["len"] - 1).sum())
    left = joined.join(after.select("id"), on="id").group_by("duplicate_group", "text").len()
    missed = int((left["len"] - 1).sum())
    return {"exact duplicates found": _share(extra - missed, extra)}


def near_duplicates(before: pl.DataFrame, dedup: pl.DataFrame, gone: pl.DataFrame) -> Figures:
    """Checks near-duplicates by brute force over all pairs that share a shingle, and recomputes each removal."""
    texts = dict(zip(before["id"], before["text"], strict=True))
    removed = set(gone["id"])
    pairs = [pair for pair, similarity in brute_force(texts).items() if similarity >= 0.85]
    found = sum(1 for a, b in pairs if a in removed or b in removed)
    wrong = disagree = 0
    for row in dedup.filter(pl.col("duplicate_of").is_not_null()).to_dicts():
        similarity = jaccard_of_texts(texts[row["id"]], texts[row["duplicate_of"]], 5)
        wrong += similarity < 0.75
        disagree += abs(similarity - row["similarity"]) > 1e-4
    return {
        "near duplicates at >= 0.85 found": _share(found, len(pairs)),
        "removals below the threshold": wrong,
        "removals whose recomputed similarity differs": disagree,
        "removals recomputed": dedup.filter(pl.col("duplicate_of").is_not_null()).height,
    }


def brute_force(texts: dict[str, str], at_least: float = 0.5) -> dict[tuple[str, str], float]:
    """Returns the true Jaccard similarity of 5-word shingles for all pairs with at least `at_least`.

    It counts shingles and hashes none.
    """
    where: dict[str, list[str]] = defaultdict(list)
    sizes = {}
    for id, text in texts.items():
        shingles = set(plain_shingles(text))
        sizes[id] = len(shingles)
        for shingle in shingles:
            where[shingle].append(id)
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for ids in where.values():
        if len(ids) <= 200:  # a shingle in more documents is boilerplate; its pairs also share other shingles
            for place, a in enumerate(ids):
                for b in ids[place + 1 :]:
                    shared[a, b] += 1
    ratios = {(a, b): count / (sizes[a] + sizes[b] - count) for (a, b), count in shared.items()}
    return {pair: ratio for pair, ratio in ratios.items() if ratio >= at_least}


def plain_shingles(text: str, ngram: int = 5) -> Iterator[str]:
    """Yields each `ngram` consecutive words, unchanged. A word is a run of letters and digits, or one other character.

    This is deliberately not the split of the kernels. A text of fewer words has none, because bands never nominate it.
    """
    words = "".join(letter if letter.isalnum() else f" {letter} " for letter in text).split()
    return (" ".join(words[at : at + ngram]) for at in range(len(words) - ngram + 1))


def personal_data(truth: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> Figures:
    """Counts planted values that reach the scrubber and are not in its output."""
    planted = truth.select("id", "pii").explode("pii").unnest("pii").drop_nulls()
    joined = planted.join(before.select("id", "text"), on="id").join(
        after.select("id", pl.col("text").alias("out")), on="id"
    )
    there = joined.filter(
        pl.struct("text", "value").map_elements(lambda r: r["value"] in r["text"], return_dtype=pl.Boolean)
    )
    left = there.filter(
        pl.struct("out", "value").map_elements(lambda r: r["value"] in r["out"], return_dtype=pl.Boolean)
    )
    figures = {}
    for kind in sorted(set(planted["type"])):
        total, missed = (frame.filter(pl.col("type") == kind).height for frame in (there, left))
        figures[f"{kind} scrubbed"] = _share(total - missed, total)
    return figures


def toxicity(truth: pl.DataFrame, web: pl.DataFrame) -> Figures:
    """Applies the rule to all pages of each kind, also to pages that another rule would drop first."""
    joined = web.join(truth.select("id", "kind", "toxic"), on="id")
    figures = {}
    for name, pages in (("toxic", joined.filter(pl.col("toxic"))), *_ordinary(joined)):
        judged = Toxicity()(
            documents({"id": pages["id"].to_list(), "text": pages["text"].to_list(), "lang": pages["lang"].to_list()})
        )
        marked = judged.column("drop_rule").drop_null() if "drop_rule" in judged.schema.names else []
        figures[f"{name} pages marked toxic"] = _share(len(marked), pages.height)
    return figures


def _ordinary(joined: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for kind in ("medical", "legal"):
        yield kind, joined.filter(pl.col("kind") == kind)
    yield "other", joined.filter(~pl.col("toxic") & ~pl.col("kind").is_in(["medical", "legal"]))


def languages(truth: pl.DataFrame, web: pl.DataFrame) -> Figures:
    joined = web.join(truth.select("id", pl.col("lang").alias("true")).drop_nulls(), on="id")
    return {"languages right": _share(int((joined["lang"] == joined["true"]).sum()), joined.height)}


def _stage(run_folder: Path, name: str) -> pl.DataFrame:
    return _read(run_folder / name / "data")


def _read(folder: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} = {part / whole:.2%}" if whole else "0/0"


def _shown(value: Any) -> str:
    return "-" if value is None else str(value)


if __name__ == "__main__":
    main()
