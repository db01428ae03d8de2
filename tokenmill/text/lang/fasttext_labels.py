"""Labels a whole column of texts with a supervised fastText model, several times as fast as the fastText library.

fastText averages the vectors of a text's words and of their character n-grams, then walks a binary tree of labels. The
library spends its time on hashing n-grams and unpacking quantised vectors, again for every occurrence of a word. Here
the vectors are unpacked once, and the sum over a word's n-grams is cached while a column is processed.

The result is the same as the library's, with three exceptions: sums here are in double precision, so scores differ by
less than 1e-4; a text of which the model knows no word and no n-gram has no label here and always the same label there;
and the library stops reading at the literal word `</s>`.

Source: Joulin et al. 2016, arXiv:1607.01759.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tokenmill.text.kernel.arrays import Bytes, Doubles, Floats, Ints, Longs, Offsets, Ulongs, int64, uint32
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.kernel.char_kinds import ALPHABETIC, UPPER, char_kinds
from tokenmill.text.kernel.points import point_at
from tokenmill.text.lang.fasttext_file import Labels

_MEMORY = 1 << 13  # words that are cached: at 96 bytes each, they fit into a processor's cache
_CASE = 40  # a word's case, -1 to 1, is kept above the bits of its number of rows, so that one addition sums up both


class Found(NamedTuple):
    """The best labels of texts.

    Attributes:
        numbers: number of each text's label, int32 (rows,); -1 if the model knows no word and no n-gram of the text.
        scores: probability of the label, 0 to 1, float32 (rows,).
        capitals: True if more than half of the text's words are in capitals, bool (rows,). A word is in capitals if it
            has at least two letters and all are capitals. A single capital does not count as a word, and neither does a
            word without letters. Cherokee is usually written in what Unicode calls capitals, so they do not count.
    """

    numbers: Ints
    scores: Floats
    capitals: npt.NDArray[np.bool_]


def best_labels(model: Labels, data: Bytes, offsets: Offsets) -> Found:
    """Returns fastText's best label of each text.

    data, offsets: the UTF-8 bytes of text r are data[offsets[r]:offsets[r + 1]]. Newlines count as spaces.
    """
    labels = np.full(len(offsets) - 1, -1, dtype=np.int32)
    scores = np.zeros(len(offsets) - 1, dtype=np.float32)
    capitals = np.zeros(len(offsets) - 1, dtype=np.bool_)
    _label_all(
        data, offsets, model.rows, model.words, model.word_ends, model.slots, int64(model.buckets), model.present,
        model.before, model.nodes, model.children, int64(model.shortest), int64(model.longest), char_kinds(), labels,
        scores, capitals,
    )  # fmt: skip
    return Found(labels, scores, capitals)


@kernel
def _mixed(code: int, byte: int) -> int:
    """Returns the hash after one more byte: FNV-1a, 32 bits, with fastText's sign extension of bytes above 127."""
    return uint32((code ^ uint32(np.int8(byte))) * uint32(16777619))  # the product alone would be 64 bits wide


@kernel
def _equal(one: Bytes, start: int, other: Bytes, begin: int, length: int) -> bool:
    for at in range(length):  # noqa: SIM110 (a generator does not compile)
        if one[start + at] != other[begin + at]:
            return False
    return True


@kernel
def _word_number(data: Bytes, start: int, end: int, code: int, words: Bytes, ends: Offsets, slots: Ints) -> int:
    """Returns the word's number in the model, or -1 if it is not there. code: the word's hash."""
    at = code & (len(slots) - 1)
    while slots[at] >= 0:
        word = slots[at]
        if ends[word + 1] - ends[word] == end - start and _equal(data, start, words, ends[word], end - start):
            return int64(word)
        at = (at + 1) & (len(slots) - 1)
    return int64(-1)


