"""Fits the trees of `text/html/main_text.py` to annotated pages, and stores the texts of pages that they have not seen.

    python -m bench.fit_main_text FOLDER --folds FILE [--out tokenmill/text/html/main_text.json]

FOLDER has the annotated pages of bench.annotated_pages. The pages are divided into five parts by registered domain.
Trees of the first pass that are fitted to four parts judge the fifth; the trees of the second pass are fitted to
these scores, so that they see the same errors of the first pass as on new pages. FILE gets the text of each page from
trees that were not fitted to its part; bench.extraction measures it. Then the trees are fitted to all pages.

In a page with its whole text, the label of a block is the share of its words that match this text in a global
alignment. In a page with snippets, a block is content if it has a snippet of `present`, and not if it has one of
`absent`.
"""

import argparse
import json
import math
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.alignment import matched_words, words
from bench.annotated_pages import Page, folded, read_pages
from tokenmill.stages.web.extract_html import ExtractHtml
from tokenmill.text.html.main_text import ARTICLE, FIRST, SECOND
from tokenmill.text.html.opinions import SURE, UNIT
from tokenmill.text.html.trees import MODEL
from tokenmill.text.html.trial import opinions_of, read_page, text_with

if TYPE_CHECKING:
    import lightgbm

PARTS = 5
PAGE_WEIGHT = 8.0  # weight of a page with its whole text; a block with a snippet has 1
_SHARED: dict[str, Any] = {
    "objective": "cross_entropy", "lambda_l2": 5.0, "min_sum_hessian_in_leaf": 4.0, "feature_fraction": 0.3,
    "bagging_fraction": 0.5, "bagging_freq": 1, "max_bin": 63, "verbosity": -1, "seed": 1, "deterministic": True,
    "force_row_wise": True, "num_threads": 2,
}  # fmt: skip
FIRST_PASS = _SHARED | {"num_leaves": 48, "max_depth": 8, "learning_rate": 0.1, "num_iterations": 150}
SECOND_PASS = _SHARED | {"num_leaves": 31, "max_depth": 7, "learning_rate": 0.1, "num_iterations": 100}
KIND = _SHARED | {
    "num_leaves": 8, "max_depth": 4, "learning_rate": 0.1, "num_iterations": 60, "min_sum_hessian_in_leaf": 2.0,
    "bagging_fraction": 0.8,
}  # fmt: skip

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


class Example(NamedTuple):
    """One page: features of its blocks and of the page, labels (nan if unknown) and weights of the blocks."""

    page: Page
    part: int
    rows: Ints
    whole: Ints
    labels: Floats
    weights: Floats


def example(page: Page) -> Example:
    """Returns the page with its measured and labelled blocks."""
    read = read_page(_bytes(page))
    part = zlib.crc32(page.domain.encode()) % PARTS
    if page.text is not None:
        tokens = [words(text) for text in read.texts]
        sizes = np.array([len(each) for each in tokens], dtype=np.float64)
        labels = matched_words(tokens, page.text) / np.maximum(sizes, 1)
        weights = np.sqrt(sizes + 1.0)
        return Example(page, part, read.rows, read.whole, labels, weights * PAGE_WEIGHT / max(weights.sum(), 1.0))
    labels = np.full(len(read.texts), np.nan)
    for block, text in enumerate(map(folded, read.texts)):
        if any(snippet in text for snippet in map(folded, page.absent)):
            labels[block] = 0.0
        elif any(snippet in text for snippet in map(folded, page.present)):
            labels[block] = 1.0
    return Example(page, part, read.rows, read.whole, labels, np.ones(len(read.texts)))


def _bytes(page: Page) -> bytes:
    return page.html.encode("utf-8", "replace")


class Table:
    """Rows of features with labels, binned once; models are fitted to some of its pages."""

    def __init__(self, rows: Ints, labels: Floats, weights: Floats, owner: npt.NDArray[np.int64]) -> None:
        import lightgbm  # here, so that --help works without this peer

        known = ~np.isnan(labels)
        self._owner = owner[known]
        parameters = {name: _SHARED[name] for name in ("max_bin", "verbosity", "num_threads", "force_row_wise")}
        self._data = lightgbm.Dataset(
            rows[known], labels[known], weight=weights[known], params=parameters, free_raw_data=False
        ).construct()

    def fit(self, settings: dict[str, Any], wanted: Callable[[npt.NDArray[np.int64]], Any]) -> "lightgbm.Booster":
        """Fits trees to the rows of the pages for whose numbers `wanted` is true."""
        import lightgbm

        chosen = self._data.subset(np.flatnonzero(wanted(self._owner)))
        return lightgbm.train(settings, chosen)


class Scores(NamedTuple):
    """For each page the scores of its blocks in parts of SURE, by trees that were not fitted to its part; the trees."""

    unseen: list[Ints]
    model: "lightgbm.Booster"


