"""Whether a run of digits is a phone number: by its shape, and by the words around it where the shape is not enough.

International numbers (E.164) begin with + or 00 and a country's code. National ones stand by themselves where the way
of writing says enough: North American ones, those with an area code in parentheses or a trunk 0, Russian, Chinese and
Spanish mobile ones. Everything else (`449 4898`) needs a word like `call` or `fax` beside it.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import get_args

from tokenmill.text.pii.checks import NATIONAL_DIGITS, calling_code, has_national_length
from tokenmill.text.pii.window import PiiKind, PiiSpan, Window
from tokenmill.text.pii.words import other_number_before, phone_word_ends, phones_after, phones_before, unit_after

RANK = 4
FEWEST_NATIONAL, MOST_NATIONAL = 9, 14
MOST = 15  # digits of an international number, E.164 6.1

_SHAPES = re.compile(
    r"""(?:
      (?:1[ ./-]|\(1\)[ ]?)?(?:\([2-9]\d\d\)[ ./-]?|[2-9]\d\d[ ./-])[2-9]\d\d[ .-]\d{4}  # 212-555-0199
    | \(0?[1-9]\d{1,4}\)[ -]?\d{2,8}(?:[ -]\d{2,6}){0,3}                                 # (030) 123 45 67
    | 0[1-9]\d{0,4}(?:(?:[ ]?[/-][ ]?|[ ]|\.)\d{2,8}){1,5}(?:[ -]\d)?                   # 030 23125-999
    | 8[ -]?\(?[3489]\d\d\)?[ -]?\d{3}[ -]\d\d[ -]\d\d                                   # 8 (495) 123-45-67
    | 1[3-9]\d[ -]\d{4}[ -]\d{4}                                                         # 138 0013 8000
    | [6-9]\d\d[ .-]\d\d[ .-]\d\d[ .-]\d\d                                               # 612 34 56 78
    )(?=\Z|[ ])""",
    re.VERBOSE,
)
_INTERNATIONAL = re.compile(r"\(?(?:\+|00)(?=\(?[1-9])(?:[ ./()-]{0,4}\d)*")
_GROUPS = re.compile(r"(?:\d{7,12}|\(?\d{1,5}\)?(?:(?:[ ./-]{1,3}|(?<=\)))\(?\d{1,8}\)?){1,6})\Z")
_DAY = r"""(?:0?[1-9]|[12]\d|3[01])([ ]?[./-][ ]?)(?:0?[1-9]|[12]\d|3[01])\1(?:19|20)?\d\d
    | \d\d([/.])\d\d\2(?:19|20)\d{3}
    | (?:19|20)\d\d([./-])(?:0?[1-9]|1[0-2])\3(?:0?[1-9]|[12]\d|3[01])
    | (?:1[5-9]|20)\d\d[ ]?[-/][ ]?(?:(?:1[5-9]|20)\d\d|\d\d)
    | (?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4}|\d{6})?"""
_DATE = re.compile(rf"(?<!\d)(?<!\d[./-])(?:{_DAY})(?!\d)(?![./-]\d)", re.VERBOSE)
_DATE_FIRST = re.compile(rf"\(?(?:{_DAY})(?:[ ][ (-]{{0,2}}\d{{1,2}})?\Z", re.VERBOSE)  # perhaps with the hour
_ROUND = re.compile(r"\d+\.\d+\Z|\+?\d{1,3}(?:([ .])\d{3})*\1000\Z")  # decimals, millions
_SOCIAL_SECURITY = re.compile(r"\d{3}-\d\d-\d{4}\Z")  # United States
_POSTCODE = re.compile(r"\d{5}-\d{4}\Z")  # United States
_SIX = re.compile(r"\d\d([ -])\d\d\1\d\d\Z")
_YEAR = re.compile(r"\((?:1[5-9]|20)\d\d\)")
_EXTENSION = re.compile(r" {0,2}(?:x|ext\.?|extension|durchwahl|dw\.?|poste) {0,2}\d{1,6}(?!\d)", re.IGNORECASE)
_OUR_TAGS = tuple(f"<{kind}:" for kind in get_args(PiiKind))
_PART_BEFORE = re.compile(r"[$€£¥§№=&@#~\\^]\Z|\w[./_-]\Z|\w\Z|/\Z|\d[,:]\Z")
_PART_AFTER = re.compile(r"[_=@%°€$£¥]|[-/]\w|\.[a-z]|:\d|(?![xX]\d)[0-9A-Fa-f]*(?![g-zG-Z])[0-9A-Za-z]")


_IN_ROW = re.compile(r"(?<![^ ])(?:\+|(?:\(\d{2,5}\) +)?(?!\d+\.\d+(?![^ ]))\(?\d{1,5}[./)-])[^ ]{4,36}(?![^ ])")


class Around:
    """What stands before and after a run."""

    def __init__(self, window: Window) -> None:
        self.before, self.after = window.before(64), window.after(24)

    @cached_property
    def phones(self) -> bool:
        """Whether it speaks of phone numbers."""
        same_line_or_one_above = self.before.split("\n")[-2:]
        return phones_before("\n".join(same_line_or_one_above)[-48:]) or phones_after(self.after)


def phone_spans(window: Window) -> list[PiiSpan]:
    """The phone numbers in a NUMBER place, extensions included."""
    run = window.text
    if _DATE_FIRST.match(run):
        return []
    around = Around(window)
    if around.before.endswith(_OUR_TAGS):
        return []
    spans, free = [], 0
    for start in _starts(run):
        if start < free:
            continue
        free = max(start, _international(run, start, around) or _national(run, start, around) or 0)
        if free > start:
            extension = _EXTENSION.match(around.after) if free == len(run) else None
            span = window.span(start, free, "PHONE_NUMBER", RANK)
            spans.append(span._replace(end=window.after_end(len(extension[0]))) if extension else span)
    return spans


def phone_spans_in_row(window: Window) -> list[PiiSpan]:
    """The phone numbers in a LONG_NUMBER place, a row of numbers: those that are written without blanks inside."""
    parts = (window.part(*found.span()) for found in _IN_ROW.finditer(window.text))
    return [span for part in parts for span in phone_spans(part)]


def _starts(run: str) -> Iterator[int]:
    """Where a number may start in the run: at its groups that follow blanks."""
    yield 0
    for blank in re.finditer(r" (?=[\d(])", run):
        yield blank.end()


def _international(run: str, start: int, around: Around) -> int | None:
    """Where the international number that starts there ends, or None.

    Of several ends the last one is taken that gives a length in use in the country.
    """
    number = _INTERNATIONAL.match(run, start)
    if number is None or (start == 0 and re.search(r"[0-9_]\Z", around.before)):
        return None
    plus = "+" in number[0][:2]
    digits = ""
    best = fallback = None
    for group in re.finditer(r"\(0\)|\d+", number[0]):
        if group[0] == "(0)":
            continue
        digits += group[0] if plus or digits else group[0][2:]
        if len(digits) > MOST:
            break
        end = start + group.end() + number[0].startswith(")", group.end())
        if has_national_length(digits):
            best = end
        elif len(digits) >= 8:
            fallback = end
    code = calling_code(digits)
    if around.phones or (code and code not in NATIONAL_DIGITS):
        best = best or fallback
    if best is None or (not plus and not (around.phones or re.search(r"[ ./-]", run[start:best]))):
        return None
    if best == len(run) and (unit_after(around.after) or re.match(r"[_=@]", around.after)):
        return None
    if (_ROUND.match(run[start:best]) and not around.phones) or (not plus and _DATE.search(run[start + 2 : best])):
        return None
    return best


def _national(run: str, start: int, around: Around) -> int | None:
    """Where the national number that starts there ends, or None."""
    shape = _SHAPES.match(run, start)
    if shape is None and (start > 0 or not _GROUPS.match(run)):
        return None
    if _is_part(start, around.before) or (shape is None and not around.phones):
        return None
    if other_number_before(around.before + run[:start]) and not (shape and around.phones):
        return None
    for end in _ends(run, start, shape.end()) if shape else ():
        if _stands_alone(run, start, end) and _is_no_other(run, start, end, around):
            return end
    for end in _ends(run, 0, len(run)) if start == 0 and around.phones else ():
        if _has_some_shape(run[:end]) and _is_no_other(run, 0, end, around):
            return end
    return None


def _is_part(start: int, before: str) -> bool:
    """Whether the run continues what stands before it: an identifier, an address, an amount."""
    return bool(_PART_BEFORE.search(before)) and (start > 0 or not phone_word_ends(before))


def _ends(run: str, start: int, end: int) -> list[int]:
    """Where a number that starts there may end: at `end` or before a blank, the last first."""
    return [end, *reversed([start + blank.start() for blank in re.finditer(" ", run[start:end])])]


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _stands_alone(run: str, start: int, end: int) -> bool:
    """Whether run[start:end], of a good shape, has a good length and is not part of a row of numbers."""
    number = run[start:end]
    if not FEWEST_NATIONAL <= _digits(number) <= MOST_NATIONAL or _YEAR.match(number) or _POSTCODE.match(number):
        return False
    return " " not in number.replace(") ", ")") or _digits(run) - _digits(number) <= 4


def _has_some_shape(number: str) -> bool:
    """Whether the groups can be those of a phone number, given that the text speaks of one."""
    return bool((7 <= _digits(number) <= MOST_NATIONAL and _GROUPS.match(number)) or _SIX.match(number))


def _is_no_other(run: str, start: int, end: int, around: Around) -> bool:
    """Whether run[start:end] is no date, decimal, round sum or amount, and not glued to what follows."""
    number = run[start:end]
    if _DATE.search(run, start, end) or _ROUND.match(number) or _SOCIAL_SECURITY.match(number):
        return False
    if end < len(run) or phones_after(around.after):
        return True
    return not (unit_after(around.after) or _PART_AFTER.match(around.after))
