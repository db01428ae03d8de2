"""text/kernel/utf8.py is compared with Python's own decoder."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.utf8 import soundness

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
