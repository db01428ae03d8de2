"""The extraction in steps, for tests and bench/fit_main_text.py: features of a page, its text for given scores."""

from typing import NamedTuple

import numpy as np

from tokenmill.text.html.hints import LEVELS, MOST_WORDS, NO_HINTS, Hints, next_class_word, next_word
from tokenmill.text.html.main_text import (
    KIND_OF_TAG,
    NUM_FIRST,
    SINGLE,
    TABLES,
    WIDTH,
    Choice,
    decide,
    hint_pointers,
    measure,
    room_of,
    table_pointers,
    write,
    write_kept,
    write_row,
)
from tokenmill.text.html.opinions import NUM_OPINIONS, OPINIONS, SURE, gather_opinions, write_opinions
from tokenmill.text.html.page import BLOCKS, Tables
from tokenmill.text.html.scratch import Scratch, pointers, scratch_for
from tokenmill.text.html.structure import NUM_WHOLE
from tokenmill.text.kernel.arrays import Bytes, Ints, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer


class Reading(NamedTuple):
    """One HTML document as its trees see it: the texts of its blocks, their features, and those of the page.

    rows: int32 (blocks, len(FIRST)). whole: int32 (NUM_WHOLE,).
    """

    texts: list[str]
    rows: Ints
    whole: Ints


def read_page(html: bytes, hints: Hints = NO_HINTS) -> Reading:
    """Returns the blocks of one HTML document and their features for the first pass."""
    data, offsets = _alone(html)
    scratch = scratch_for(data, offsets, WIDTH)
    rows = np.zeros((len(scratch.page.gap), NUM_FIRST), dtype=np.int32)
    count = _read_one(data, TABLES, KIND_OF_TAG, hints, scratch, rows.reshape(-1))
    page = scratch.page
    raw = page.text.tobytes()
    texts = [raw[page.begin[block] : page.end[block]].decode() for block in range(count)]
    return Reading(texts, rows[:count].copy(), scratch.whole[:NUM_WHOLE].copy())


def opinions_of(html: bytes, scores: Ints) -> tuple[Ints, Ints]:
    """Returns (features (blocks, len(OPINIONS)), last features of SINGLE) from the scores of the first pass.

    scores: int32 (blocks,), probabilities in parts of opinions.SURE.
    """
    data, offsets = _alone(html)
    scratch = scratch_for(data, offsets, WIDTH)
    rows = np.zeros((len(scores), len(OPINIONS)), dtype=np.int32)
    kept = np.zeros(len(SINGLE) - NUM_WHOLE, dtype=np.int32)
    _opinions_one(data, TABLES, KIND_OF_TAG, NO_HINTS, scratch, frozen(scores), rows.reshape(-1), kept)
    return rows, kept


def text_with(html: bytes, first: Ints, second: Ints, single: int, choice: Choice) -> str:
    """Returns the text of one document for given scores of both passes and of the kind, in parts of opinions.SURE."""
    data, offsets = _alone(html)
    scratch = scratch_for(data, offsets, WIDTH)
    out = _text_one(data, TABLES, KIND_OF_TAG, NO_HINTS, scratch, frozen(first), frozen(second), single, choice)
    return bytes(out).decode()


class Slots(NamedTuple):
    """The slots at which the hints of one HTML document are looked up: int32 (count, 2), number of a block and slot."""

    words: Ints
    classes: Ints


def slots_of(html: bytes) -> Slots:
    """Returns what stands behind the features `hint.words` and `hint.classes` of one HTML document."""
    data, offsets = _alone(html)
    scratch = scratch_for(data, offsets, WIDTH)
    none = np.zeros((0, 2), dtype=np.int32)
    counts = _slots_one(data, TABLES, KIND_OF_TAG, NO_HINTS, scratch, none, none)
    slots = Slots(*(np.zeros((count, 2), dtype=np.int32) for count in counts))
    _slots_one(data, TABLES, KIND_OF_TAG, NO_HINTS, scratch, *slots)
    return slots


