"""stages/reading/json_lines.py: every line comes with its place, and with its fault if it has one."""

import bz2
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Callable
from itertools import pairwise

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.core.errors import DataError
from tokenmill.stages.reading.json_lines import (
    MAX_DEPTH,
    is_deep,
    is_packed,
    read_lines,
    read_lines_between,
    refuse_others,
)

LIMIT = 1000
GOOD = b'{"a": 1}\n\n{"b": "\xc3\xbc"}\r\n   \n{"c": null}'
OBJECTS = [(0, 8, {"a": 1}, ""), (10, 12, {"b": "ü"}, ""), (27, 11, {"c": None}, "")]


def lines_of(content: bytes, limit: int = LIMIT) -> list[tuple[int, int, dict[str, object], str]]:
    return [tuple(line) for line in read_lines(io.BytesIO(content), "f.jsonl", limit)]


def frames(content: bytes) -> bytes:
    """Returns two zstd frames after an empty skippable frame, as pzstd writes them."""
    half = len(content) // 2
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    return skippable + zstandard.compress(content[:half]) + zstandard.compress(content[half:])


def members(content: bytes) -> bytes:
    return gzip.compress(content[:9]) + gzip.compress(b"") + gzip.compress(content[9:])


@pytest.mark.parametrize("pack", [bytes, gzip.compress, members, zstandard.compress, frames])
def test_lines_have_their_places_in_the_unpacked_file(pack: Callable[[bytes], bytes]) -> None:
    assert lines_of(pack(GOOD)) == OBJECTS
    assert lines_of(pack(GOOD + b"\n")) == OBJECTS


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n \n\t\n", gzip.compress(b"")])
def test_a_file_without_objects_has_no_lines(content: bytes) -> None:
    assert lines_of(content) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "Expecting property name"),
        (b"not JSON", "Expecting value"),
        (b'{"a": 1} {"b": 2}', "Extra data"),
        (b"[1]", "found a JSON list, expected an object"),
        (b"1", "found a JSON int, expected an object"),
        (b"null", "found a JSON NoneType, expected an object"),
        (b'{"a": "\xff"}', "'utf-8' codec can't decode"),
        (b'{"a": 1, "b": {"a": 1, "a": 2}}', "the key 'a' occurs twice"),
        (b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", f"lists or objects more than {MAX_DEPTH} deep"),
        (b"[" * 900 + b"]" * 900, f"lists or objects more than {MAX_DEPTH} deep"),
        (b'{"a": "' + b"x" * 2000 + b'"}', "a line of 2009 bytes, over 2000"),
    ],
)
def test_a_bad_line_is_reported_and_the_next_one_read(line: bytes, problem: str) -> None:
    before, bad, after = lines_of(b'{"a": 1}\n' + line + b'\n{"b": 2}\n', 2000)
    assert (before, after) == ((0, 8, {"a": 1}, ""), (10 + len(line), 8, {"b": 2}, ""))
    assert bad[:3] == (9, len(line), {})
    assert bad[3].startswith(problem)


def test_a_very_long_line_is_not_held_and_the_next_one_has_its_place() -> None:
    content = b"x" * 3_000_000 + b'\n{"a": 1}'
    assert lines_of(gzip.compress(content)) == [
        (0, 3_000_000, {}, f"a line of 3000000 bytes, over {LIMIT}"),
        (3_000_001, 8, {"a": 1}, ""),
    ]


def test_depth_up_to_the_limit_numbers_and_marks_are_read() -> None:
    deep = b'{"a": ' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}"
    assert lines_of(deep, 2000)[0][3] == ""
    assert lines_of(b'\xef\xbb\xbf{"a": NaN, "b": -Infinity, "c": 1e3}') == [
        (0, 39, {"a": None, "b": None, "c": 1000.0}, "")
    ]


@pytest.mark.parametrize(("value", "deep"), [(1, False), ([], False), ({"a": [1]}, False), ("[[[", False)])
def test_shallow_values_are_not_deep(value: object, deep: bool) -> None:
    assert is_deep(value) is deep


def test_a_damaged_file_gives_its_lines_up_to_the_damage() -> None:
    content = b"".join(json.dumps({"n": n, "noise": zlib.crc32(b"%d" % n)}).encode() + b"\n" for n in range(9000))
    cut = gzip.compress(content)[:-20_000]
    *good, last = lines_of(cut)
    assert [value["n"] for _, _, value, _ in good] == list(range(len(good)))
    assert len(good) > 1000
    assert last[3].startswith("the compressed file breaks here: ")


@pytest.mark.parametrize("start", [b"\x1f\x8b", b"\x28\xb5\x2f\xfd"])
def test_a_file_that_cannot_be_unpacked_at_all_is_an_error(start: bytes) -> None:
    with pytest.raises(DataError, match=r"^f\.jsonl: cannot be decompressed: .*; expected JSON Lines"):
        lines_of(start + b"\xff" * 40)


@pytest.mark.parametrize("magic", [gzip.compress(b"")[:10], zstandard.compress(b"x")[:10], b"\x5f\x2a\x4d\x18"])
def test_packed_files_are_recognised(magic: bytes) -> None:
    assert is_packed(magic)


@pytest.mark.parametrize("magic", [b"", b"{", b"\x1f", b"\x60\x2a\x4d\x18", b"\x28\xb5\x2f"])
def test_other_files_are_not_packed(magic: bytes) -> None:
    assert not is_packed(magic)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (bz2.compress(b"{}"), "compressed with bzip2"),
        (bz2.compress(b""), "compressed with bzip2"),
        (lzma.compress(b"{}"), "compressed with xz"),
        ("{}".encode("utf-16"), "text in UTF-16"),
        (b"FEA1\x00\x00", "of version 1 of Feather"),
    ],
)
def test_known_files_of_another_kind_are_refused_by_name(content: bytes, found: str) -> None:
    with pytest.raises(DataError, match=f"f.jsonl: is {found}, expected JSON Lines"):
        refuse_others(content[:10], "f.jsonl", "JSON Lines")


@pytest.mark.parametrize("magic", [b"", b"{}", b"BZh are three letters", b"BZ"])
def test_text_is_not_refused(magic: bytes) -> None:
    refuse_others(magic[:10], "f.jsonl", "JSON Lines")


@given(st.lists(st.binary(max_size=12)), st.lists(st.integers(0, 200), max_size=4))
def test_ranges_of_a_file_together_give_every_line_once(lines: list[bytes], cuts: list[int]) -> None:
    content = b"\n".join(lines)
    bounds = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    found = [
        line
        for start, end in pairwise(bounds)
        for line in read_lines_between(io.BytesIO(content), "f", LIMIT, start, end)
    ]
    whole = list(read_lines_between(io.BytesIO(content), "f", LIMIT, 0, len(content)))
    assert found == whole
    if not is_packed(content[:10]):
        assert whole == list(read_lines(io.BytesIO(content), "f", LIMIT))
