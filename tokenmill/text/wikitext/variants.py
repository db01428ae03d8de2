"""Handles `-{…}-`, by which wikis in several scripts give a word in each: the text gets one of them, the first.

The rules are those of MediaWiki's language converter: `-{zh-hans:软件;zh-hant:軟體}-`, `-{text}-`, rules for one
direction (`from=>code:to`), and flags before a `|`, of which some show nothing. In other wikis, `-{` is text.
"""

from tokenmill.text.kernel.arrays import Bytes, int64, uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.wikitext.state import (
    AT,
    DEPTH,
    END,
    EXTERNAL,
    FROM,
    KIND,
    LINK,
    OUT,
    OUT_FROM,
    PUT,
    VARIANT,
    VARIANTS,
    Work,
    abandon,
    push,
    put_byte,
    put_mark,
    take_back,
    trimmed,
)

NEVER, ALWAYS, BY_FORM = range(3)  # how a wiki reads `-{`; by its form, if the wiki's language is not known
_AHEAD = 4000  # most bytes of a variant
_LANGUAGES = "ban crh gan iku ike iu kk ku mni sh shi sr tg tly uz wuu zgh zh"
_WITHOUT = ("zh-classical", "zh-min-nan", "zh-yue")


def _packed(code: str) -> int:
    return int.from_bytes(code.encode(), "big")


_CODES = tuple(_packed(code) for code in _LANGUAGES.split())


def variants_of(language: str | None) -> int:
    """Returns how a wiki of this language reads `-{`: NEVER, ALWAYS, or BY_FORM if the language is None."""
    if language is None:
        return BY_FORM
    code = language.lower().replace("_", "-")
    return ALWAYS if code.partition("-")[0] in _LANGUAGES.split() and code not in _WITHOUT else NEVER


@kernel
def open_variant(w: Work) -> bool:
    """At a single `{` in wikitext: opens a variant if a `-` is before it and a `}-` follows. Returns True if it does.

    The `-{` is written as text, and removed when the variant closes.
    """
    s, at = w.state, w.state[AT]
    if s[VARIANTS] == NEVER or at == s[FROM] or w.data[at - 1] != 45:
        return False
    if s[PUT] == s[OUT_FROM] or w.out[s[PUT] - 1] != 45:
        return False
    for i in range(at + 1, min(at + _AHEAD, s[END] - 1)):
        if w.data[i] == 125 and w.data[i + 1] == 45:
            put_byte(w, uint8(123))
            if not push(w, VARIANT):
                s[PUT] -= 1
                return False
            s[AT] = at + 1
            return True
    return False


@kernel
def close_variant(w: Work) -> bool:
    """After a `}` in wikitext: closes the innermost variant if a `-` follows, with the links inside it.

    Returns True if a variant was open.
    """
    s = w.state
    depth = s[DEPTH] - 1
    while depth >= 0 and w.frames[depth, KIND] in (LINK, EXTERNAL):
        depth -= 1
    if depth < 0 or w.frames[depth, KIND] != VARIANT or s[AT] >= s[END] or w.data[s[AT]] != 45:
        return False
    while s[DEPTH] - 1 > depth:
        abandon(w)
    out, end = w.frames[depth, OUT], s[PUT]
    abandon(w)
    s[AT] += 1
    pipe = _pipe_in(w.out, out, end)
    start = pipe + 1 if pipe >= 0 else out
    if s[VARIANTS] == BY_FORM and not _is_variant(w.out, out, pipe, end):
        put_byte(w, uint8(125))
        put_byte(w, uint8(45))
        return True
    shown, whole = _flags(w.out, out, pipe)
    from_, to = (start, end) if whole else _choose(w.out, start, end)
    if not shown or from_ >= to:
        take_back(w, out - 2)
        put_mark(w)
        return True
    for i in range(to - from_):
        w.out[out - 2 + i] = w.out[from_ + i]
    take_back(w, out - 2 + to - from_)
    return True


@kernel
def _pipe_in(out: Bytes, start: int, end: int) -> int:
    for i in range(start, end):
        if out[i] == 124:
            return int64(i)
    return int64(-1)


