"""What personal data is replaced with: a tag, a tag with a keyed hash, or a surrogate that looks alike.

Equal values get equal replacements wherever they stand, however they are written (blanks, dashes, case). The hash is
BLAKE2b, keyed with the seed: who has the seed can find a short value (a phone number) by trying all, so a seed that
others know gives pseudonyms, not anonymity.

Surrogates keep the layout: groups, punctuation, country code or network. They belong to nobody where a range is set
aside for that: hosts of RFC 2606, networks of RFC 2544, RFC 1918 and RFC 3849, the North American 555-01xx, cards that
fail Luhn's check, accounts with check digits that are never issued. Other phone numbers may by chance be somebody's.
"""

import hashlib
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tokenmill.text.pii.checks import calling_code, luhn_valid
from tokenmill.text.pii.obfuscated import plain_address
from tokenmill.text.pii.window import PLAIN, PiiKind

Replace = Literal["tag", "surrogate", "hash"]

_HOSTS = ("example.com", "example.net", "example.org")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")))
_BENCHMARK = ipaddress.IPv4Network("198.18.0.0/15")  # RFC 2544: for tests of devices, never routed


@dataclass(frozen=True)
class Replacer:
    """Gives the replacement of a value; the answer depends on the kind, the value, the way and the seed alone."""

    way: Replace
    seed: int

    def __call__(self, kind: PiiKind, value: str) -> str:
        if self.way == "tag":
            return f"<{kind}>"
        value = value.translate(PLAIN)
        digest = _digest(kind, canonical(kind, value), self.seed)
        if self.way == "hash":
            return f"<{kind}:{digest[:6].hex()}>"
        return _SURROGATES[kind](value, _Chance(digest))


def canonical(kind: PiiKind, value: str) -> str:
    """The value of personal data as it is hashed: what stays of it whichever way it is written."""
    if kind == "EMAIL_ADDRESS":
        return plain_address(value).casefold()
    if kind == "IP_ADDRESS":
        return str(ipaddress.ip_address(value))
    if kind == "PHONE_NUMBER":
        international = value.lstrip("(").startswith(("+", "00"))
        digits = re.sub(r"\D", "", value.replace("(0)", ""))
        return "+" + digits.removeprefix("00") if international else digits
    return re.sub(r"[\W_]", "", value).upper()


def _digest(kind: PiiKind, value: str, seed: int) -> bytes:
    key = (seed & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")
    return hashlib.blake2b(value.encode(), key=key, person=kind.encode()[:16], digest_size=16).digest()


class _Chance:
    """An endless row of numbers from a digest."""

    def __init__(self, digest: bytes) -> None:
        self._numbers = self._stretch(digest)

    @staticmethod
    def _stretch(digest: bytes) -> Iterator[int]:
        while True:
            yield from digest
            digest = hashlib.blake2b(digest, digest_size=16).digest()

    def below(self, limit: int) -> int:
        """0 to limit - 1, nearly uniform for limits up to 2^32."""
        number = 0
        for _ in range(8):
            number = number << 8 | next(self._numbers)
        return number % limit

    def like(self, letter: str) -> str:
        """A digit for a digit, a small letter for a small one, a capital for a capital; anything else stays."""
        if letter.isdigit():
            return str(self.below(10))
        if letter.isalpha():
            new = _LETTERS[self.below(26)]
            return new.upper() if letter.isupper() else new
        return letter


def _mail(value: str, chance: _Chance) -> str:
    at = "%40" if "%40" in value else "@"
    local = canonical("EMAIL_ADDRESS", value).partition("@")[0]
    return "".join(map(chance.like, local.ljust(6, "a"))) + at + _HOSTS[chance.below(len(_HOSTS))]


def _phone(value: str, chance: _Chance) -> str:
    """The same layout; country code and trunk zero stay."""
    letter = re.search("[A-Za-z]", value)
    number, extension = (value[: letter.start()], value[letter.start() :]) if letter else (value, "")
    canon = canonical("PHONE_NUMBER", number)
    digits = canon.lstrip("+")
    kept = len(calling_code(digits) or "") if canon != digits else int(digits.startswith("0"))
    new = digits[:kept] + "".join(map(chance.like, digits[kept:]))
    if (len(digits) == 11 and digits[0] == "1") or (len(digits) == 10 and not kept):
        area = f"{2 + chance.below(8)}{chance.below(9)}{chance.below(10)}"
        new = f"{digits[:-10]}{area}55501{chance.below(100):02d}"
    dialled = "00" if canon != digits and not number.lstrip("(").startswith("+") else ""
    first, zero, rest = number.partition("(0)")
    row = iter(dialled + new + "".join(chance.like(letter) for letter in extension if letter.isdigit()))
    return _laid_out(first, row) + zero + _laid_out(rest + extension, row)


def _card(value: str, chance: _Chance) -> str:
    """The same layout and first digit; never passes Luhn's check."""
    digits = re.sub(r"\D", "", value)
    new = digits[0] + "".join(str(chance.below(10)) for _ in digits[1:])
    if luhn_valid(new):
        new = new[:-1] + str((int(new[-1]) + 1) % 10)
    return _laid_out(value, iter(new))


def _iban(value: str, chance: _Chance) -> str:
    """The same layout and country; its check digits 00 are never issued (ISO 7064 gives 02 to 98)."""
    plain = canonical("IBAN_CODE", value)
    new = iter(plain[:2] + "00" + "".join(map(chance.like, plain[4:])))
    return "".join(next(new) if letter.isalnum() else letter for letter in value)


def _ip(value: str, chance: _Chance) -> str:
    address = ipaddress.ip_address(value)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Address(0x20010DB8 << 96 | chance.below(1 << 48) << 48 | chance.below(1 << 48)))
    network = next((network for network in _PRIVATE if address in network), _BENCHMARK)
    return str(network[1 + chance.below(network.num_addresses - 2)])


def _laid_out(layout: str, digits: Iterator[str]) -> str:
    """The layout with its digits replaced by the next ones."""
    return "".join(next(digits) if letter.isdigit() else letter for letter in layout)


_SURROGATES = {
    "EMAIL_ADDRESS": _mail, "PHONE_NUMBER": _phone, "CREDIT_CARD": _card, "IBAN_CODE": _iban, "IP_ADDRESS": _ip,
}  # fmt: skip
