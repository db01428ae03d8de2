"""Whether a run of digits is a card or account number: by check digits, and by how the digits are grouped."""

import re

from tokenmill.text.pii.checks import has_iban_format, iban_lengths, is_card_number, is_iban
from tokenmill.text.pii.window import PiiSpan, Window

IBAN_RANK, CARD_RANK = 1, 2

_GROUP = re.compile(r"\d+")
_JOINT = r"( ?[./-] ?| {1,2})"
_CARD_GROUPS = tuple(
    re.compile(rf"{shape}(?!\d)(?![.,]\d)")
    for shape in (
        rf"\d{{4}}{_JOINT}\d{{4}}\1\d{{4}}\1\d{{4}}\1\d{{3}}",
        rf"\d{{4}}{_JOINT}\d{{4}}\1\d{{4}}\1\d{{4}}",
        rf"\d{{4}}{_JOINT}\d{{6}}\1\d{{4,5}}",
    )
)
_IN_ONE_PIECE = (re.compile(r"\d++(?![.,]\d)"),)
_CARD_WORDS = (
    r"(?<![a-z_])(?:cards?|visa|mastercard|amex|american express|maestro|discover|diners|cc|credit|debit|kreditkarte"
    r"|karte|carte|tarjeta|carta)(?![a-z_])"
)
_CARD_WORD = re.compile(_CARD_WORDS, re.IGNORECASE)
_CARD_WORD_LAST = re.compile(_CARD_WORDS + r"\Z", re.IGNORECASE)
_GLUED = re.compile(r"[A-Za-z0-9_]\Z|\d[.,]\Z")


def card_spans(window: Window) -> list[PiiSpan]:
    """The card numbers in a NUMBER or LONG_NUMBER place: in one piece, or grouped as on cards (4-4-4-4, 4-6-5, 4-6-4).

    Thirteen digits, which also are every article number (EAN), need a word about cards before them.
    """
    found = []
    text = window.text if window.end - window.start >= 13 else ""
    for group in _GROUP.finditer(text):
        length = group.end() - group.start()
        for shape in _CARD_GROUPS if length == 4 else _IN_ONE_PIECE if 13 <= length <= 19 else ():
            number = shape.match(text, group.start())
            if number and _is_card(window, number):
                found.append(window.span(*number.span(), "CREDIT_CARD", CARD_RANK))
                break
    return found


def _is_card(window: Window, number: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", number[0])
    if not is_card_number(digits):
        return False
    before = window.before(48) + window.text[max(0, number.start() - 48) : number.start()]
    if len(digits) == 13 and not _CARD_WORD.search(before):
        return False
    if _GLUED.search(before) and not _CARD_WORD_LAST.search(before):
        return False
    return number.end() < len(window.text) or not re.match(r"[A-Za-z_]", window.after(1))


def iban_spans(window: Window) -> list[PiiSpan]:
    """The account number (IBAN) that an IBAN place begins: in one piece or grouped by blanks, dots or dashes.

    One with wrong check digits is a span of no kind: nobody's account, but its digits are no card or phone either.
    """
    start = bytes(window.data[window.start : window.start + 2]).decode("ascii").upper()
    left = iban_lengths().get(start, 0)
    if not left:
        return []
    letters: list[str] = []
    i = window.start
    joined = False
    while i < window.high and left:
        byte = window.data[i]
        if 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122:
            letters.append(chr(byte).upper())
            left -= 1
            joined = False
            i += 1
        elif not joined and byte in b" .-":
            joined = True
            i += 1
        elif not joined and bytes(window.data[i : i + 2]) == b"\xc2\xa0":
            joined = True
            i += 2
        else:
            break
    whole = left == 0 and not (i < window.high and chr(window.data[i]).isalnum() and window.data[i] < 128)
    number = "".join(letters)
    if not whole or not has_iban_format(number):
        return []
    return [PiiSpan(window.start, i, "IBAN_CODE" if is_iban(number) else None, IBAN_RANK)]
