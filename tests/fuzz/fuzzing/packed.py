"""Targets: decompression, and lists of domains and URLs."""

import bz2
import gzip
import io
import lzma
import tempfile
import zlib
from pathlib import Path

import zstandard
from fuzzing.harness import Target

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io.compression import (
    MAGIC_BYTES,
    Decompressed,
    DecompressionError,
    Format,
    decompress,
    decompress_prefix,
    format_of,
    lzma_decoder,
)
from tokenmill.filters._url_lists import list_file, loaded
from tokenmill.text.url.hosts import clean_host

_TEXT = b"".join(b"%d words and %d more\n" % (number, number**3) for number in range(200))
_LIMIT = 1 << 20
_SPACES = "".join(map(chr, range(33)))
_SKIPPABLE = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"(\xb5/\xfd!"
_HEADS = (b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18", bytes(512))


def _packed() -> dict[str, bytes]:
    return {
        "gzip": gzip.compress(_TEXT, mtime=0),
        "bzip2": bz2.compress(_TEXT),
        "xz": lzma.compress(_TEXT),
        "zstd": zstandard.compress(_TEXT),
        "zstd of blocks": zstandard.ZstdCompressor(write_checksum=True, write_content_size=False).compress(_TEXT * 40),
        "zlib": zlib.compress(_TEXT),
        "plain": _TEXT,
    }


def _past_packed() -> dict[str, bytes]:
    packed = gzip.compress(_TEXT, mtime=0)
    return {
        "zeros-behind": packed + bytes(512),
        "zeros-between": packed + bytes(100_000) + packed,
        "junk-behind": packed + b"junk",
        "frame-to-skip": _SKIPPABLE + zstandard.compress(_TEXT) + _SKIPPABLE,
        "window-of-256-mib": b"\x28\xb5\x2f\xfd\x00" + bytes([(28 - 10) << 3]) + b"\x01\x00\x00",
        "lzma-settings-refused": bytes([4 * 9 + 4, 0, 0, 1, 0]) + _TEXT,
        "lzma-window-of-4-gb": b"\x5d\xff\xff\xff\xff" + _TEXT,
        "first-block-long": zstandard.compress(bytes(range(256)) * 600),
        "bomb-of-gzip": gzip.compress(bytes(2 << 20), 9),
    }


def check_decompression(data: bytes) -> int:
    """Checks that reads of any size give the same content and damage, within the limit and equal to the standard
    library.

    Smaller reads may give more of the content before the damage.
    """
    found = 0
    for format in Format:
        prefix = _attempt(lambda format=format: decompress_prefix(data, format, _LIMIT).data)  # type: ignore[misc]
        assert prefix is None or len(prefix) <= _LIMIT
        if format_of(data[:MAGIC_BYTES]) is format:
            found = _check_file(data, format)
    if len(data) >= 5:
        _attempt(lambda: lzma_decoder(data[:5], _LIMIT).feed(data[5:], _LIMIT))
    return found


def _check_file(data: bytes, format: Format) -> int:
    contents = [_content(data, format, size) for size in (1 << 16, 997)]
    (whole, damage), (pieces, other) = contents
    assert damage == other, f"reads of 997 bytes fail with {other!r}, not {damage!r}"
    assert pieces == whole or (damage and pieces.startswith(whole)), "reads of 997 bytes give another content"
    at_once = _attempt(lambda: decompress(data, format, _LIMIT))
    assert at_once == (None if damage or len(whole) > _LIMIT else whole)
    if not damage and len(whole) <= _LIMIT and format is not Format.ZSTD:
        standard = {Format.GZIP: gzip.decompress, Format.BZ2: bz2.decompress, Format.XZ: lzma.decompress}[format]
        assert standard(data.rstrip(b"\0") if format is Format.XZ else data)[: len(whole)] == whole
    return len(whole)


def _content(data: bytes, format: Format, size: int) -> tuple[bytes, str]:
    """Returns (content that a file gives in reads of this size, at most a little over the limit; the damage that ended
    it).
    """
    file, parts, total = Decompressed(io.BytesIO(data), format), list[bytes](), 0
    try:
        while total <= _LIMIT and (part := file.read(size)):
            assert len(part) <= size
            parts.append(part)
            total += len(part)
    except DecompressionError as error:
        return b"".join(parts)[: _LIMIT + 1], str(error) or "damage"
    return b"".join(parts)[: _LIMIT + 1], ""


def _attempt(work: object) -> bytes | None:
    try:
        return work()  # type: ignore[operator,no-any-return]
    except DecompressionError:
        return None


def _lists() -> dict[str, bytes]:
    domains = b"Bad.com\r\n# ours\n\n192.0.2.7\nb\xc3\xbccher.de\n*.x.y.evil.org\n.a.b\nxn--9ca.org\n" * 3
    return {
        "domains": domains,
        "packed": gzip.compress(domains, mtime=0),
        "urls": b"good.com/Virus.exe\nhttp://a.b/c\n",
    }


def _past_lists() -> dict[str, bytes]:
    return {
        "members": gzip.compress(b"a.example\n") + gzip.compress(b"b.example\n"),
        "cut-off": gzip.compress(b"a.example\n")[:-3],
        "not-utf-8": b"a.com\ncaf\xe9.fr\n",
        "mark-of-byte-order": b"\xef\xbb\xbfa.com\n",
        "only-comments": b"# nothing\n\n",
        "host-of-10000-labels": b"a." * 10_000 + b"org\n",
    }


def check_list(data: bytes) -> int:
    """Checks that a list is refused or all its entries are found: each line that is a host, and no other name."""
    ending = ".gz" if data.startswith(b"\x1f\x8b") else ""
    count = 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder) / f"list{ending}"
        path.write_bytes(data)
        for kind in ("domains", "urls", "hard_words"):
            try:
                file = list_file(kind, "adult", "categories", str(path))
                lists = loaded((file,), ((), (), (), (), ()), frozenset(), frozenset())
            except (RecipeError, DataError):
                continue
            count += 1
            if kind == "domains":
                content = gzip.decompress(data) if ending else data
                _check_domains(content, {lists.domains.name(at) for at in range(len(lists.domains.starts))})
    if not count:
        raise RecipeError("a list of no kind")
    return count


def _check_domains(content: bytes, names: set[str]) -> None:
    entries = [line.strip(_SPACES) for line in content.removeprefix(b"\xef\xbb\xbf").decode().split("\n")]
    bare = [entry.removeprefix("*").strip("." + _SPACES) for entry in entries if not entry.startswith("#")]
    hosts = {clean_host(entry.encode()) for entry in bare}
    others = {name for name in names - hosts if name not in {entry.lower() for entry in bare}}
    assert not others, f"names that no line has: {sorted(others)[:3]}"
    lost = {host for host in hosts - names - {""} if not host.startswith("www.")}
    assert not lost, f"lines that are lost: {sorted(lost)[:3]}"


TARGETS = (
    Target(
        "decompression", _packed, check_decompression, past=_past_packed, tokens=_HEADS, refusals=(DecompressionError,)
    ),
    Target(
        "url_list", _lists, check_list, past=_past_lists, refusals=(RecipeError, DataError),
        tokens=(b"a.org\n", b"*.", b"#", b"%61", b"http://", b"\xc3\xa9", b"\xe3\x80\x82", b"\r\n", b"[::1]\n"),
        forms=(bytes, bytes, gzip.compress), most_refused=0.9,
    ),
)  # fmt: skip
