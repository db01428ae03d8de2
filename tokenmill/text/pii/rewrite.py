"""Texts cut into what stays and the personal data in it, to be put together again with replacements.

What is found is masked and the text searched again, a few times if need be: two values written without a space between
them hide each other until one is gone. So a text that was scrubbed once holds nothing that a second look would find.
"""

from itertools import groupby
from typing import NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Offsets
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.pii.find import Found, Wanted, find
from tokenmill.text.pii.window import PiiKind

LOOKS = 5


class Value(NamedTuple):
    """Personal data as it stands in the text."""

    kind: PiiKind
    text: bytes

    @property
    def tag(self) -> bytes:
        """What it is masked with."""
        return f"<{self.kind}>".encode()


TextOrValue = bytes | Value


def cut(data: Bytes, offsets: Offsets, wanted: Wanted) -> dict[int, list[TextOrValue]]:
    """{row: its text in parts, personal data apart} for the texts data[offsets[r]:offsets[r + 1]] with any found."""
    cut_rows: dict[int, list[TextOrValue]] = {}
    rows: list[int] | range = range(len(offsets) - 1)
    for _ in range(LOOKS):
        changed = []
        for place, spans in groupby(find(data, offsets, wanted), key=lambda span: span.row):
            low, high = int(offsets[place]), int(offsets[place + 1])
            before = cut_rows.get(rows[place]) or [bytes(data.data[low:high])]
            cut_rows[rows[place]] = _cut_again(
                before, [span._replace(start=span.start - low, end=span.end - low) for span in spans]
            )
            changed.append(rows[place])
        if not changed:
            break
        rows = changed
        masked = [b"".join(part.tag if isinstance(part, Value) else part for part in cut_rows[row]) for row in rows]
        data = frozen(np.frombuffer(b"".join(masked), dtype=np.uint8))
        offsets = frozen(np.cumsum([0, *map(len, masked)], dtype=np.int64))
    return cut_rows


def _cut_again(parts: list[TextOrValue], spans: list[Found]) -> list[TextOrValue]:
    """The parts with the spans of their masked text cut out; no span touches a mask."""
    new: list[TextOrValue] = []
    left = iter(spans)
    span = next(left, None)
    start = 0  # of the part in the masked text
    for part in parts:
        if isinstance(part, Value):
            new.append(part)
            start += len(part.tag)
            continue
        at = 0
        while span is not None and span.end <= start + len(part):
            new += (part[at : span.start - start], Value(span.kind, part[span.start - start : span.end - start]))
            at = span.end - start
            span = next(left, None)
        new.append(part[at:])
        start += len(part)
    return new
