"""Lines that are, or hold, one of many phrases, taken out of documents: one automaton for all phrases, one pass.

Lines lie between newlines. Letters are compared in lower case (where that is one character), and any run of white space
is one blank; white space at the ends of a line is none. The automaton is that of Aho and Corasick (1975), with all of
its moves written out: a step costs the same for one phrase as for thousands.
"""

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from tokenmill.text.edit.line_edits import Edited
from tokenmill.text.kernel.arrays import Bytes, Ints, Longs, Offsets, Uints, Ushorts, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.kernel.classes import class_table
from tokenmill.text.kernel.points import point_at, stripped
from tokenmill.text.words.segment import tiny

COUNTS = (
    "lines",  # that are not blank
    "equal_lines",  # removed, being a phrase
    "contain_lines",  # removed, holding one
    "words",  # between white space
    "removed_words",
)

MOST_MOVES = 1 << 26  # 256 MiB

_BLANK = 1  # the letter that white space is; 0 is any letter of no phrase
_EQUAL, _CONTAIN = 1, 2


class PhraseAutomaton(NamedTuple):
    """The automaton. A state is what the end of the text so far shares with the beginning of a phrase; 0: nothing."""

    letters: Ushorts  # (0x110000,): the letter that each code point is
    moves: Ints  # (states * num_letters,): the state that follows a state and a letter
    ends: Bytes  # (states,): _EQUAL if it is a phrase, _CONTAIN if it ends in one
    depths: Longs  # (states,): its length in letters
    num_letters: int


def filter_lines(buffer: Bytes, offsets: Offsets, phrases: PhraseAutomaton, *, max_contain_words: int) -> Edited:
    """The documents without the lines that are a phrase, or hold one and have at most max_contain_words words.

    A blank line goes too if it follows a removed line and another blank line or nothing is before that. A document that
    loses a line is stripped; any other stays byte for byte.
    """
    rows = len(offsets) - 1
    out = np.empty(int(offsets[-1]) - int(offsets[0]), dtype=np.uint8)
    ranges, counts = np.zeros((rows, 2), dtype=np.int64), np.zeros((rows, len(COUNTS)), dtype=np.int64)
    _filter(class_table(), phrases, buffer, offsets, max_contain_words, out, ranges, counts)
    starts, ends = (frozen(np.ascontiguousarray(ranges[:, i])) for i in range(2))
    return Edited(out, starts, ends, {name: counts[:, i] for i, name in enumerate(COUNTS)})


@lru_cache(maxsize=4)
def phrase_automaton(equal: tuple[str, ...], contain: tuple[str, ...]) -> PhraseAutomaton:
    """The automaton of lines that are one of equal or hold one of contain; made once a process.

    Raises ValueError for a phrase of nothing but white space, and if the phrases need more than MOST_MOVES moves.
    """
    flags: dict[str, int] = {}
    for flag, group in ((_EQUAL, equal), (_CONTAIN, contain)):
        for phrase in group:
            letters = as_compared(phrase)
            if not letters:
                raise ValueError(f"found the phrase {phrase!r}, expected one with a character in it")
            flags[letters] = flags.get(letters, 0) | flag
    numbers = {" ": _BLANK} | {letter: at for at, letter in enumerate(sorted(set("".join(flags)) - {" "}), _BLANK + 1)}
    tree, ends_of = _tree(flags, numbers)
    if len(tree) * (len(numbers) + 1) > MOST_MOVES:
        found = f"{len(flags):,} phrases that begin in {len(tree):,} ways, of {len(numbers):,} different letters"
        raise ValueError(f"found {found}, expected the product of the last two to be at most {MOST_MOVES:,}")
    moves, ends = _completed(tree, ends_of, len(numbers) + 1)
    return PhraseAutomaton(
        _letters(numbers), frozen(moves.ravel()), frozen(ends), frozen(_depths(tree)), len(numbers) + 1
    )


def as_compared(text: str) -> str:
    """The text in lower case, letter by letter, white space at its ends gone and elsewhere one blank."""
    return " ".join("".join(map(_lower, text)).split())


def _lower(character: str) -> str:
    low = character.lower()
    return low if len(low) == 1 else character


@cache
def _lower_table() -> Uints:
    """The lower case of each code point, white space a blank, uint32 (0x110000,)."""
    table = np.arange(0x110000, dtype=np.uint32)
    for point in range(0x1F000):  # no letter beyond has case
        character = chr(point)
        table[point] = ord(" ") if character.isspace() else ord(_lower(character))
    return frozen(table)


def _letters(numbers: dict[str, int]) -> Ushorts:
    known = np.zeros(0x110000, dtype=np.uint16)
    for letter, number in numbers.items():
        known[ord(letter)] = number
    return frozen(known[_lower_table()])


