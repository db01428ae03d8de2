"""Makes up personal data that passes the checks of its type, and values that only look like personal data.

Phone numbers are from ranges reserved for fiction, if the country has one. E-mail domains are reserved ones. Card and
account numbers are random digits with a correct check digit.
"""

import random
from collections.abc import Callable

from tokenmill.mini.data_files import read_slots

TYPES = ("EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS", "CREDIT_CARD", "IBAN_CODE")

CARDS = (("4", 16), ("51", 16), ("53", 16), ("2221", 16), ("37", 15), ("34", 15), ("6011", 16))  # (prefix, digits)
IBANS = {  # the characters after the check digits: 9 stands for a digit, A for a letter
    "DE": "9" * 18, "GB": "AAAA" + "9" * 14, "FR": "9" * 23, "NL": "AAAA" + "9" * 10, "ES": "9" * 20,
    "IT": "A" + "9" * 22, "CH": "9" * 17, "BE": "9" * 12, "PL": "9" * 24, "AT": "9" * 16,
}  # fmt: skip
PHONES = {  # 9 stands for any digit; other characters are copied
    "en": (
        "+1 202-555-0199", "(415) 555-0199", "212-555-0199", "+44 20 7946 0999", "020 7946 0999", "+44 7700 900999",
        "+1 (312) 555-0199", "0161 496 0999", "07700 900999",
    ),
    "de": ("+49 30 23125 999", "030 23125 999", "+49 (0)89 99998 999", "0171 39200 99", "+49 221 4710 999"),
    "fr": ("+33 1 99 00 99 99", "01 99 00 99 99", "+33 6 39 98 99 99", "06 39 98 99 99", "02.61.91.99.99"),
    "es": ("+34 912 999 999", "912 999 999", "+34 612 99 99 99", "612 99 99 99"),
}  # fmt: skip
MAIL = read_slots("words.txt")["mail"]
FRAMES = read_slots("pii.txt", filled_by_caller=("value", "name"))  # by language and type, look-alikes included


def luhn_valid(number: str) -> bool:
    """Returns True if the digits of a made-up number pass the Luhn check (ISO/IEC 7812-1)."""
    digits = [int(c) for c in reversed(number) if c.isdigit()]
    return sum(digits[0::2] + [sum(divmod(2 * d, 10)) for d in digits[1::2]]) % 10 == 0


def iban_valid(iban: str) -> bool:
    """Returns True if a made-up IBAN modulo 97 is 1 (ISO 13616). Spaces are ignored."""
    plain = iban.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def card_number(rng: random.Random) -> str:
    """Returns a made-up card number of a large brand that passes the Luhn check, in one of the usual spellings."""
    prefix, length = rng.choice(CARDS)
    body = prefix + "".join(rng.choice("0123456789") for _ in range(length - len(prefix) - 1))
    number = next(body + check for check in "0123456789" if luhn_valid(body + check))
    if length == 15:
        return rng.choice((number, f"{number[:4]} {number[4:10]} {number[10:]}"))
    groups = [number[i : i + 4] for i in range(0, 16, 4)]
    return rng.choice(("", " ", "-")).join(groups)


def iban(rng: random.Random) -> str:
    """Returns a made-up IBAN with correct check digits, without spaces or in groups of four."""
    country = rng.choice(sorted(IBANS))
    body = "".join(rng.choice("0123456789") if c == "9" else rng.choice("BCDFGHKLMNPRST") for c in IBANS[country])
    plain = next(f"{country}{check:02d}{body}" for check in range(2, 99) if iban_valid(f"{country}{check:02d}{body}"))
    return plain if rng.random() < 0.5 else " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))


def phone(rng: random.Random, lang: str) -> str:
    """Returns a made-up phone number in a spelling that is usual in the language, national or international."""
    return _digits(rng, rng.choice(PHONES.get(lang, PHONES["en"])))


def email(rng: random.Random) -> str:
    """Returns a made-up e-mail address in a reserved domain."""
    name = rng.choice(MAIL["name"])
    if rng.random() < 0.5:
        name += str(rng.randint(10, 999))
    return f"{name}@{rng.choice(MAIL['domain'])}"


def ip_address(rng: random.Random) -> str:
    """Returns a made-up IPv4 address, public or private, or an IPv6 address, full or shortened."""
    host = f"{rng.randint(0, 255)}.{rng.randint(1, 254)}"
    hexes = [f"{rng.randint(0x1000, 0xFFFF):x}" for _ in range(6)]
    return rng.choice(
        (
            f"{rng.choice((62, 81, 88, 93, 145, 185, 212))}.{rng.randint(1, 254)}.{host}",
            f"192.168.{host}",
            f"10.{rng.randint(0, 255)}.{host}",
            "2a02:" + ":".join(["8109", *hexes]),
            f"2001:db8:{hexes[0]}::{hexes[1]}",
            f"fe80::{hexes[0]}:{hexes[1]}:{hexes[2]}",
        )
    )


def value(rng: random.Random, kind: str, lang: str) -> str:
    """Returns made-up personal data of one of TYPES, as it appears in a text of that language in the mini-crawl."""
    if kind == "PHONE_NUMBER":
        return phone(rng, lang)
    makers: dict[str, Callable[[random.Random], str]] = {
        "EMAIL_ADDRESS": email, "IP_ADDRESS": ip_address, "CREDIT_CARD": card_number, "IBAN_CODE": iban,
    }  # fmt: skip
    return makers[kind](rng)


def lookalike(rng: random.Random, kind: str) -> str:
    """Returns a made-up value for the mini-crawl that looks like personal data but is not. kind: one of LOOKALIKES."""
    if kind == "order":  # sixteen digits that fail the Luhn check
        number = "7" + _digits(rng, "9" * 15)
        return number if not luhn_valid(number) else number[:-1] + str((int(number[-1]) + 1) % 10)
    if kind == "account":  # one digit is wrong, so modulo 97 it cannot be 1
        right = iban(rng)
        return right[:-1] + str((int(right[-1]) + 1) % 10)
    return {
        "version": f"{rng.randint(0, 9)}.{rng.randint(0, 40)}.{rng.randint(0, 20)}",
        "isbn": f"978-{rng.randint(0, 9)}-{rng.randint(100, 999)}-{rng.randint(10000, 99999)}-{rng.randint(0, 9)}",
        "date": f"{rng.randint(1950, 2023)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        "handle": f"@{rng.choice(MAIL['name']).replace('.', '')}",
    }[kind]


LOOKALIKES = ("order", "account", "version", "isbn", "date", "handle")


def _digits(rng: random.Random, pattern: str) -> str:
    """Returns the pattern with every 9 replaced by a random digit."""
    return "".join(rng.choice("0123456789") if c == "9" else c for c in pattern)
