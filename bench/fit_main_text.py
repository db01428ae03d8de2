"""Fits the trees of `text/html/main_text.py` to annotated pages, and stores the texts of pages that they have not seen.

    python -m bench.fit_main_text FOLDER --folds FILE [--out tokenmill/text/html/main_text.json] [--texts]

With --out it writes the weights and trees that are fitted to all pages; without it, only the texts.

FOLDER has the annotated pages of bench.annotated_pages. The pages are divided into five parts by registered domain.
Trees of the first pass that are fitted to four parts judge the fifth; the trees of the second pass are fitted to
these scores, so that they see the same errors of the first pass as on new pages. The weights of words and class names
are fitted in the same way, each part by the other four. So a page's own label is in no feature of it; the features of
other pages depend on it to a small degree. FILE gets the text of each page from trees that were not fitted to its part,
as JSON Lines with `set`, `id`, `text` and the scores in parts of SURE (`first` and `second`: of the blocks; `single`:
of the page's kind); bench.extraction measures it. After a change of rules that changes no block, --texts writes the
texts again from these scores, which takes minutes instead of half an hour.

In a page with its whole text, the label of a block is the share of its words that match this text in a global
alignment. In a page with snippets, a block is content if it has a snippet of `present`, and not if it has one of
`absent`.
"""

import argparse
import json
import math
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.alignment import matched_words, words
from bench.annotated_pages import Page, existing, folded, read_pages
from bench.hint_weights import Blocks
from tokenmill.stages.web.extract_html import ExtractHtml
from tokenmill.text.html.hints import Hints, hints_as_text
from tokenmill.text.html.main_text import TREES
from tokenmill.text.html.opinions import SURE, UNIT
from tokenmill.text.html.trees import DEPTH
from tokenmill.text.html.trial import opinions_of, read_page, slots_of, text_with

if TYPE_CHECKING:
    import catboost

PARTS = 5
PAGE_WEIGHT = 8.0  # weight of a page with its whole text; a block with a snippet has 1
_SHARED: dict[str, Any] = {
    "loss_function": "CrossEntropy", "boosting_type": "Plain", "learning_rate": 0.08, "l2_leaf_reg": 5.0, "rsm": 0.4,
    "bootstrap_type": "Bernoulli", "subsample": 0.5, "leaf_estimation_iterations": 1,
    "thread_count": 2, "logging_level": "Silent", "allow_writing_files": False,
}  # fmt: skip
FIRST_PASS = _SHARED | {"depth": DEPTH, "iterations": 450}
SECOND_PASS = _SHARED | {"depth": DEPTH, "iterations": 350}
SINGLE_PASS = _SHARED | {"depth": 4, "iterations": 100, "learning_rate": 0.1, "subsample": 0.8}
SEEDS = {"first": (1,), "second": (1, 2), "single": (1,)}  # one ensemble each, whose mean counts: it varies less
LIMITS = 63  # of a feature, at most

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
        import catboost  # here, so that --help works without it

        known = ~np.isnan(labels)
        self._owner = owner[known]
        self._data = catboost.Pool(rows[known].astype(np.float32), labels[known], weight=weights[known])
        self._data.quantize(border_count=LIMITS)

    def fit(
        self, settings: dict[str, Any], seeds: Sequence[int], wanted: Callable[[npt.NDArray[np.int64]], Any]
    ) -> "list[catboost.CatBoost]":
        """Fits trees for each seed to the rows of the pages for whose numbers `wanted` is true."""
        import catboost

        rows = self._data.slice(np.flatnonzero(wanted(self._owner)))
        return [catboost.CatBoost(settings | {"random_seed": seed}).fit(rows) for seed in seeds]


class Scores(NamedTuple):
    """For each page the scores of its blocks in parts of SURE, by trees that were not fitted to its part; the trees."""

    unseen: list[Ints]
    models: "list[catboost.CatBoost]"


def fit_pass(
    examples: Sequence[Example], rows: Sequence[Ints], settings: dict[str, Any], seeds: Sequence[int]
) -> Scores:
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
        models = table.fit(settings, seeds, lambda owner, part=part: parts[owner] != part)
        for place in np.flatnonzero(parts == part):
            unseen[place] = _predict(models, rows[place])
    return Scores(unseen, table.fit(settings, seeds, lambda owner: np.ones(len(owner), dtype=bool)))


def _predict(models: "Sequence[catboost.CatBoost]", rows: Ints) -> Ints:
    """Returns probabilities in parts of SURE."""
    values = rows.astype(np.float32)
    odds = np.mean([model.predict(values, prediction_type="RawFormulaVal") for model in models], axis=0)
    return np.round(SURE / (1 + np.exp(-odds))).astype(np.int32)


def as_json(hints: Hints, models: "Sequence[Sequence[catboost.CatBoost]]") -> str:
    """Returns the content of the model file. models: in the order of main_text.TREES."""
    lines = [f'"hints": {json.dumps(hints_as_text(hints))}']
    lines += [f'"{name}": {_trees(some, TREES[name])}' for name, some in zip(TREES, models, strict=True)]
    return "{" + ",\n".join(lines) + "}\n"


