"""Decoders give what the standard library gives, however the input is cut, and report where the damage is."""

import bz2
import gzip
import io
import lzma
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.core.io.compression import (
    Decompressed,
    DecompressionError,
    Format,
    decoder,
    decompress,
    decompress_prefix,
    format_of,
    growth_limit,
    lzma_decoder,
)

PACK: dict[Format, Callable[[bytes], bytes]] = {
    Format.GZIP: lambda data: gzip.compress(data, mtime=0),
    Format.BZ2: bz2.compress,
    Format.XZ: lzma.compress,
    Format.ZSTD: zstandard.compress,
    Format.ZLIB: zlib.compress,
    Format.DEFLATE: lambda data: zlib.compress(data)[2:-4],
}
WITH_MAGIC = [Format.GZIP, Format.BZ2, Format.XZ, Format.ZSTD]
SKIPPABLE = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"(\xb5/\xfd!"
TEXT = b"".join(b"%d words and %d more\n" % (number, number**3) for number in range(3000))

contents = st.one_of(
    st.binary(max_size=300),
    st.builds(bytes.__mul__, st.binary(min_size=1, max_size=9), st.integers(0, 20_000)),
    st.integers(0, len(TEXT)).map(lambda end: TEXT[:end]),
)


def fed(format: Format, packed: bytes, cut: int, limit: int) -> tuple[bytes, bytes, int]:
    """Feeds one stream in cuts. Returns (content, unused input, bytes taken)."""
    stream, parts, at = decoder(format), [], 0
    while not stream.eof:
        data = packed[at : at + cut] if stream.needs_input else b""
        assert data or not stream.needs_input, "the stream has no end"
        at += len(data)
        parts.append(stream.feed(data, limit))
        assert limit < 0 or len(parts[-1]) <= limit
    return b"".join(parts), stream.unused + packed[at:], stream.taken


@pytest.mark.parametrize("format", PACK)
@given(content=contents, cut=st.integers(1, 4000), limit=st.one_of(st.just(-1), st.integers(100, 100_000)))
def test_any_cut_of_the_input_gives_the_content(format: Format, content: bytes, cut: int, limit: int) -> None:
    packed = PACK[format](content)
    assert fed(format, packed + b"behind", cut, limit) == (content, b"behind", len(packed))


@given(
    parts=st.lists(contents, min_size=1, max_size=4),
    level=st.integers(1, 5),
    checksum=st.booleans(),
    size=st.booleans(),
    cut=st.integers(1, 4000),
)
def test_a_zstd_frame_of_any_make_is_followed_by_its_blocks(
    parts: list[bytes], level: int, checksum: bool, size: bool, cut: int
) -> None:
    total = sum(map(len, parts))
    maker = zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=size)
    frame = maker.compressobj(size=total if size else -1)
    packed = b"".join(frame.compress(part) + frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for part in parts)
    packed += frame.flush()
    assert fed(Format.ZSTD, packed + b"behind", cut, -1) == (b"".join(parts), b"behind", len(packed))


@pytest.mark.parametrize("format", WITH_MAGIC)
@pytest.mark.parametrize("zeros", [0, 1, 512, 100_000])
def test_streams_follow_one_another_with_zeros_between(format: Format, zeros: int) -> None:
    packed, padding = PACK[format](TEXT), bytes(zeros)
    assert decompress(padding.join([packed, PACK[format](b""), packed]) + padding, format, 1 << 20) == TEXT * 2


def test_skippable_frames_hold_nothing() -> None:
    packed = PACK[Format.ZSTD](TEXT)
    assert format_of(SKIPPABLE) is Format.ZSTD
    assert decompress(SKIPPABLE + packed + SKIPPABLE + packed + SKIPPABLE, Format.ZSTD, 1 << 20) == TEXT * 2


@pytest.mark.parametrize("format", WITH_MAGIC)
def test_what_is_behind_the_streams_and_is_none_is_named(format: Format) -> None:
    packed = PACK[format](TEXT)
    file = Decompressed(io.BytesIO(packed + b"junk"), format)
    assert file.read(1 << 20) == TEXT
    with pytest.raises(DecompressionError, match=f"{format.stream} is followed by b'junk'"):
        file.read(1)
    assert decompress_prefix(packed + packed + b"junk", format, 1 << 20) == (TEXT * 2, True)
    assert decompress_prefix(packed * 40, format, 25 * len(TEXT) + 1) == ((TEXT * 26)[: 25 * len(TEXT) + 1], True)


