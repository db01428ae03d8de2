"""Decodes the bytes of a page to UTF-8 text, and reports the charset and the share of bad characters.

A browser trusts the labels of a page. A crawl should not, because labels can be wrong and garbled text in a corpus
stays garbled. The candidates are, in order: a byte order mark; UTF-8 if the bytes are more likely UTF-8 than text in
another charset; the charset of the HTTP header; the first known charset that the page states; the detector's guess. A
charset that leaves more than a tenth of the non-ASCII characters broken is skipped. If all are skipped, the one that
breaks the fewest characters is used.

Whether bytes are UTF-8 is a question of likelihood. Text in another charset is hardly ever valid UTF-8, and forms few
well-formed sequences by chance; a page in UTF-8 may have some broken bytes that were pasted or cut. So each sequence
has a weight for or against UTF-8, like the logarithm of a likelihood ratio, and a label adds to the sum. The weights
were checked on sentences in 113 languages and 34 charsets (docs/common_crawl.md).

Ill-formed bytes become U+FFFD, as many as the WHATWG's decoder writes, except that a sequence of the right form for a
forbidden value (overlong, surrogate, above U+10FFFF), or a character written as two surrogates (CESU-8), becomes one.
Text that was encoded twice is valid UTF-8 and stays as it is.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from resiliparse.parse.encoding import detect_encoding

from tokenmill.stages.reading.charset_labels import codec_of, page_codec
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.kernel.utf8 import LONE_LEAD, sequences, soundness

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_DETECTED_AS = {
    "mac-cyrillic": "windows-1251"
}  # their small letters have the same bytes; pages are hardly ever the first
_IF_UNSURE = (
    "cp949",
    "big5hkscs",
    "cp1252",
)  # the detector (uchardet) finds no charset for some Korean and Chinese text
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r"))
_FORM_FEED_TO_SPACE = bytes.maketrans(b"\f", b" ")
_WEIGHTS = np.array([3, 1, 5, 6, -4, -3, -3])  # by the kinds of kernel.utf8.sequences; UTF-8 if the sum is positive
_NO_LABEL, _UTF8_LABEL, _OTHER_LABEL = 2, 5, -4
_UTF_16_NULS = 50  # a page in UTF-16 has at least one NUL in this number of bytes: those of its markup
_FORBIDDEN = re.compile(  # begins with a class, which the regex engine searches fast
    rb"[\xc0\xc1\xe0\xed\xf0\xf4-\xfd](?:(?<=[\xc0\xc1])[\x80-\xbf]|(?<=\xe0)[\x80-\x9f][\x80-\xbf]"
    rb"|(?<=\xed)[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]|(?<=\xed)[\xa0-\xbf][\x80-\xbf]"
    rb"|(?<=\xf0)[\x80-\x8f][\x80-\xbf]{2}|(?<=\xf4)[\x90-\xbf][\x80-\xbf]{2}|(?<=[\xf5-\xf7])[\x80-\xbf]{3}"
    rb"|(?<=[\xf8-\xfb])[\x80-\xbf]{4}|(?<=[\xfc\xfd])[\x80-\xbf]{5})"
)
_REPLACEMENT = "\ufffd".encode()


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


def decode(bodies: Sequence[bytes | None], labels: Sequence[str], utf8: Sequence[bool] = ()) -> Decoded:
    """Decodes the bodies of web pages, and the bytes of other files, to text.

    labels: the charset that each body's HTTP header names, or "". A body of None becomes null.
    utf8: True for each body that is UTF-8 by the definition of its format, whatever bytes are broken; none if empty.
    """
    texts = [body or b"" for body in bodies]
    data, offsets = _joined(texts)
    broken, wide, control = soundness(data, offsets)
    charset = ["utf-8"] * len(texts)
    told_by = ["http" if label and codec_of(label) == "utf-8" else "content" for label in labels]
    rows = [row for row, body in enumerate(texts) if broken[row] or control[row] or body.startswith(b"\xef\xbb\xbf")]
    for row in rows:
        by_format = bool(utf8 and utf8[row])
        guess = _best(texts[row], labels[row], sound=not broken[row], wide=int(wide[row]), by_format=by_format)
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


def _best(body: bytes, label: str, *, sound: bool, wide: int, by_format: bool) -> _Guess:
    """Returns the body in the charset that is certain, else in the first candidate that leaves little text broken, else
    in the one that leaves the least.

    sound: the body is valid UTF-8. wide: number of its well-formed sequences above ASCII.
    """
    stated = [(codec_of(label), "http"), (page_codec(body), "page")]
    if certain := _certain(body, stated, sound=sound, wide=wide, by_format=by_format):
        return _decoded(body, *certain)
    least: _Guess | None = None
    for codec, told_by in _candidates(body, stated):
        guess = _decoded(body, codec, told_by)
        if guess.broken * 10 <= guess.wide:
            return guess
        if least is None or guess.broken < least.broken:
            least = guess
    assert least is not None
    return least


def _certain(
    body: bytes, stated: list[tuple[str, str]], *, sound: bool, wide: int, by_format: bool
) -> tuple[str, str] | None:
    """Returns (codec, told_by) if the bytes themselves show the charset, else None."""
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return codec, "bom"
    http = stated[0][0]
    as_utf8 = "utf-8", "http" if http == "utf-8" else "content"
    if by_format:
        return as_utf8
    if sound and body.count(0) * _UTF_16_NULS >= len(body):
        for codec, told_by in stated:
            if codec.startswith("utf-16"):  # English text in UTF-16 is valid UTF-8 too, with a NUL after each character
                return codec, told_by
    if sound and not wide and b"\x1b$" in body:  # pure ASCII, so valid UTF-8
        guess = _decoded(body, "iso2022_jp", "http" if http == "iso2022_jp" else "detector")
        return guess[1:3] if guess.broken * 10 <= guess.wide else as_utf8
    return as_utf8 if sound or _is_utf8(body, {codec for codec, _ in stated if codec}) else None


def _is_utf8(body: bytes, stated: set[str]) -> bool:
    """Returns whether bytes that are not valid UTF-8 are more likely UTF-8 than text in another charset."""
    counts = sequences(frozen(np.frombuffer(body, dtype=np.uint8)))
    if not counts.any():  # apart from a cut or forbidden character the page is ASCII, so its labels decide
        return stated == {"utf-8"} and body[-1] < 0xC0
    contradictory = len(stated) > 1 and "utf-8" in stated
    label = _NO_LABEL if not stated or contradictory else _UTF8_LABEL if "utf-8" in stated else _OTHER_LABEL
    return bool(counts[:LONE_LEAD].any()) and int(counts @ _WEIGHTS) + label > 0


def _candidates(body: bytes, stated: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield from ((codec, told_by) for codec, told_by in stated if codec and codec != "utf-8")
    found = (detect_encoding(body, html5_compatible=False) or "").lower()
    codec = codec_of(_DETECTED_AS.get(found, found))
    if codec and codec != "utf-8":
        yield codec, "detector"
    yield from ((codec, "detector") for codec in _IF_UNSURE)
    yield "utf-8", "content"


def _decoded(body: bytes, codec: str, told_by: str) -> _Guess:
    known = 0
    if codec == "utf-8":
        known = body.count(_REPLACEMENT)  # these are characters of the page, not broken bytes
        body = _FORBIDDEN.sub(_REPLACEMENT, body)
    text = body.decode(codec, "replace").removeprefix("\ufeff")
    wide = len(text) - len(text.encode("ascii", "ignore"))
    return _Guess(text, codec, told_by, text.count("\ufffd") - known, wide)
