"""text/kernel/utf8.py is compared with Python's own decoder."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.utf8 import sequences, soundness

ODD = [
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xff",
    b"\x00\x1f\t\n\r",
    b"a" * 70,
]
PIECE = st.one_of(st.text(max_size=20).map(str.encode), st.binary(max_size=5), st.sampled_from(ODD))


def counted(rows: list[bytes]) -> list[tuple[int, ...]]:
    data = np.frombuffer(b"".join(rows), dtype=np.uint8)
    offsets = np.cumsum([0] + [len(row) for row in rows]).astype(np.int64)
    offsets.flags.writeable = False
    return [tuple(int(value) for value in row) for row in zip(*soundness(data, offsets), strict=True)]


def plain(row: bytes) -> tuple[int, ...]:
    text = row.decode("utf-8", "replace")
    broken = text.count("\ufffd") - row.count("\ufffd".encode())
    wide = sum(character > "\x7f" for character in text) - broken
    return broken, wide, sum(byte < 32 and byte not in b"\t\n\r" for byte in row)


@given(st.lists(st.lists(PIECE, max_size=9).map(b"".join), max_size=4))
@settings(deadline=None)
def test_rows_are_counted_as_the_decoder_replaces(rows: list[bytes]) -> None:
    assert counted(rows) == [plain(row) for row in rows]


NEXT = rb"[\x80-\xbf]"
TOKEN = re.compile(
    rb"(?P<sound>[\xc2-\xdf]NEXT|\xe0[\xa0-\xbf]NEXT|\xed[\x80-\x9f]NEXT|[\xe1-\xec\xee\xef]NEXT{2}"
    rb"|\xf0[\x90-\xbf]NEXT{2}|\xf4[\x80-\x8f]NEXT{2}|[\xf1-\xf3]NEXT{3})"
    rb"|(?P<forbidden>[\xc0-\xdf]NEXT|[\xe0-\xef]NEXT{2}|[\xf0-\xf7]NEXT{3}|[\xf8-\xfb]NEXT{4}|[\xfc\xfd]NEXT{5})"
    rb"|(?P<end>(?:[\xe0-\xef]NEXT|[\xf0-\xf7]NEXT{1,2}|[\xf8-\xfb]NEXT{1,3}|[\xfc\xfd]NEXT{1,4})\Z)"
    rb"|(?P<cut>[\xe0-\xfd]NEXT+)|(?P<last>[\xc0-\xfd]\Z)|(?P<lead>[\xc0-\xff])|(?P<continuation>NEXT)".replace(
        b"NEXT", NEXT
    )
)


def plain_sequences(row: bytes) -> list[int]:
    """Returns the counts of `sequences`, in plain Python."""
    tokens = list(TOKEN.finditer(row))
    lone = [token.span() for token in tokens if token.lastgroup in ("lead", "last")]
    starts, ends = {start for start, _ in lone}, {end for _, end in lone}
    counts = dict.fromkeys(("common", "other", 3, 4, "lead", "continuation", "cut"), 0)
    for token in tokens:
        kind: str | int | None = token.lastgroup
        if kind == "sound" and token.start() not in ends and token.end() not in starts:
            number = ord(token[0].decode())
            common = number <= 0x17F or 0x380 <= number <= 0x47F or 0x5C0 <= number <= 0x6FF
            kind = len(token[0]) if len(token[0]) > 2 else "common" if common else "other"
        if kind in counts:
            counts[kind] += 1
    return list(counts.values())


@given(st.lists(PIECE, max_size=9).map(b"".join))
@settings(deadline=None, max_examples=400)
def test_sequences_are_counted_by_kind(row: bytes) -> None:
    assert sequences(np.frombuffer(row, dtype=np.uint8)).tolist() == plain_sequences(row)


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        (b"", (0, 0, 0, 0, 0, 0, 0)),
        ("é я ש ß̂ ɣ 海 😀".encode(), (4, 2, 1, 1, 0, 0, 0)),
        (b"\xe9 \xff", (0, 0, 0, 0, 2, 0, 0)),
        (b"\xe9\xc3\xa9 \xc3\xa9\xe9 \xc3\xa9", (1, 0, 0, 0, 2, 0, 0)),  # two touch a lone lead byte
        (b"\xc3\xa9\xa0 \x96", (1, 0, 0, 0, 0, 2, 0)),
        (b"\xe2\x80 \xf0\x9f\x98 ", (0, 0, 0, 0, 0, 0, 2)),
        (b"\xc0\x80 \xed\xa0\xbd\xed\xb8\x80 \xf8\x88\x80\x80\x80", (0, 0, 0, 0, 0, 0, 0)),
        (b"\xc3\xa9 \xe2\x80", (1, 0, 0, 0, 0, 0, 0)),
        (b"\xc3\xa9 \xe2", (1, 0, 0, 0, 0, 0, 0)),
        (b"\xc2\xb3\xe4", (0, 0, 0, 0, 0, 0, 0)),
    ],
)
def test_examples_of_sequences(row: bytes, counts: tuple[int, ...]) -> None:
    assert tuple(sequences(np.frombuffer(row, dtype=np.uint8)).tolist()) == counts
