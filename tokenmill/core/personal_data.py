"""Judging whether a piece of text is personal data: an e-mail address, a card, an IBAN, an IP address, a telephone
number.

Patterns are bounded, so that no text takes more than linear time, and every kind that has a checksum is checked: cards
by Luhn (US patent 2,950,048; ISO/IEC 7812), IBANs by ISO 7064 mod 97-10 and their country's length (ISO 13616).
Telephone numbers have none: international ones need + or 00 (E.164), national ones the punctuation people write them
with. Not covered: names, postal addresses, national ids. All patterns work on UTF-8 bytes.
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple


class Found(NamedTuple):
    """A piece of personal data: its type, and where it lies in the bytes that were judged."""

    type: str
    start: int
    end: int


_LATIN = rb"[\xc3-\xc9][\x80-\xbf]"  # é, ß, ł … in UTF-8; other scripts often stand right beside an address
_LOCAL_END = re.compile(rb"(?:[A-Za-z0-9!#$%'*+^_`{|}~.-]|" + _LATIN + rb"){1,64}\Z")
_LABEL = rb"(?:[A-Za-z0-9]|" + _LATIN + rb")(?:[A-Za-z0-9-]|" + _LATIN + rb"){0,62}"
_DOMAIN = re.compile(rb"(?:" + _LABEL + rb"\.){1,8}((?:[A-Za-z]|" + _LATIN + rb"){2,24})(?![A-Za-z0-9])")
_BRACKETED = re.compile(rb"\[\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\]")
_FILE_ENDINGS = frozenset(b"png jpg jpeg gif svg webp css js html htm php json xml pdf mp4 woff ico bmp".split())

_CARD = re.compile(rb"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d])")
_IPV4 = re.compile(rb"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d]|\.\d)")
_VERSION = re.compile(rb"(?:version|ver\.?|release|v|firmware|build)[ :]{0,2}\Z", re.IGNORECASE)
_EXTENSION = rb"(?:[ ]?(?:x|ext\.?)[ ]?\d{1,6})?"
_PHONE = re.compile(
    rb"(?<![\w.,/@#=-])(?<!\d[ .-])(?:"
    rb"(?:\+|00)[1-9]\d{0,2}(?:(?:[ .\-/]|\xc2\xa0){0,2}\(?\d{1,5}\)?){1,6}"  # +49 30 1234567, 0044 (0)20 7946 0000
    rb"|(?:(?:00)?1[ .-])?\(?\d{3}\)[ .-]?\d{3}[ .-]?\d{4}"  # (212) 555-0123
    rb"|(?:(?:00)?1[ .-])?\d{3}([ .-])\d{3}\1\d{4}"  # 212-555-0123
    rb"|\(\d{2}\)[ ]?\d{3,5}-\d{3,4}"  # (85) 5986-8343
    rb"|\(0\d{1,5}\)[ ]?\d{2,4}(?:[ -]?\d{2,4}){1,3}"  # (020) 7946 0000
    rb"|0\d{1,5}(?:[ ./-]|\xc2\xa0)\d{2,9}(?:[ .-]?\d{2,5}){0,4}"  # 030/1234567, 06 12 34 56 78
    rb")" + _EXTENSION + rb"(?![\w]|-\d|\.\d)"
)
_BARE_PHONE = re.compile(
    rb"(?<![\w.,/@#=+])(?<!\d[ .-])(?:\d{7,11}|\d{2,5}(?:[ .-]\d{2,6}){1,4})" + _EXTENSION + rb"(?![\w]|[-.]\d)"
)
_PHONE_WORD = re.compile(
    rb"(?:\bphone|\btel|\bcall|\bmobile|\bcell|\bfax|\bwhatsapp|\bsms|telefon|t\xc3\xa9l|\bdial|\bring|\bcontact"
    rb"|\bnumber|\boffice|\banswering|\bllam|\bappel|\brufen|\banruf|\bchiam|\blig[ua]|\bbellen)[^\d\n]{0,32}\Z",
    re.IGNORECASE,
)
_DAY, _MONTH, _YEAR = rb"(?:0?[1-9]|[12]\d|3[01])", rb"(?:0?[1-9]|1[0-2])", rb"(?:19|20)\d{2}"
_DATE = re.compile(
    _YEAR
    + rb"[-./ ]"
    + _MONTH
    + rb"[-./ ]"
    + _DAY
    + rb"(?!\d)|"
    + _DAY
    + rb"[-./]"
    + _MONTH
    + rb"[-./]"
    + _YEAR
    + rb"(?!\d)"
)

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24,
    "XK": 20,
}  # fmt: skip


def email_at(text: bytes, at: int) -> Found | None:
    """The address around the @ at text[at]; RFC 5322 dot-atoms with Latin letters, no quoted local parts.

    Of what an atom may hold, / = ? & are left out: in crawled text they part an address from a URL around it.
    """
    local = _LOCAL_END.search(text, max(0, at - 64), at)
    domain = _DOMAIN.match(text, at + 1, at + 256) or _BRACKETED.match(text, at + 1, at + 32)
    if local is None or domain is None:
        return None
    if domain.re is _DOMAIN and domain[1].lower() in _FILE_ENDINGS:
        return None  # icon@2x.png
    name = local[0].lstrip(b".'`*_{|}~!#")
    name_start = local.end() - len(name)
    if not name or name.endswith(b".") or b".." in name:
        return None
    return Found("EMAIL_ADDRESS", name_start, domain.end())


def iban_at(text: bytes, start: int) -> Found | None:
    """The IBAN that begins at text[start], groups parted by single spaces or not at all."""
    end = min(len(text), start + 48)
    length = IBAN_LENGTHS.get(text[start : start + 2].decode("ascii", "replace").upper())
    if length is None:
        return None
    taken, at = bytearray(), start
    while at < end and len(taken) < length:
        byte = text[at : at + 1]
        if byte.isdigit() or (byte.isalpha() and byte.isascii()):
            taken += byte.upper()
        elif byte != b" " or not text[at + 1 : at + 2].isalnum():
            break
        at += 1
    follows = text[at : at + 1] if at < end else b""
    if len(taken) != length or (follows.isalnum() and follows.isascii()) or not iban_valid(taken.decode()):
        return None
    return Found("IBAN_CODE", start, at)


def numbers_in(text: bytes, start: int, end: int) -> Iterator[Found]:
    """Cards, IPv4 addresses and telephone numbers in text[start:end]; they may overlap."""
    end += 10  # an extension, and what follows the last digit
    for match in _CARD.finditer(text, start, end):
        if card_valid(match[0].translate(None, b" -").decode()):
            yield Found("CREDIT_CARD", match.start(), match.end())
    for match in _IPV4.finditer(text, start, end):
        if _is_ip(match[0]) and not _VERSION.search(text, max(0, match.start() - 12), match.start()):
            yield Found("IP_ADDRESS", match.start(), match.end())
    for match in _PHONE.finditer(text, start, end):
        if 8 <= _own_digits(match[0]) <= 15 and not _DATE.match(match[0]):
            yield Found("PHONE_NUMBER", match.start(), match.end())
    for match in _BARE_PHONE.finditer(text, start, end):
        named = _PHONE_WORD.search(text, max(0, match.start() - 48), match.start())
        if named and 7 <= _own_digits(match[0]) <= 12 and not _DATE.match(match[0]):
            yield Found("PHONE_NUMBER", match.start(), match.end())


def ipv6_at(text: bytes, start: int, end: int) -> Found | None:
    """The IPv6 address that is text[start:end], less a full stop or colon at its end (RFC 4291)."""
    while end > start and text[end - 1 : end] in (b".", b":") and text[end - 2 : end] != b"::":
        end -= 1
    piece = text[start:end]
    groups = [group for group in piece.split(b":") if group]
    before, after = text[start - 1 : start] if start else b"", text[end : end + 1]
    outside = (before.isalnum() or before in (b"_", b":", b".")) or after.isalnum() or after == b"_"
    if outside or len(groups) < 3 or not any(byte in b"0123456789" for byte in piece) or not _is_ip(piece):
        return None
    return Found("IP_ADDRESS", start, end)


def card_valid(number: str) -> bool:
    """Luhn's check and a prefix and length that a card brand issues. number: digits alone."""
    return _issued(number) and luhn_valid(number)


