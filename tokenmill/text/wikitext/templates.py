"""Handles templates of wikitext: inline templates that are known are rendered, all others leave a mark."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import inlined, kernel
from tokenmill.text.templates.hashes import folded_hash, folded_on
from tokenmill.text.templates.patterns import (
    ALL,
    ARG,
    CLOSE,
    CODE,
    EQUALS,
    GIVEN,
    JOIN,
    LAST_BIT,
    MAP,
    MISSING,
    NUMBER,
    OPEN,
    OR,
    RULE,
    TEXT,
)
from tokenmill.text.templates.template_tables import OTHER
from tokenmill.text.wikitext.arguments import argument_number, named, positional
from tokenmill.text.wikitext.names import Names
from tokenmill.text.wikitext.powers import end_power
from tokenmill.text.wikitext.rules import NOTHING, PRINTED, UNKNOWN, behind_colon, put_rule
from tokenmill.text.wikitext.state import (
    ARGUMENTS,
    AT,
    BEGIN,
    BRACKETS,
    DEPTH,
    FIRST,
    FULL,
    ITEM_MARK,
    KIND,
    LANGUAGE,
    LIMIT,
    OUT,
    PUT,
    TEMPLATE,
    Work,
    abandon,
    find,
    put_byte,
    put_mark,
    put_range,
    replace_with_tail,
    take_back,
    trimmed,
)
from tokenmill.text.wikitext.tables import cell_text
from tokenmill.text.wikitext.unknown import LONGEST, log_unknown
from tokenmill.text.wikitext.words import is_number, put_word

_MAX_NAME, _MAX_KIND = 80, 9
_MOST_AROUND = 4  # templates around one that is not understood; inside of more it is not counted
_ROOM = 512  # bytes that a rendering may need beyond twice its arguments: texts of the pattern, units, dates


@kernel
def close_template(w: Work, names: Names) -> None:
    """Closes the innermost frame of wikitext, a template, and replaces the text that it wrote by its rendering."""
    s = w.state
    frame = w.frames[s[DEPTH] - 1]
    out, first, last, full, begin = frame[OUT], frame[FIRST], s[ARGUMENTS], frame[FULL], frame[BEGIN]
    end = s[PUT]
    abandon(w)
    start, stop = trimmed(w.out, out, w.arguments[first, 0] if last > first else end)
    fits = not full and start < stop and stop - start <= _MAX_NAME and s[PUT] + 2 * (end - out) + _ROOM < s[LIMIT]
    given = UNKNOWN
    if fits:
        found = _find(w, names, start, stop)
        if found >= 0:
            given = _render(w, names, found, start, stop, first, last, end)
        if given == UNKNOWN and s[AT] - begin <= LONGEST and _is_in_prose(w, names):
            log_unknown(w, folded_hash(w.out, start, behind_colon(w, start, stop)), begin)
    if given == PRINTED and s[PUT] > end:
        replace_with_tail(w, cell_text(w, out), end)
        end_power(w)
    else:
        take_back(w, out)
        put_mark(w)


@inlined
def _find(w: Work, names: Names, start: int, stop: int) -> int:
    """Returns the entry in renders of the template out[start:stop], or of its kind, or -1.

    A kind is the name of a parser function, such as `formatnum:`, or the start of a name: `lang-` before the code of a
    language, `cite ` or `script/` before anything.
    """
    colon = behind_colon(w, start, stop)
    found = _look_up(w, names, folded_hash(w.out, start, colon))
    if found >= 0 or colon < stop:
        return found
    at = start
    while at < stop and at - start < _MAX_KIND and not _separates(w.out[at]):
        at += 1
    if at >= stop or not _separates(w.out[at]) or (w.out[at] == 45 and not _is_code(w, at + 1, stop)):
        return int64(-1)
    return _look_up(w, names, folded_hash(w.out, start, at + 1))


@inlined
def _separates(byte: int) -> bool:
    """Returns True for the signs after the kind in a template's name: `-` in `lang-de`, a space, and `/`."""
    return byte == 45 or byte == 47 or byte == 32 or byte == 95


