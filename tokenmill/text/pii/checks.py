"""What numbers say about themselves: check digits, issuers, country formats. Pure functions; digits and letters only.

Sources: Luhn's check is US patent 2950048 and ISO/IEC 7812-1 annex B; card issuers' ranges are the networks' published
ones; the IBAN is ISO 13616, its check ISO 7064 MOD 97-10, its country formats the registry that SWIFT keeps for ISO;
country calling codes are ITU-T E.164 and its list of assigned codes.
"""

import re
from functools import cache

IBAN_FORMATS = (
    "AD 8n12c AE 19n AL 8n16c AT 16n AZ 4a20c BA 16n BE 12n BG 4a6n8c BH 4a14c BI 23n BR 23n1a1c BY 4c4n16c CH 5n12c"
    " CR 18n CY 8n16c CZ 20n DE 18n DJ 23n DK 14n DO 4c20n EE 16n EG 25n ES 20n FI 14n FK 2a12n FO 14n FR 10n11c2n"
    " GB 4a14n GE 2a16n GI 4a15c GL 14n GR 7n16c GT 4c20c HN 4a20n HR 17n HU 24n IE 4a14n IL 19n IQ 4a15n IS 22n"
    " IT 1a10n12c JO 4a4n18c KW 4a22c KZ 3n13c LB 4n20c LC 4a24c LI 5n12c LT 16n LU 3n13c LV 4a13c LY 21n"
    " MC 10n11c2n MD 2c18c ME 18n MK 3n10c2n MN 16n MR 23n MT 4a5n18c MU 4a19n3a NI 4a20n NL 4a10n NO 11n OM 3n16c"
    " PK 4a16c PL 24n PS 4a21c PT 21n QA 4a21c RO 4a16c RS 18n RU 14n15c SA 2n18c SC 4a20n3a SD 14n SE 20n SI 15n"
    " SK 20n SM 1a10n12c SO 19n ST 21n SV 4a20n TL 19n TN 20n TR 6n16c UA 6n19c VA 18n VG 4a16n XK 16n YE 4a4n18c"
)
"""By country, what follows the two check digits: n digits, a letters, c either."""

_CODES = (
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86"
    " 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237"
    " 238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266"
    " 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380"
    " 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597"
    " 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 852 853"
    " 855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979"
    " 992 993 994 995 996 998"
)
COUNTRY_CODES = frozenset(_CODES.split())
"""Country calling codes; none is the beginning of another."""

NATIONAL_DIGITS = {
    "1": (10, 10), "7": (10, 10), "20": (8, 10), "27": (9, 9), "30": (10, 10), "31": (9, 9), "32": (8, 9),
    "33": (9, 9), "34": (9, 9), "36": (8, 9), "39": (8, 11), "40": (9, 9), "41": (9, 9), "43": (7, 13), "44": (9, 10),
    "45": (8, 8), "46": (7, 10), "47": (8, 8), "48": (9, 9), "49": (7, 13), "51": (8, 9), "52": (10, 10),
    "54": (10, 11), "55": (10, 11), "56": (9, 9), "57": (10, 10), "60": (8, 10), "61": (9, 9), "62": (8, 12),
    "63": (8, 10), "64": (8, 10), "65": (8, 8), "66": (8, 9), "81": (9, 10), "82": (8, 11), "84": (9, 10),
    "86": (10, 11), "90": (10, 10), "91": (10, 10), "92": (9, 10), "94": (9, 9), "98": (10, 10), "351": (9, 9),
    "352": (6, 9), "353": (7, 9), "358": (6, 11), "359": (8, 9), "370": (8, 8), "371": (8, 8), "372": (7, 8),
    "380": (9, 9), "381": (8, 9), "385": (8, 9), "386": (8, 8), "420": (9, 9), "421": (9, 9), "852": (8, 8),
    "886": (8, 9), "961": (7, 8), "962": (8, 9), "965": (8, 8), "966": (9, 9), "971": (8, 9), "972": (8, 9),
    "974": (8, 8),
}  # fmt: skip
"""By calling code, the fewest and most digits after it that numbers in use have."""

_CARD_RANGES = (  # first digits from, to; lengths
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14, 16)),  # Diners Club
    ("309", "309", (14, 16)),
    ("36", "36", (14, 16)),
    ("38", "39", (14, 16)),
    ("3528", "3589", (16, 17, 18, 19)),  # JCB
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "659", (16, 19)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("81", "81", (16, 17, 18, 19)),
    ("2200", "2205", (16, 17, 18, 19)),  # Mir
    ("60", "60", (16,)),  # RuPay
    ("5018", "5018", (16, 17, 18, 19)),  # Maestro
    ("5020", "5020", (16, 17, 18, 19)),
    ("5038", "5038", (16, 17, 18, 19)),
    ("5893", "5893", (16, 17, 18, 19)),
    ("6304", "6304", (16, 17, 18, 19)),
    ("6759", "6763", (16, 17, 18, 19)),
)


def luhn_valid(digits: str) -> bool:
    """Whether a card number's digits, the last of them the check digit, pass Luhn's formula; false for none."""
    total = sum(map(int, digits[-1::-2])) + sum((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[int(digit)] for digit in digits[-2::-2])
    return bool(digits) and total % 10 == 0


def is_card_number(digits: str) -> bool:
    """Whether the digits have the beginning and the length of a card network's numbers, vary, and pass luhn_valid."""
    issued = any(len(digits) in lengths and low <= digits[: len(low)] <= high for low, high, lengths in _CARD_RANGES)
    return issued and len(set(digits)) > 1 and luhn_valid(digits)


def is_iban(characters: str) -> bool:
    """Whether upper-case letters and digits without blanks are an IBAN: country, its format, check digits 02 to 98."""
    if not has_iban_format(characters) or not "02" <= characters[2:4] <= "98":
        return False
    return int("".join(str(int(character, 36)) for character in characters[4:] + characters[:4])) % 97 == 1


def has_iban_format(characters: str) -> bool:
    """Whether characters have the country, length, and letters and digits of an IBAN, whatever the check digits say."""
    known = _iban_patterns().get(characters[:2])
    return known is not None and known.fullmatch(characters) is not None


@cache
def iban_lengths() -> dict[str, int]:
    """{country: characters of its IBANs, 15 to 33}."""
    parts = IBAN_FORMATS.split()
    return {
        country: 4 + sum(map(int, re.findall(r"\d+", shape)))
        for country, shape in zip(parts[0::2], parts[1::2], strict=True)
    }


def calling_code(digits: str) -> str | None:
    """The country code that the digits of an international phone number begin with, or None."""
    return next((digits[:length] for length in (1, 2, 3) if digits[:length] in COUNTRY_CODES), None)


def has_national_length(digits: str) -> bool:
    """Whether as many digits follow a phone number's calling code as numbers of that country have; else False."""
    code = calling_code(digits)
    if code not in NATIONAL_DIGITS:
        return False
    fewest, most = NATIONAL_DIGITS[code]
    return fewest <= len(digits) - len(code) <= most


@cache
def _iban_patterns() -> dict[str, re.Pattern[str]]:
    kinds = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
    parts = IBAN_FORMATS.split()
    return {
        country: re.compile(
            country + "[0-9]{2}" + re.sub(r"(\d+)([nac])", lambda part: f"{kinds[part[2]]}{{{part[1]}}}", shape)
        )
        for country, shape in zip(parts[0::2], parts[1::2], strict=True)
    }
