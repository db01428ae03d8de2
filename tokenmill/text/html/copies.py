"""Drops the second copy of a page's text, as for small screens, and quotes of whole posts."""

from typing import Final

import numpy as np

from tokenmill.text.html.containers import Containers, clear_slots, is_entry, near
from tokenmill.text.html.features import KIND, NUM_OWN, UNITS, Measures, is_heading
from tokenmill.text.html.page import Page
from tokenmill.text.html.tags import TAG
from tokenmill.text.kernel.arrays import Bytes, Ints, int64
from tokenmill.text.kernel.cache import kernel

_DT, _DD, _QUOTE = TAG["dt"], TAG["dd"], TAG["blockquote"]
_COPY_SHARE: Final = 30  # percent of the kept text that a second copy of a page has at least
_COPY_PARAGRAPHS, _COPY_LONGEST = 2, 100  # its paragraphs, and units of the longest of them, at least
_QUOTED: Final = 100  # units of a post that is quoted as a whole, at least
_LARGE_SHARE: Final = 45  # percent of a copy that has no heading
_NEITHER, _QUOTES, _COPY, _LARGE_COPY = 0, 1, 2, 3  # kinds of repeated blocks


@kernel
def drop_copies_of_text(page: Page, blocks: int, found: Containers, into: Measures, keep: Bytes, kept: Ints) -> None:
    """Drop the second copy of a page, as for small screens, and quotes of whole posts: runs of blocks kept before.

    Texts that repeat for a reason stay: the chorus of a song, the terms of several offers, the parts of each function.
    """
    count = total = int64(0)
    for block in range(blocks):
        if keep[block]:
            kept[count] = block
            count += 1
            total += into.own[block * NUM_OWN + UNITS]
    mask = clear_slots(count, found.slots)
    at = int64(0)
    while at < count:
        place = _place(at, mask, into, found, kept)
        first = int64(found.slots[place] - 1)
        if first < 0:
            found.slots[place] = at + 1
            at += 1
            continue
        length = _length_of_copy(first, at, count, into, kept)
        begin, end = _whole_containers(at, length, count, page, found, kept)
        kind = _kind_of_copy(begin, end, total, page, found, into, kept)
        if kind == _COPY and not _has_heading(first + begin - at, begin, into, kept):
            kind = int64(_NEITHER)
        for copy in range(begin, end):
            block = int64(kept[copy])
            is_quote = near(page, block, _QUOTE, _QUOTE) and not near(
                page, int64(kept[first + copy - at]), _QUOTE, _QUOTE
            )
            if kind in (_COPY, _LARGE_COPY) or (kind == _QUOTES and is_quote):
                keep[block] = 0
        if kind in (_COPY, _LARGE_COPY) and begin == at:
            _drop_headings_of_copy(first, at, into, keep, kept)
        at += length


@kernel
def _place(at: int, mask: int, into: Measures, found: Containers, kept: Ints) -> int:
    """The slot for the text of kept block number `at` of an HTML page: 1 + the number of the first with this text."""
    value = into.hashes[kept[at]]
    place = int64(value & np.uint64(mask))
    while found.slots[place] and into.hashes[kept[found.slots[place] - 1]] != value:
        place = (place + 1) & mask
    return place


@kernel
def _length_of_copy(first: int, at: int, count: int, into: Measures, kept: Ints) -> int:
    """Returns how many kept blocks from number `at` on repeat those from number `first` on."""
    length = int64(0)
    while first + length < at and at + length < count:
        if into.hashes[kept[at + length]] != into.hashes[kept[first + length]]:
            break
        length += 1
    return length


@kernel
def _whole_containers(at: int, length: int, count: int, page: Page, found: Containers, kept: Ints) -> tuple[int, int]:
    """Returns the part of the kept blocks at..at + length - 1 that has no list or table only in part."""
    begin, end = int64(at), int64(at + length)
    if begin > 0:
        around = _container(page, int64(kept[begin - 1]), found)
        while around and begin < end and _container(page, int64(kept[begin]), found) == around:
            begin += 1
    if end < count:
        around = _container(page, int64(kept[end]), found)
        while around and begin < end and _container(page, int64(kept[end - 1]), found) == around:
            end -= 1
    return begin, end


@kernel
def _container(page: Page, block: int, found: Containers) -> int:
    """Returns the table or list around a block, 0 without one."""
    where = page.where[block]
    return int64(found.table[where] if found.table[where] else found.lists[where])


@kernel
def _kind_of_copy(begin: int, end: int, total: int, page: Page, found: Containers, into: Measures, kept: Ints) -> int:
    """Returns what the repeated kept blocks begin..end - 1 are: a second copy, one with quotes in it, or neither."""
    units = paragraphs = longest = quoted = int64(0)
    for place in range(begin, end):
        block = int64(kept[place])
        own = int64(into.own[block * NUM_OWN + UNITS])
        if near(page, block, _QUOTE, _QUOTE):
            quoted += own
        is_part = is_heading(int64(into.own[block * NUM_OWN + KIND])) or near(page, block, _DT, _DD) > 0
        if not is_part and not is_entry(page, block, found, into):
            paragraphs += 1
            longest = max(longest, own)
        units += own
    if 2 * quoted > units:
        return int64(_QUOTES if quoted >= _QUOTED else _NEITHER)
    if paragraphs >= _COPY_PARAGRAPHS and longest >= _COPY_LONGEST and 100 * units >= _COPY_SHARE * total:
        return int64(_LARGE_COPY if 100 * units >= _LARGE_SHARE * total else _COPY)
    return int64(_QUOTES if quoted >= _QUOTED else _NEITHER)


@kernel
def _has_heading(first: int, at: int, into: Measures, kept: Ints) -> bool:
    """Whether a copy begins with a heading, or the same one stands before both: offers have headings of their own."""
    if is_heading(int64(into.own[kept[at] * NUM_OWN + KIND])):
        return True
    if first == 0 or into.hashes[kept[at - 1]] != into.hashes[kept[first - 1]]:
        return False
    return is_heading(int64(into.own[kept[at - 1] * NUM_OWN + KIND]))


@kernel
def _drop_headings_of_copy(first: int, at: int, into: Measures, keep: Bytes, kept: Ints) -> None:
    """Drop the headings directly before a second copy that stand before the first one too."""
    while first > 0 and into.hashes[kept[at - 1]] == into.hashes[kept[first - 1]]:
        at, first = at - 1, first - 1
        block = int64(kept[at])
        if not is_heading(int64(into.own[block * NUM_OWN + KIND])):
            return
        keep[block] = 0
