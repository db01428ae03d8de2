"""Sets of millions of names, with about 30 bytes per name: sorted 64-bit hashes, and the names to confirm each match.

A name is hashed from its end, so one pass over a host looks up all its parents. The hashes are spread evenly, so their
upper bits give the place in the sorted array, and a look-up reads one cache line of it.
"""

from typing import NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Hashes, Longs, Offsets, Positions, Ushorts, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.url.hosts import is_plain, trimmed, without_dots
from tokenmill.text.words.hash import extended, scrambled

MOST_BYTES = 1 << 32
MOST_LABELS = 62
"""Only the last 62 labels of a host are looked up. Names in use have fewer than ten."""

_SEED = np.uint64(0x9E3779B97F4A7C15)


class NameSet(NamedTuple):
    """A set of names, in the order of their hashes."""

    text: Bytes  # the names, a newline after each
    starts: Positions  # (names,): where each name starts in text
    hashes: Hashes  # (names,), ascending
    groups: Ushorts  # (names,): the group number that the caller gave to each name
    buckets: Positions  # (buckets + 1,): index of the first hash with these upper bits
    shift: int  # 64 - the number of upper bits

    def name(self, number: int) -> str:
        """Returns the name with this number, which is its index in `hashes`."""
        start = int(self.starts[number])
        end = start
        while self.text[end] != 10:
            end += 1
        return self.text[start:end].tobytes().decode()


def name_set(text: Bytes, starts: Positions, groups: Ushorts) -> NameSet:
    """Returns the NameSet of the hosts or URLs that begin at `starts` in text and end before a newline.

    Of equal names the first one is found. text must have fewer than MOST_BYTES bytes, because positions have 32 bits.
    """
    hashes = np.empty(len(starts), dtype=np.uint64)
    _hash_names(frozen(text), frozen(starts), hashes)
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    bits = max(1, len(starts).bit_length() - 2)  # about four hashes per bucket, half a cache line
    firsts = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits)
    buckets = np.append(np.searchsorted(hashes, firsts), len(hashes)).astype(np.uint32)
    return NameSet(
        frozen(text), frozen(starts[order]), frozen(hashes), frozen(groups[order]), frozen(buckets), 64 - bits
    )


def find_names(names: NameSet, buffer: Bytes, starts: Offsets, ends: Offsets) -> Longs:
    """Returns the number in a NameSet of the host or URL buffer[starts[r]:ends[r]], or -1; int64 (rows,)."""
    found = np.empty(len(starts), dtype=np.int64)
    _find_names(names, buffer, starts, ends, found)
    return found


def find_parents(names: NameSet, buffer: Bytes, starts: Offsets, ends: Offsets) -> Longs:
    """Returns which parents of each host buffer[starts[r]:ends[r]], itself included, are in a NameSet; int64 (rows,).

    Bit n - 1 is set if the last n labels of the host are a name; 1 <= n <= MOST_LABELS.
    """
    found = np.zeros(len(starts), dtype=np.int64)
    _find_parents(names, buffer, starts, ends, found)
    return found


def host_lines(content: bytes) -> tuple[Bytes, Positions, list[bytes]]:
    """Reads a list of hosts for the look-up of URLs, one per line.

    Returns (the plain names in lower case, with a newline after each; where each begins; the odd lines). Odd lines are
    neither blank nor a comment (`#`) nor a plain name; pass them to clean_host(). `.a.org` and `*.a.org` become
    `a.org`.
    """
    raw = np.frombuffer(content, dtype=np.uint8)
    lines = content.count(b"\n") + 1
    text, starts = np.empty(len(raw) + 1, dtype=np.uint8), np.empty(lines, dtype=np.uint32)
    odd = np.empty((lines, 2), dtype=np.int64)  # memory pages that are never written cost nothing
    size, count, odds = _read_hosts(frozen(raw), text, starts, odd)
    return text[:size], starts[:count].copy(), [content[low:high] for low, high in odd[:odds].tolist()]


@kernel
def _pointers(names: NameSet) -> NameSet:
    return NameSet(
        pointer(names.text),
        pointer(names.starts),
        pointer(names.hashes),
        pointer(names.groups),
        pointer(names.buckets),
        names.shift,
    )


@kernel
def _hash_names(text: Bytes, starts: Positions, hashes: Hashes) -> None:
    for number in range(len(starts)):
        low = end = int64(starts[number])
        while text[end] != 10:
            end += 1
        hashes[number] = _hash(text, low, end)


@kernel
def _hash(text: Bytes, low: int, end: int) -> np.uint64:
    state = _SEED
    for i in range(end - 1, low - 1, -1):
        state = extended(state, text[i])
    return scrambled(state)


@kernel
def _find_names(name_arrays: NameSet, buffer: Bytes, starts: Offsets, ends: Offsets, found: Longs) -> None:
    names, text = _pointers(name_arrays), pointer(buffer)
    for row in range(len(found)):
        hashed = _hash(text, starts[row], ends[row])
        found[row] = _number_of(names, hashed, text, starts[row], ends[row])


@kernel
def _find_parents(name_arrays: NameSet, buffer: Bytes, starts: Offsets, ends: Offsets, found: Longs) -> None:
    names, text = _pointers(name_arrays), pointer(buffer)
    for row in range(len(found)):
        state, labels = _SEED, 0
        for i in range(ends[row] - 1, starts[row] - 1, -1):
            state = extended(state, text[i])
            if i == starts[row] or text[i - 1] == 46:
                labels += 1
                if labels > MOST_LABELS:
                    break
                if _number_of(names, scrambled(state), text, i, ends[row]) >= 0:
                    found[row] |= int64(1) << (labels - 1)


@kernel
def _number_of(names: NameSet, hashed: np.uint64, text: Bytes, low: int, end: int) -> int:
    bucket = int64(hashed >> np.uint64(names.shift))
    for number in range(int64(names.buckets[bucket]), int64(names.buckets[bucket + 1])):
        if names.hashes[number] == hashed:
            start, i = int64(names.starts[number]), int64(0)
            while i < end - low and names.text[start + i] == text[low + i]:
                i += 1
            if i == end - low and names.text[start + i] == 10:
                return int64(number)
    return int64(-1)


@kernel
def _read_hosts(raw: Bytes, text: Bytes, starts: Positions, odd: Longs) -> tuple[int, int, int]:
    """Returns (bytes written to text, number of names, number of odd lines)."""
    size = count = odds = following = int64(0)
    source = pointer(raw)
    while following < len(raw):
        end = first = following
        while end < len(raw) and source[end] != 10:
            end += 1
        following = end + 1
        low, high = trimmed(source, first, end)
        if low == high or source[low] == 35:
            continue
        if source[low] == 42 and low + 1 < high and source[low + 1] == 46:
            low += 1
        low, high = without_dots(source, low, high)
        if not is_plain(source, low, high):
            odd[odds, 0], odd[odds, 1] = low, high
            odds += 1
            continue
        starts[count] = size
        count += 1
        for i in range(low, high):
            byte = source[i]
            text[size] = byte + 32 if 65 <= byte <= 90 else byte
            size += 1
        text[size] = 10
        size += 1
    return size, count, odds


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    text, starts, _ = host_lines(b"a.b\n")
    names = name_set(text, starts, np.zeros(1, dtype=np.uint16))
    ends = frozen(np.array([3], dtype=np.int64))
    find_names(names, names.text, frozen(ends - 3), ends)
    find_parents(names, names.text, frozen(ends - 3), ends)
