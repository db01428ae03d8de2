"""From the scores of blocks to the blocks that are kept: one verdict per table and list, a cut per page, and rules."""

from typing import Final, NamedTuple

import numpy as np

from tokenmill.text.html.containers import (
    ITEMS,
    NUM_COUNTS,
    Containers,
    clear_slots,
    is_code_table,
    is_data_table,
)
from tokenmill.text.html.features import KIND, KINDS, NUM_OWN, NUM_SUMS, S_BLOCKS, S_UNITS, UNITS, Measures, is_heading
from tokenmill.text.html.opinions import SURE, Opinions
from tokenmill.text.html.page import BLOCKS, ELEMENTS, NO_NUMBER, Page
from tokenmill.text.html.tags import CODE_MARK, MARKS, TAG
from tokenmill.text.kernel.arrays import Bytes, Ints, Longs, int64
from tokenmill.text.kernel.cache import kernel

_DT, _DD, _SUMMARY, _DETAILS = TAG["dt"], TAG["dd"], TAG["summary"], TAG["details"]
_QUOTE = TAG["blockquote"]
_H1_KIND, _PRE_KIND, _CELL_KIND = KINDS["h1"], KINDS["pre"], KINDS["td"]
_READER: Final = 1 << MARKS.index("w_reader")
BUCKETS: Final = 256
_LOST: Final = 10  # the first pass keeps more than this many times the text of the second
_MOST_ITEM = 400  # units of an item of a list that is judged as a whole
_SHORT_TITLE = 300  # units
_LONE_HEADINGS = 100  # units of all kept headings; more are posts or a list
_COPY_SHARE = 30  # percent of the kept text that a second copy of a page has at least
_COPY_PARAGRAPHS, _COPY_LONGEST = 2, 100  # its paragraphs, and units of the longest of them, at least
_QUOTED = 100  # units of a post that is quoted as a whole, at least
_NEAR = 4  # block elements in which a <dt>, <dd> or <summary> is looked for: the block's own and three around it
_FOR_TABLE = 75  # percent of the cut that are enough for a data table


class Verdict(NamedTuple):
    """Scratch for one document, as pointers."""

    score: Ints  # (blocks,): the probability that the block is content, in parts of SURE
    keep: Bytes  # (blocks,)
    weight: Longs  # (elements,): units of a table or list
    sums: Longs  # (elements,): its weighted scores
    buckets: Longs  # (2 * BUCKETS,): units and weighted scores by score
    cut: Longs  # (1,): the score that a block must reach
    kept: Ints  # (blocks,): the kept blocks


@kernel
def judged_with(page: Page, block: int, found: Containers, into: Measures) -> int:
    """The table or list of an HTML page that gets one verdict together with this block in it; 0 without one."""
    where = page.where[block]
    table = found.table[where]
    if table and (is_data_table(table, found) or is_code_table(table, found)):
        return int64(table)
    around = found.lists[where]
    if around:
        items = found.counts[around * NUM_COUNTS + ITEMS]
        sums = around * NUM_SUMS
        if items and into.sums[sums + S_BLOCKS] <= 2 * items and into.sums[sums + S_UNITS] <= _MOST_ITEM * items:
            return int64(around)
    return int64(0)


@kernel
def join_scores(page: Page, found: Containers, into: Measures, verdict: Verdict) -> None:
    """Give all blocks of a table or list of an HTML page the same score: the mean by length."""
    for element in range(page.state[ELEMENTS]):
        if found.table[element] == element or found.lists[element] == element:
            verdict.weight[element] = verdict.sums[element] = 0
    for block in range(page.state[BLOCKS]):
        around = judged_with(page, block, found, into)
        if around:
            units = int64(into.own[block * NUM_OWN + UNITS]) + 1
            verdict.weight[around] += units
            verdict.sums[around] += units * verdict.score[block]
    for block in range(page.state[BLOCKS]):
        around = judged_with(page, block, found, into)
        if around:
            verdict.score[block] = verdict.sums[around] // verdict.weight[around]


@kernel
def fall_back(page: Page, into: Measures, held: Opinions, verdict: Verdict) -> None:
    """Take the scores of the first pass where the second keeps next to nothing of an HTML page, but the first much."""
    blocks = page.state[BLOCKS]
    first = second = int64(0)
    for block in range(blocks):
        units = int64(into.own[block * NUM_OWN + UNITS])
        first += units if 2 * held.score[block] >= SURE else 0
        second += units if 2 * verdict.score[block] >= SURE else 0
    if _LOST * second < first:
        for block in range(blocks):
            verdict.score[block] = held.score[block]


