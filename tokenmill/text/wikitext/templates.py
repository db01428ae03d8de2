"""Handles templates of wikitext: those that carry words are rendered, all others leave a mark."""

import numpy as np

from tokenmill.text.kernel.arrays import Longs, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.arguments import argument_number, named, positional
from tokenmill.text.wikitext.names import (
    ARG,
    CONVERT,
    DATE,
    FRACTION,
    JOIN,
    LAST,
    LITERAL,
    NIHONGO,
    QUOTE,
    SHIP,
    UNIT,
    VALUE,
    Names,
    name_hash,
)
from tokenmill.text.wikitext.quantities import put_conversion, put_date, put_fraction, put_unit, put_value
from tokenmill.text.wikitext.state import (
    ARGUMENTS,
    DEPTH,
    FIRST,
    FULL,
    ITEM_MARK,
    LIMIT,
    OUT,
    PUT,
    Work,
    abandon,
    find,
    folded_hash,
    put_byte,
    put_mark,
    put_range,
    replace_with_tail,
    take_back,
    trimmed,
)

_MAX_NAME = 80
_FORMATNUM = np.uint64(name_hash("formatnum"))


@kernel
def close_template(w: Work, names: Names) -> None:
    """Closes the innermost frame of wikitext, a template, and replaces the text that it wrote by its rendering."""
    s = w.state
    frame = w.frames[s[DEPTH] - 1]
    out, first, last, full = frame[OUT], frame[FIRST], s[ARGUMENTS], frame[FULL]
    end = s[PUT]
    abandon(w)
    start, stop = trimmed(w.out, out, w.arguments[first, 0] if last > first else end)
    fits = not full and stop - start <= _MAX_NAME and s[PUT] + 2 * (end - out) + 64 < s[LIMIT]
    found = find(names.templates, folded_hash(w.out, start, stop)) if fits else int64(-1)
    if found >= 0:
        render = names.renders[found]
        _render(w, names, render, start, stop, first, last, end)
    elif fits and _passes_through(w, start, stop):
        colon = start
        while w.out[colon] != 58:
            colon += 1
        put_range(w, w.out, colon + 1, stop)
    if s[PUT] > end:
        replace_with_tail(w, out, end)
    else:
        take_back(w, out)
        put_mark(w)


@kernel
def _passes_through(w: Work, start: int, stop: int) -> bool:
    """Returns True for `{{formatnum:…}}`, which becomes its argument."""
    if stop - start > 10 and w.out[start + 9] == 58:
        return bool(folded_hash(w.out, start, start + 9) == _FORMATNUM)
    return False


@kernel
def _render(w: Work, names: Names, render: Longs, start: int, stop: int, first: int, last: int, end: int) -> None:
    """Writes the rendering of a template after all text so far."""
    kind = render[0]
    if kind == ARG:
        from_, to = positional(w, names, first, last, end, render[1])
        if from_ == to and render[1] == 1:
            from_, to = named(w, names.keys[0], first, last, end)
        if from_ < to:
            is_list = to - from_ > 2 and w.out[from_ + 1] == 32 and w.out[from_ + 2] == ITEM_MARK
            if is_list:
                put_byte(w, uint8(10))
            put_range(w, names.literals, render[2], render[3])
            put_range(w, w.out, from_, to)
            put_range(w, names.literals, render[4], render[5])
            if is_list:
                put_byte(w, uint8(10))
    elif kind == LITERAL:
        put_range(w, names.literals, render[2], render[3])
    elif kind == JOIN:
        _join(w, names, first, last, end, render[2], render[3])
        put_range(w, names.literals, render[4], render[5])
    elif kind == LAST:
        _last(w, names, first, last, end)
    elif kind == DATE:
        put_date(w, names, first, last, end)
    elif kind == CONVERT:
        put_conversion(w, names, first, last, end)
    elif kind == NIHONGO:
        _nihongo(w, names, first, last, end)
    elif kind == FRACTION:
        put_fraction(w, names, first, last, end)
    elif kind == SHIP:
        _ship(w, names, start, stop, first, last, end)
    elif kind == QUOTE:
        _quote(w, names, first, last, end)
    elif kind == VALUE:
        put_value(w, names, first, last, end)
    elif kind == UNIT:
        put_unit(w, names, first, last, end)


@kernel
def _join(w: Work, names: Names, first: int, last: int, end: int, from_: int, to: int) -> None:
    """Writes the positional arguments that are not empty, with the separator between them; for lists also before."""
    before = int64(0)
    some = to > from_ and names.literals[from_] == 10
    lead = some
    for argument in range(first, last):
        number, start, stop = argument_number(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        start, stop = trimmed(w.out, start, stop)
        if number == 0 or start == stop:
            continue
        if some:
            put_range(w, names.literals, from_, to)
        put_range(w, w.out, start, stop)
        some = True
    if lead:
        put_byte(w, uint8(10))


@kernel
def _last(w: Work, names: Names, first: int, last: int, end: int) -> None:
    from_, to = end, end
    before = int64(0)
    for argument in range(first, last):
        number, start, stop = argument_number(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        start, stop = trimmed(w.out, start, stop)
        if number and start < stop:
            from_, to = start, stop
    put_range(w, w.out, from_, to)


@kernel
def _nihongo(w: Work, names: Names, first: int, last: int, end: int) -> None:
    """Writes `English (漢字, romaji)` from the arguments."""
    start, stop = positional(w, names, first, last, end, 1)
    put_range(w, w.out, start, stop)
    inside = False
    some = start < stop
    for number in range(2, 5):
        start, stop = positional(w, names, first, last, end, number)
        if start == stop:
            continue
        if inside:
            put_byte(w, uint8(44))
            put_byte(w, uint8(32))
        elif some:
            put_byte(w, uint8(32))
            put_byte(w, uint8(40))
        inside = True
        put_range(w, w.out, start, stop)
    if inside and some:
        put_byte(w, uint8(41))


@kernel
def _ship(w: Work, names: Names, start: int, stop: int, first: int, last: int, end: int) -> None:
    """Writes `HMS Victory` from the template's name and its argument."""
    from_, to = positional(w, names, first, last, end, 1)
    if from_ < to:
        put_range(w, w.out, start, stop)
        put_byte(w, uint8(32))
        put_range(w, w.out, from_, to)


@kernel
def _quote(w: Work, names: Names, first: int, last: int, end: int) -> None:
    """Writes a quotation on separate lines, and who is quoted."""
    start, stop = named(w, names.keys[0], first, last, end)
    if start == stop:
        start, stop = named(w, names.keys[1], first, last, end)
    if start == stop:
        start, stop = positional(w, names, first, last, end, 1)
    if start == stop:
        return
    put_byte(w, uint8(10))
    put_range(w, w.out, start, stop)
    put_byte(w, uint8(10))
    start, stop = named(w, names.keys[2], first, last, end)
    if start == stop:
        start, stop = positional(w, names, first, last, end, 2)
    if start < stop:
        put_byte(w, uint8(0xE2))
        put_byte(w, uint8(0x80))
        put_byte(w, uint8(0x94))
        put_byte(w, uint8(32))
        put_range(w, w.out, start, stop)
        put_byte(w, uint8(10))
