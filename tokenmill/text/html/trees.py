"""Decision trees over the features of blocks of a page: gradient boosted (Friedman 2001), as whole numbers.

All nodes of one level of a tree compare the same feature with the same limit ("oblivious trees", as in CatBoost:
Prokhorenkova et al. 2018), so the place of a leaf is a number of DEPTH bits and a row needs no jumps: GROUP rows are
compared side by side. `bench/fit_main_text.py` fits the trees to annotated pages. Features, limits and scores are
integers, so that the same page gives the same text on every machine.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Ints, int64
from tokenmill.text.kernel.cache import frozen, kernel

MODEL: Final = Path(__file__).with_name("main_text.json")
DEPTH: Final = 6  # levels of a tree
LEAVES: Final = 1 << DEPTH
GROUP: Final = 32  # rows that are compared side by side
_NEVER: Final = (1 << 31) - 1  # no feature is above it


class Trees(NamedTuple):
    """int32 arrays: the trees one after another. A feature of a split is a place in `used`, times GROUP."""

    feature: Ints  # (trees, DEPTH), flat
    limit: Ints  # (trees, DEPTH), flat: a row that is above it has the bit of this level in the number of its leaf
    leaf: Ints  # (trees, LEAVES), flat: score in UNITs of log odds
    used: Ints  # (features,): their places in a row
    sizes: Ints  # (2,): number of trees, number of features


def read_trees(model: Mapping[str, Any], names: Sequence[str]) -> Trees:
    """Returns the trees of a model in JSON. names: the features in the order of a row of numbers.

    The model has the names of its features and for each tree three lists: `feature` (places in these names) and
    `limit` of each level, at most DEPTH, and `leaf`, two to the power of the levels. Raises ValueError for a name of a
    feature that does not exist.
    """
    used = [names.index(name) for name in model["features"]]
    count = len(model["trees"])
    feature = np.zeros((count, DEPTH), dtype=np.int32)
    limit = np.full((count, DEPTH), _NEVER, dtype=np.int32)
    leaf = np.zeros((count, LEAVES), dtype=np.int32)
    for number, tree in enumerate(model["trees"]):
        levels = len(tree["feature"])
        feature[number, :levels] = np.array(tree["feature"]) * GROUP
        limit[number, :levels] = tree["limit"]
        leaf[number, : 1 << levels] = tree["leaf"]
    sizes = np.array([count, len(used)], dtype=np.int32)
    arrays = (feature.reshape(-1), limit.reshape(-1), leaf.reshape(-1), np.array(used, dtype=np.int32), sizes)
    return Trees(*map(frozen, arrays))


def load_model(path: Path = MODEL) -> dict[str, Any]:
    """Returns the content of a model file for web pages: `hints`, and the trees `first`, `second` and `single`."""
    model: dict[str, Any] = json.loads(path.read_text())
    return model


def model_checksum() -> str:
    """Returns the SHA-256 of the model file that decides which blocks of a web page are content."""
    return sha256(MODEL.read_bytes()).hexdigest()


@kernel
def add_scores(rows: Ints, width: int, count: int, trees: Trees, columns: Ints, places: Ints, out: Ints) -> None:
    """Add to out[: count] the log odds, in UNITs, of `count` rows of `width` features of an HTML page.

    columns, of GROUP times the number of features, and places, of GROUP, are scratch. GROUP rows are read and written
    at a time: rows and out must have room for that many behind the last.
    """
    for first in range(0, count, GROUP):
        for column in range(trees.sizes[1]):
            at = int64(first) * width + trees.used[column]
            for row in range(GROUP):
                columns[column * GROUP + row] = rows[at + row * width]
        for tree in range(trees.sizes[0]):
            _find_leaves(tree * DEPTH, trees.feature, trees.limit, columns, places)
            for row in range(GROUP):
                out[first + row] += trees.leaf[tree * LEAVES + places[row]]


@kernel
def _find_leaves(split: int, feature: Ints, limit: Ints, columns: Ints, places: Ints) -> None:
    """Set the leaf that each row of a group comes to. The levels are written out: the loop over rows becomes SIMD."""
    a, b, c = int64(feature[split]), int64(feature[split + 1]), int64(feature[split + 2])
    d, e, f = int64(feature[split + 3]), int64(feature[split + 4]), int64(feature[split + 5])
    most_a, most_b, most_c = limit[split], limit[split + 1], limit[split + 2]
    most_d, most_e, most_f = limit[split + 3], limit[split + 4], limit[split + 5]
    for row in range(GROUP):
        places[row] = (
            (columns[a + row] > most_a)
            + 2 * (columns[b + row] > most_b)
            + 4 * (columns[c + row] > most_c)
            + 8 * (columns[d + row] > most_d)
            + 16 * (columns[e + row] > most_e)
            + 32 * (columns[f + row] > most_f)
        )
