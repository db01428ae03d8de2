"""Finds the first line near the top of a document that contains one of several phrases, and the end of the phrase."""

from typing import NamedTuple

import numpy as np

from tokenmill.text.edit.phrase_lines import PhraseAutomaton, phrase_automaton
from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, int64
from tokenmill.text.kernel.cache import kernel, pointer
from tokenmill.text.kernel.points import line_break, point_at
from tokenmill.text.words.segment import tiny

_BLANK = 1  # the letter of the automaton for white space


class First(NamedTuple):
    """One value per document, int64 (rows,); 0 if no phrase was found."""

    line: Longs  # counted from 1; lines are those of str.splitlines
    end: Longs  # code points from the start of the text to the end of the phrase


def phrase_first(buffer: Bytes, offsets: Offsets, phrases: tuple[str, ...], *, lines: int, chars: int) -> First:
    """Finds the first of several phrases near the top: within `lines` lines and `chars` code points of each document.

    It is the one that ends first. Phrases are compared as in text/edit/phrase_lines.py: in lower case, with each run of
    white space as a single space.
    """
    found = np.zeros((len(offsets) - 1, 2), dtype=np.int64)
    _find(phrase_automaton((), phrases), buffer, offsets, lines, chars, found)
    return First(np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1]))


@kernel
def _find(
    automaton: PhraseAutomaton, buffer: Bytes, offsets: Offsets, most_lines: int, most_chars: int, found: Longs
) -> None:
    letters, moves, ends = pointer(automaton.letters), pointer(automaton.moves), pointer(automaton.ends)
    text, num_letters = pointer(buffer), automaton.num_letters
    for row in range(len(found)):
        i, end = offsets[row], offsets[row + 1]
        line, chars, state, last = int64(1), int64(0), int64(0), int64(0)
        while i < end and line <= most_lines and chars < most_chars:
            size = line_break(text, i, end)
            if size:
                chars += 2 if size == 2 and text[i] == 13 else 1
                line += 1
                state = last = int64(0)
                i += size
                continue
            point, size = point_at(text, i, end)
            letter = int64(letters[point])
            if letter != _BLANK or last != _BLANK:
                state = int64(moves[state * num_letters + letter])
            last = letter
            i += size
            chars += 1
            if ends[state]:
                found[row, 0], found[row, 1] = line, chars
                break


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    phrase_first(*tiny()[:2], ("a",), lines=1, chars=1)
