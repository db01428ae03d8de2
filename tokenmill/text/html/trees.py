"""Decision trees over the features of blocks of a page: gradient boosted (Friedman 2001), as whole numbers.

`bench/fit_main_text.py` fits them to annotated pages. Features, limits and scores are integers, so that the same page
gives the same text on every machine.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Ints, Longs, int64
from tokenmill.text.kernel.cache import frozen, kernel

MODEL: Final = Path(__file__).with_name("main_text.json")
TOGETHER: Final = 4  # rows that go down a tree in turn, so that their loads overlap
GROUP: Final = 16  # rows that go down a tree before the next tree: a multiple of TOGETHER
_NEVER: Final = (1 << 31) - 1  # no feature is above it: a leaf leads to itself


class Trees(NamedTuple):
    """int32 arrays: the nodes of all trees, one after another, and (trees,) root and depth of each."""

    nodes: Ints  # (nodes, 4): feature, limit, the place of the node to go on at if it is at most the limit, or above
    value: Ints  # (nodes,): score of a leaf, in UNITs of log odds
    root: Ints
    depth: Ints


def read_trees(model: Mapping[str, Any], names: Sequence[str]) -> Trees:
    """Returns the trees of a model in JSON. names: the features in the order of a row of numbers.

    The model has the names of its features and for each tree four lists: `feature` (places in these names), `limit`,
    `child` (two numbers per node: a node of this tree, or below 0 the leaf -1 - number) and `leaf`. Raises ValueError
    for a name of a feature that does not exist.
    """
    numbers = [names.index(name) for name in model["features"]]
    rows: list[tuple[int, int, int, int]] = []
    values: list[int] = []
    roots, depths = [], []
    for tree in model["trees"]:
        base, inner = len(rows), len(tree["feature"])
        roots.append(4 * base)
        depths.append(_depth(tree))
        places = [4 * (base + child if child >= 0 else base + inner - 1 - child) for child in tree["child"]]
        for node, (feature, limit) in enumerate(zip(tree["feature"], tree["limit"], strict=True)):
            rows.append((numbers[feature], limit, places[2 * node], places[2 * node + 1]))
        rows += [(0, _NEVER, 4 * (base + inner + leaf), 0) for leaf in range(len(tree["leaf"]))]
        values += [0] * inner + tree["leaf"]
    nodes = np.array(rows, dtype=np.int32).reshape(-1)
    return Trees(*(frozen(np.array(each, dtype=np.int32)) for each in (nodes, values, roots, depths)))


def _depth(tree: Mapping[str, Any]) -> int:
    """Returns how many nodes a row passes at most; children come after their parents."""
    depths = [0] * len(tree["feature"])
    for node in range(len(depths)):
        for child in tree["child"][2 * node : 2 * node + 2]:
            if child >= 0:
                depths[child] = depths[node] + 1
    return max(depths, default=-1) + 1


def load_model(path: Path = MODEL) -> dict[str, Any]:
    """Returns the content of a model file for web pages: the trees `first`, `second` and `article`."""
    model: dict[str, Any] = json.loads(path.read_text())
    return model


def model_checksum() -> str:
    """Returns the SHA-256 of the model file that decides which blocks of a web page are content."""
    return sha256(MODEL.read_bytes()).hexdigest()


@kernel
def add_scores(rows: Ints, width: int, count: int, trees: Trees, count_trees: int, out: Longs) -> None:
    """Add to out[: count] the log odds, in UNITs, of `count` rows of `width` features of an HTML page.

    TOGETHER rows are read at a time: there must be room for that many behind the last. GROUP rows go through a tree
    before the next tree, so that rows and nodes stay in the first cache.
    """
    for first in range(0, count, GROUP):
        last = min(first + GROUP, count)
        for tree in range(count_trees):
            root, depth = int64(trees.root[tree]), trees.depth[tree]
            for row in range(first, last, TOGETHER):
                _add_four(rows, row * width, width, root, depth, trees.nodes, trees.value, out, row)


@kernel
def _add_four(
    rows: Ints, at: int, width: int, root: int, depth: int, nodes: Ints, value: Ints, out: Longs, row: int
) -> None:
    a = b = c = d = root
    at_b, at_c, at_d = at + width, at + 2 * width, at + 3 * width
    for _ in range(depth):
        a = int64(nodes[a + 2 + (rows[at + nodes[a]] > nodes[a + 1])])
        b = int64(nodes[b + 2 + (rows[at_b + nodes[b]] > nodes[b + 1])])
        c = int64(nodes[c + 2 + (rows[at_c + nodes[c]] > nodes[c + 1])])
        d = int64(nodes[d + 2 + (rows[at_d + nodes[d]] > nodes[d + 1])])
    out[row] += value[a >> 2]
    out[row + 1] += value[b >> 2]
    out[row + 2] += value[c >> 2]
    out[row + 3] += value[d >> 2]
