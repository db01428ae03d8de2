"""Removes lines that equal or contain one of many phrases: one automaton for all phrases, one pass over the text.

Newlines separate lines. Letters are compared in lower case (if their lower case is one character). Each run of white
space counts as a single space, and white space at the ends of a line does not count. The automaton is that of Aho and
Corasick (1975), with all of its moves written out: a step costs the same for one phrase as for thousands.
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
    "lines",  # lines that are not blank
    "equal_lines",  # removed because they equal a phrase
    "contain_lines",  # removed because they contain a phrase
    "words",  # separated by white space
    "removed_words",
)

MOST_MOVES = 1 << 26  # 256 MiB

_BLANK = 1  # the letter for white space; 0 stands for all letters that are in no phrase
_EQUAL, _CONTAIN = 1, 2


class PhraseAutomaton(NamedTuple):
    """The automaton. A state is the longest start of a phrase with which the text so far ends; 0 is the empty one."""

    letters: Ushorts  # (0x110000,): the letter of each code point
    moves: Ints  # (states * num_letters,): the next state for a state and a letter
    ends: Bytes  # (states,): _EQUAL if it is a phrase of equal, _CONTAIN if it ends in one of contain, or both
    depths: Longs  # (states,): length of the state in letters
    num_letters: int


def filter_lines(buffer: Bytes, offsets: Offsets, phrases: PhraseAutomaton, *, max_contain_words: int) -> Edited:
    """Returns the documents without lines that equal one of many phrases, or contain one and are short.

    A short line has at most max_contain_words words. A blank line after a removed line is removed too if the last line
    that stays before it is blank, or if there is none. A document that loses a line is stripped; all others stay the
    same, byte by byte.
    """
    rows = len(offsets) - 1
    out = np.empty(int(offsets[-1]) - int(offsets[0]), dtype=np.uint8)
    ranges, counts = np.zeros((rows, 2), dtype=np.int64), np.zeros((rows, len(COUNTS)), dtype=np.int64)
    _filter(class_table(), phrases, buffer, offsets, max_contain_words, out, ranges, counts)
    starts, ends = (frozen(np.ascontiguousarray(ranges[:, i])) for i in range(2))
    return Edited(out, starts, ends, {name: counts[:, i] for i, name in enumerate(COUNTS)})


@lru_cache(maxsize=4)
def phrase_automaton(equal: tuple[str, ...], contain: tuple[str, ...]) -> PhraseAutomaton:
    """Returns the automaton that finds lines that equal one of the phrases `equal` or contain one of `contain`.

    Cached per process. Raises ValueError for a phrase that consists only of white space, and if the phrases need more
    than MOST_MOVES moves.
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
        found = f"{len(flags):,} phrases with {len(tree):,} different starts and {len(numbers):,} different letters"
        raise ValueError(f"found {found}, expected the product of the last two numbers to be at most {MOST_MOVES:,}")
    moves, ends = _completed(tree, ends_of, len(numbers) + 1)
    return PhraseAutomaton(
        _letters(numbers), frozen(moves.ravel()), frozen(ends), frozen(_depths(tree)), len(numbers) + 1
    )


def as_compared(text: str) -> str:
    """Returns a phrase as lines are compared with it: in lower case letter by letter, stripped, single spaces.

    Each run of white space becomes a single space.
    """
    return " ".join("".join(map(_lower, text)).split())


def _lower(character: str) -> str:
    low = character.lower()
    return low if len(low) == 1 else character


@cache
def _lower_table() -> Uints:
    """Returns the lower case of each code point, and a space for white space; uint32 (0x110000,)."""
    table = np.arange(0x110000, dtype=np.uint32)
    for point in range(0x1F000):  # no later letter has case
        character = chr(point)
        table[point] = ord(" ") if character.isspace() else ord(_lower(character))
    return frozen(table)


def _letters(numbers: dict[str, int]) -> Ushorts:
    known = np.zeros(0x110000, dtype=np.uint16)
    for letter, number in numbers.items():
        known[ord(letter)] = number
    return frozen(known[_lower_table()])


def _tree(flags: dict[str, int], numbers: dict[str, int]) -> tuple[list[dict[int, int]], dict[int, int]]:
    """Returns (for each state, {letter of a phrase: child state}; {state that is a phrase: its flags})."""
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
    for state, grown in enumerate(tree):  # a state has a lower number than its children
        for child in grown.values():
            depths[child] = depths[state] + 1
    return depths


def _completed(tree: list[dict[int, int]], ends: dict[int, int], num_letters: int) -> tuple[Ints, Bytes]:
    """Returns (all moves, the flags of all states). Without a child for a letter, a state has the move of its longest
    proper suffix that is a state.
    """
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
                shorter[child] = moves[state, letter]  # this move does not lead to the child yet
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
    """Returns (end of the line at text[i], its words, _EQUAL if it equals a phrase | _CONTAIN if it contains one)."""
    state = read = words = found = int64(0)
    apart = True  # white space or the start of the line is before
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
    """Compiles or loads the kernels of this module."""
    buffer, offsets, _ = tiny()
    filter_lines(buffer, offsets, phrase_automaton(("a",), ()), max_contain_words=1)
