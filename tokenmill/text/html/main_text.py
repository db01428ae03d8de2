"""The main text of web pages: which blocks of a page are its content, and their text.

A page is read into blocks and elements (blocks.py) and measured (features.py, containers.py, structure.py). Trees give
each block a probability, and a second set of trees judges it again with the probabilities of what is around it
(opinions.py). verdicts.py decides from these, and plain.py writes the text.
"""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from tokenmill.text.html.blocks import read_blocks
from tokenmill.text.html.containers import find_containers
from tokenmill.text.html.entities import C1_POINTS, ENTITY_BYTES, ENTITY_HASHES
from tokenmill.text.html.features import FEATURES, NUM_FEATURES, TOTAL, kind_table, measure_page, write_features
from tokenmill.text.html.hints import Hints, measure_hints, read_hints
from tokenmill.text.html.markdown import room_for_markdown, write_markdown
from tokenmill.text.html.opinions import (
    KEPT_BLOCKS,
    KEPT_UNITS,
    OPINIONS,
    RUN,
    SURE,
    gather_opinions,
    probability,
    probability_table,
    write_opinions,
)
from tokenmill.text.html.page import BLOCKS, PUT, UNSHOWN, Page, Tables
from tokenmill.text.html.plain import room_for, write_plain
from tokenmill.text.html.scratch import CHUNK, Scratch, pointers, scratch_for
from tokenmill.text.html.structure import NUM_WHOLE, STRUCTURE, WHOLE, measure_whole, write_structure
from tokenmill.text.html.tags import (
    FLAGS,
    NAMES,
    ROLE_CODES,
    ROLE_MARKS,
    SIGN_BITS,
    SIGN_CODES,
    TAG_CODES,
    TAG_MARKS,
    TAG_NUMBERS,
    TOKEN_CODES,
    TOKEN_TRAITS,
    WORD_CODES,
    WORD_MARKS,
)
from tokenmill.text.html.trees import MODEL, Trees, add_scores, load_model, read_trees
from tokenmill.text.html.verdicts import best_cut, fall_back, join_scores, keep_blocks, reaches
from tokenmill.text.kernel.arrays import Bytes, Ints, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer

FIRST: Final = [*FEATURES, *STRUCTURE, *WHOLE]  # features of the first pass; the second has OPINIONS too
SECOND: Final = [*FIRST, *OPINIONS]
SINGLE: Final = [*WHOLE, "kept_units", "kept_blocks", "kept_run"]  # features for the kind of the page
WIDTH: Final = len(SECOND)
LEAST_SHOWN: Final = 1500  # bytes of text that make a page readable without what browsers do not show
LEAST_HIDDEN: Final = 1000  # bytes of text that browsers do not show which may be the page
NUM_FIRST: Final = len(FIRST)
TREES: Final = {"first": FIRST, "second": SECOND, "single": SINGLE}  # of Models, with the names of their features

TABLES = Tables(
    TAG_CODES, TAG_NUMBERS, FLAGS, TAG_MARKS, WORD_CODES, WORD_MARKS, ROLE_CODES, ROLE_MARKS, TOKEN_CODES,
    TOKEN_TRAITS, SIGN_CODES, SIGN_BITS, ENTITY_HASHES, ENTITY_BYTES, C1_POINTS,
)  # fmt: skip
KIND_OF_TAG = frozen(np.array(kind_table(NAMES), dtype=np.int32))
_PROBABILITIES = probability_table()


class Models(NamedTuple):
    """The weights of words and class names, the trees of both passes, and those that find pages on one thing."""

    hints: Hints
    first: Trees
    second: Trees
    single: Trees


class Choice(NamedTuple):
    """What the user chooses, as int64. Cuts are in parts of opinions.SURE; the others are 0 or 1.

    cut: the score that a block of an article or product must reach. lowest: the least cut on other pages. single: the
    probability from which a page counts as one on one thing. bullets: write bullets and numbers of list items.
    headline: whether the first <h1> is kept. comments: whether comments of readers are kept. everything: keep all
    blocks (scope: body). markdown: write Markdown, not plain text.
    """

    cut: int
    lowest: int
    single: int
    bullets: int
    headline: int
    comments: int
    everything: int
    markdown: int


def load_models(path: Path = MODEL) -> Models:
    """Returns the weights and trees for web pages' content in a model file. Raises ValueError if they do not fit."""
    model = load_model(path)
    trees = [read_trees(model[name], names) for name, names in TREES.items()]
    return Models(read_hints(model["hints"]), *trees)


