"""The arrays that the kernels of this folder fill for one document, allocated once for the largest of a batch."""

from typing import Any, Final, NamedTuple

import numpy as np

from tokenmill.text.html.containers import NUM_ALIKE, NUM_COUNTS, NUM_SECTION, Containers
from tokenmill.text.html.features import NUM_OWN, NUM_SUMS, Measures
from tokenmill.text.html.features import NUM_PAGE as NUM_MEASURES
from tokenmill.text.html.opinions import NUM_PAGE, Opinions
from tokenmill.text.html.page import MOST_BLOCKS, MOST_OPEN, MOST_PARTS, NUM_STATE, Page
from tokenmill.text.html.plain import COLUMNS
from tokenmill.text.html.structure import NUM_WHOLE
from tokenmill.text.html.tags import NUM_TAGS
from tokenmill.text.html.trees import GROUP
from tokenmill.text.html.verdicts import BUCKETS, Verdict
from tokenmill.text.kernel.arrays import Bytes, Ints, Longs, Offsets
from tokenmill.text.kernel.cache import kernel, pointer

CHUNK: Final = 1024  # rows of features that are held at a time


class Scratch(NamedTuple):
    """Everything that is known of one document, as arrays or as pointers to them."""

    page: Page
    into: Measures
    found: Containers
    held: Opinions
    verdict: Verdict
    whole: Ints  # features of the page
    rows: Ints  # (CHUNK, width): features of blocks
    columns: Ints  # (width, GROUP): features of a group of rows
    places: Ints  # (GROUP,): leaves of its rows
    totals: Ints  # (CHUNK,): scores of the trees, in log odds
    spans: Ints  # (COLUMNS,): rows that a cell of a column still spans


def scratch_for(data: Bytes, offsets: Offsets, width: int) -> Scratch:
    """Returns arrays for the HTML documents data[offsets[r]:offsets[r + 1]]. width: features of a block.

    What the kernels fill is touched, and no more: memory that no document needs is never used.
    """
    tags = int(_most_tags(data, offsets))
    size = int(np.diff(offsets).max(initial=0))
    elements, blocks = min(tags + 2, MOST_PARTS), min(tags + 2, MOST_BLOCKS)
    held = Opinions(
        score=_ints(blocks), elements=_longs(elements), groups=_longs(elements), paths=_longs(blocks),
        sections=_longs(blocks), before=_longs(blocks + 1), page=_longs(NUM_PAGE),
    )  # fmt: skip
    return Scratch(
        page=Page(**_page_arrays(size, elements, blocks)),
        into=Measures(
            _ints(blocks * NUM_OWN), _ints(elements * NUM_SUMS), np.empty(blocks, dtype=np.uint64), _ints(NUM_MEASURES),
            _ints(blocks), _ints(elements),
        ),
        found=Containers(
            last=_ints(elements), table=_ints(elements), lists=_ints(elements), counts=_ints(elements * NUM_COUNTS),
            siblings=_ints(elements), order=_ints(elements), group=_ints(elements), wide=_ints(elements),
            alike=_ints(elements * NUM_ALIKE), path=_ints(blocks), paths=_ints(blocks * NUM_ALIKE), sizes=_ints(2),
            keys=_longs(elements), slots=_ints(_slots(elements)), section=_ints(blocks),
            sections=_ints(blocks * NUM_SECTION),
        ),
        held=held,
        verdict=Verdict(  # the sums of the first pass are no longer needed
            score=_ints(blocks), keep=np.empty(blocks, dtype=np.uint8), weight=held.elements, sums=held.groups,
            buckets=_longs(2 * BUCKETS), cut=_longs(1), kept=_ints(blocks),
        ),
        whole=_ints(NUM_WHOLE),
        rows=_ints((min(blocks, CHUNK) + GROUP) * width),
        columns=_ints(width * GROUP),
        places=_ints(GROUP),
        totals=_ints(min(blocks, CHUNK) + GROUP),
        spans=_ints(COLUMNS),
    )  # fmt: skip


def _page_arrays(size: int, elements: int, blocks: int) -> dict[str, Any]:
    types: dict[str, Any] = {"state": (NUM_STATE, np.int64), "text": (size + size // 4 + 64, np.uint8)}
    types |= {"stack": (MOST_OPEN, np.int32), "unended": (NUM_TAGS, np.uint8)}
    types |= dict.fromkeys(("tag", "parent", "block", "traits", "kin", "number"), (elements, np.int32))
    types |= dict.fromkeys(("own", "marks", "class_at", "class_end"), (elements, np.int64))
    types |= dict.fromkeys(("begin", "end", "links"), (blocks, np.int64))
    types |= dict.fromkeys(("where", "gap", "item", "images"), (blocks, np.int32))
    return {name: np.empty(*shape) for name, shape in types.items()}


def _ints(count: int) -> Ints:
    return np.empty(count, dtype=np.int32)


def _longs(count: int) -> Longs:
    return np.empty(count, dtype=np.int64)


def _slots(count: int) -> int:
    """Returns what containers.slots_for returns."""
    return max(16, 1 << ((4 * count - 1) // 3).bit_length())


@kernel
def _most_tags(data: Bytes, offsets: Offsets) -> int:
    most = 0
    for row in range(len(offsets) - 1):
        tags = 0
        document = data[offsets[row] : offsets[row + 1]]
        for at in range(len(document)):  # places from 0 on cannot be negative, so the loop becomes SIMD
            tags += document[at] == 60
        most = max(most, tags)
    return most


@kernel
def pointers(arrays: Scratch) -> Scratch:
    """The scratch for HTML documents as pointers, the form in which helpers take it."""
    page, into, found, held, verdict = arrays.page, arrays.into, arrays.found, arrays.held, arrays.verdict
    return Scratch(
        Page(
            pointer(page.state), pointer(page.text), pointer(page.stack), pointer(page.unended), pointer(page.tag),
            pointer(page.parent), pointer(page.own), pointer(page.marks), pointer(page.block), pointer(page.traits),
            pointer(page.kin), pointer(page.class_at), pointer(page.class_end), pointer(page.number),
            pointer(page.begin), pointer(page.end), pointer(page.where), pointer(page.links), pointer(page.gap),
            pointer(page.item), pointer(page.images),
        ),
        Measures(
            pointer(into.own), pointer(into.sums), pointer(into.hashes), pointer(into.page),
            pointer(into.words), pointer(into.classes),
        ),
        Containers(
            pointer(found.last), pointer(found.table), pointer(found.lists), pointer(found.counts),
            pointer(found.siblings), pointer(found.order), pointer(found.group), pointer(found.wide),
            pointer(found.alike), pointer(found.path), pointer(found.paths), pointer(found.sizes), pointer(found.keys),
            pointer(found.slots), pointer(found.section), pointer(found.sections),
        ),
        Opinions(
            pointer(held.score), pointer(held.elements), pointer(held.groups), pointer(held.paths),
            pointer(held.sections), pointer(held.before), pointer(held.page),
        ),
        Verdict(
            pointer(verdict.score), pointer(verdict.keep), pointer(verdict.weight), pointer(verdict.sums),
            pointer(verdict.buckets), pointer(verdict.cut), pointer(verdict.kept),
        ),
        pointer(arrays.whole), pointer(arrays.rows), pointer(arrays.columns), pointer(arrays.places),
        pointer(arrays.totals), pointer(arrays.spans),
    )  # fmt: skip