@kernel
def _is_variant(out: Bytes, start: int, pipe: int, end: int) -> bool:
    """Returns True if a text has the form of a variant: flags, rules, or a script other than Latin."""
    if pipe >= 0:
        return _are_flags(out, start, pipe)
    if _rule(out, start, end) >= 0:
        return True
    at = start
    while at < end and out[at] < 0x80:
        at += 1
    return bool(at < end)


@kernel
def _are_flags(out: Bytes, start: int, end: int) -> bool:
    """Returns True if each of the words between `;` is a flag: a sign, or the code of a variant."""
    at = start
    while at <= end:
        stop = at
        while stop < end and out[stop] != 59:
            stop += 1
        first, last = trimmed(out, at, stop)
        if last - first != 1 and not (last > first and _code_end(out, first, last) == last):
            return False
        if last - first == 1 and not (65 <= out[first] <= 90 or out[first] == 43 or out[first] == 45):
            return False
        at = stop + 1
    return True


@kernel
def _flags(out: Bytes, start: int, pipe: int) -> tuple[bool, bool]:
    """Returns (whether a variant with these flags is shown, whether all of its text is shown)."""
    hidden, title, others, raw, codes = False, False, False, False, False
    first = True  # in a word
    for i in range(start, pipe):
        byte = out[i]
        if byte == 59:
            first = True
        elif byte > 32:
            ends = i + 1 >= pipe or out[i + 1] == 59 or out[i + 1] == 32
            if first and ends:
                hidden |= byte == 72 or byte == 45  # H, -
                title |= byte == 84  # T
                raw |= byte == 82  # R
                others |= byte != 84
            elif first:
                codes |= _code_end(out, i, pipe) > i
            first = False
    return raw or not (hidden or (title and not others)), raw or codes


@kernel
def _choose(out: Bytes, start: int, end: int) -> tuple[int, int]:
    """Returns (start, end) of the text of the first rule that has one. Without rules, this is all of the text."""
    at = _rule(out, start, end)
    if at < 0:
        return start, end
    while at >= 0:
        stop = at
        following = int64(-1)
        while stop < end:
            if out[stop] == 59:
                following = _rule(out, stop + 1, end)
                if following >= 0 or _is_blank(out, stop + 1, end):
                    break
            stop += 1
        from_, to = trimmed(out, at, stop)
        if from_ < to:
            return from_, to
        at = following
    return end, end


@kernel
def _is_blank(out: Bytes, start: int, end: int) -> bool:
    while start < end and out[start] <= 32:
        start += 1
    return bool(start == end)


@kernel
def _rule(out: Bytes, start: int, end: int) -> int:
    """Returns the position after the `code:` or `from=>code:` that begins at `start`, or -1."""
    behind = _after_code(out, start, end)
    if behind >= 0:
        return behind
    for i in range(start, end - 1):
        if out[i] == 59 or out[i] == 10:
            return int64(-1)
        if out[i] == 61 and out[i + 1] == 62:
            return _after_code(out, i + 2, end)
    return int64(-1)


@kernel
def _after_code(out: Bytes, at: int, end: int) -> int:
    """Returns the position after the code of a variant and its `:`, which may follow spaces, or -1."""
    while at < end and out[at] <= 32:
        at += 1
    behind = _code_end(out, at, end)
    if behind == at:
        return int64(-1)
    while behind < end and out[behind] == 32:
        behind += 1
    return int64(behind + 1) if behind < end and out[behind] == 58 else int64(-1)


@kernel
def _code_end(out: Bytes, at: int, end: int) -> int:
    """Returns the position after the code of a variant, such as zh-hans, or `at` if none begins there."""
    i = at
    packed = int64(0)
    while i < end and i - at < 4 and 97 <= (out[i] | 32) <= 122:
        packed = packed << 8 | int64(out[i] | 32)
        i += 1
    if packed not in _CODES:
        return at
    while i < end and (out[i] == 45 or 97 <= (out[i] | 32) <= 122 or 48 <= out[i] <= 57):
        i += 1
    return int64(i)
