"""Counts documents whose fate changes, by the fates before and after, with a few examples of each such move."""

from dataclasses import asdict, dataclass

import polars as pl


@dataclass(frozen=True)
class Example:
    """One document of a move."""

    id: str
    url: str | None


@dataclass(frozen=True)
class Move:
    """The documents that have one fate before and another after.

    Attributes:
        before, after: the two fates.
        documents: number of documents.
        examples: the first few documents by id.
    """

    before: str
    after: str
    documents: int
    examples: tuple[Example, ...]


def counted_moves(documents: pl.DataFrame, examples: int) -> list[Move]:
    """Returns how many documents moved from each fate to another, the largest move first.

    documents: columns id, url, before and after. examples: largest number of examples per move.
    """
    grouped = (
        documents.group_by("before", "after")
        .agg(pl.len().alias("documents"), pl.struct("id", "url").sort_by("id").head(examples).alias("examples"))
        .sort("documents", "before", "after", descending=[True, False, False])
    )
    return [
        Move(before, after, count, tuple(Example(**one) for one in some))
        for before, after, count, some in grouped.iter_rows()
    ]


def moves_as_json(moves: list[Move], before: str, after: str) -> list[dict[str, object]]:
    """Returns the moves of documents from one fate to another as JSON values.

    before, after: the keys of the two fates.
    """
    return [
        {
            before: move.before,
            after: move.after,
            "documents": move.documents,
            "sample": [asdict(one) for one in move.examples],
        }
        for move in moves
    ]
