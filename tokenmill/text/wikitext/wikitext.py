"""Converts wikitext to text in one pass over the bytes. The time is proportional to their number, whatever they are.

This is not a parser of MediaWiki's grammar, which needs every template of the wiki. It follows the usual form of the
markup in articles. The text of markup that it cannot pair stays, without the marks.
"""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Hashes, Longs, Offsets, int64, uint8
from tokenmill.text.kernel.cache import frozen, kernel
from tokenmill.text.templates.hashes import name_hash
from tokenmill.text.wikitext.layout import HEADER_CELL
from tokenmill.text.wikitext.lines import end_heading, line_start, new_line, quotes
from tokenmill.text.wikitext.links import close_link, open_link
from tokenmill.text.wikitext.names import Names, names
from tokenmill.text.wikitext.sections import drop_empty_headings, drop_index
from tokenmill.text.wikitext.state import (
    ARGUMENTS,
    AT,
    BEGIN,
    DEPTH,
    END,
    EXTERNAL,
    FIRST,
    FROM,
    FULL,
    HEADER,
    HEADING,
    KIND,
    LANGUAGE,
    LIMIT,
    MAX_ARGUMENTS,
    OUT,
    OUT_FROM,
    OVER,
    PARAMETER,
    PUT,
    QUOTE,
    QUOTE_LINE,
    ROOM,
    TABLE,
    TABLES,
    TEMPLATE,
    TEXT,
    VARIANT,
    VARIANTS,
    Work,
    abandon,
    new_work,
    push,
    put_byte,
    replace_with_tail,
    take_back,
    top,
)
from tokenmill.text.wikitext.tables import cell_mark, leave, new_cell
from tokenmill.text.wikitext.tags import tag, underscores
from tokenmill.text.wikitext.templates import close_template
from tokenmill.text.wikitext.tidy import tidy_lines, tidy_marks
from tokenmill.text.wikitext.unknown import new_log
from tokenmill.text.wikitext.variants import BY_FORM, close_variant, open_variant
from tokenmill.text.wikitext.words import entity

# Room for a document's text: 4 times its bytes and 1,024 more, and 4 times its bytes for tables that are written twice.
_GROWTH, _SPARE = 4, 1024


def wikitext_to_text(
    data: Bytes,
    offsets: Offsets,
    media: Hashes,
    *,
    tables: bool,
    variants: Bytes | None = None,
    languages: Longs | None = None,
    log: Longs | None = None,
) -> tuple[Bytes, Offsets]:
    """Returns the text without markup of each wiki page data[offsets[r]:offsets[r + 1]], as (bytes, offsets) too.

    media: uint64 (rows, 2), the hashes (media_hash) of the wiki's own names for the namespaces of pictures and
    categories, 0 if there is no name. tables: True turns the rows of tables with data to lines with tabs between cells
    and removes other tables, False removes all tables. variants: how each page reads `-{` (see variants_of), by its
    form if None. languages: int64 (rows,), the numbers (language_number) of the editions' languages; None if unknown.
    log: receives the inline templates that were not understood, see unknown.py.
    """
    count = len(offsets) - 1
    variants = np.full(count, BY_FORM, dtype=np.uint8) if variants is None else variants
    languages = np.zeros(count, dtype=np.int64) if languages is None else languages
    out = np.empty(2 * _GROWTH * len(data) + _SPARE * len(offsets), dtype=np.uint8)  # unused pages cost nothing
    ends, tidied = np.zeros(len(offsets), dtype=np.int64), np.zeros(len(offsets), dtype=np.int64)
    work = new_work(data, out, new_log() if log is None else log)
    _render_all(work, names(), offsets, media, frozen(variants), frozen(languages), int64(tables), _ROLES, ends)
    tidy_marks(out, frozen(ends), tidied)
    tidy_lines(out, frozen(tidied), ends)
    return frozen(out[: ends[-1]].copy()), frozen(ends)


def media_hash(name: str) -> int:
    """Returns the hash of the name of a wiki's namespace of pictures or categories, for wikitext_to_text."""
    return name_hash(name)


_COPY, _LINE, _QUOTE, _OPEN, _CLOSE, _LINK, _UNLINK, _PIPE, _EQUALS, _TAG, _ENTITY, _MAGIC, _BANG, _CONTROL = range(14)


def _roles() -> Bytes:
    roles = np.zeros(256, dtype=np.uint8)
    for role, characters in enumerate(("\n", "'", "{", "}", "[", "]", "|", "=", "<", "&", "_", "!"), start=1):
        roles[ord(characters)] = role
    roles[:9] = roles[11:32] = roles[127] = _CONTROL
    return frozen(roles)


_ROLES = _roles()


@kernel
def _render_all(
    w: Work,
    names: Names,
    offsets: Offsets,
    media: Hashes,
    variants: Bytes,
    languages: Longs,
    tables: int,
    roles: Bytes,
    ends: Offsets,
) -> None:
    s = w.state
    for row in range(len(offsets) - 1):
        put = s[PUT]
        s[:] = 0
        w.absent[:] = 0
        s[PUT] = s[OUT_FROM] = s[TEXT] = put
        s[AT] = s[FROM] = offsets[row]
        s[END] = offsets[row + 1]
        s[LIMIT] = put + _GROWTH * (s[END] - s[FROM]) + _SPARE - 64
        s[ROOM] = s[LIMIT] + _GROWTH * (s[END] - s[FROM])
        s[HEADING] = s[QUOTE] = s[QUOTE_LINE] = -1
        s[TABLES], s[LANGUAGE] = tables, languages[row]
        s[VARIANTS] = variants[row]
        w.extra[0], w.extra[1] = media[row, 0], media[row, 1]
        line_start(w)
        while s[AT] < s[END]:
            _step(w, names, roles)
        while top(w) > PARAMETER:
            leave(w)
        drop_index(w)
        if s[DEPTH] == 0:
            drop_empty_headings(w, int64(0))
        while s[DEPTH]:
            leave(w)
        ends[row + 1] = s[PUT]