@kernel
def _gram_rows(
    word: Bytes, length: int, buckets: int, present: Ulongs, before: Longs, shortest: int, longest: int, picked: Longs
) -> int:
    """Writes to picked the row of each known n-gram of word[:length]; returns their number.

    shortest, longest: the length of n-grams, in characters.
    """
    found = int64(0)
    shift = np.uint64(31)
    while buckets >> int64(shift - np.uint64(31)):
        shift += np.uint64(1)
    inverse = ((np.uint64(1) << shift) + np.uint64(buckets) - np.uint64(1)) // np.uint64(buckets)
    for first in range(length):
        if (word[first] & 0xC0) == 0x80:
            continue
        code = uint32(2166136261)
        at = first
        for count in range(1, longest + 1):
            if at >= length:
                break
            code = _mixed(code, word[at])
            at += 1
            while at < length and (word[at] & 0xC0) == 0x80:
                code = _mixed(code, word[at])
                at += 1
            if count < shortest or (count == 1 and (first == 0 or at == length)):
                continue
            quotient = np.uint64(code) * inverse >> shift  # a division takes four times as long
            bucket = int64(code) - int64(quotient) * buckets
            bucket += buckets & bucket >> 63  # the quotient is at most one too large
            bits = present[bucket >> 6]
            bit = np.uint64(bucket & 63)
            picked[found] = before[bucket >> 6] + _ones(bits & ((np.uint64(1) << bit) - np.uint64(1)))
            found += int64(bits >> bit & np.uint64(1))  # no branch: half of them would be mispredicted
    return found


@kernel
def _add_rows(rows: Floats, picked: Longs, count: int, total: Floats) -> None:
    """Writes to total the sum of the rows picked[:count].

    It sums eight columns at a time, so that the compiler uses vector instructions.
    """
    for i in range(0, len(total), 8):
        a = b = c = d = e = f = g = h = np.float32(0.0)
        for at in range(count):
            row = picked[at]
            a += rows[row, i]
            b += rows[row, i + 1]
            c += rows[row, i + 2]
            d += rows[row, i + 3]
            e += rows[row, i + 4]
            f += rows[row, i + 5]
            g += rows[row, i + 6]
            h += rows[row, i + 7]
        total[i], total[i + 1], total[i + 2], total[i + 3] = a, b, c, d
        total[i + 4], total[i + 5], total[i + 6], total[i + 7] = e, f, g, h


