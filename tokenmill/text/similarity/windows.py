"""Windows of a fixed number of characters: finds the windows that documents share, without comparing two documents.

Winnowing (Schleimer, Wilkerson, Aiken 2003) chooses from each window the gram with the lowest hash, among its grams of
half the window's length. The choice depends only on the content of the window, so equal windows choose grams of equal
hash. If no chosen gram of a window occurs in another document, the window occurs in no other document, so nothing is
missed. Only as many grams are chosen as are needed to have one with the lowest hash in each window: about one per
quarter of a window's length.

Characters are code points. Places and lengths are in characters of one document.
"""

import numpy as np
import pyarrow as pa

from tokenmill.text.kernel.arrays import Bytes, Hashes, Ints, Longs, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.kernel.points import point_at
from tokenmill.text.words.hash import scrambled
from tokenmill.text.words.segment import text_buffer

SHORTEST = 16
"""Smallest length of a window, in characters."""

_FACTOR = np.uint64(0x9FB21C651E98DF25)
_PRIME = np.uint64((1 << 61) - 1)
_BASE_1, _BASE_2 = np.uint64(0x1A2F5C8D3B7E9461), np.uint64(0x0C95D1E7A34B682F)


def gram_length(length: int) -> int:
    """Returns the length in characters of the grams that substring deduplication chooses from windows this long."""
    return length // 2


def chosen_grams(batch: pa.RecordBatch, length: int) -> tuple[Hashes, Ints, Offsets]:
    """Returns (hash, place) of each gram that substring deduplication chooses, uint64 and int32 (grams,).

    Also returns int64 (rows + 1,), the index of the first gram of each text. length: characters of a window. A text
    shorter than this has no grams. Grams of equal hash may differ.
    """
    buffer, offsets = text_buffer(batch)
    most = int(offsets[-1] - offsets[0])
    hashes, places = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.int32)  # unused memory pages cost nothing
    first = np.zeros(len(offsets), dtype=np.int64)
    used = _choose(buffer, offsets, length, gram_length(length), hashes, places, first)
    return hashes[:used].copy(), places[:used].copy(), first


def windows_with(batch: pa.RecordBatch, length: int, grams: Ints, first: Offsets) -> tuple[Longs, Ints, Hashes, Hashes]:
    """Returns (row, place, high half, low half of a 122-bit hash) of each window of text with one of these grams.

    grams: their places, row by row, ascending. first: int64 (rows + 1,), the index of the first gram of each row.
    Windows of equal hash count as equal. The hash is that of Karp and Rabin with two bases modulo 2^61 - 1; the
    probability that any two different windows out of n windows of L characters have the same hash is below
    n^2 L^2 / 2^122.
    """
    buffer, offsets = text_buffer(batch)
    gram = gram_length(length)
    most = int(np.minimum(np.diff(first) * (length - gram + 1), np.diff(offsets)).sum())
    places, high, low = np.empty(most, dtype=np.int32), *(np.empty(most, dtype=np.uint64) for _ in range(2))
    counts = np.zeros(len(offsets) - 1, dtype=np.int64)
    used = _hash_windows(buffer, offsets, length, gram, frozen(grams), frozen(first), places, high, low, counts)
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, places[:used].copy(), high[:used].copy(), low[:used].copy()


@kernel
def _choose(buffer: Bytes, offsets: Offsets, length: int, gram: int, hashes: Hashes, places: Ints, first: Longs) -> int:
    """The queue has the grams of the window whose hash is below that of all later ones, so its head has the lowest."""
    width = length - gram + 1
    queue_hash = np.empty(width + 1, dtype=np.uint64)
    queue_place = np.empty(width + 1, dtype=np.int64)
    leaving = np.uint64(1)
    for _ in range(gram):
        leaving *= _FACTOR
    used = int64(0)
    for row in range(len(offsets) - 1):
        end = offsets[row + 1]
        head = tail = offsets[row]
        state = np.uint64(0)
        read = int64(0)
        front = back = int64(0)  # the queue is [front, back), modulo the length of the arrays
        last, last_hash = int64(-1), np.uint64(0)
        while head < end:
            point, size = point_at(buffer, head, end)
            head += size
            state = state * _FACTOR + np.uint64(point + 1)
            read += 1
            if read > gram:
                point, size = point_at(buffer, tail, end)
                tail += size
                state -= leaving * np.uint64(point + 1)
            place = read - gram
            if place < 0:
                continue
            value = scrambled(state)
            while back > front and queue_hash[(back - 1) % (width + 1)] >= value:
                back -= 1
            queue_hash[back % (width + 1)] = value
            queue_place[back % (width + 1)] = place
            back += 1
            if queue_place[front % (width + 1)] <= place - width:
                front += 1
            if place < width - 1:
                continue
            least = queue_hash[front % (width + 1)]
            if last > place - width and last_hash == least:
                continue
            last, last_hash = queue_place[front % (width + 1)], least
            hashes[used] = least
            places[used] = last
            used += 1
        first[row + 1] = used
    return used


