"""From the scores of blocks to the blocks that are kept: one verdict per table and list, a cut per page, and rules."""

from typing import Final, NamedTuple

from tokenmill.text.html.containers import (
    ITEMS,
    NUM_COUNTS,
    PATHS,
    Containers,
    is_code_table,
    is_data_table,
    is_entry,
    near,
)
from tokenmill.text.html.copies import drop_copies_of_text
from tokenmill.text.html.features import KIND, KINDS, NUM_OWN, NUM_SUMS, S_BLOCKS, S_UNITS, UNITS, Measures, is_heading
from tokenmill.text.html.opinions import SURE, Opinions
from tokenmill.text.html.page import BLOCKS, ELEMENTS, Page
from tokenmill.text.html.tags import MARKS, TAG
from tokenmill.text.kernel.arrays import Bytes, Ints, Longs, int64
from tokenmill.text.kernel.cache import kernel

_DT, _DD, _SUMMARY, _DETAILS = TAG["dt"], TAG["dd"], TAG["summary"], TAG["details"]
_H1_KIND, _PRE_KIND, _CELL_KIND = KINDS["h1"], KINDS["pre"], KINDS["td"]
_READER: Final = 1 << MARKS.index("w_reader")
BUCKETS: Final = 256
_LOST: Final = 10  # the first pass keeps more than this many times the text of the second
_MOST_ITEM = 400  # units of an item of a list that is judged as a whole
_SHORT_TITLE = 300  # units
_LONE_HEADINGS = 100  # units of all kept headings; more are posts or a list
_FOR_TABLE = 75  # percent of the cut that are enough for a data table
_FOR_ALIKE = 50  # and for one like a kept table, and for code near kept blocks


class Verdict(NamedTuple):
    """Scratch for one document, as pointers. weight and sums share their memory with sums of Opinions (scratch.py)."""

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
    _keep_alike_tables(page, blocks, found, verdict)
    _keep_terms(page, blocks, found, verdict)
    _keep_between(blocks, found, into, verdict)
    _keep_headings(blocks, into, verdict)
    if not comments:
        _drop_comments(page, blocks, into, verdict)
    drop_copies_of_text(page, blocks, found, into, verdict.keep, verdict.kept)
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
def _keep_definitions(page: Page, blocks: int, verdict: Verdict) -> None:
    """Keep the first block of a definition whose term is kept."""
    for block in range(1, blocks):
        if verdict.keep[block - 1] and not verdict.keep[block]:
            before, this = near(page, block - 1, _DT, _DD), near(page, int64(block), _DT, _DD)
            if page.tag[before] == _DT and page.tag[this] == _DD:
                verdict.keep[block] = 1


@kernel
def _keep_terms(page: Page, blocks: int, found: Containers, verdict: Verdict) -> None:
    """Keep a term before a kept definition or a further kept term, and a summary before kept text of its details.

    Only the last block of a summary is kept: those before it are dates, versions and links to a source.
    """
    for block in range(blocks - 2, -1, -1):
        if verdict.keep[block + 1] and not verdict.keep[block]:
            is_term = page.tag[near(page, int64(block), _DT, _DD)] == _DT and near(page, block + 1, _DT, _DD) > 0
            summary = near(page, int64(block), _SUMMARY, _SUMMARY)
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
def _keep_alike_tables(page: Page, blocks: int, found: Containers, verdict: Verdict) -> None:
    """Keep a data table with half of the score if one in the same sort of elements is kept: one of each offer, say."""
    is_kept = verdict.kept  # by path, until drop_copies_of_text
    for path in range(found.sizes[PATHS]):
        is_kept[path] = 0
    for block in range(blocks):
        table = found.table[page.where[block]]
        if table and verdict.keep[block] and is_data_table(table, found):
            is_kept[found.path[block]] = 1
    last, keeps = int64(0), False
    for block in range(blocks):
        table = found.table[page.where[block]]
        if table != last:
            is_near = verdict.score[block] * 100 >= _FOR_ALIKE * verdict.cut[0]
            last, keeps = table, is_near and is_kept[found.path[block]] and is_data_table(table, found)
        if table and keeps:
            verdict.keep[block] = 1


@kernel
def _keep_between(blocks: int, found: Containers, into: Measures, verdict: Verdict) -> None:
    """Keep code between two kept blocks, and a block in the same sort of elements as the kept ones beside it.

    Code with half of the score that a block must reach may have one dropped block on each side: its line numbers, or a
    button.
    """
    keep = verdict.keep
    for block in range(1, blocks - 1):
        if keep[block]:
            continue
        is_code = into.own[block * NUM_OWN + KIND] == _PRE_KIND
        if keep[block - 1] and keep[block + 1]:
            is_alike = found.path[block] == found.path[block - 1] and found.path[block] == found.path[block + 1]
            keep[block] = is_alike or is_code
        elif is_code and verdict.score[block] * 100 >= _FOR_ALIKE * verdict.cut[0]:
            is_behind = keep[block - 1] or (block > 1 and keep[block - 2])
            keep[block] = is_behind and (keep[block + 1] or (block + 2 < blocks and keep[block + 2]))


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
        if block != title and into.hashes[block] == into.hashes[title] and not is_entry(page, block, found, into):
            verdict.keep[block] = 0


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