@kernel
def _ones(bits: np.uint64) -> int:
    """Returns the number of bits of a uint64 that are set."""
    bits = bits - (bits >> np.uint64(1) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + (bits >> np.uint64(2) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int64(bits * np.uint64(0x0101010101010101) >> np.uint64(56))


@kernel
def _walk(hidden: Doubles, nodes: Floats, children: Ints, waiting: Longs, reach: Doubles) -> tuple[int, float]:
    """Returns (the number of the most probable label, its score). It skips branches that cannot win.

    waiting, reach: space for the nodes that are still to be visited, and their log-probabilities.
    """
    labels = len(nodes) + 1
    best = int64(0)
    best_reach = -np.inf
    waiting[0] = 2 * labels - 2
    reach[0] = 0.0
    left = 1
    while left:
        left -= 1
        node = int64(waiting[left])
        here = reach[left]
        if here <= best_reach:
            continue
        if node < labels:
            best, best_reach = node, here
            continue
        dot = 0.0
        for i in range(len(hidden)):
            dot += hidden[i] * nodes[node - labels, i]
        share = 1.0 / (1.0 + np.exp(-dot))
        likelier = int64(share > 0.5)  # it is put on top of the stack, so it is visited first
        waiting[left] = children[node - labels, 1 - likelier]
        waiting[left + 1] = children[node - labels, likelier]
        reach[left] = here + np.log(min(share, 1.0 - share) + 1e-5)  # 1e-5 as in fastText
        reach[left + 1] = here + np.log(max(share, 1.0 - share) + 1e-5)
        left += 2
    return best, np.exp(best_reach)


@kernel
def _label_all(
    data: Bytes,
    offsets: Offsets,
    rows: Floats,
    words: Bytes,
    ends: Offsets,
    slots: Ints,
    buckets: int,
    present: Ulongs,
    before: Longs,
    nodes: Floats,
    children: Ints,
    shortest: int,
    longest: int,
    kinds: Bytes,
    labels: Ints,
    scores: Floats,
    capitals: npt.NDArray[np.bool_],
) -> None:
    dimensions = rows.shape[1]
    met = np.full((_MEMORY, 4), -1, dtype=np.int64)  # a cached word: where it starts, its length, hash, rows and case
    known = np.empty((_MEMORY, dimensions), dtype=np.float32)
    hidden = np.empty(dimensions, dtype=np.float64)
    reach = np.empty(2 * len(nodes) + 1, dtype=np.float64)
    waiting = np.empty(len(reach), dtype=np.int64)
    picked = np.empty(64 * longest + 1, dtype=np.int64)
    marked = np.empty(64, dtype=np.uint8)  # `<word>`: fastText marks both ends before it cuts n-grams
    for text in range(len(offsets) - 1):
        hidden[:] = 0.0
        count = int64(0)
        at = offsets[text]
        stop = offsets[text + 1]
        while at < stop:
            byte = data[at]
            if byte == 32 or 9 <= byte <= 13 or byte == 0:
                at += 1
                continue
            start = at
            code = uint32(2166136261)
            while at < stop:
                byte = data[at]
                if byte == 32 or 9 <= byte <= 13 or byte == 0:
                    break
                code = _mixed(code, byte)
                at += 1
            length = at - start
            slot = (int64(code) * 40503 >> 12) & (_MEMORY - 1)
            same = met[slot, 1] == length and met[slot, 2] == code
            if not same or not _equal(data, start, data, met[slot, 0], length):
                met[slot, 0] = start
                met[slot, 1] = length
                met[slot, 2] = code
                met[slot, 3] = 0
                known[slot] = 0.0
                if not _is_label(data, start, length):
                    word = _word_number(data, start, at, int64(code), words, ends, slots)
                    if length + 2 > len(marked):
                        marked = np.empty(2 * length, dtype=np.uint8)
                        picked = np.empty(len(marked) * longest + 1, dtype=np.int64)
                    marked[0] = 60
                    for i in range(length):  # a slice would take 2 s to compile: numba's error about unequal shapes
                        marked[1 + i] = data[start + i]
                    marked[length + 1] = 62
                    grams = _gram_rows(marked, length + 2, buckets, present, before, shortest, longest, picked)
                    if word >= 0:
                        picked[grams] = word
                        grams += 1
                    _add_rows(rows, picked, grams, known[slot])
                    met[slot, 3] = grams
                met[slot, 3] += _case(data, start, at, kinds) << _CASE
            count += met[slot, 3]
            for i in range(dimensions):
                hidden[i] += known[slot, i]
        capitals[text] = count >> _CASE > 0
        count &= (1 << _CASE) - 1
        if count > 0:
            for i in range(dimensions):  # number 0 is the end-of-line word, which fastText adds to every text
                hidden[i] = (hidden[i] + rows[0, i]) / (count + 1)
            label, score = _walk(hidden, nodes, children, waiting, reach)
            labels[text] = label
            scores[text] = score


@kernel
def _case(data: Bytes, start: int, end: int, kinds: Bytes) -> int:
    """Returns 1 for a word in capitals, -1 for another word with letters, 0 for a single capital or no letters."""
    if 97 <= data[start] <= 122:  # most words end here
        return int64(-1)
    letters = int64(0)
    at = int64(start)
    while at < end:
        point, size = point_at(data, at, end)
        at += size
        if not kinds[point] & ALPHABETIC or 0x2B0 <= point < 0x300:  # apostrophes are among the modifier letters
            continue
        if not kinds[point] & UPPER or 0x13A0 <= point < 0x1400:
            return int64(-1)
        letters += 1
    return int64(letters > 1)


@kernel
def _is_label(data: Bytes, start: int, length: int) -> bool:
    """Returns whether the word starts with `__label__`: fastText treats such a word as a label of the text."""
    if length < 9 or data[start] != 95 or data[start + 1] != 95 or data[start + 7] != 95 or data[start + 8] != 95:
        return False
    letters = data[start + 2] == 108 and data[start + 3] == 97 and data[start + 4] == 98 and data[start + 5] == 101
    return bool(letters)


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    tiny = Labels(
        names=("a", "b"), rows=frozen(np.zeros((1, 8), dtype=np.float32)), words=frozen(np.zeros(1, dtype=np.uint8)),
        word_ends=frozen(np.array([0, 1])), slots=frozen(np.full(4, -1, dtype=np.int32)), buckets=64,
        present=frozen(np.zeros(1, dtype=np.uint64)), before=frozen(np.ones(1, dtype=np.int64)),
        nodes=frozen(np.zeros((1, 8), dtype=np.float32)), children=frozen(np.array([[0, 1]], dtype=np.int32)),
        shortest=2, longest=4,
    )  # fmt: skip
    best_labels(tiny, frozen(np.frombuffer(b"ab", dtype=np.uint8)), frozen(np.array([0, 2])))