@inlined
def _look_up(w: Work, names: Names, name: np.uint64) -> int:
    """Returns the entry of a name in renders, in the table of the page's language or else in that for all, or -1."""
    language = w.state[LANGUAGE]
    while True:
        low, high = names.starts[language], names.starts[language + 1]
        found = find(names.templates[low:high], name)
        if found >= 0:
            return int64(low + found)
        if language <= OTHER:
            return int64(-1)
        language = int64(OTHER)


@inlined
def _is_code(w: Work, start: int, stop: int) -> bool:
    """Returns True if out[start:stop] looks like the code of a language: `de`, `grc-gre`, `zh-Hant`."""
    letters = int64(0)
    for i in range(start, stop):
        if 97 <= (w.out[i] | 32) <= 122:
            letters += 1
        elif w.out[i] != 45 or letters < 2:
            return False
    return stop - start <= 14 and letters >= 2 and (stop - start <= 3 or letters < stop - start)


@inlined
def _is_in_prose(w: Work, names: Names) -> bool:
    """Returns True if the template that was just closed is in no link or table, and only in known templates."""
    if w.state[DEPTH] > _MOST_AROUND:
        return False
    for depth in range(w.state[DEPTH]):
        frame = w.frames[depth]
        if frame[KIND] != TEMPLATE:
            return False
        behind = w.arguments[frame[FIRST], 0] if w.state[ARGUMENTS] > frame[FIRST] else frame[OUT]
        start, stop = trimmed(w.out, frame[OUT], behind)
        found = _find(w, names, start, stop) if 0 < stop - start <= _MAX_NAME else int64(-1)
        if found < 0 or names.renders[found, 0] == names.renders[found, 1]:
            return False
    return True


@inlined
def _render(w: Work, names: Names, found: int, start: int, stop: int, first: int, last: int, end: int) -> int:
    """Writes the rendering of a template after all text so far. Returns UNKNOWN if its arguments are not understood.

    Returns NOTHING for a template that prints nothing, by its pattern or because it has no arguments.
    """
    at, behind, mask = names.renders[found, 0], names.renders[found, 1], names.renders[found, 2]
    if at == behind:
        return int64(NOTHING)
    some, used = _read_arguments(w, first, last, end)
    put = w.state[PUT]
    while at < behind:
        next_ = at
        while next_ < behind and names.operations[next_, 0] != OR:
            next_ += 1
        if mask & ALL != 0 or used & ~mask == 0:
            given = _run(w, names, at, next_, start, stop, first, last, end)
            if given != UNKNOWN:
                return given
            take_back(w, put)
        if next_ < behind:
            mask = names.operations[next_, 1]
        at = next_ + 1
    return int64(UNKNOWN if some else NOTHING)