def _tree(flags: dict[str, int], numbers: dict[str, int]) -> tuple[list[dict[int, int]], dict[int, int]]:
    """(for each state, the states that it grows into by a letter of a phrase; the flags of those that are phrases)."""
    tree: list[dict[int, int]] = [{}]
    ends: dict[int, int] = {}
    for phrase, flag in flags.items():
        state = 0
        for letter in phrase:
            if numbers[letter] not in tree[state]:
                tree[state][numbers[letter]] = len(tree)
                tree.append({})
            state = tree[state][numbers[letter]]
        ends[state] = flag
    return tree, ends


def _depths(tree: list[dict[int, int]]) -> Longs:
    depths = np.zeros(len(tree), dtype=np.int64)
    for state, grown in enumerate(tree):  # a state comes before those that it grows into
        for child in grown.values():
            depths[child] = depths[state] + 1
    return depths


def _completed(tree: list[dict[int, int]], ends: dict[int, int], num_letters: int) -> tuple[Ints, Bytes]:
    """(all moves, the flags of all states): where a state does not grow, its longest proper end that is one moves."""
    moves = np.zeros((len(tree), num_letters), dtype=np.int32)
    flags = np.zeros(len(tree), dtype=np.uint8)
    flags[list(ends)] = list(ends.values())
    shorter = np.zeros(len(tree), dtype=np.int64)
    level = [0]
    while level:
        for state in level:
            if state:
                moves[state] = moves[shorter[state]]
                flags[state] |= flags[shorter[state]] & _CONTAIN
            for letter, child in tree[state].items():
                shorter[child] = moves[state, letter]  # not yet to the child
                moves[state, letter] = child
        level = [child for state in level for child in tree[state].values()]
    return moves, flags


@kernel
def _filter(
    class_table: Ushorts,
    phrase_arrays: PhraseAutomaton,
    buffer: Bytes,
    offsets: Offsets,
    most: int,
    out: Bytes,
    ranges: Longs,
    counts: Longs,
) -> None:
    classes, text, written = pointer(class_table), pointer(buffer), pointer(out)
    phrases = PhraseAutomaton(
        pointer(phrase_arrays.letters),
        pointer(phrase_arrays.moves),
        pointer(phrase_arrays.ends),
        pointer(phrase_arrays.depths),
        phrase_arrays.num_letters,
    )
    for row in range(len(ranges)):
        first, end = offsets[row], offsets[row + 1]
        begin = at = first - offsets[0]
        lines = equal = contain = words = removed = int64(0)
        after_blank, after_cut = True, False
        while first < end:
            i, line_words, found = _read_line(phrases, text, first, end)
            following = min(i + 1, end)
            lines += line_words > 0
            words += line_words
            is_equal = found & _EQUAL != 0
            if is_equal or (found & _CONTAIN and line_words <= most):
                equal += is_equal
                contain += not is_equal
                removed += line_words
                after_cut = True
            elif line_words or not (after_blank and after_cut):
                for k in range(following - first):
                    written[at + k] = text[first + k]
                at += following - first
                after_blank, after_cut = line_words == 0, False
            first = following
        ranges[row, 0], ranges[row, 1] = begin, at
        if equal + contain:
            ranges[row, 0], ranges[row, 1] = stripped(classes, written, begin, at)
        counts[row, 0], counts[row, 1], counts[row, 2] = lines, equal, contain
        counts[row, 3], counts[row, 4] = words, removed


@kernel
def _read_line(phrases: PhraseAutomaton, text: Bytes, i: int, end: int) -> tuple[int, int, int]:
    """(where the line at text[i] ends, its words, whether it is a phrase and whether it holds one)."""
    state = read = words = found = int64(0)
    apart = True  # white space, or nothing, is before
    while i < end and text[i] != 10:
        point, size = point_at(text, i, end)
        i += size
        letter = int64(phrases.letters[point])
        if letter == _BLANK:
            apart = True
            continue
        if apart:
            apart = False
            words += 1
            if read:
                state = int64(phrases.moves[state * phrases.num_letters + _BLANK])
                read += 1
        state = int64(phrases.moves[state * phrases.num_letters + letter])
        read += 1
        found |= int64(phrases.ends[state]) & _CONTAIN
    if read and phrases.depths[state] == read:
        found |= int64(phrases.ends[state]) & _EQUAL
    return i, words, found


def warm() -> None:
    """Compile or load the kernels of this module."""
    buffer, offsets, _ = tiny()
    filter_lines(buffer, offsets, phrase_automaton(("a",), ()), max_contain_words=1)