def fit_pass(examples: Sequence[Example], rows: Sequence[Ints], settings: dict[str, Any]) -> Scores:
    """Fits the trees of one pass, for each part without it, and for all pages."""
    owner = np.repeat(np.arange(len(examples)), [len(each) for each in rows])
    table = Table(
        np.concatenate(rows),
        np.concatenate([one.labels for one in examples]),
        np.concatenate([one.weights for one in examples]),
        owner,
    )
    parts = np.array([one.part for one in examples])
    unseen: list[Ints] = [np.zeros(0, dtype=np.int32)] * len(examples)
    for part in range(PARTS):
        model = table.fit(settings, lambda owner, part=part: parts[owner] != part)
        for place in np.flatnonzero(parts == part):
            unseen[place] = _predict(model, rows[place])
    return Scores(unseen, table.fit(settings, lambda owner: np.ones(len(owner), dtype=bool)))


def _predict(model: "lightgbm.Booster", rows: Ints) -> Ints:
    """Returns probabilities in parts of SURE."""
    if not len(rows):
        return np.zeros(0, dtype=np.int32)
    return np.round(np.asarray(model.predict(rows)) * SURE).astype(np.int32)


def as_json(first: "lightgbm.Booster", second: "lightgbm.Booster", article: "lightgbm.Booster") -> str:
    """Returns the content of the model file."""
    models = {
        "first": _trees(first, FIRST), "second": _trees(second, SECOND), "article": _trees(article, ARTICLE)
    }  # fmt: skip
    lines = [f"{json.dumps(name)}: {text}" for name, text in models.items()]
    return "{" + ",\n".join(lines) + "}\n"


def _trees(model: "lightgbm.Booster", names: Sequence[str]) -> str:
    infos = [tree["tree_structure"] for tree in model.dump_model()["tree_info"]]
    used = sorted({number for tree in infos for number in _used(tree)})
    trees = []
    for tree in infos:
        into: dict[str, list[int]] = {"feature": [], "limit": [], "child": [], "leaf": []}
        _lay_out(tree, used, into)
        trees.append(json.dumps(into, separators=(",", ":")))
    return '{"features": ' + json.dumps([names[at] for at in used]) + ',\n"trees": [\n' + ",\n".join(trees) + "\n]}"


def _used(node: dict[str, Any]) -> set[int]:
    if "leaf_value" in node:
        return set()
    return {int(node["split_feature"])} | _used(node["left_child"]) | _used(node["right_child"])


def _lay_out(node: dict[str, Any], used: list[int], into: dict[str, list[int]]) -> int:
    """Adds a subtree to the lists of a tree and returns its number: below 0 for a leaf. Parents come first."""
    if "leaf_value" in node:
        into["leaf"].append(round(node["leaf_value"] * UNIT))
        return -len(into["leaf"])
    number = len(into["feature"])
    into["feature"].append(used.index(int(node["split_feature"])))
    into["limit"].append(math.floor(node["threshold"]))
    into["child"] += [0, 0]
    into["child"][2 * number] = _lay_out(node["left_child"], used, into)
    into["child"][2 * number + 1] = _lay_out(node["right_child"], used, into)
    return number


def fit_kind(examples: Sequence[Example], kept: Sequence[Ints]) -> Scores:
    """Fits the trees that tell articles from other pages, to the pages whose kind is known."""
    rows = [np.concatenate([one.whole, more])[None] for one, more in zip(examples, kept, strict=True)]
    known = [
        one._replace(labels=np.array([_is_article(one.page)]), weights=np.ones(1)) for one in examples
    ]  # fmt: skip
    return fit_pass(known, rows, KIND)


def _is_article(page: Page) -> float:
    return math.nan if page.kind is None else float(page.kind == "article")


def main() -> None:
    """Fits all trees, stores the texts of unseen pages, and writes the model file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=MODEL)
    arguments = parser.parse_args()
    examples = [example(page) for page in read_pages(arguments.folder)]
    print(f"{len(examples)} pages, {sum(len(one.rows) for one in examples)} blocks", flush=True)
    first = fit_pass(examples, [one.rows for one in examples], FIRST_PASS)
    print("first pass fitted", flush=True)
    seen = [opinions_of(_bytes(one.page), scores) for one, scores in zip(examples, first.unseen, strict=True)]
    rows = [np.concatenate([one.rows, more], axis=1) for one, (more, _) in zip(examples, seen, strict=True)]
    second = fit_pass(examples, rows, SECOND_PASS)
    print("second pass fitted", flush=True)
    article = fit_kind(examples, [kept for _, kept in seen])
    arguments.out.write_text(as_json(first.model, second.model, article.model))
    choice = ExtractHtml().choice()
    with arguments.folds.open("w") as file:
        for place, one in enumerate(examples):
            kind = int(article.unseen[place][0])
            text = text_with(_bytes(one.page), first.unseen[place], second.unseen[place], kind, choice)
            file.write(json.dumps({"set": one.page.set, "id": one.page.id, "article": kind, "text": text}) + "\n")


if __name__ == "__main__":
    main()
