"""Joins lines to batches of bounded size."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

_ROWS_A_BATCH = 65_536


class Placed(Protocol):
    """A line with its size in bytes."""

    @property
    def length(self) -> int: ...


AnyLine = TypeVar("AnyLine", bound=Placed)


def line_batches(lines: Iterable[AnyLine], size: int, each: int = 0) -> Iterator[list[AnyLine]]:
    """Yields lists of about `size` bytes. each: bytes to add for each line, for the names of its columns."""
    held: list[AnyLine] = []
    total = 0
    for line in lines:
        held.append(line)
        total += line.length + each
        if total >= size or len(held) == _ROWS_A_BATCH:
            yield held
            held, total = [], 0
    if held:
        yield held