@pytest.mark.parametrize("format", WITH_MAGIC)
def test_a_file_cut_off_anywhere_gives_a_beginning_and_says_so(format: Format) -> None:
    content = TEXT[:3000]
    packed = PACK[format](content)
    for end in range(1, len(packed)):
        file = Decompressed(io.BytesIO(packed[:end]), format)
        with pytest.raises(DecompressionError, match=f"the file ends inside a {format.stream}"):
            while part := file.read(100):
                assert content.startswith(part) or part in content
        found = decompress_prefix(packed[:end], format, 1 << 20)
        assert content.startswith(found.data) and not found.whole


@pytest.mark.parametrize("format", WITH_MAGIC)
def test_what_lies_before_damage_is_given(format: Format) -> None:
    whole = PACK[format](TEXT)
    file = Decompressed(io.BytesIO(whole + whole[: len(whole) // 2] + b"\xff" * len(whole)), format)
    parts = []
    with pytest.raises(DecompressionError):
        while part := file.read(1000):
            parts.append(part)
    assert len(b"".join(parts)) >= len(TEXT) and (TEXT * 2).startswith(b"".join(parts)[: len(TEXT)])
    with pytest.raises(DecompressionError):
        file.read(1000)


def test_damage_loses_one_block_of_zstd() -> None:
    """A block has 128 KiB of content. The library alone would also lose the content that came with the damage."""
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(TEXT * 20))
    packed[-1] ^= 1
    file = Decompressed(io.BytesIO(packed), Format.ZSTD)
    assert len(file.read(1 << 24)) >= len(TEXT * 20) - (1 << 17)
    with pytest.raises(DecompressionError):
        file.read(1)


@pytest.mark.parametrize("format", PACK)
def test_bombs_stay_within_the_bound(format: Format) -> None:
    bomb = PACK[format](bytes(16 << 20))
    tracemalloc.start()
    try:
        assert decompress_prefix(bomb, format, 1 << 20) == (bytes(1 << 20), True)
        if format.magic:
            with pytest.raises(DecompressionError, match="more than 1,048,576 bytes"):
                decompress(bomb, format, 1 << 20)
            file = Decompressed(io.BytesIO(bomb), format)
            assert sum(iter(lambda: len(file.read(1 << 16)), 0)) == 16 << 20
        assert tracemalloc.get_traced_memory()[1] < 12 << 20  # xz has a window of 8 MiB
    finally:
        tracemalloc.stop()


def test_a_window_that_is_too_large_is_refused() -> None:
    frame = b"\x28\xb5\x2f\xfd\x00" + bytes([(28 - 10) << 3]) + b"\x01\x00\x00"  # the header asks for 256 MiB
    with pytest.raises(DecompressionError, match="memory"):
        decompress(frame, Format.ZSTD, 100)
    with pytest.raises(DecompressionError, match="asks for 4294967295 bytes"):
        lzma_decoder(b"\x5d\xff\xff\xff\xff", 100)
    with pytest.raises(DecompressionError):
        lzma_decoder(bytes([4 * 9 + 4, 0, 0, 1, 0]), 100)  # found by fuzzing: the library raised its own error
    with pytest.raises(DecompressionError):
        decoder(Format.ZSTD, dictionary=b"\x37\xa4\x30\xec broken")


def test_lzma_without_a_container() -> None:
    settings = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}
    packed = lzma.compress(TEXT, lzma.FORMAT_RAW, filters=[settings])
    stream = lzma_decoder(b"\x5d" + (1 << 16).to_bytes(4, "little"), len(TEXT))
    assert stream.feed(packed, len(TEXT)) == TEXT


def test_formats_are_told_by_their_first_bytes() -> None:
    assert [format_of(PACK[format](TEXT)) for format in WITH_MAGIC] == WITH_MAGIC
    assert format_of(b"") is format_of(b"plain") is format_of(b"\x1f") is None


def test_a_bomb_is_what_grows_two_hundred_times() -> None:
    assert growth_limit(0) == growth_limit(1000) == 64 << 20
    assert growth_limit(1 << 20) == 200 << 20
