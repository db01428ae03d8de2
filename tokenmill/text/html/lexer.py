"""Where HTML's tags, attributes and comments begin and end; its parsing rules are followed in outline only."""

from typing import Final

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Longs, int64
from tokenmill.text.kernel.cache import frozen, kernel

SLOTS: Final = 2048
_SHIFT: Final = 53  # 64 less the bits of a slot number
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: multiplicative hashing, Knuth, TAOCP 3, 6.4

TOKEN_PRIME: Final = np.uint64(0x100000001B3)  # FNV-1a
TOKEN_BASIS: Final = np.uint64(0xCBF29CE484222325)


def name_code(name: str) -> int:
    """The number a name of HTML has in the kernels, in capitals or not: its first ten characters, six bits each."""
    code = 0
    for letter in name[:10]:
        code = code << 6 | ord(letter) & 31 | (ord(letter) < 64) << 5
    return code


def token_code(token: str) -> int:
    """The number that a class name of HTML, in capitals or not, has in the kernels: 62 bits of its FNV-1a hash."""
    state = int(TOKEN_BASIS)
    for byte in token.lower().encode():
        state = (state ^ byte) * int(TOKEN_PRIME) & (1 << 64) - 1
    return state >> 2


@kernel
def _longer(code: int, byte: int) -> int:
    return code << 6 | int64(byte & 31) | (byte < 64) << 5


@kernel
def code_of(data: Bytes, at: int, end: int) -> int:
    """The name_code of data[at:end], a word of an attribute of HTML."""
    code = int64(0)
    for place in range(at, min(end, at + 10)):
        code = _longer(code, data[place])
    return code


@kernel
def is_letter(byte: int) -> bool:
    """Whether the byte is an ASCII letter, with which the name of an HTML tag begins."""
    return 97 <= (byte | 32) <= 122


def code_map(values: dict[int, int]) -> tuple[Longs, Longs]:
    """(keys, values), each (SLOTS,): a hash table from codes of HTML's names to what they mean; free keys are -1."""
    keys, found = np.full(SLOTS, -1, dtype=np.int64), np.zeros(SLOTS, dtype=np.int64)
    for code, value in values.items():
        slot = (code * int(_FACTOR) & (1 << 64) - 1) >> _SHIFT
        while keys[slot] >= 0:
            slot = (slot + 1) % SLOTS
        keys[slot], found[slot] = code, value
    return frozen(keys), frozen(found)


@kernel
def value_of(keys: Longs, values: Longs, code: int, otherwise: int) -> int:
    """What the code of an HTML name stands for in a code_map, or something else if it is not in it."""
    slot = int64((np.uint64(code) * _FACTOR) >> np.uint64(_SHIFT))
    while keys[slot] >= 0:
        if keys[slot] == code:
            return int64(values[slot])
        slot = (slot + 1) & (SLOTS - 1)
    return otherwise


@kernel
def find_byte(data: Bytes, at: int, end: int, byte: int) -> int:
    """The first place of a byte in HTML from `at` on, `end` if there is none."""
    place, stop = np.uint64(at), np.uint64(end)  # unsigned, so that no index can count from the end: twice as fast
    while place < stop and data[place] != byte:
        place += np.uint64(1)
    return int64(place)


@kernel
def read_name(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """(code of the name of the HTML tag that begins at `at`, where it ends)."""
    code = int64(0)
    letters = 0
    while at < end and data[at] > 32 and data[at] != 62 and data[at] != 47:
        if letters < 10:
            code = _longer(code, data[at])
            letters += 1
        at += 1
    return code, at


@kernel
def next_attribute(data: Bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """(code of the name, where the value begins, where it ends, where to go on) of the HTML attribute from `at` on.

    Behind the last one the code is -1 and the place to go on is behind the tag's `>`. Without a value both ends are 0.
    """
    while at < end and (data[at] <= 32 or data[at] == 47):
        at += 1
    if at >= end or data[at] == 62:
        return int64(-1), int64(0), int64(0), min(at + 1, end)
    code = int64(0)
    letters = 0
    while at < end and data[at] > 32 and data[at] != 62 and (data[at] != 61 or not letters):
        if letters < 10:
            code = _longer(code, data[at])
        letters += 1
        at += 1
    after = at
    while after < end and data[after] <= 32:
        after += 1
    if after >= end or data[after] != 61:
        return code, int64(0), int64(0), at
    at = after + 1
    while at < end and data[at] <= 32:
        at += 1
    if at < end and (data[at] == 34 or data[at] == 39):
        close = find_byte(data, at + 1, end, int64(data[at]))
        return code, at + 1, close, min(close + 1, end)
    start = at
    while at < end and data[at] > 32 and data[at] != 62:
        at += 1
    return code, start, at, at


@kernel
def next_token(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """(token_code of the first token of an HTML attribute from `at` on, where it ends); the code is -1 without one.

    Tokens are separated by white space, `,` and `;`.
    """
    while at < end and (data[at] <= 32 or data[at] == 44 or data[at] == 59):
        at += 1
    if at >= end:
        return int64(-1), end
    state = TOKEN_BASIS
    while at < end and data[at] > 32 and data[at] != 44 and data[at] != 59:
        byte = data[at]
        state = (state ^ np.uint64(byte + 32 if 65 <= byte <= 90 else byte)) * TOKEN_PRIME
        at += 1
    return int64(state >> np.uint64(2)), at


@kernel
def read_number(data: Bytes, at: int, end: int, otherwise: int) -> int:
    """Returns the whole number that the value data[at:end] of an HTML attribute begins with, or `otherwise`."""
    while at < end and data[at] <= 32:
        at += 1
    sign = int64(1)
    if at < end and (data[at] == 45 or data[at] == 43):
        sign = int64(-1) if data[at] == 45 else int64(1)
        at += 1
    if at >= end or not 48 <= data[at] <= 57:
        return int64(otherwise)
    value = int64(0)
    while at < end and 48 <= data[at] <= 57:
        value = min(value * 10 + int64(data[at]) - 48, int64(1_000_000_000))
        at += 1
    return sign * value


@kernel
def pass_raw(data: Bytes, at: int, end: int, code: int) -> int:
    """Where the end tag of a raw HTML element, such as a script, stands, `end` if it has none."""
    while at < end:
        at = find_byte(data, at, end, 60)
        if at + 2 < end and data[at + 1] == 47 and read_name(data, at + 2, end)[0] == code:
            return at
        at += 1
    return end


@kernel
def pass_comment(data: Bytes, at: int, end: int) -> int:
    """Where HTML goes on behind `<!…` or `<?…` at `at`."""
    if at + 4 <= end and data[at + 1] == 33 and data[at + 2] == 45 and data[at + 3] == 45:
        at += 4
        while at < end:
            at = find_byte(data, at, end, 62)
            if data[at - 1] == 45 and data[at - 2] == 45:
                return at + 1
            if data[at - 1] == 33 and data[at - 2] == 45 and data[at - 3] == 45:  # `--!>` ends a comment too
                return at + 1
            at += 1
        return end
    return min(find_byte(data, at, end, 62) + 1, end)
