"""Finds the arguments of a template that is being closed in the text that it wrote.

In all functions, first to last - 1 are its arguments in Work.arguments, and end is the end of the last one in Work.out.
"""

import numpy as np

from tokenmill.text.kernel.arrays import int64
from tokenmill.text.kernel.cache import inlined, kernel
from tokenmill.text.templates.hashes import folded_hash
from tokenmill.text.wikitext.state import Work, trimmed


@inlined
def _bounds(w: Work, argument: int, last: int, end: int) -> tuple[int, int]:
    """Returns (start, end) of an argument in Work.out, its name included."""
    return w.arguments[argument, 0] + 1, (w.arguments[argument + 1, 0] if argument + 1 < last else end)


@inlined
def argument_number(w: Work, argument: int, last: int, end: int, before: int) -> tuple[int, int, int]:
    """Returns (number, start, end) of a wikitext template's positional argument, after its `1=` if it has one.

    The number of a named argument is 0. before: number of arguments without a `=` before this one.
    """
    start, stop = _bounds(w, argument, last, end)
    equals = w.arguments[argument, 1]
    if equals < 0:
        return before + 1, start, stop
    from_, to = trimmed(w.out, start, equals)
    number = int64(0)
    for i in range(from_, to):
        if not 48 <= w.out[i] <= 57 or to - from_ > 3:
            return int64(0), equals + 1, stop
        number = number * 10 + int64(w.out[i]) - 48
    return number, equals + 1, stop


@kernel
def positional(w: Work, first: int, last: int, end: int, wanted: int) -> tuple[int, int]:
    """Returns (start, end) of argument number `wanted` of a wikitext template, trimmed, or an empty range.

    Of several arguments with this number the last one counts, as in MediaWiki.
    """
    before, from_, to = int64(0), end, end
    for argument in range(first, last):
        number, start, stop = argument_number(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        if number == wanted:
            from_, to = trimmed(w.out, start, stop)
    return from_, to


@kernel
def named(w: Work, key: np.uint64, first: int, last: int, end: int) -> tuple[int, int]:
    """Returns (start, end) of a wikitext template's argument whose name has this hash, trimmed, or an empty range.

    The range is empty if the argument is missing. Of several arguments of this name the last one counts.
    """
    value_from, value_to = end, end
    for argument in range(first, last):
        equals = w.arguments[argument, 1]
        if equals >= 0:
            start, stop = _bounds(w, argument, last, end)
            from_, to = trimmed(w.out, start, equals)
            if to - from_ < 20 and folded_hash(w.out, from_, to) == key:
                value_from, value_to = trimmed(w.out, equals + 1, stop)
    return value_from, value_to


@kernel
def is_given(w: Work, first: int, last: int, end: int, wanted: int) -> bool:
    """Returns True if a wikitext template's argument number `wanted` has text."""
    start, stop = positional(w, first, last, end, wanted)
    return bool(start < stop)