def main_text(data: Bytes, offsets: Offsets, models: Models, choice: Choice) -> tuple[Bytes, Offsets]:
    """Returns the content of the HTML documents data[offsets[r]:offsets[r + 1]], without menus, in the same form."""
    scratch = scratch_for(data, offsets, WIDTH)
    out, ends = _extract_all(data, offsets, TABLES, KIND_OF_TAG, _PROBABILITIES, scratch, models, choice)
    return frozen(out), frozen(ends)


@kernel
def table_pointers(tables: Tables) -> Tables:
    """The tables for HTML documents as pointers, the form in which helpers take them."""
    return Tables(
        pointer(tables.tag_codes), pointer(tables.tag_numbers), pointer(tables.flags), pointer(tables.tag_marks),
        pointer(tables.word_codes), pointer(tables.word_marks), pointer(tables.role_codes), pointer(tables.role_marks),
        pointer(tables.token_codes), pointer(tables.token_traits), pointer(tables.sign_codes),
        pointer(tables.sign_bits), tables.entities, tables.entity_bytes, pointer(tables.c1),
    )  # fmt: skip


@kernel
def hint_pointers(hints: Hints) -> Hints:
    """The weights of words and class names of HTML as pointers."""
    return Hints(pointer(hints.words), pointer(hints.classes))


@kernel
def _tree_pointers(trees: Trees) -> Trees:
    return Trees(
        pointer(trees.feature), pointer(trees.limit), pointer(trees.leaf), pointer(trees.used), pointer(trees.sizes)
    )


@kernel
def measure(
    data: Bytes, at: int, end: int, tables: Tables, kinds: Ints, hints: Hints, scratch: Scratch, everything: int
) -> None:
    """Read and measure the HTML document data[at:end]. everything: all blocks are kept, hidden text is never read."""
    page = scratch.page
    read_blocks(data, at, end, int64(0), tables, page)
    shown, hidden = page.state[PUT], page.state[UNSHOWN]
    if not everything and shown < LEAST_SHOWN and hidden > max(2 * shown, LEAST_HIDDEN):
        read_blocks(data, at, end, int64(1), tables, page)  # a forum whose posts are all in <noscript>, for example
    measure_page(page, kinds, scratch.into)
    measure_hints(data, page, hints, scratch.into.words, scratch.into.classes)
    find_containers(page, scratch.into, scratch.found)
    measure_whole(page, scratch.into, scratch.found, scratch.whole)


@kernel
def write_row(block: int, scratch: Scratch, out: Ints, at: int) -> None:
    """Put the features of the first pass into out[at : at + NUM_FIRST]."""
    write_features(scratch.page, block, scratch.into, out, at)
    at = write_structure(scratch.page, block, scratch.into, scratch.found, out, at + NUM_FEATURES)
    for column in range(NUM_WHOLE):
        out[at + column] = scratch.whole[column]


@kernel
def _score_first(models: Models, table: Ints, scratch: Scratch) -> None:
    blocks = scratch.page.state[BLOCKS]
    for chunk in range(0, blocks, CHUNK):
        size = min(blocks - chunk, CHUNK)
        for row in range(size):
            write_row(chunk + row, scratch, scratch.rows, row * WIDTH)
            scratch.totals[row] = 0
        add_scores(scratch.rows, WIDTH, size, models.first, scratch.columns, scratch.places, scratch.totals)
        for row in range(size):
            scratch.held.score[chunk + row] = probability(scratch.totals[row], table)


@kernel
def _score_second(models: Models, table: Ints, scratch: Scratch) -> None:
    page, into, found, held = scratch.page, scratch.into, scratch.found, scratch.held
    blocks = page.state[BLOCKS]
    for chunk in range(0, blocks, CHUNK):
        size = min(blocks - chunk, CHUNK)
        for row in range(size):
            if blocks > CHUNK:  # the rows of the first pass are no longer held
                write_row(chunk + row, scratch, scratch.rows, row * WIDTH)
            write_opinions(page, chunk + row, into, found, held, scratch.rows, row * WIDTH + NUM_FIRST)
            scratch.totals[row] = 0
        add_scores(scratch.rows, WIDTH, size, models.second, scratch.columns, scratch.places, scratch.totals)
        for row in range(size):
            scratch.verdict.score[chunk + row] = probability(scratch.totals[row], table)


