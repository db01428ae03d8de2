"""Numbers 64-bit keys inside a kernel: equal keys get the same number, 1 for the first key, 2 for the next new one.

key_of_bytes() turns bytes into keys. The probability that any two of 10^6 different byte strings have the same key is
3e-8.
"""

from typing import NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Hashes, Uints, int64, uint32
from tokenmill.text.kernel.cache import kernel, pointer
from tokenmill.text.kernel.points import continuing_bytes, eight_bytes

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: multiplicative hashing, Knuth, TAOCP 3, 6.4
_LENGTHS = np.uint64(0xD1B54A32D192ED03)


class KeyMap(NamedTuple):
    """A hash table from keys to numbers, with two values for each number. grown() returns a larger one."""

    slots: Uints  # (a power of two,): a number, or 0 for a free slot
    keys: Hashes  # (slots / 2 + 1,), like counts and firsts; index 0 is not used
    counts: Uints  # how often the key was counted
    firsts: Uints  # the place at which the key was first seen
    shift: int  # 64 - the number of bits of a slot's index


@kernel
def key_map(room: int) -> KeyMap:
    """Returns an empty KeyMap, for a kernel to number about `room` different keys, at most 2^17 at the start."""
    bits = 4
    while bits < 18 and (1 << bits) < 2 * room:
        bits += 1
    half = (1 << (bits - 1)) + 1
    slots = np.zeros(1 << bits, dtype=np.uint32)
    keys = np.empty(half, dtype=np.uint64)
    return KeyMap(slots, keys, np.empty(half, dtype=np.uint32), np.empty(half, dtype=np.uint32), 64 - bits)


@kernel
def key_map_pointers(table: KeyMap) -> KeyMap:
    """Returns a kernel's KeyMap with pointers instead of arrays, as number_of() takes it."""
    return KeyMap(pointer(table.slots), pointer(table.keys), pointer(table.counts), pointer(table.firsts), table.shift)


@kernel
def number_of(table: KeyMap, key: np.uint64, used: int, place: int) -> int:
    """Counts a 64-bit key once more in a kernel's KeyMap and returns its number.

    table: see key_map_pointers(). used: the number of keys so far; a new key gets used + 1 and is first seen at place.
    """
    last = (int64(1) << (64 - table.shift)) - 1
    slot = int64((key * _FACTOR) >> np.uint64(table.shift))
    number = int64(table.slots[slot])
    while number:
        if table.keys[number] == key:
            table.counts[number] += uint32(1)
            return number
        slot = (slot + 1) & last
        number = int64(table.slots[slot])
    number = used + 1
    table.slots[slot] = number
    table.keys[number] = key
    table.counts[number] = 1
    table.firsts[number] = place
    return number


@kernel
def is_full(table: KeyMap, used: int) -> bool:
    """Returns whether a kernel's KeyMap of `used` keys must grow before another key."""
    return used + 1 >= len(table.keys)


@kernel
def grown(table: KeyMap, used: int) -> KeyMap:
    """Returns a copy of a kernel's KeyMap with twice the space."""
    half = 2 * (len(table.keys) - 1) + 1
    slots = np.zeros(2 * len(table.slots), dtype=np.uint32)
    keys = np.empty(half, dtype=np.uint64)
    counts, firsts = np.empty(half, dtype=np.uint32), np.empty(half, dtype=np.uint32)
    shift = table.shift - 1
    for number in range(1, used + 1):
        keys[number] = table.keys[number]
        counts[number] = table.counts[number]
        firsts[number] = table.firsts[number]
        slot = int64((keys[number] * _FACTOR) >> np.uint64(shift))
        while slots[slot]:
            slot = (slot + 1) & (len(slots) - 1)
        slots[slot] = number
    return KeyMap(slots, keys, counts, firsts, shift)


@kernel
def key_of_bytes(text: Bytes, start: int, end: int, limit: int) -> tuple[np.uint64, int]:
    """Returns (a 64-bit key of text[start:end] for a KeyMap, the number of code points in it).

    Different strings of one length of at most eight bytes never have the same key. limit: the end of the bytes that may
    be read.
    """
    key = np.uint64(end - start) * _LENGTHS
    points = end - start
    while start < end:
        part = eight_bytes(text, start, end, limit)
        key = (key ^ part) * _FACTOR
        key ^= key >> np.uint64(32)
        points -= continuing_bytes(part)
        start += 8
    return key, points
