"""Replaces personal data in the text: e-mail, IP address, card, IBAN, telephone number, each with its check.

A kernel marks the few spans worth judging (text.pii_spans), core.personal_data judges them. A replacement depends on
the value, the seed and nothing else, so the same value becomes the same replacement in every document and every run.
From this step on no original stands in `text` or `url`. Names and postal addresses are not covered.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa

from tokenmill.core.columns import set_column
from tokenmill.core.errors import did_you_mean
from tokenmill.core.personal_data import Found, email_at, iban_at, ipv6_at, numbers_in
from tokenmill.core.rules import signal_columns
from tokenmill.text.pii_spans import IBAN, MAIL, NUMBER, spans
from tokenmill.text.segment import Bytes, Offsets, text_buffer

TYPES = ("EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD", "IP_ADDRESS", "PHONE_NUMBER")
"""In the order of certainty: where two findings overlap, the earlier type stands."""


@dataclass(frozen=True)
class ScrubPii:
    """types: what to replace. replace: `tag` writes <EMAIL_ADDRESS>, `hash` <EMAIL_ADDRESS:1a2b3c4d5e6f>, `surrogate` a
    made-up value of the same form from ranges reserved for examples. seed: keys hashes and surrogates.
    """

    types: tuple[str, ...] = TYPES
    replace: Literal["tag", "hash", "surrogate"] = "tag"
    seed: int = 0

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text", *signal_columns("scrub_pii", *(f"n_{name.lower()}" for name in TYPES)))

    def __post_init__(self) -> None:
        for name in self.types:
            if name not in TYPES:
                raise ValueError(
                    f"types: found {name!r}, expected some of {', '.join(TYPES)}{did_you_mean(name, TYPES)}"
                )

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        text, counts = self._scrubbed(batch.column("text"))
        if text is not None:
            batch = set_column(batch, "text", text)
        for place, name in enumerate(TYPES):
            batch = set_column(batch, f"scrub_pii.n_{name.lower()}", pa.array(counts[:, place], type=pa.int32()))
        if "url" in batch.schema.names:
            url, _ = self._scrubbed(batch.column("url"))
            batch = batch if url is None else set_column(batch, "url", url)
        return batch

    def _scrubbed(self, column: pa.Array) -> tuple[pa.Array | None, np.ndarray]:
        """(the column with findings replaced, or None if there are none; findings int32 (rows, types))."""
        buffer, offsets = text_buffer(pa.record_batch([column.cast(pa.large_string())], names=["text"]))
        counts = np.zeros((len(column), len(TYPES)), dtype=np.int32)
        found = [one for one in _found(buffer, offsets) if one.type in self.types]
        if not found:
            return None, counts
        kept = _without_overlaps(found)
        raw = memoryview(buffer)  # type: ignore[arg-type]
        starts = np.array([one.start for one in kept])
        rows = np.searchsorted(offsets, starts, side="right") - 1
        np.add.at(counts, (rows, np.array([TYPES.index(one.type) for one in kept])), 1)
        news = [self._replacement(one.type, bytes(raw[one.start : one.end])) for one in kept]
        return _spliced(column, raw, offsets, kept, news, rows), counts

    def _replacement(self, kind: str, value: bytes) -> bytes:
        if self.replace == "tag":
            return b"<%s>" % kind.encode()
        key = hashlib.blake2b(value, key=b"%d" % self.seed, person=kind.encode()[:16], digest_size=16).digest()
        return b"<%s:%s>" % (kind.encode(), key[:6].hex().encode()) if self.replace == "hash" else _surrogate(kind, key)


def _found(buffer: Bytes, offsets: Offsets) -> Iterator[Found]:
    """Everything found, places in the buffer. Each document is judged by itself: its neighbours are no context."""
    marked = spans(buffer, offsets)
    rows = np.searchsorted(offsets, marked[:, 1], side="right") - 1
    for row, group in groupby(zip(rows.tolist(), marked.tolist(), strict=True), key=itemgetter(0)):
        low = int(offsets[row])
        text = buffer[low : offsets[row + 1]].tobytes()
        for _, (kind, start, end) in group:
            for one in _judged(text, kind, start - low, end - low):
                yield Found(one.type, one.start + low, one.end + low)


def _judged(text: bytes, kind: int, start: int, end: int) -> Iterator[Found]:
    if kind == NUMBER:
        yield from numbers_in(text, start, end)
        return
    found = (
        email_at(text, start) if kind == MAIL else iban_at(text, start) if kind == IBAN else ipv6_at(text, start, end)
    )
    if found is not None:
        yield found


def _without_overlaps(found: list[Found]) -> list[Found]:
    """By certainty of type, then length; what overlaps a finding already taken goes. In order of place."""
    taken: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, TYPES.index(one.type), -one.end)):
        if taken and one.start < taken[-1].end:
            better = TYPES.index(one.type) < TYPES.index(taken[-1].type)
            if better:
                taken[-1] = one
            continue
        taken.append(one)
    return taken


def _spliced(
    column: pa.Array, raw: memoryview, offsets: Offsets, kept: list[Found], news: list[bytes], rows: np.ndarray
) -> pa.Array:
    """The column with each finding replaced; the rest of the buffer is copied in the pieces between them."""
    edges = [int(offsets[0]), *(place for one in kept for place in (one.start, one.end)), int(offsets[-1])]
    pieces: list[bytes | memoryview] = []
    for place, (low, high) in enumerate(pairwise(edges)):
        pieces.append(raw[low:high] if place % 2 == 0 else news[place // 2])
    growth = np.zeros(len(offsets), dtype=np.int64)
    np.add.at(growth, rows + 1, [len(new) - (one.end - one.start) for one, new in zip(kept, news, strict=True)])
    new_offsets = offsets - offsets[0] + np.cumsum(growth)
    valid = column.is_valid().buffers()[1] if column.null_count else None
    buffers = [valid, pa.py_buffer(new_offsets.astype(np.int64)), pa.py_buffer(b"".join(pieces))]
    return pa.Array.from_buffers(pa.large_string(), len(column), buffers)


def _surrogate(kind: str, key: bytes) -> bytes:
    """A value of the same form that belongs to nobody (RFC 2606, RFC 5737; NANP 555-01xx; a card and an IBAN that
    fail).
    """
    number = int.from_bytes(key[:8], "big")
    if kind == "EMAIL_ADDRESS":
        return b"user%s@example.com" % key[:5].hex().encode()
    if kind == "IP_ADDRESS":
        return b"192.0.2.%d" % (number % 254 + 1)
    if kind == "PHONE_NUMBER":
        return b"+1 %d 555 01%02d" % (number % 800 + 200, number // 800 % 100)
    if kind == "CREDIT_CARD":
        return b"0000 %04d %04d %04d" % tuple(number // 10_000**place % 10_000 for place in range(3))
    return b"XX00 %04d %04d %04d" % tuple(number // 10_000**place % 10_000 for place in range(3))
