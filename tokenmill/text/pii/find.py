"""Personal data in texts: the scan says where it may be, the judges say what it is, overlaps are resolved."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from tokenmill.text.kernel.arrays import Bytes, Offsets
from tokenmill.text.pii.addresses import mail_spans, v4_spans, v6_spans
from tokenmill.text.pii.numbers import card_spans, iban_spans
from tokenmill.text.pii.obfuscated import obfuscated_spans
from tokenmill.text.pii.phones import phone_spans, phone_spans_in_row
from tokenmill.text.pii.scan import IBAN, LONG_NUMBER, MAIL, NUMBER, V4, V6, scan
from tokenmill.text.pii.window import Ip, PiiKind, PiiSpan, Window

Judge = Callable[[Window], list[PiiSpan]]


@dataclass(frozen=True)
class Wanted:
    """Which kinds to find. ip: all addresses of single hosts, or public ones only. obfuscated: spelt-out e-mail too."""

    kinds: tuple[PiiKind, ...]
    ip: Ip
    obfuscated: bool


class Found(NamedTuple):
    """Personal data in bytes start to end of the buffer, in the text of that row."""

    row: int
    start: int
    end: int
    kind: PiiKind


def find(data: Bytes, offsets: Offsets, wanted: Wanted) -> Iterator[Found]:
    """The personal data in the texts data[offsets[r]:offsets[r + 1]], in order, none overlapping."""
    spans: dict[int, list[PiiSpan]] = {}
    judges = _judges(wanted)
    places = scan(data, offsets)
    lows, highs = offsets[places.rows].tolist(), offsets[places.rows + 1].tolist()
    columns = (column.tolist() for column in (places.rows, places.kinds, places.starts, places.ends))
    for row, kind, start, end, low, high in zip(*columns, lows, highs, strict=True):
        window = Window(data.data, low, high, start, end)
        for judge in judges[kind]:
            if found := judge(window):
                spans.setdefault(row, []).extend(found)
    if wanted.obfuscated and "EMAIL_ADDRESS" in wanted.kinds:
        for row in range(len(offsets) - 1):
            low, high = int(offsets[row]), int(offsets[row + 1])
            if found := list(obfuscated_spans(bytes(data.data[low:high]).decode(), low)):
                spans.setdefault(row, []).extend(found)
    for row in sorted(spans):
        for span in without_overlaps(spans[row]):
            if span.kind is not None and span.kind in wanted.kinds:
                yield Found(row, span.start, span.end, span.kind)


def without_overlaps(spans: list[PiiSpan]) -> list[PiiSpan]:
    """The spans of personal data in order; of two that overlap the more certain one stays, then the longer."""
    kept: list[PiiSpan] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        while kept and kept[-1].end > span.start and _weight(span) > _weight(kept[-1]):
            kept.pop()
        if not kept or kept[-1].end <= span.start:
            kept.append(span)
    return kept


def _weight(span: PiiSpan) -> tuple[int, int]:
    return -span.rank, span.end - span.start


def _judges(wanted: Wanted) -> dict[int, tuple[Judge, ...]]:
    """Every kind that could be taken for a wanted one is judged, wanted or not; phone numbers only where wanted."""
    public = wanted.ip == "public"
    phones = "PHONE_NUMBER" in wanted.kinds
    return {
        MAIL: (mail_spans,),
        V4: (partial(v4_spans, public_only=public),),
        V6: (partial(v6_spans, public_only=public),),
        IBAN: (iban_spans,),
        NUMBER: (card_spans, phone_spans) if phones else (card_spans,),
        LONG_NUMBER: (card_spans, phone_spans_in_row) if phones else (card_spans,),
    }
