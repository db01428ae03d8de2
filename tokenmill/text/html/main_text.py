"""The main text of web pages: which blocks of a page are its content, decided by decision trees over html_features.

The trees are gradient boosted (Friedman 2001), fitted by `bench/fit_main_text.py` to annotated pages; main_text.json
holds them as whole numbers, so that the same page gives the same text on every machine.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from tokenmill.text.html.blocks import read_blocks
from tokenmill.text.html.entities import C1_POINTS, ENTITY_BYTES, ENTITY_HASHES
from tokenmill.text.html.features import (
    FEATURES,
    NUM_FEATURES,
    NUM_OWN,
    NUM_PAGE,
    NUM_SUMS,
    Measures,
    kind_table,
    measure_page,
    write_features,
)
from tokenmill.text.html.page import BLOCKS, MOST_BLOCKS, MOST_ELEMENTS, MOST_OPEN, NUM_STATE, Page, Tables
from tokenmill.text.html.tags import (
    FLAGS,
    NAMES,
    ROLE_CODES,
    ROLE_MARKS,
    TAG_CODES,
    TAG_MARKS,
    TAG_NUMBERS,
    WORD_CODES,
    WORD_MARKS,
)
from tokenmill.text.kernel.arrays import Bytes, Ints, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer

MODEL: Final = Path(__file__).with_name("main_text.json")
DEPTH: Final = 5  # of each tree, all of them complete
UNIT: Final = 1 << 16  # a score of 1.0, in log odds
_NODES: Final = (1 << DEPTH) - 1
_CELL: Final = 7  # html_features.KINDS["td"]

_TABLES = Tables(
    TAG_CODES, TAG_NUMBERS, FLAGS, TAG_MARKS, WORD_CODES, WORD_MARKS, ROLE_CODES, ROLE_MARKS, ENTITY_HASHES,
    ENTITY_BYTES, C1_POINTS,
)  # fmt: skip
_KINDS = frozen(np.array(kind_table(NAMES), dtype=np.int32))


class Trees(NamedTuple):
    """int32 arrays: feature and limit of each inner node, (trees x 31,), and the score of each leaf, (x 32,)."""

    features: Ints
    limits: Ints
    leaves: Ints


def load_trees(path: Path = MODEL) -> Trees:
    """The decision trees for web pages' content in a model file, which names its features."""
    model = json.loads(path.read_text())
    numbers = [FEATURES.index(name) for name in model["features"]]
    trees = model["trees"]
    return Trees(
        frozen(np.array([numbers[at] for tree in trees for at in tree["feature"]], dtype=np.int32)),
        frozen(np.array([limit for tree in trees for limit in tree["limit"]], dtype=np.int32)),
        frozen(np.array([leaf for tree in trees for leaf in tree["leaf"]], dtype=np.int32)),
    )


def model_checksum() -> str:
    """SHA-256 of the model file that decides which blocks of a web page are content."""
    return sha256(MODEL.read_bytes()).hexdigest()


def main_text(data: Bytes, offsets: Offsets, trees: Trees, *, least: int, bullets: bool) -> tuple[Bytes, Offsets]:
    """The content of the HTML documents data[offsets[r]:offsets[r + 1]], without menus and the like, in the same form.

    least: score, in UNITs of log odds, a block must reach. bullets: items of lists begin with `•` or their number.
    """
    tags, most = _sizes(data, offsets)
    page, into = _scratch(tags, most)
    row = np.empty(NUM_FEATURES, dtype=np.int32)
    out, ends = _extract_all(data, offsets, _TABLES, _KINDS, page, into, row, trees, least, bullets)
    return frozen(out), frozen(ends)


