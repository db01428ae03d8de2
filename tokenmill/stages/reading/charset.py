"""Decodes the bytes of a page to UTF-8 text, and reports the charset and the share of bad characters.

A browser trusts the labels of a page. A crawl should not, because labels can be wrong and garbled text in a corpus
stays garbled. The candidates are, in order: a byte order mark; UTF-8 if the bytes are valid or almost valid UTF-8,
whatever the labels say (text in another charset is very rarely valid UTF-8); the charset of the HTTP header; the first
charset that the page names; the detector's guess. A charset that leaves more than a tenth of the non-ASCII characters
broken is skipped. If all are skipped, the one that breaks the fewest characters is used. Labels mean what the WHATWG
Encoding standard says (iso-8859-1 is windows-1252, gb2312 is gb18030).
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from tokenmill.text.kernel.cache import frozen
from tokenmill.text.kernel.utf8 import soundness

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_META = re.compile(rb"<(?:meta|\?xml)\b[^>]{0,512}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_META_BYTES = 8192  # the standard reads 1024, but many pages have scripts before the meta element
_WIDER = {"gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932", "big5": "big5hkscs"}  # supersets, as in browsers
_IF_UNSURE = ("cp949", "big5hkscs", "cp1252")  # resiliparse 2.0 detects some Korean text as UTF-8 that is not UTF-8
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r"))
_FORM_FEED_TO_SPACE = bytes.maketrans(b"\f", b" ")


class Decoded(NamedTuple):
    """The decoded texts, with one entry per body.

    Attributes:
        text: large_string; null for a body of None.
        charset: Python's names of the charsets.
        told_by: where each charset comes from: bom, content, http, page or detector.
        bad: share of bad characters, float64 (rows,), 0 to 1: characters that could not be decoded (U+FFFD in the text)
            and control characters (removed from it), per byte of the text and the removed characters.
    """

    text: pa.Array
    charset: list[str]
    told_by: list[str]
    bad: npt.NDArray[np.float64]


class _Guess(NamedTuple):
    text: str
    charset: str
    told_by: str
    broken: int
    wide: int


def decode(bodies: Sequence[bytes | None], labels: Sequence[str]) -> Decoded:
    """Decodes the bodies of web pages, and the bytes of other files, to text.

    labels: the charset that each body's HTTP header names, or "". A body of None becomes null.
    """
    texts = [body or b"" for body in bodies]
    data, offsets = _joined(texts)
    broken, wide, control = soundness(data, offsets)
    charset = ["utf-8"] * len(texts)
    told_by = ["http" if label and _codec(label) == "utf-8" else "content" for label in labels]
    rows = [row for row, body in enumerate(texts) if broken[row] or control[row] or body.startswith(b"\xef\xbb\xbf")]
    for row in rows:
        guess = _best(texts[row], labels[row], int(broken[row]), int(wide[row]))
        encoded = guess.text.encode("utf-8", "replace")
        texts[row] = encoded.translate(_FORM_FEED_TO_SPACE, _CONTROLS)
        charset[row], told_by[row] = guess.charset, guess.told_by
        broken[row], control[row] = guess.broken, len(encoded) - len(texts[row])
    if rows:
        data, offsets = _joined(texts)
    valid = np.packbits([body is not None for body in bodies], bitorder="little") if None in bodies else None
    buffers = [None if valid is None else pa.py_buffer(valid), pa.py_buffer(offsets), pa.py_buffer(data)]
    text = pa.Array.from_buffers(pa.large_string(), len(texts), buffers)
    return Decoded(text, charset, told_by, (broken + control) / np.maximum(np.diff(offsets) + control, 1))


def _joined(parts: list[bytes]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    offsets = np.zeros(len(parts) + 1, dtype=np.int64)
    np.cumsum([len(part) for part in parts], out=offsets[1:])
    return frozen(np.frombuffer(b"".join(parts), dtype=np.uint8)), frozen(offsets)


def _best(body: bytes, label: str, broken: int, wide: int) -> _Guess:
    """Returns the first candidate that leaves little text broken, else the one that leaves the least."""
    least: _Guess | None = None
    for codec, told_by in _candidates(body, label, broken, wide):
        guess = _decoded(body, codec, told_by)
        if guess.broken * 10 <= guess.wide:
            return guess
        if least is None or guess.broken < least.broken:
            least = guess
    assert least is not None
    return least


def _candidates(body: bytes, label: str, broken: int, wide: int) -> Iterator[tuple[str, str]]:
    for mark, codec in _BOMS:
        if body.startswith(mark):
            yield codec, "bom"
            return
    named = [(_codec(label), "http"), (_codec(_named_in(body)), "page")]
    if not broken and named[0][0] in ("utf-16-le", "utf-16-be"):
        yield named[0]  # English text in UTF-16 is valid UTF-8 too, with a NUL after each character
    if not broken and not wide and b"\x1b$" in body:
        yield "iso2022_jp", "http" if named[0][0] == "iso2022_jp" else "detector"  # pure ASCII, so valid UTF-8
    if broken * 4 <= wide:  # text in another charset has fewer valid UTF-8 sequences than broken ones
        yield "utf-8", "http" if named[0][0] == "utf-8" else "content"
    yield from ((codec, told_by) for codec, told_by in named if codec and codec != "utf-8")
    found = _codec(detect_encoding(body) or "")
    if found and found != "utf-8":
        yield found, "detector"
    yield from ((codec, "detector") for codec in _IF_UNSURE)
    yield "utf-8", "content"


def _named_in(body: bytes) -> str:
    found = _META.search(body, 0, _META_BYTES)
    name = found[1].decode("ascii", "replace") if found else ""
    return "utf-8" if name.lower().startswith("utf-16") else name  # in UTF-16, _META would not match


def _codec(label: str) -> str:
    """Returns Python's name for a charset label, or "" for an unknown label."""
    codec = map_encoding_to_html5(label.strip(), False) or ""
    return _WIDER.get(codec, codec)


def _decoded(body: bytes, codec: str, told_by: str) -> _Guess:
    text = body.decode(codec, "replace").removeprefix("\ufeff")
    wide = len(text) - len(text.encode("ascii", "ignore"))
    return _Guess(text, codec, told_by, text.count("\ufffd"), wide)