@inlined
def _read_arguments(w: Work, first: int, last: int, end: int) -> tuple[bool, int]:
    """Returns (whether an argument has text, mask of the positional arguments with text)."""
    some, given = False, int64(0)
    before = int64(0)
    for argument in range(first, last):
        number, start, stop = argument_number(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        start, stop = trimmed(w.out, start, stop)
        some |= start < stop
        if number and start < stop:
            given |= int64(1) << min(number, int64(LAST_BIT))
    return some, given


@inlined
def _run(w: Work, names: Names, at: int, behind: int, start: int, stop: int, first: int, last: int, end: int) -> int:
    """Runs the instructions at:behind of a pattern. Returns UNKNOWN if an argument is missing outside of brackets."""
    depth = int64(0)
    missing = int64(-1)  # depth of the open bracket that lacks an argument
    while at < behind:
        kind, a, b = names.operations[at, 0], names.operations[at, 1], names.operations[at, 2]
        c = names.operations[at, 3]
        at += 1
        if kind == OPEN:
            depth += 1
            if missing < 0:
                w.state[BRACKETS + depth] = w.state[PUT]
            continue
        if kind == CLOSE:
            if missing == depth:
                take_back(w, w.state[BRACKETS + depth])
                missing = int64(-1)
            depth -= 1
            continue
        if missing >= 0:
            continue
        sound = True
        if kind == TEXT:
            put_range(w, names.literals, a, b)
        elif kind == ARG:
            from_, to = _choose(w, names, a, b, first, last, end)
            sound = from_ < to
            _put_argument(w, from_, to)
        elif kind in (GIVEN, MISSING):
            from_, to = _choose(w, names, a, b, first, last, end)
            sound = (from_ < to) == (kind == GIVEN)
        elif kind == JOIN:
            sound = _join(w, names, a, b, c, first, last, end)
        elif kind == RULE:
            given = put_rule(w, names, a, b, c, start, stop, first, last, end)
            if given == NOTHING:
                return int64(NOTHING)
            sound = given == PRINTED
        else:
            from_, to = positional(w, first, last, end, a)
            if kind == CODE:
                sound = _is_language(w, names, from_, to)
            elif kind == NUMBER:
                sound = is_number(w, from_, to)
            elif kind == EQUALS:
                sound = _is_same(w.out, from_, to, names.literals, b, c)
            elif kind == MAP:
                sound = put_word(w, names, folded_on(names.keys[b], w.out, from_, to))
        if not sound:
            if depth == 0:
                return int64(UNKNOWN)
            missing = depth
    return int64(PRINTED)


@inlined
def _choose(w: Work, names: Names, a: int, b: int, first: int, last: int, end: int) -> tuple[int, int]:
    """Returns the range of the first argument in choices[a:b] that is not empty, or an empty range."""
    for i in range(a, b):
        choice = names.choices[i]
        if choice > 0:
            from_, to = positional(w, first, last, end, choice)
        else:
            from_, to = named(w, names.keys[-1 - choice], first, last, end)
        if from_ < to:
            return from_, to
    return end, end


@inlined
def _is_language(w: Work, names: Names, start: int, stop: int) -> bool:
    """Returns True if out[start:stop] is the code of an edition. Codes have no large letters, and titles have one."""
    return 97 <= w.out[start] <= 122 and start < stop and find(names.languages, folded_hash(w.out, start, stop)) >= 0


@inlined
def _put_argument(w: Work, start: int, stop: int) -> None:
    """Writes out[start:stop]. A list gets lines of its own."""
    is_list = stop - start > 2 and w.out[start + 1] == 32 and w.out[start + 2] == ITEM_MARK
    if is_list:
        put_byte(w, uint8(10))
    put_range(w, w.out, start, stop)
    if is_list:
        put_byte(w, uint8(10))


@inlined
def _join(w: Work, names: Names, a: int, b: int, from_number: int, first: int, last: int, end: int) -> bool:
    """Writes the positional arguments that are not empty, with literals[a:b] between them. Returns False for none."""
    some = False
    before = int64(0)
    for argument in range(first, last):
        number, start, stop = argument_number(w, argument, last, end, before)
        before += w.arguments[argument, 1] < 0
        start, stop = trimmed(w.out, start, stop)
        if number < from_number or start == stop:
            continue
        if some:
            put_range(w, names.literals, a, b)
        put_range(w, w.out, start, stop)
        some = True
    return some


@inlined
def _is_same(a: Bytes, a_from: int, a_to: int, b: Bytes, b_from: int, b_to: int) -> bool:
    """Returns True if a[a_from:a_to] has the same bytes as b[b_from:b_to]."""
    if a_to - a_from != b_to - b_from:
        return False
    for i in range(a_to - a_from):  # noqa: SIM110 (a generator does not compile)
        if a[a_from + i] != b[b_from + i]:
            return False
    return True