def features_of(html: bytes) -> tuple[list[str], Ints]:
    """(text of each block, features (blocks, NUM_FEATURES)) of one HTML document."""
    data = frozen(np.frombuffer(html, dtype=np.uint8))
    offsets = frozen(np.array([0, len(data)]))
    page, into = _scratch(*_sizes(data, offsets))
    features = np.empty((len(page.gap), NUM_FEATURES), dtype=np.int32)
    count = _measure_one(data, _TABLES, _KINDS, page, into, features.reshape(-1))
    raw = page.text.tobytes()
    texts = [raw[page.begin[block] : page.end[block]].decode() for block in range(count)]
    return texts, features[:count]


def _sizes(data: Bytes, offsets: Offsets) -> tuple[int, int]:
    """(most `<` in a document, bytes of the largest)."""
    tags: int = _most_tags(data, offsets)
    return tags, int(np.diff(offsets).max(initial=0))


def _scratch(tags: int, size: int) -> tuple[Page, Measures]:
    """Arrays for documents of so many `<` and bytes: what the kernels fill is touched, no more."""
    elements, blocks = min(tags + 2, MOST_ELEMENTS), min(tags + 2, MOST_BLOCKS)
    types = {"state": (NUM_STATE, np.int64), "text": (size + size // 4 + 64, np.uint8), "stack": (MOST_OPEN, np.int32)}
    types |= {"unended": (len(FLAGS), np.uint8)}
    types |= dict.fromkeys(("tag", "parent", "block", "items"), (elements, np.int32))
    types |= dict.fromkeys(("own", "marks"), (elements, np.int64))
    types |= dict.fromkeys(("begin", "end", "links"), (blocks, np.int64))
    types |= dict.fromkeys(("where", "gap", "item", "images"), (blocks, np.int32))
    arrays: dict[str, Any] = {name: np.empty(*shape) for name, shape in types.items()}
    return Page(**arrays), Measures(
        np.empty(blocks * NUM_OWN, dtype=np.int32),
        np.empty(elements * NUM_SUMS, dtype=np.int32),
        np.empty(blocks, dtype=np.uint64),
        np.empty(NUM_PAGE, dtype=np.int32),
    )


@kernel
def _most_tags(data: Bytes, offsets: Offsets) -> int:
    most = 0
    for row in range(len(offsets) - 1):
        tags = 0
        for at in range(offsets[row], offsets[row + 1]):
            tags += data[at] == 60
        most = max(most, tags)
    return most


@kernel
def _page_pointers(page: Page) -> Page:
    return Page(
        pointer(page.state), pointer(page.text), pointer(page.stack), pointer(page.unended), pointer(page.tag),
        pointer(page.parent), pointer(page.own), pointer(page.marks), pointer(page.block), pointer(page.items),
        pointer(page.begin), pointer(page.end), pointer(page.where), pointer(page.links), pointer(page.gap),
        pointer(page.item), pointer(page.images),
    )  # fmt: skip


@kernel
def _table_pointers(tables: Tables) -> Tables:
    return Tables(
        pointer(tables.tag_codes), pointer(tables.tag_numbers), pointer(tables.flags), pointer(tables.tag_marks),
        pointer(tables.word_codes), pointer(tables.word_marks), pointer(tables.role_codes), pointer(tables.role_marks),
        tables.entities, tables.entity_bytes, pointer(tables.c1),
    )  # fmt: skip


@kernel
def _measure_pointers(into: Measures) -> Measures:
    return Measures(pointer(into.own), pointer(into.sums), pointer(into.hashes), pointer(into.page))


@kernel
def _measure_one(data: Bytes, tables: Tables, kinds: Ints, arrays: Page, measures: Measures, features: Ints) -> int:
    page, into, out = _page_pointers(arrays), _measure_pointers(measures), pointer(features)
    read_blocks(pointer(data), 0, len(data), _table_pointers(tables), page)
    measure_page(page, kinds, into)
    for block in range(page.state[BLOCKS]):
        write_features(page, block, into, out, block * NUM_FEATURES)
    return int64(page.state[BLOCKS])


@kernel
def _extract_all(
    data: Bytes,
    offsets: Offsets,
    tables: Tables,
    kinds: Ints,
    arrays: Page,
    measures: Measures,
    row: Ints,
    trees: Trees,
    least: int,
    bullets: bool,
) -> tuple[Bytes, Offsets]:
    page, into, features = _page_pointers(arrays), _measure_pointers(measures), pointer(row)
    forest = Trees(pointer(trees.features), pointer(trees.limits), pointer(trees.leaves))
    names, source = _table_pointers(tables), pointer(data)
    count = len(trees.leaves) >> DEPTH
    out = np.empty(offsets[-1] // 8 + 1024, dtype=np.uint8)
    ends = np.zeros(len(offsets), dtype=np.int64)
    put = int64(0)
    for document in range(len(offsets) - 1):
        read_blocks(source, offsets[document], offsets[document + 1], names, page)
        measure_page(page, kinds, into)
        room = put + page.state[0] + 16 * page.state[BLOCKS]
        if room > len(out):
            wider = np.empty(2 * room, dtype=np.uint8)
            for at in range(put):  # a slice would compile numba's text about unequal shapes, which takes 2 s
                wider[at] = out[at]
            out = wider
        target = pointer(out)
        begin = put
        last = int64(-1)
        for block in range(page.state[BLOCKS]):
            write_features(page, block, into, features, 0)
            if _score(features, forest, count) >= least:
                put = _write_block(page, block, last, kinds, bullets, target, put, begin)
                last = int64(block)
        ends[document + 1] = put
    return out[:put].copy(), ends


@kernel
def _score(features: Ints, trees: Trees, count: int) -> int:
    """Log odds in UNITs that the block is content."""
    total = int64(0)
    for tree in range(count):
        base = tree * _NODES
        node = 0
        for _ in range(DEPTH):
            node = 2 * node + 1 + (features[trees.features[base + node]] > trees.limits[base + node])
        total += trees.leaves[(tree << DEPTH) + node - _NODES]
    return total


@kernel
def _write_block(
    page: Page, block: int, last: int, kinds: Ints, bullets: bool, out: Bytes, put: int, begin: int
) -> int:
    """Where the text ends once the block is added behind block `last`, -1 if it is the first."""
    if last >= 0:
        if last == block - 1 and _is_next_cell(page, block, kinds):
            out[put] = 9
            put += 1
        else:
            for _ in range(page.gap[block] if last == block - 1 else 2):
                out[put] = 10
                put += 1
    item = page.item[block]
    if bullets and item:
        put = _write_item(item, out, put)
    for at in range(page.begin[block], page.end[block]):
        out[put] = page.text[at]
        put += 1
    return put


@kernel
def _is_next_cell(page: Page, block: int, kinds: Ints) -> bool:
    """Whether this block and the one before are cells of one row, of one short line each."""
    this, other = page.block[page.where[block]], page.block[page.where[block - 1]]
    if kinds[page.tag[this]] != _CELL or kinds[page.tag[other]] != _CELL or page.parent[this] != page.parent[other]:
        return False
    return bool(page.end[block] - page.begin[block] <= 200 and page.end[block - 1] - page.begin[block - 1] <= 200)


@kernel
def _write_item(item: int, out: Bytes, put: int) -> int:
    if item < 0:
        out[put], out[put + 1], out[put + 2], out[put + 3] = 0xE2, 0x80, 0xA2, 32  # •
        return put + 4
    power = 1
    while power * 10 <= item:
        power *= 10
    while power:
        out[put] = 48 + item // power % 10
        power //= 10
        put += 1
    out[put], out[put + 1] = 46, 32
    return put + 2


def warm() -> None:
    """Compile or load the kernels of this module."""
    features_of(b"<p>x")
    data, offsets = frozen(np.zeros(1, dtype=np.uint8)), frozen(np.array([0, 1]))
    main_text(data, offsets, load_trees(), least=0, bullets=True)