def _trees(models: "Sequence[catboost.CatBoost]", names: Sequence[str]) -> str:
    stored = [_stored(model) for model in models]
    splits = [_splits(tree) for one in stored for tree in one["oblivious_trees"]]
    used = sorted({feature for tree in splits for feature, _ in tree})
    leaves = [leaf for one in stored for leaf in _leaves(one, len(stored))]
    trees = [
        {
            "feature": [used.index(feature) for feature, _ in levels],
            "limit": [math.floor(limit) for _, limit in levels],
            "leaf": leaf,
        }
        for levels, leaf in zip(splits, leaves, strict=True)
    ]
    lines = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in trees)
    return '{"features": ' + json.dumps([names[at] for at in used]) + ',\n"trees": [\n' + lines + "\n]}"


def _stored(model: "catboost.CatBoost") -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        model.save_model(f"{folder}/model.json", format="json")
        found: dict[str, Any] = json.loads(Path(folder, "model.json").read_text())
    return found


def _splits(tree: dict[str, Any]) -> list[tuple[int, float]]:
    return [(split["float_feature_index"], split["border"]) for split in tree["splits"]]


def _leaves(stored: dict[str, Any], count: int) -> Iterator[list[int]]:
    """Yields the leaves of each tree of one of `count` models of which the mean counts, in UNITs."""
    scale, (bias,) = stored["scale_and_bias"]
    for number, tree in enumerate(stored["oblivious_trees"]):
        start = bias if number == 0 else 0.0
        yield [round((scale * value + start) * UNIT / count) for value in tree["leaf_values"]]


def fit_kind(examples: Sequence[Example], kept: Sequence[Ints]) -> Scores:
    """Fits the trees that find pages on one thing, to the pages whose kind is known."""
    rows = [np.concatenate([one.whole, more])[None] for one, more in zip(examples, kept, strict=True)]
    known = [
        one._replace(labels=np.array([_is_single(one.page)]), weights=np.ones(1)) for one in examples
    ]  # fmt: skip
    return fit_pass(known, rows, SINGLE_PASS, SEEDS["single"])


def _is_single(page: Page) -> float:
    return math.nan if page.kind is None else float(page.kind in ("article", "product"))


def with_hints(examples: Sequence[Example]) -> tuple[list[Example], Hints]:
    """Returns the examples with the features of words and class names, and the weights that all pages give.

    The features of a page come from weights that were not fitted to its part.
    """
    slots = [slots_of(_bytes(one.page)) for one in examples]
    blocks = Blocks(slots, [one.labels for one in examples], [one.weights for one in examples])
    domains = [one.page.domain for one in examples]
    parts = np.array([one.part for one in examples])
    unseen = [blocks.fit(parts != part, domains) for part in range(PARTS)]
    read = (read_page(_bytes(one.page), unseen[one.part]) for one in examples)
    changed = [one._replace(rows=page.rows) for one, page in zip(examples, read, strict=True)]
    return changed, blocks.fit(parts >= 0, domains)


def fit(examples: Sequence[Example], hints: Hints, out: Path | None) -> Iterator[dict[str, Any]]:
    """Fits all trees, writes the model file if it is named, and yields the scores of each page by unseen trees."""
    first = fit_pass(examples, [one.rows for one in examples], FIRST_PASS, SEEDS["first"])
    print("first pass fitted", flush=True)
    seen = [opinions_of(_bytes(one.page), scores) for one, scores in zip(examples, first.unseen, strict=True)]
    rows = [np.concatenate([one.rows, more], axis=1) for one, (more, _) in zip(examples, seen, strict=True)]
    second = fit_pass(examples, rows, SECOND_PASS, SEEDS["second"])
    print("second pass fitted", flush=True)
    single = fit_kind(examples, [kept for _, kept in seen])
    if out:
        out.write_text(as_json(hints, [first.models, second.models, single.models]))
    for place, one in enumerate(examples):
        yield {
            "set": one.page.set, "id": one.page.id, "single": int(single.unseen[place][0]),
            "first": first.unseen[place].tolist(), "second": second.unseen[place].tolist(),
        }  # fmt: skip


def with_texts(pages: Iterable[Page], scores: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields the scores of pages with the text that they give, by the rules of the present code."""
    known = {(row["set"], row["id"]): row for row in scores}
    choice = ExtractHtml().choice()
    for page in pages:
        row = known[page.set, page.id]
        first, second = (np.array(row[name], dtype=np.int32) for name in ("first", "second"))
        yield row | {"text": text_with(_bytes(page), first, second, row["single"], choice)}


def main() -> None:
    """Fits all weights and trees, stores the texts of unseen pages, and writes the model file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=existing)
    parser.add_argument("--folds", type=Path, required=True, help="file for the scores and texts")
    parser.add_argument("--out", type=Path, help="file for the weights and trees; default: none")
    parser.add_argument("--texts", action="store_true", help="only write the texts again, from the scores in --folds")
    arguments = parser.parse_args()
    if arguments.texts and not arguments.folds.exists():
        parser.error(
            f"--texts needs the scores in {arguments.folds}, which does not exist; run it without --texts first"
        )
    pages = list(read_pages(arguments.folder))
    if arguments.texts:
        with arguments.folds.open() as file:
            scores = [json.loads(line) for line in file]
    else:
        examples, hints = with_hints([example(page) for page in pages])
        print(f"{len(examples)} pages, {sum(len(one.rows) for one in examples)} blocks", flush=True)
        scores = list(fit(examples, hints, arguments.out))
    lines = [json.dumps(row) + "\n" for row in with_texts(pages, scores)]
    arguments.folds.write_text("".join(lines))


if __name__ == "__main__":
    main()
