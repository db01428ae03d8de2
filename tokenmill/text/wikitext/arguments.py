"""The arguments of a template that is being closed, found in what it wrote.

first, last: its arguments in Work.arguments; end: where the last one ends in Work.out.
"""

import numpy as np

from tokenmill.text.kernel.arrays import int64
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.state import Work, folded_hash, trimmed


@kernel
def _bounds(w: Work, argument: int, last: int, end: int) -> tuple[int, int]:
    """(begin, end) of an argument's own bytes, its name included."""
    return w.arguments[argument, 0] + 1, (w.arguments[argument + 1, 0] if argument + 1 < last else end)


@kernel
def argument_number(w: Work, argument: int, last: int, end: int, before: int) -> tuple[int, int, int]:
    """The number of a positional argument, whose own begin is behind `1=` if it says so; 0 for one with a name."""
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
def positional(w: Work, names: Names, first: int, last: int, end: int, wanted: int) -> tuple[int, int]:
    """(begin, end) of the wanted positional argument, trimmed; an empty range if there is none."""
    before = int64(0)
    for argument in range(first, last):
        number, start, stop = argument_number(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        if number == wanted:
            return trimmed(w.out, start, stop)
    return end, end


@kernel
def named(w: Work, key: np.uint64, first: int, last: int, end: int) -> tuple[int, int]:
    """(begin, end) of the argument whose name has this hash, trimmed; an empty range if there is none."""
    for argument in range(first, last):
        equals = w.arguments[argument, 1]
        if equals >= 0:
            start, stop = _bounds(w, argument, last, end)
            from_, to = trimmed(w.out, start, equals)
            if to - from_ < 20 and folded_hash(w.out, from_, to) == key:
                return trimmed(w.out, equals + 1, stop)
    return end, end