def _alone(html: bytes) -> tuple[Bytes, Offsets]:
    data = frozen(np.frombuffer(html, dtype=np.uint8))
    return data, frozen(np.array([0, len(data)]))


@kernel
def _measure(data: Bytes, tables: Tables, kinds: Ints, hints: Hints, scratch: Scratch) -> None:
    size, names, weights = int64(len(data)), table_pointers(tables), hint_pointers(hints)
    measure(pointer(data), int64(0), size, names, kinds, weights, scratch, int64(0))


@kernel
def _read_one(data: Bytes, tables: Tables, kinds: Ints, hints: Hints, arrays: Scratch, rows: Ints) -> int:
    scratch, out = pointers(arrays), pointer(rows)
    _measure(data, tables, kinds, hints, scratch)
    for block in range(scratch.page.state[BLOCKS]):
        write_row(block, scratch, out, block * NUM_FIRST)
    return int64(scratch.page.state[BLOCKS])


@kernel
def _slots_one(
    data: Bytes, tables: Tables, kinds: Ints, hints: Hints, arrays: Scratch, words: Ints, classes: Ints
) -> tuple[int, int]:
    """The numbers of rows; the rows are put into words and classes as far as there is room."""
    scratch = pointers(arrays)
    page = scratch.page
    _measure(data, tables, kinds, hints, scratch)
    count_words = count_classes = 0
    for block in range(page.state[BLOCKS]):
        at, end, count = page.begin[block], page.end[block], 0
        while at < end and count < MOST_WORDS:
            slot, at = next_word(page.text, at, end)
            count_words += _put_slot(block, slot, words, count_words)
            count += 1
        element = page.where[block]
        for _ in range(LEVELS):
            at, end = page.class_at[element], page.class_end[element]
            while element and at < end:
                slot, at = next_class_word(data, at, end)
                count_classes += _put_slot(block, slot, classes, count_classes)
            element = page.parent[element]
    return count_words, count_classes


@kernel
def _put_slot(block: int, slot: int, rows: Ints, row: int) -> bool:
    if slot >= 0 and row < len(rows):
        rows[row, 0], rows[row, 1] = block, slot
    return slot >= 0


@kernel
def _opinions_one(
    data: Bytes, tables: Tables, kinds: Ints, hints: Hints, arrays: Scratch, scores: Ints, rows: Ints, kept: Ints
) -> None:
    scratch, out = pointers(arrays), pointer(rows)
    _measure(data, tables, kinds, hints, scratch)
    page, into, found, held = scratch.page, scratch.into, scratch.found, scratch.held
    for block in range(page.state[BLOCKS]):
        held.score[block] = scores[block]
    gather_opinions(page, into, found, held)
    for block in range(page.state[BLOCKS]):
        write_opinions(page, block, into, found, held, out, block * NUM_OPINIONS)
    write_kept(scratch, pointer(kept), int64(0))


@kernel
def _text_one(
    data: Bytes,
    tables: Tables,
    kinds: Ints,
    hints: Hints,
    arrays: Scratch,
    first: Ints,
    second: Ints,
    single: int,
    choice: Choice,
) -> Bytes:
    scratch = pointers(arrays)
    _measure(data, tables, kinds, hints, scratch)
    page = scratch.page
    for block in range(page.state[BLOCKS]):
        scratch.held.score[block] = first[block]
        scratch.verdict.score[block] = second[block]
    gather_opinions(page, scratch.into, scratch.found, scratch.held)
    decide(single, choice, scratch)
    out = np.empty(room_of(choice, page), dtype=np.uint8)
    return out[: write(pointer(data), choice, scratch, pointer(out), int64(0))].copy()


def warm() -> None:
    """Compile or load the kernels of this module."""
    read_page(b"<p>x")
    scores = np.zeros(1, dtype=np.int32)
    opinions_of(b"<p>x", scores)
    text_with(b"<p>x", scores, scores, 0, Choice(SURE // 2, SURE // 5, SURE, 1, 1, 1, 0, 0))