def luhn_valid(number: str) -> bool:
    """The Luhn checksum over a string of digits."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban_valid(iban: str) -> bool:
    """ISO 7064 mod 97-10. iban: upper-case letters and digits, no spaces."""
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def _issued(number: str) -> bool:
    two, three, four = int(number[:2]), int(number[:3]), int(number[:4])
    if number[0] == "4":
        return len(number) in (13, 16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return len(number) == 16
    if two in (34, 37):
        return len(number) == 15
    if two in (36, 38, 39) or 300 <= three <= 305:
        return 14 <= len(number) <= 19
    maestro = two in (50, 56, 57, 58) or four in (6304, 6759, 6761, 6762, 6763)
    if maestro:
        return 12 <= len(number) <= 19
    return 16 <= len(number) <= 19 and (four == 6011 or two in (62, 65) or 644 <= three <= 649 or 3528 <= four <= 3589)


def _is_ip(piece: bytes) -> bool:
    try:
        ipaddress.ip_address(piece.decode("ascii"))
    except ValueError:
        return False
    return True


def _own_digits(phone: bytes) -> int:
    """Digits of a telephone number, those of an extension not counted."""
    own = phone.lower().partition(b"x")[0].partition(b"e")[0]
    return sum(48 <= byte <= 57 for byte in own)
