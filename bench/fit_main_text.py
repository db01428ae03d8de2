"""Fits the trees of `text/html/main_text.py` to annotated pages, and prints their quality on unseen hosts.

    python -m bench.fit_main_text FOLDER [--out tokenmill/text/html/main_text.json]

FOLDER has full_text.jsonl.zst (`html`, `text`: the article) and snippets.jsonl.zst (`html`, `present`, `absent`). In a
page of the first file, the label of a block is the share of its words that are in the article in runs of three. In a
page of the second file, a block is content if it has a snippet of `present`, and not if it has one of `absent`. All
pages of the first file have the same weight. For the quality, the hosts are divided into five parts, and trees that are
fitted to four parts judge the fifth.
"""

import argparse
import json
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.extraction import Page, folded, judge, read_pages
from tokenmill.text.html.features import FEATURES
from tokenmill.text.html.main_text import DEPTH, MODEL, UNIT, features_of

if TYPE_CHECKING:
    import lightgbm

TREES = 64
SETTINGS: dict[str, Any] = {
    "objective": "cross_entropy", "num_leaves": 20, "max_depth": DEPTH, "learning_rate": 0.15, "lambda_l2": 5.0,
    "min_sum_hessian_in_leaf": 4.0, "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1, "max_bin": 127,
    "verbosity": -1, "seed": 1, "num_threads": 1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip
FULL_WEIGHT = 8.0  # weight of a page with a whole article; a block with a snippet has 1
PARTS = 5
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|\w[^\W\u3040-\u30ff\u3400-\u9fff]*")


class Example(NamedTuple):
    """One page: its blocks, and their features, labels (nan if unknown) and weights."""

    page: Page
    texts: list[str]
    features: npt.NDArray[np.int32]
    labels: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]


def example(page: Page) -> Example | None:
    """Returns the page with its labelled blocks, or None if it has no block."""
    texts, features = features_of(page.html.encode("utf-8", "replace"))
    if not texts:
        return None
    tokens = [_tokens(text) for text in texts]
    if page.text is not None:
        labels = _shares(tokens, page.text)
        weights = np.sqrt([len(words) + 1.0 for words in tokens])
        return Example(page, texts, features.copy(), labels, weights * FULL_WEIGHT / weights.sum())
    labels = np.full(len(texts), np.nan)
    for block, text in enumerate(map(folded, texts)):
        if any(snippet in text for snippet in map(folded, page.absent)):
            labels[block] = 0.0
        elif any(snippet in text for snippet in map(folded, page.present)):
            labels[block] = 1.0
    return Example(page, texts, features.copy(), labels, np.ones(len(texts)))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.lower())


def _shares(blocks: list[list[str]], article: str) -> npt.NDArray[np.float64]:
    """Returns for each block the share of its words that are in the article in runs of three.

    A block of fewer than three words has 1 if it is a line of the article, else 0.
    """
    words = _tokens(article)
    runs = {tuple(words[at : at + 3]) for at in range(len(words) - 2)}
    lines = {tuple(_tokens(line)) for line in article.split("\n")}
    shares = np.zeros(len(blocks))
    for number, block in enumerate(blocks):
        if len(block) < 3:
            shares[number] = bool(block) and tuple(block) in lines
            continue
        found = np.zeros(len(block), dtype=bool)
        for at in range(len(block) - 2):
            if tuple(block[at : at + 3]) in runs:
                found[at : at + 3] = True
        shares[number] = found.mean()
    return shares


def fit(examples: Iterable[Example]) -> "lightgbm.Booster":
    """Fits trees to the blocks with a known label."""
    import lightgbm  # here, so that --help works without this peer

    known = [(one, ~np.isnan(one.labels)) for one in examples]
    data = lightgbm.Dataset(
        np.concatenate([one.features[keep] for one, keep in known]),
        np.concatenate([one.labels[keep] for one, keep in known]),
        weight=np.concatenate([one.weights[keep] for one, keep in known]),
    )
    return lightgbm.train(SETTINGS, data, TREES)


def as_json(model: "lightgbm.Booster") -> str:
    """Returns the content of the model file: complete trees of integers, one per line."""
    used = sorted({int(number) for tree in model.dump_model()["tree_info"] for number in _used(tree["tree_structure"])})
    trees = []
    for tree in model.dump_model()["tree_info"]:
        feature, limit, leaf = [0] * ((1 << DEPTH) - 1), [0] * ((1 << DEPTH) - 1), [0] * (1 << DEPTH)
        _lay_out(tree["tree_structure"], 0, 0, used, feature, limit, leaf)
        trees.append(json.dumps({"feature": feature, "limit": limit, "leaf": leaf}))
    names = json.dumps([FEATURES[number] for number in used])
    return '{"features": ' + names + ',\n"trees": [\n' + ",\n".join(trees) + "\n]}\n"


def _used(node: dict[str, Any]) -> set[int]:
    if "leaf_value" in node:
        return set()
    return {node["split_feature"]} | _used(node["left_child"]) | _used(node["right_child"])


def _lay_out(
    node: dict[str, Any], at: int, depth: int, used: list[int], feature: list[int], limit: list[int], leaf: list[int]
) -> None:
    """Writes a subtree into the arrays of a complete tree. A leaf above the lowest level fills all places below it."""
    if "leaf_value" in node:
        width = 1 << (DEPTH - depth)
        first = (at + 1) * width - 1 - ((1 << DEPTH) - 1)
        leaf[first : first + width] = [round(node["leaf_value"] * UNIT)] * width
        return
    feature[at] = used.index(node["split_feature"])
    limit[at] = int(np.floor(node["threshold"]))
    _lay_out(node["left_child"], 2 * at + 1, depth + 1, used, feature, limit, leaf)
    _lay_out(node["right_child"], 2 * at + 2, depth + 1, used, feature, limit, leaf)


def main() -> None:
    """Prints the quality by parts, then fits the trees to all pages and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=MODEL)
    arguments = parser.parse_args()
    examples = [one for one in map(example, read_pages(arguments.folder)) if one is not None]
    parts = np.array([zlib.crc32(one.page.host.encode()) % PARTS for one in examples])
    texts: dict[int, str] = {}
    for part in range(PARTS):
        model = fit([one for one, number in zip(examples, parts, strict=True) if number != part])
        for place in np.flatnonzero(parts == part):
            scores = np.asarray(model.predict(examples[place].features))
            texts[int(place)] = "\n".join(np.array(examples[place].texts, dtype=object)[scores >= 0.5])
    print("hosts not seen:", judge([(one.page, texts[place]) for place, one in enumerate(examples)]))
    arguments.out.write_text(as_json(fit(examples)))


if __name__ == "__main__":
    main()