@kernel
def _step(w: Work, names: Names, roles: Bytes) -> None:
    """Copies plain bytes, and handles the markup after them."""
    s, data, out = w.state, w.data, w.out
    at, put, end = s[AT], s[PUT], s[END]
    while at < end and roles[data[at]] == _COPY:
        out[put] = data[at]
        put += 1
        at += 1
    s[AT], s[PUT] = at, put
    if at >= end:
        return
    role = roles[data[at]]
    if role == _LINE:
        new_line(w)
        line_start(w)
    elif role == _QUOTE:
        quotes(w)
    elif role == _OPEN:
        _open_braces(w)
    elif role == _CLOSE:
        _close_braces(w, names)
    elif role == _LINK:
        open_link(w)
    elif role == _UNLINK:
        close_link(w, names)
    elif role == _PIPE:
        _pipe(w)
    elif role == _EQUALS:
        _equals(w)
    elif role == _TAG:
        tag(w, names)
    elif role == _ENTITY:
        entity(w, names)
    elif role == _MAGIC:
        underscores(w, names)
    elif role == _BANG:
        _bang(w)
    else:
        s[AT] += 1


@kernel
def _run(w: Work) -> int:
    """Returns the number of equal bytes from the current one on."""
    at = w.state[AT]
    i = at
    while i < w.state[END] and w.data[i] == w.data[at]:
        i += 1
    return int64(i - at)


@kernel
def _open_braces(w: Work) -> None:
    """At `{`: two open a template, three a parameter, which is the innermost in a longer odd run. One is text."""
    s, run = w.state, _run(w)
    if run == 1:
        if not open_variant(w):
            put_byte(w, uint8(123))
            s[AT] += 1
        return
    s[AT] += run
    parameter = run & 1
    for i in range(run // 2 - parameter):
        if push(w, TEMPLATE):
            w.frames[w.state[DEPTH] - 1, BEGIN] = w.state[AT] - run + 2 * i
        else:
            w.state[OVER] += 1
    if parameter and not push(w, PARAMETER):
        w.state[OVER] += 1


@kernel
def _close_braces(w: Work, names: Names) -> None:
    """At `}`: closes as many templates and parameters as there are braces for, with the links and tables in them."""
    s = w.state
    run = _run(w)
    s[AT] += run
    closed = min(s[OVER], run // 2)
    s[OVER] -= closed
    run -= 2 * closed
    while run >= 2 and _reach_template(w):
        if top(w) == PARAMETER and run >= 3:
            _close_parameter(w)
            run -= 3
        else:
            close_template(w, names)
            run -= 2
    if run == 1 and not close_variant(w):
        put_byte(w, uint8(125))


@kernel
def _reach_template(w: Work) -> bool:
    """Closes the frames inside the innermost template or parameter. Returns False if none is open."""
    depth = w.state[DEPTH] - 1
    while depth >= 0 and w.frames[depth, KIND] > PARAMETER:
        depth -= 1
    if depth < 0:
        return False
    while w.state[DEPTH] - 1 > depth:
        leave(w)
    return True


@kernel
def _close_parameter(w: Work) -> None:
    """Closes a parameter, and keeps the text of its default."""
    s = w.state
    frame = w.frames[s[DEPTH] - 1]
    out, first, last = frame[OUT], frame[FIRST], s[ARGUMENTS]
    abandon(w)
    if last > first:
        replace_with_tail(w, out, w.arguments[first, 0] + 1)
    else:
        take_back(w, out)


@kernel
def _pipe(w: Work) -> None:
    """At `|`: begins the next argument or a table cell; otherwise it is text."""
    s = w.state
    kind = top(w)
    if kind == TABLE:
        cell_mark(w, w.frames[s[DEPTH] - 1])
        return
    s[AT] += 1
    if kind != 0 and kind != EXTERNAL and kind != VARIANT:
        if s[ARGUMENTS] < MAX_ARGUMENTS:
            w.arguments[s[ARGUMENTS], 0] = s[PUT]
            w.arguments[s[ARGUMENTS], 1] = -1
            s[ARGUMENTS] += 1
        else:
            w.frames[s[DEPTH] - 1, FULL] = 1
    put_byte(w, uint8(124))


@kernel
def _equals(w: Work) -> None:
    """At `=`: ends a heading or the name of an argument; otherwise it is text."""
    s = w.state
    if s[AT] == s[HEADING]:
        end_heading(w)
        return
    last = s[ARGUMENTS] - 1
    if top(w) == TEMPLATE and last >= w.frames[s[DEPTH] - 1, FIRST] and w.arguments[last, 1] < 0:
        w.arguments[last, 1] = s[PUT]
    put_byte(w, uint8(61))
    s[AT] += 1


@kernel
def _bang(w: Work) -> None:
    """At `!`: `!!` separates header cells of a table; any other `!` is text."""
    s = w.state
    if top(w) == TABLE and s[AT] + 1 < s[END] and w.data[s[AT] + 1] == 33:
        frame = w.frames[s[DEPTH] - 1]
        if frame[HEADER] == HEADER_CELL:
            s[AT] += 2
            new_cell(w, frame, int64(HEADER_CELL))
            return
    put_byte(w, uint8(33))
    s[AT] += 1


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    media = frozen(np.zeros((1, 2), dtype=np.uint64))
    wikitext_to_text(frozen(np.zeros(1, dtype=np.uint8)), frozen(np.array([0, 1])), media, tables=True)
