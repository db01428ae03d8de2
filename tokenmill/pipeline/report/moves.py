"""Documents whose fate changes, counted by the fate before and after, with a few examples of each such move."""

from dataclasses import asdict, dataclass

import polars as pl


@dataclass(frozen=True)
class Example:
    """One document of a move."""

    id: str
    url: str | None


@dataclass(frozen=True)
class Move:
    """How many documents had one fate before and have another after, with the first few by id."""

    before: str
    after: str
    documents: int
    examples: tuple[Example, ...]


def counted_moves(documents: pl.DataFrame, examples: int) -> list[Move]:
    """The moves of documents with columns id, url, before and after, the largest first; `examples` of each at most."""
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
    """The moves for machines; before, after: what the two fates are called."""
    return [
        {
            before: move.before,
            after: move.after,
            "documents": move.documents,
            "sample": [asdict(one) for one in move.examples],
        }
        for move in moves
    ]