@kernel
def _hash_windows(
    buffer: Bytes,
    offsets: Offsets,
    length: int,
    gram: int,
    grams: Ints,
    first: Longs,
    places: Ints,
    high: Hashes,
    low: Hashes,
    counts: Longs,
) -> int:
    power_1 = _power(_BASE_1, length)
    power_2 = _power(_BASE_2, length)
    used = int64(0)
    for row in range(len(offsets) - 1):
        end = offsets[row + 1]
        start, next_start = int64(0), int64(0)
        tail = head = offsets[row]
        one = two = np.uint64(0)
        filled = False
        before = used
        for k in range(first[row], first[row + 1]):
            begin = max(next_start, grams[k] - (length - gram))
            if not filled or begin - start > length:  # too far to roll: hash a whole window
                while start < begin and tail < end:
                    tail += point_at(buffer, tail, end)[1]
                    start += 1
                head = tail
                one = two = np.uint64(0)
                count = int64(0)
                while count < length and head < end:
                    point, size = point_at(buffer, head, end)
                    head += size
                    one = _reduced(_times(one, _BASE_1) + np.uint64(point + 1))
                    two = _reduced(_times(two, _BASE_2) + np.uint64(point + 1))
                    count += 1
                filled = count == length
                if not filled:
                    break
            while start <= grams[k]:
                if start >= begin:
                    places[used], high[used], low[used] = start, one, two
                    used += 1
                    next_start = start + 1
                if start == grams[k] or head >= end:
                    break
                entering, size = point_at(buffer, head, end)
                head += size
                gone, size = point_at(buffer, tail, end)
                tail += size
                one = _rolled(one, _BASE_1, power_1, entering, gone)
                two = _rolled(two, _BASE_2, power_2, entering, gone)
                start += 1
        counts[row] = used - before
    return used


@kernel
def _rolled(state: np.uint64, base: np.uint64, power: np.uint64, entering: int, gone: int) -> np.uint64:
    state = _reduced(_times(state, base) + np.uint64(entering + 1))
    return _reduced(state + _PRIME - _times(power, np.uint64(gone + 1)))


@kernel
def _power(base: np.uint64, exponent: int) -> np.uint64:
    power = np.uint64(1)
    for _ in range(exponent):
        power = _times(power, base)
    return power


@kernel
def _times(a: np.uint64, b: np.uint64) -> np.uint64:
    """Returns a * b modulo 2^61 - 1, for numbers below it. Multiplies halves; modulo this, 2^61 is 1 and 2^64 is 8."""
    half = np.uint64(0xFFFFFFFF)
    a_high, a_low = a >> np.uint64(32), a & half
    b_high, b_low = b >> np.uint64(32), b & half
    middle = a_high * b_low + a_low * b_high
    low = a_low * b_low
    total = (a_high * b_high) << np.uint64(3)
    total += (middle >> np.uint64(29)) + ((middle & np.uint64((1 << 29) - 1)) << np.uint64(32))
    total += (low >> np.uint64(61)) + (low & _PRIME)
    return _reduced(total)


@kernel
def _reduced(value: np.uint64) -> np.uint64:
    value = (value >> np.uint64(61)) + (value & _PRIME)
    return value - _PRIME if value >= _PRIME else value


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    text = "abcdefghijklmnopqrst"
    batch = pa.record_batch({"text": pa.array([text, text[2:]], type=pa.large_string())})
    _, places, first = chosen_grams(batch, SHORTEST)
    rows, _, _, _ = windows_with(batch, SHORTEST, places, first)
    assert set(rows.tolist()) <= {0, 1}
