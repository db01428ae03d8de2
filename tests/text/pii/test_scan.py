"""text/pii/scan.py is compared with a plain twin, and its work on texts built to be slow is bounded."""

import re

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.cache import frozen
from tokenmill.text.kernel.classes import LOWER, UPPER, class_table
from tokenmill.text.pii.scan import IBAN, LONG, LONG_NUMBER, MAIL, NUMBER, V4, V6, scan

Found = list[tuple[int, int, str]]

DIGIT = "[0-9\u0660-\u0669\u06f0-\u06f9０-９]"
BLANK = "[ \u00a0\u2000-\u200b\u202f\u3000]"
MARK = "[-./\u2010-\u2014\u2212\u30fc－．／]"
PAREN = "[()（）]"
JOINT = rf"(?:{BLANK}|{MARK}|{PAREN})"


def found(*texts: str) -> Found:
    coded = [text.encode() for text in texts]
    data = np.frombuffer(b"".join(coded), dtype=np.uint8)
    offsets = np.cumsum([0, *map(len, coded)], dtype=np.int64)
    places = scan(frozen(data), frozen(offsets))
    assert np.all(offsets[places.rows] <= places.starts) and np.all(places.ends <= offsets[places.rows + 1])
    return sorted(
        (int(row), int(kind), bytes(data[start:end]).decode())
        for row, kind, start, end in zip(places.rows, places.kinds, places.starts, places.ends, strict=True)
    )


def plainly(*texts: str) -> Found:
    return sorted((row, kind, place) for row, text in enumerate(texts) for kind, place in twin(text))


def twin(text: str) -> list[tuple[int, str]]:
    return [*mails(text), *hexes(text), *numbers(text)]


def is_cased(letter: str) -> bool:
    flags = int(class_table()[ord(letter)])
    return bool(flags & LOWER) != bool(flags & UPPER) or letter in "－．" or "０" <= letter <= "９"


def is_part(letter: str, marks: str) -> bool:
    return (letter.isalnum() or letter in marks) if letter.isascii() else is_cased(letter)


def mails(text: str) -> list[tuple[int, str]]:
    places, low = [], 0
    for at in re.finditer("@|＠|%40", text):
        start = at.start()
        while start > low and is_part(text[start - 1], "._%+-'"):
            start -= 1
        low = end = at.end()
        literal = re.compile(r"\[[^\]\n]*\]").match(text, end)
        if literal and len(literal[0].encode()) <= 49:
            end = literal.end()
        else:
            literal = None
            while end < len(text) and is_part(text[end], ".-"):
                end += 1
        host = text[at.end() : end]
        if start < at.start() and (literal or (("." in host or "．" in host) and len(host.encode()) >= 4)):
            places.append((MAIL, text[start:end]))
    return places


def hexes(text: str) -> list[tuple[int, str]]:
    places, after = [], 0
    for colon in re.finditer(":", text):
        if colon.start() < after:
            continue
        before = re.compile("[0-9a-fA-F]{0,5}\\Z").search(text[: colon.start()])
        rest = re.compile("[0-9a-fA-F:.]*").match(text, colon.start())
        assert before and rest
        after = rest.end()
        if rest[0].count(":") >= 7 or ("::" in rest[0] and len(before[0] + rest[0]) >= 5):
            places.append((V6, before[0] + rest[0]))
    return places


def joins(between: str, following: str) -> bool:
    """Returns whether the characters between two groups of digits may join them."""
    if not 1 <= len(between) <= 4 or not re.fullmatch(rf"{JOINT}*", between) or ". " in between:
        return False
    return len(re.findall(BLANK, between)) <= 2 and len(re.findall(MARK, between)) <= 1 and following.isdigit()


def numbers(text: str) -> list[tuple[int, str]]:
    groups = [match.span() for match in re.finditer(f"%40|{DIGIT}+", text) if match[0] != "%40"]
    runs: list[list[tuple[int, int]]] = []
    for group in groups:
        if runs and joins(text[runs[-1][-1][1] : group[0]], text[group[0]]):
            runs[-1].append(group)
        else:
            runs.append([group])
    return [place for run in runs for place in number(text, run)]


def number(text: str, run: list[tuple[int, int]]) -> list[tuple[int, str]]:
    places = []
    start, end = run[0][0], run[-1][1]
    if re.search(r"(?<![A-Za-z0-9])[A-Za-z]{2}\Z", text[:start]) and re.match("[0-9]{2}", text[start:]):
        places.append((IBAN, text[start - 2 : start + 2]))
    places += [(V4, text[chain[0][0] : chain[-1][1]]) for chain in chains(text, run)]
    digits = sum(last - first for first, last in run)
    begin = start
    for _ in range(3):
        before = text[begin - 1 : begin]
        if before and before in "(+（）＋":
            begin -= 1
    plain = begin == start and len(run) == 1 and text[start:end].isascii() and digits < 13
    plain = plain and not text.startswith("00", start)
    near = text.encode()[max(0, len(text[:begin].encode()) - 48) : len(text[:end].encode()) + 8]
    if plain and not any(byte >= 65 for byte in near):
        return places
    if digits >= 7 or (digits == 6 and [last - first for first, last in run] == [2, 2, 2]):
        places.append((NUMBER if digits <= LONG else LONG_NUMBER, text[begin:end]))
    return places


def chains(text: str, run: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Returns the runs of four or more groups that single ASCII dots join, with at most three digits per group."""
    parts: list[list[tuple[int, int]]] = []
    for group in run:
        if parts and text[parts[-1][-1][1] : group[0]] == ".":
            parts[-1].append(group)
        else:
            parts.append([group])
    return [part for part in parts if len(part) >= 4 and all(last - first <= 3 for first, last in part)]


PIECES = (
    *"0123456789@:.+-()/ %,_'[]\nabcdefGZé字ßя／＠＋（）－．ー٣۴８\u00a0\u2003\u2011\u200b",
    "%40", "a@b.co", "192.168.1.1", "2001:db8::1", "DE89", "12 34 56", "1234567", "+49 30", "(0)", "tel ", "@[1.2.3.4]",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), max_size=3))
@example(["a@b.co", "", "1.2.3.4.5 x@[é]"])
@example(["12 34 56" * 30 + "@" * 5, "::" * 20])
def test_the_kernel_agrees_with_its_plain_twin(texts: list[str]) -> None:
    assert found(*texts) == plainly(*texts)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_scanned_as_the_twin_does(text: str) -> None:
    assert found(text) == plainly(text)


def test_a_text_full_of_places_needs_more_room_than_was_given() -> None:
    assert len(found("AB12 " * 5_000)) == 5_000


def test_an_open_bracket_begins_no_host() -> None:
    """Found by fuzzing: the host continued 48 bytes after the bracket, to the middle of a character."""
    for host in ("é.2" * 40, "1.1" * 40, "a.b\n]"):
        text = f"x@[{host} y@[1.2.3.4] z@a.org"
        assert found(text) == plainly(text)
        assert [place for _, kind, place in found(text) if kind == MAIL] == ["y@[1.2.3.4]", "z@a.org"]