@kernel
def reaches(page: Page, verdict: Verdict, cut: int) -> bool:
    """Whether any block of an HTML page has this score."""
    highest = int64(0)
    for block in range(page.state[BLOCKS]):
        highest = max(highest, int64(verdict.score[block]))
    return bool(highest >= cut)


@kernel
def best_cut(page: Page, into: Measures, verdict: Verdict, low: int, high: int) -> int:
    """The cut within low..high that gives the highest F1 to expect for the HTML page, if scores are probabilities."""
    for place in range(2 * BUCKETS):
        verdict.buckets[place] = 0
    total = int64(0)
    for block in range(page.state[BLOCKS]):
        units = int64(into.own[block * NUM_OWN + UNITS])
        bucket = min(verdict.score[block] * BUCKETS // SURE, BUCKETS - 1)
        verdict.buckets[bucket] += units
        verdict.buckets[BUCKETS + bucket] += units * verdict.score[block]
        total += units * verdict.score[block]
    kept = right = int64(0)
    best, highest = int64(high), -1.0
    for bucket in range(BUCKETS - 1, -1, -1):
        kept += verdict.buckets[bucket]
        right += verdict.buckets[BUCKETS + bucket]
        cut = bucket * SURE // BUCKETS
        if low <= cut <= high and kept:
            expected = 2.0 * right / (kept * float(SURE) + total)
            if expected > highest:
                best, highest = int64(cut), expected
    return best


@kernel
def keep_blocks(page: Page, found: Containers, into: Measures, verdict: Verdict, headline: int, comments: int) -> None:
    """Decide for each block of an HTML page whether it is kept.

    headline: whether the first <h1> is kept with the text. comments: whether comments of readers are kept.

    The order matters. First come the rules that keep more. A definition may stand before a table, so it comes before
    the tables; what announces other blocks (a term, a summary, a heading) comes after what it may announce. Then
    comments that stand between kept blocks go too, and the other rules that drop blocks see what is left: a second copy
    of the text goes with its headings, the headline takes its other copies with it, and the last rule finds out whether
    more than headings are left.
    """
    blocks = page.state[BLOCKS]
    for block in range(blocks):
        verdict.keep[block] = verdict.score[block] >= verdict.cut[0]
    if not comments:
        _drop_comments(page, blocks, into, verdict)
    _keep_definitions(page, blocks, verdict)
    _keep_tables(page, blocks, found, into, verdict)
    _keep_terms(page, blocks, found, verdict)
    _keep_between(blocks, found, into, verdict)
    _keep_headings(blocks, into, verdict)
    if not comments:
        _drop_comments(page, blocks, into, verdict)
    _drop_copies_of_text(page, blocks, found, into, verdict)
    if not headline:
        _drop_headline(page, blocks, found, into, verdict)
    _drop_repeated(page, blocks, found, into, verdict)
    _drop_lone_headings(blocks, into, verdict)


@kernel
def _drop_comments(page: Page, blocks: int, into: Measures, verdict: Verdict) -> None:
    """Drop what readers wrote below the text, unless it is most of what is kept."""
    inside = outside = int64(0)
    for block in range(blocks):
        units = int64(into.own[block * NUM_OWN + UNITS])
        if verdict.keep[block]:
            if page.marks[page.where[block]] & _READER:
                inside += units
            else:
                outside += units
    if outside >= inside:
        for block in range(blocks):
            if page.marks[page.where[block]] & _READER:
                verdict.keep[block] = 0


@kernel
def _near(page: Page, block: int, first: int, second: int) -> int:
    """The nearest element of these two tags around the text of a block: <dd><p> begins a definition too. 0 if none."""
    element = page.block[page.where[block]]
    for _ in range(_NEAR):
        if page.tag[element] == first or page.tag[element] == second:
            return int64(element)
        element = page.block[page.parent[element]]
    return int64(0)


@kernel
def _keep_definitions(page: Page, blocks: int, verdict: Verdict) -> None:
    """Keep the first block of a definition whose term is kept."""
    for block in range(1, blocks):
        if verdict.keep[block - 1] and not verdict.keep[block]:
            before, this = _near(page, block - 1, _DT, _DD), _near(page, int64(block), _DT, _DD)
            if page.tag[before] == _DT and page.tag[this] == _DD:
                verdict.keep[block] = 1


@kernel
def _keep_terms(page: Page, blocks: int, found: Containers, verdict: Verdict) -> None:
    """Keep a term before a kept definition or a further kept term, and a summary before kept text of its details.

    Only the last block of a summary is kept: those before it are dates, versions and links to a source.
    """
    for block in range(blocks - 2, -1, -1):
        if verdict.keep[block + 1] and not verdict.keep[block]:
            is_term = page.tag[_near(page, int64(block), _DT, _DD)] == _DT and _near(page, block + 1, _DT, _DD) > 0
            summary = _near(page, int64(block), _SUMMARY, _SUMMARY)
            details = page.parent[summary]
            after = page.block[page.where[block + 1]]
            is_inside = details <= after <= found.last[details] and not summary <= after <= found.last[summary]
            if is_term or (summary and page.tag[details] == _DETAILS and is_inside):
                verdict.keep[block] = 1


@kernel
def _keep_tables(page: Page, blocks: int, found: Containers, into: Measures, verdict: Verdict) -> None:
    """Keep a data table between kept blocks, or with three quarters of the score: cells have no sentences to judge by.

    Up to one heading before the table and one block behind it may be dropped in between; the heading is then kept.
    """
    block = int64(0)
    while block < blocks:
        table = found.table[page.where[block]]
        after = block + 1
        if table and is_data_table(table, found):
            while after < blocks and found.table[page.where[after]] == table:
                after += 1
            begin, end = block, after
            if begin > 1 and not verdict.keep[begin - 1] and is_heading(int64(into.own[(begin - 1) * NUM_OWN + KIND])):
                begin -= 1
            if end + 1 < blocks and not verdict.keep[end]:
                end += 1
            is_between = begin > 0 and end < blocks and verdict.keep[begin - 1] and verdict.keep[end]
            if is_between or verdict.score[block] * 100 >= _FOR_TABLE * verdict.cut[0]:
                for cell in range(begin, after):
                    verdict.keep[cell] = 1
        block = after


@kernel
def _keep_between(blocks: int, found: Containers, into: Measures, verdict: Verdict) -> None:
    """Keep code between two kept blocks, and a block in the same sort of elements as the kept ones beside it."""
    for block in range(1, blocks - 1):
        if verdict.keep[block] or not verdict.keep[block - 1] or not verdict.keep[block + 1]:
            continue
        is_alike = found.path[block] == found.path[block - 1] and found.path[block] == found.path[block + 1]
        if is_alike or into.own[block * NUM_OWN + KIND] == _PRE_KIND:
            verdict.keep[block] = 1


@kernel
def _keep_headings(blocks: int, into: Measures, verdict: Verdict) -> None:
    """Keep a heading of a kept block, and the headings above it."""
    for block in range(blocks - 2, -1, -1):
        if verdict.keep[block + 1] and not verdict.keep[block]:
            level, below = int64(into.own[block * NUM_OWN + KIND]), int64(into.own[(block + 1) * NUM_OWN + KIND])
            if is_heading(level) and (below > level or not is_heading(below)):
                verdict.keep[block] = 1


@kernel
def _drop_headline(page: Page, blocks: int, found: Containers, into: Measures, verdict: Verdict) -> None:
    """Drop the first <h1>, and its copies before and behind it if it was kept."""
    for block in range(blocks):
        if into.own[block * NUM_OWN + KIND] == _H1_KIND:
            if verdict.keep[block]:
                _drop_copies(int64(block), int64(0), page, blocks, found, into, verdict)
                verdict.keep[block] = 0
            return


@kernel
def _drop_repeated(page: Page, blocks: int, found: Containers, into: Measures, verdict: Verdict) -> None:
    """Drop the copies of the first kept heading behind it: share widgets and hidden bars have the title again."""
    for block in range(blocks):
        if verdict.keep[block] and is_heading(int64(into.own[block * NUM_OWN + KIND])):
            _drop_copies(int64(block), block + 1, page, blocks, found, into, verdict)
            return


@kernel
def _drop_copies(
    title: int, begin: int, page: Page, blocks: int, found: Containers, into: Measures, verdict: Verdict
) -> None:
    """Drop the blocks from `begin` on that have the text of a short title.

    Share widgets have the title in elements of many tags, so that not only headings are dropped.
    """
    if into.own[title * NUM_OWN + UNITS] > _SHORT_TITLE:
        return
    for block in range(begin, blocks):
        if block != title and into.hashes[block] == into.hashes[title] and not _is_entry(page, block, found, into):
            verdict.keep[block] = 0


@kernel
def _is_entry(page: Page, block: int, found: Containers, into: Measures) -> bool:
    """Whether the block is a cell, a term, code or an item of a list: its text has a sense of its own."""
    where, kind = page.where[block], into.own[block * NUM_OWN + KIND]
    table = found.table[where]
    if kind in (_CELL_KIND, _PRE_KIND) or (table and is_data_table(int64(table), found)):
        return True
    return bool(
        page.marks[where] & CODE_MARK or page.item[block] != NO_NUMBER or page.tag[_near(page, block, _DT, _DD)] == _DT
    )


@kernel
def _drop_copies_of_text(page: Page, blocks: int, found: Containers, into: Measures, verdict: Verdict) -> None:
    """Drop the second copy of a page, as for small screens, and quotes of whole posts: runs of blocks kept before.

    Texts that repeat for a reason stay: the chorus of a song, the terms of several offers, the parts of each function.
    """
    count = total = int64(0)
    for block in range(blocks):
        if verdict.keep[block]:
            verdict.kept[count] = block
            count += 1
            total += into.own[block * NUM_OWN + UNITS]
    mask = clear_slots(count, found.slots)
    at = int64(0)
    while at < count:
        place = _place(at, mask, into, found, verdict)
        first = int64(found.slots[place] - 1)
        if first < 0:
            found.slots[place] = at + 1
            at += 1
            continue
        length, dropped = _copied(first, at, count, total, page, found, into, verdict)
        for copy in range(at, at + dropped):
            verdict.keep[verdict.kept[copy]] = 0
        while dropped and first > 0 and into.hashes[verdict.kept[at - 1]] == into.hashes[verdict.kept[first - 1]]:
            at, first, length = at - 1, first - 1, length + 1  # its headings, whose words stand elsewhere too
            verdict.keep[verdict.kept[at]] = 0
        at += length


@kernel
def _place(at: int, mask: int, into: Measures, found: Containers, verdict: Verdict) -> int:
    """The slot for the text of kept block number `at` of an HTML page: 1 + the number of the first with this text."""
    value = into.hashes[verdict.kept[at]]
    place = int64(value & np.uint64(mask))
    while found.slots[place] and into.hashes[verdict.kept[found.slots[place] - 1]] != value:
        place = (place + 1) & mask
    return place


@kernel
def _copied(
    first: int, at: int, count: int, total: int, page: Page, found: Containers, into: Measures, verdict: Verdict
) -> tuple[int, int]:
    """Returns (how many kept blocks from number `at` on repeat those from `first` on, how many of them are a copy)."""
    length = units = paragraphs = longest = quoted = quoted_units = int64(0)
    while first + length < at and at + length < count:
        block = int64(verdict.kept[at + length])
        if into.hashes[block] != into.hashes[verdict.kept[first + length]]:
            break
        own = int64(into.own[block * NUM_OWN + UNITS])
        if quoted == length and _near(page, block, _QUOTE, _QUOTE):
            quoted += 1
            quoted_units += own
        is_part = is_heading(int64(into.own[block * NUM_OWN + KIND])) or _near(page, block, _DT, _DD) > 0
        if not is_part and not _is_entry(page, block, found, into):
            paragraphs += 1
            longest = max(longest, own)
        units += own
        length += 1
    if paragraphs >= _COPY_PARAGRAPHS and longest >= _COPY_LONGEST and 100 * units >= _COPY_SHARE * total:
        return length, length
    return length, quoted if quoted_units >= _QUOTED else int64(0)


@kernel
def _drop_lone_headings(blocks: int, into: Measures, verdict: Verdict) -> None:
    """Drop all kept blocks if they are headings of at most _LONE_HEADINGS units together.

    Pages whose reference has no text keep such headings alone: shop pages whose product is loaded by a script, for
    example. The limit was chosen on five pages of wcxb_dev.
    """
    units = int64(0)
    for block in range(blocks):
        if verdict.keep[block]:
            units += into.own[block * NUM_OWN + UNITS]
            if units > _LONE_HEADINGS or not is_heading(int64(into.own[block * NUM_OWN + KIND])):
                return
    for block in range(blocks):
        verdict.keep[block] = 0