@kernel
def _single(models: Models, table: Ints, scratch: Scratch) -> int:
    """The probability that the page is on one thing (article, product), not a list or a forum."""
    for column in range(NUM_WHOLE):
        scratch.rows[column] = scratch.whole[column]
    write_kept(scratch, scratch.rows, int64(NUM_WHOLE))
    scratch.totals[0] = 0
    add_scores(scratch.rows, WIDTH, int64(1), models.single, scratch.columns, scratch.places, scratch.totals)
    return probability(scratch.totals[0], table)


@kernel
def write_kept(scratch: Scratch, out: Ints, at: int) -> None:
    """Put the last features of SINGLE into out[at:]: how much of the HTML page the first pass keeps."""
    held, units = scratch.held, scratch.into.page[TOTAL]
    out[at] = held.page[KEPT_UNITS] * 1000 // units
    out[at + 1] = held.page[KEPT_BLOCKS]
    out[at + 2] = held.page[RUN] * 1000 // units


@kernel
def decide(single: int, choice: Choice, scratch: Scratch) -> None:
    """Decide which blocks are kept, from the scores in scratch.held and scratch.verdict."""
    page, into, found, verdict = scratch.page, scratch.into, scratch.found, scratch.verdict
    fall_back(page, into, scratch.held, verdict)
    join_scores(page, found, into, verdict)
    verdict.cut[0] = choice.cut
    if single < choice.single or not reaches(page, verdict, choice.cut):
        verdict.cut[0] = best_cut(page, into, verdict, choice.lowest, choice.cut)
    keep_blocks(page, found, into, verdict, choice.headline, choice.comments)


@kernel
def _extract_all(
    data: Bytes,
    offsets: Offsets,
    tables: Tables,
    kinds: Ints,
    table: Ints,
    arrays: Scratch,
    models: Models,
    choice: Choice,
) -> tuple[Bytes, Offsets]:
    scratch, names, source = pointers(arrays), table_pointers(tables), pointer(data)
    hints = hint_pointers(models.hints)
    trees = Models(hints, _tree_pointers(models.first), _tree_pointers(models.second), _tree_pointers(models.single))
    probabilities = pointer(table)
    page = scratch.page
    out = np.empty(offsets[-1] // 8 + 1024, dtype=np.uint8)
    ends = np.zeros(len(offsets), dtype=np.int64)
    put = int64(0)
    for document in range(len(offsets) - 1):
        measure(source, offsets[document], offsets[document + 1], names, kinds, hints, scratch, choice.everything)
        if choice.everything:
            for block in range(page.state[BLOCKS]):
                scratch.verdict.keep[block] = 1
        else:
            _score_first(trees, probabilities, scratch)
            gather_opinions(page, scratch.into, scratch.found, scratch.held)
            _score_second(trees, probabilities, scratch)
            decide(_single(trees, probabilities, scratch), choice, scratch)
        room = put + room_of(choice, page)
        if room > len(out):
            wider = np.empty(2 * room, dtype=np.uint8)
            for at in range(put):  # a slice would compile numba's text about unequal shapes, which takes 2 s
                wider[at] = out[at]
            out = wider
        put = write(source, choice, scratch, pointer(out), put)
        ends[document + 1] = put
    return out[:put], ends


@kernel
def room_of(choice: Choice, page: Page) -> int:
    """The most bytes that the text of an HTML page takes in the format of choice."""
    return room_for_markdown(page) if choice.markdown else room_for(page)


@kernel
def write(data: Bytes, choice: Choice, scratch: Scratch, out: Bytes, put: int) -> int:
    """Write the kept blocks of the HTML page to out[put:]; returns where the text ends."""
    page, into, found, verdict = scratch.page, scratch.into, scratch.found, scratch.verdict
    if choice.markdown:
        return write_markdown(data, page, found, into, verdict, scratch.spans, out, put)
    return write_plain(page, found, into, verdict, choice.bullets, scratch.spans, out, put)


def warm() -> None:
    """Compile or load the kernels of this module."""
    empty = frozen(np.zeros(0, dtype=np.uint8)), frozen(np.zeros(2, dtype=np.int64))
    main_text(*empty, load_models(), Choice(SURE // 2, SURE // 5, SURE, 1, 1, 1, 0, 0))
