"""What the words of a block and the class names around it say of it: a weight for each, learned from annotated pages.

A word or class name is found by its hash, so the tables have a fixed size and no list of names. bench/hint_weights.py
fits the weights; a word that few domains have in the annotated pages has the weight 0.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final, NamedTuple
from zlib import compress, decompress

import numpy as np

from tokenmill.text.html.lexer import TOKEN_BASIS, TOKEN_PRIME
from tokenmill.text.html.page import BLOCKS, ELEMENTS, Page
from tokenmill.text.kernel.arrays import Bytes, Ints, int64
from tokenmill.text.kernel.cache import frozen, kernel

SLOTS: Final = 1 << 15
ZERO: Final = 128  # the byte of a weight of 0
WORD_STEPS: Final = 12  # bytes per log odds of 1
CLASS_STEPS: Final = 48
_FINE: Final = 16  # steps of a feature per byte of a mean
MOST_WORDS: Final = 64  # words of a block that are looked up
LEVELS: Final = 5  # elements around a block whose class names are looked up
_SHIFT: Final = np.uint64(49)  # 64 less the bits of a slot number
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)  # multiplicative hashing, as in lexer.py


class Hints(NamedTuple):
    """Weights by slot, uint8 (SLOTS,): ZERO plus log odds times WORD_STEPS or CLASS_STEPS."""

    words: Bytes
    classes: Bytes


NO_HINTS: Final = Hints(*(frozen(np.full(SLOTS, ZERO, dtype=np.uint8)) for _ in Hints._fields))


def read_hints(model: Mapping[str, str]) -> Hints:
    """Returns the weights in a model file: for each field of Hints its bytes, compressed by zlib, as Base64.

    Raises ValueError if a field has not SLOTS bytes.
    """
    raw = [decompress(b64decode(model[name])) for name in Hints._fields]
    if any(len(each) != SLOTS for each in raw):
        raise ValueError(f"the weights of words and class names have {list(map(len, raw))} bytes, not {SLOTS} each")
    return Hints(*(frozen(np.frombuffer(each, dtype=np.uint8)) for each in raw))


def hints_as_text(hints: Hints) -> dict[str, str]:
    """Returns what read_hints reads."""
    return {name: b64encode(compress(weights.tobytes(), 9)).decode() for name, weights in hints._asdict().items()}


@kernel
def next_word(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """(slot of the first word of text[at:end], where it ends); the slot is -1 without a word.

    A word is a run of letters, in small letters; every byte above 127 counts as one. A run of digits is the same word
    whatever they are, and a Chinese or Japanese character is one.
    """
    while at < end and text[at] < 128 and not (97 <= text[at] | 32 <= 122 or 48 <= text[at] <= 57):
        at += 1
    if at >= end:
        return int64(-1), end
    state = TOKEN_BASIS
    if 48 <= text[at] <= 57:
        while at < end and 48 <= text[at] <= 57:
            at += 1
    elif 0xE3 <= text[at] <= 0xE9:
        for place in range(at, min(at + 3, end)):
            state = (state ^ np.uint64(text[place])) * TOKEN_PRIME
        at += 3
    else:
        while at < end and (97 <= text[at] | 32 <= 122 or (text[at] >= 128 and not 0xE3 <= text[at] <= 0xE9)):
            state = (state ^ np.uint64(text[at] | 32 if text[at] < 128 else text[at])) * TOKEN_PRIME
            at += 1
    return _slot(int64(state)), min(at, end)


@kernel
def next_class_word(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """(slot of the first word of the HTML class names data[at:end], where it ends); the slot is -1 without a word.

    A word is a run of letters; a capital behind a small letter begins another: `postBody` has two.
    """
    while at < end and not 97 <= data[at] | 32 <= 122:
        at += 1
    if at >= end:
        return int64(-1), end
    state = TOKEN_BASIS
    small = False
    while at < end and 97 <= data[at] | 32 <= 122 and (data[at] >= 97 or not small):
        small = data[at] >= 97
        state = (state ^ np.uint64(data[at] | 32)) * TOKEN_PRIME
        at += 1
    return _slot(int64(state)), at


@kernel
def _slot(state: int) -> int:
    return int64((np.uint64(state) * _FACTOR) >> _SHIFT)


@kernel
def measure_hints(data: Bytes, page: Page, hints: Hints, words: Ints, classes: Ints) -> None:
    """Set words[block], the mean weight of its words times _FINE, and classes[element], the sum of its own weights."""
    classes[0] = 0
    for element in range(1, page.state[ELEMENTS]):
        at, end, total = page.class_at[element], page.class_end[element], 0
        while at < end:
            slot, at = next_class_word(data, at, end)
            if slot >= 0:
                total += int64(hints.classes[slot]) - ZERO
        classes[element] = total
    for block in range(page.state[BLOCKS]):
        at, end, total = page.begin[block], page.end[block], 0
        count = 0
        while at < end and count < MOST_WORDS:
            slot, at = next_word(page.text, at, end)
            if slot >= 0:
                total += int64(hints.words[slot]) - ZERO
                count += 1
        words[block] = total * _FINE // max(count, 1)


@kernel
def class_weight_around(page: Page, block: int, classes: Ints) -> int:
    """The sum of the weights of the class names of LEVELS elements around a block of an HTML page."""
    element = page.where[block]
    total = int64(0)
    for _ in range(LEVELS):
        total += classes[element]
        element = page.parent[element]
    return total
